//go:build geth_v1_13_15 || geth_v1_13_11

package main

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/eth/downloader"
	"github.com/ethereum/go-ethereum/event"
)

type geth struct{ *downloader.Downloader }

func newGeth(db *database, chain *chain, drop func(string), success func()) *geth {
	return &geth{downloader.New(db, new(event.TypeMux), chain, nil, drop, success)}
}

// Head belongs to the time before the merge.
func (p *peer) Head() (common.Hash, *big.Int) { return common.Hash{}, new(big.Int) }

// GetTd belongs to the time before the merge.
func (c *chain) GetTd(common.Hash, uint64) *big.Int { return new(big.Int) }
