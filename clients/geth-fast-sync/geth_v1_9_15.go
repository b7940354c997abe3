//go:build geth_v1_9_15

package main

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/eth/downloader"
	"github.com/ethereum/go-ethereum/ethdb"
	"github.com/ethereum/go-ethereum/event"
	"github.com/ethereum/go-ethereum/trie"
)

// ethVersion is eth/64, which this version speaks.
const ethVersion = 64

// hasCodePrefix says whether code has keys of its own.
const hasCodePrefix = false

// noBloom was closed before it began: it holds everything to be possible, so that the database is asked.
var noBloom = func() *trie.SyncBloom {
	bloom := trie.NewSyncBloom(1, rawdb.NewMemoryDatabase())
	bloom.Close()
	return bloom
}()

func newDownloader(db ethdb.Database, chain *chain, drop func(string)) *downloader.Downloader {
	return downloader.New(0, db, noBloom, new(event.TypeMux), chain, nil, drop)
}

func writeCode(db ethdb.KeyValueWriter, hash common.Hash, code []byte) {
	if err := db.Put(hash[:], code); err != nil {
		panic(err)
	}
}

// belowPivot: this version forgets its pivot.
func (c *client) belowPivot(uint64) bool { return false }

func readPivot(ethdb.KeyValueReader) *uint64 { return nil }

// heardPivot tells of a pivot, which only the log says: this version takes the block 64 below the head that it is
// told of (downloader.go, syncWithPeer), and logs when it moves it.
func (c *client) heardPivot(message string, value func(string) any) {
	switch message {
	case "Remote head header identified":
		if head, ok := value("number").(*big.Int); ok && head.Uint64() > 64 && c.syncer.inFastSync() {
			c.chosePivot(head.Uint64() - 64)
		}
	case "Pivot became stale, moving":
		if number, ok := value("new").(uint64); ok {
			c.chosePivot(number)
		}
	}
}

// Rollback takes headers back.
func (c *chain) Rollback(hashes []common.Hash) {
	for i := len(hashes) - 1; i >= 0; i-- {
		if number, ok := c.numbers[hashes[i]]; ok && number > 0 {
			if header, _, _ := c.heads(); header >= number {
				c.cut(number - 1)
			}
		}
	}
}
