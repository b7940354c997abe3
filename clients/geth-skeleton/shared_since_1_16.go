//go:build geth_v1_17_10 || geth_v1_17_0 || geth_v1_16_9

package main

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/eth/protocols/eth"
	"github.com/ethereum/go-ethereum/ethdb"
	"github.com/ethereum/go-ethereum/rlp"
)

// InsertHeadersBeforeCutoff is not called: nothing is cut off.
func (c *chain) InsertHeadersBeforeCutoff([]*types.Header) (int, error) { return 0, errNotFull }

// InsertReceiptChain belongs to snap sync.
func (c *chain) InsertReceiptChain(types.Blocks, []rlp.RawValue, uint64) (int, error) {
	return 0, errNotFull
}

// HistoryPruningCutoff says that nothing is cut off.
func (c *chain) HistoryPruningCutoff() (uint64, common.Hash) { return 0, common.Hash{} }

func headerNumber(db ethdb.Reader, hash common.Hash) *uint64 {
	number, ok := rawdb.ReadHeaderNumber(db, hash)
	if !ok {
		return nil
	}
	return &number
}

func asResponse(headers []*types.Header) any { return (*eth.BlockHeadersRequest)(&headers) }
