//go:build geth_v1_16_9

package main

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/eth/downloader"
	"github.com/ethereum/go-ethereum/event"
)

type geth struct{ *downloader.Downloader }

func newGeth(db *database, chain *chain, drop func(string), success func()) *geth {
	return &geth{downloader.New(db, new(event.TypeMux), chain, drop, success)}
}

// SnapSyncCommitHead belongs to snap sync.
func (c *chain) SnapSyncCommitHead(common.Hash) error { return errNotFull }
