//go:build geth_v1_10_13

package main

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/state/snapshot"
	"github.com/ethereum/go-ethereum/eth/downloader"
	"github.com/ethereum/go-ethereum/eth/protocols/eth"
	"github.com/ethereum/go-ethereum/ethdb"
	"github.com/ethereum/go-ethereum/event"
)

const ethVersion = uint(eth.ETH66)

// hasCodePrefix says whether code has keys of its own.
const hasCodePrefix = true

func newDownloader(db ethdb.Database, chain *chain, drop func(string)) *downloader.Downloader {
	return downloader.New(0, db, nil, new(event.TypeMux), chain, nil, drop)
}

func writeCode(db ethdb.KeyValueWriter, hash common.Hash, code []byte) {
	rawdb.WriteCode(db, hash, code)
}

// belowPivot says whether a state sync was broken off: the executed head is below the pivot that was chosen last.
func (c *client) belowPivot(executed uint64) bool {
	pivot := rawdb.ReadLastPivotNumber(c.db.Database)
	return pivot != nil && executed < *pivot
}

func readPivot(db ethdb.KeyValueReader) *uint64 { return rawdb.ReadLastPivotNumber(db) }

// heardPivot is for versions that do not write their pivot down.
func (c *client) heardPivot(string, func(string) any) {}

// SetHead rewinds the chain.
func (c *chain) SetHead(number uint64) error {
	c.cut(number)
	return nil
}

// Snapshots are not kept.
func (c *chain) Snapshots() *snapshot.Tree { return nil }
