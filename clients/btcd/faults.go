package main

import (
	"errors"

	"github.com/btcsuite/btcd/blockchain"
)

// faults are btcd's errors that the family has a word for.
var faults = map[blockchain.ErrorCode]string{
	blockchain.ErrBadCheckpoint:         "checkpoint_mismatch",
	blockchain.ErrBadCoinbaseHeight:     "bad_coinbase_height",
	blockchain.ErrBadCoinbaseValue:      "bad_coinbase_value",
	blockchain.ErrBadMerkleRoot:         "bad_merkle_root",
	blockchain.ErrBlockVersionTooOld:    "version_too_old",
	blockchain.ErrDifficultyTooLow:      "bad_difficulty",
	blockchain.ErrDuplicateBlock:        "duplicate",
	blockchain.ErrFirstTxNotCoinbase:    "no_coinbase",
	blockchain.ErrForkTooOld:            "fork_below_checkpoint",
	blockchain.ErrHighHash:              "bad_proof_of_work",
	blockchain.ErrInvalidAncestorBlock:  "bad_ancestor",
	blockchain.ErrMissingCoinbaseHeight: "bad_coinbase_height",
	blockchain.ErrNoTransactions:        "no_coinbase",
	blockchain.ErrPreviousBlockUnknown:  "parent_unknown",
	blockchain.ErrTimeTooNew:            "time_too_new",
	blockchain.ErrTimeTooOld:            "time_too_old",
	blockchain.ErrUnexpectedDifficulty:  "bad_difficulty",
}

// faultOf is the family's word for an error of btcd.
func faultOf(err error) string {
	var broken blockchain.RuleError
	if errors.As(err, &broken) {
		if known, ok := faults[broken.ErrorCode]; ok {
			return known
		}
	}
	return "other"
}
