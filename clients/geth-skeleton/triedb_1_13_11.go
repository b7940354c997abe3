//go:build geth_v1_13_11

package main

import (
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/trie"
)

// Only its scheme is looked at. It is made outside of all lives.
var tries = trie.NewDatabase(rawdb.NewMemoryDatabase(), nil)

// TrieDB has the scheme of tries.
func (c *chain) TrieDB() *trie.Database { return tries }
