//go:build !geth_v1_10_26

package main

import (
	"errors"

	"github.com/ethereum/go-ethereum/core/state/snapshot"
	"github.com/ethereum/go-ethereum/core/types"
)

var errNotFull = errors.New("this is a full sync")

// CurrentHeader is the head.
func (c *chain) CurrentHeader() *types.Header { return c.CurrentBlock() }

// CurrentBlock is the last block that is executed.
func (c *chain) CurrentBlock() *types.Header {
	head, _ := c.heads()
	return head
}

// CurrentSnapBlock is the last block that is whole.
func (c *chain) CurrentSnapBlock() *types.Header {
	_, snapHead := c.heads()
	return snapHead
}

// Snapshots are not kept.
func (c *chain) Snapshots() *snapshot.Tree { return nil }
