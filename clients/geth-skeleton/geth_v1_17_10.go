//go:build geth_v1_17_10

package main

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/eth/downloader"
	"github.com/ethereum/go-ethereum/eth/ethconfig"
	"github.com/ethereum/go-ethereum/eth/protocols/eth"
	"github.com/ethereum/go-ethereum/params"
)

const ethVersion = eth.ETH69

type geth struct{ *downloader.Downloader }

func newGeth(db *database, chain *chain, drop func(string), success func()) *geth {
	return &geth{downloader.New(db, ethconfig.FullSync, chain, drop, success, false)}
}

func (p *peer) forGeth() downloader.Peer { return p }

// Config is mainnet's; nothing of it matters to headers.
func (c *chain) Config() *params.ChainConfig { return params.MainnetChainConfig }

// SnapSyncComplete belongs to snap sync.
func (c *chain) SnapSyncComplete(common.Hash, bool) error { return errNotFull }

// RequestBodies is not called: the blocks are empty.
func (p *peer) RequestBodies([]common.Hash, chan *eth.Response) (*eth.Request, error) {
	return nil, errNotAsked
}

// RequestReceipts is not called in a full sync.
func (p *peer) RequestReceipts([]common.Hash, []uint64, []uint64, chan *eth.Response) (*eth.Request, error) {
	return nil, errNotAsked
}

// RequestBALs is not called in a full sync.
func (p *peer) RequestBALs([]common.Hash, chan *eth.Response) (*eth.Request, error) {
	return nil, errNotAsked
}

// BlockRange is what a peer that has not told its range has.
func (p *peer) BlockRange() *eth.BlockRangeUpdatePacket { return nil }
