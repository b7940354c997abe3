//go:build geth_v1_17_0 || geth_v1_16_9

package main

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/eth/downloader"
	"github.com/ethereum/go-ethereum/eth/protocols/eth"
)

const ethVersion = eth.ETH69

func (p *peer) forGeth() downloader.Peer { return p }

// RequestBodies is not called: the blocks are empty.
func (p *peer) RequestBodies([]common.Hash, chan *eth.Response) (*eth.Request, error) {
	return nil, errNotAsked
}

// RequestReceipts is not called in a full sync.
func (p *peer) RequestReceipts([]common.Hash, chan *eth.Response) (*eth.Request, error) {
	return nil, errNotAsked
}
