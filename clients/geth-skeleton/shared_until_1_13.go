//go:build geth_v1_13_15 || geth_v1_13_11 || geth_v1_10_26

package main

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/eth/protocols/eth"
	"github.com/ethereum/go-ethereum/ethdb"
)

// InsertReceiptChain belongs to snap sync.
func (c *chain) InsertReceiptChain(types.Blocks, []types.Receipts, uint64) (int, error) {
	return 0, errNotFull
}

// SnapSyncCommitHead belongs to snap sync.
func (c *chain) SnapSyncCommitHead(common.Hash) error { return errNotFull }

// RequestBodies is not called: the blocks are empty.
func (p *peer) RequestBodies([]common.Hash, chan *eth.Response) (*eth.Request, error) {
	return nil, errNotAsked
}

// RequestReceipts is not called in a full sync.
func (p *peer) RequestReceipts([]common.Hash, chan *eth.Response) (*eth.Request, error) {
	return nil, errNotAsked
}

func headerNumber(db ethdb.Reader, hash common.Hash) *uint64 {
	return rawdb.ReadHeaderNumber(db, hash)
}
