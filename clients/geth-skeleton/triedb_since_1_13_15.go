//go:build !geth_v1_13_11 && !geth_v1_10_26

package main

import (
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/triedb"
)

// Only its scheme is looked at. It is made outside of all lives.
var tries = triedb.NewDatabase(rawdb.NewMemoryDatabase(), nil)

// TrieDB has the scheme of tries.
func (c *chain) TrieDB() *triedb.Database { return tries }
