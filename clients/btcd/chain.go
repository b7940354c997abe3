package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/btcsuite/btcd/blockchain"

	"syncheck/adapter"
)

// start is what btcd knows at the beginning.
type start struct {
	Profile     string          `json:"profile"`
	Network     string          `json:"network"`
	UnixTime    uint32          `json:"unix_time"`
	Checkpoints []startPoint    `json:"checkpoints"`
	Blocks      []adapter.Bytes `json:"blocks"`
}

type startPoint struct {
	Height int32         `json:"height"`
	Hash   adapter.Bytes `json:"hash"`
}

// rules are those of a chain, and the clock that they are held to.
type rules struct {
	params *chainParams
	time   blockchain.MedianTimeSource
}

// earliest is what the clock of a bubble begins with.
var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func (s start) clock() time.Time { return time.Unix(int64(s.UnixTime), 0) }

// rules makes the parameters of btcd for a case.
func (s start) rules() (rules, error) {
	if s.Profile != profile {
		return rules{}, adapter.Unsupported("profile %s", s.Profile)
	}
	if s.clock().Before(earliest) {
		return rules{}, adapter.Unsupported("a clock before the year 2000")
	}
	params, err := network(s.Network)
	if err != nil {
		return rules{}, err
	}
	params.Checkpoints = nil
	for _, point := range s.Checkpoints {
		if len(point.Hash) != hashSize {
			return rules{}, fmt.Errorf("the hash of the checkpoint at %d has not %d bytes", point.Height, hashSize)
		}
		hash := chainHash(point.Hash.Reversed())
		params.Checkpoints = append(params.Checkpoints, checkpoint{Height: point.Height, Hash: &hash})
	}
	return rules{params, blockchain.NewMedianTime()}, nil
}

// network gives a copy of btcd's parameters. The network of the family is btcd's regression test network under another
// name, since btcd lets peers on that one do what it lets them nowhere else; with the heights of the family, and without
// retargets in all versions.
func network(name string) (*chainParams, error) {
	switch name {
	case "mainnet":
		params := *mainNetwork
		return &params, nil
	case "regtest":
		params := *regressionTest
		params.Name = "syncheck"
		params.BIP0034Height = 1
		params.BIP0065Height = 1_351
		params.BIP0066Height = 1_251
		params.TargetTimespan = 1_000_000 * params.TargetTimePerBlock
		return &params, nil
	}
	return nil, adapter.Unsupported("network %s", name)
}

// load stores the blocks that are there at the beginning.
func (r rules) load(on *store, blocks []adapter.Bytes) error {
	if len(blocks) == 0 {
		return nil
	}
	chain, err := r.open(&handle{store: on})
	if err != nil {
		return err
	}
	for i, raw := range blocks {
		block, err := blockFromBytes(raw)
		if err != nil {
			return fmt.Errorf("stored block %d: %w", i, err)
		}
		isTip, isOrphan, err := chain.ProcessBlock(block, blockchain.BFNone)
		if err == nil && (isOrphan || !isTip) {
			err = errors.New("it does not follow the one before")
		}
		if err != nil {
			return fmt.Errorf("stored block %d: %w", i, err)
		}
	}
	return flush(chain)
}

// open opens the chain on a database, as btcd does at its start.
func (r rules) open(db *handle) (*blockchain.BlockChain, error) {
	config := blockchain.Config{
		DB:          db,
		ChainParams: r.params,
		Checkpoints: r.params.Checkpoints,
		TimeSource:  r.time,
	}
	bound(&config)
	return blockchain.New(&config)
}
