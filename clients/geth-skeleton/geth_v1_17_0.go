//go:build geth_v1_17_0

package main

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/eth/downloader"
	"github.com/ethereum/go-ethereum/eth/ethconfig"
	"github.com/ethereum/go-ethereum/event"
)

type geth struct{ *downloader.Downloader }

func newGeth(db *database, chain *chain, drop func(string), success func()) *geth {
	return &geth{downloader.New(db, ethconfig.FullSync, new(event.TypeMux), chain, drop, success)}
}

// SnapSyncComplete belongs to snap sync.
func (c *chain) SnapSyncComplete(common.Hash) error { return errNotFull }
