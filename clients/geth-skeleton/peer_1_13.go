//go:build geth_v1_13_15 || geth_v1_13_11

package main

import (
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/eth/downloader"
	"github.com/ethereum/go-ethereum/eth/protocols/eth"
)

const ethVersion = eth.ETH68

func (p *peer) forGeth() downloader.Peer { return p }

// InsertHeaderChain belongs to light sync.
func (c *chain) InsertHeaderChain([]*types.Header) (int, error) { return 0, errNotFull }

func asResponse(headers []*types.Header) any { return (*eth.BlockHeadersRequest)(&headers) }
