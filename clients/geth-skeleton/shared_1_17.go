//go:build geth_v1_17_10 || geth_v1_17_0

package main

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
)

// tellsWhenFillerRuns says whether geth's log has a line for it.
const tellsWhenFillerRuns = true

// HasState says that blocks have their state.
func (c *chain) HasState(common.Hash) bool { return true }

// SnapSyncStart belongs to snap sync.
func (c *chain) SnapSyncStart() error { return errNotFull }

func (g *geth) announce(head, final *types.Header, force bool) error {
	if force {
		return g.BeaconSync(head, final)
	}
	return g.BeaconExtend(head)
}
