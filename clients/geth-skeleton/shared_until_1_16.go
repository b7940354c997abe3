//go:build geth_v1_16_9 || geth_v1_13_15 || geth_v1_13_11

package main

import (
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/eth/downloader"
)

// tellsWhenFillerRuns says whether geth's log has a line for it.
const tellsWhenFillerRuns = false

func (g *geth) announce(head, final *types.Header, force bool) error {
	if force {
		return g.BeaconSync(downloader.FullSync, head, final)
	}
	return g.BeaconExtend(downloader.FullSync, head)
}
