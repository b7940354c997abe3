// Package cgo has what the virtual machine calls back.
package cgo

import (
	"context"

	"github.com/filecoin-project/go-address"
	"github.com/filecoin-project/go-state-types/abi"
	blocks "github.com/ipfs/go-block-format"
	"github.com/ipfs/go-cid"
)

// ConsensusFaultType is what a miner did wrong.
type ConsensusFaultType int64

// What a miner may have done wrong.
const (
	ConsensusFaultNone             ConsensusFaultType = 0
	ConsensusFaultDoubleForkMining ConsensusFaultType = 1
	ConsensusFaultParentGrinding   ConsensusFaultType = 2
	ConsensusFaultTimeOffsetMining ConsensusFaultType = 3
)

// ConsensusFault is what a miner did wrong.
type ConsensusFault struct {
	Target address.Address
	Epoch  abi.ChainEpoch
	Type   ConsensusFaultType
}

// Externs is what the virtual machine asks its host for.
type Externs interface {
	GetChainRandomness(ctx context.Context, epoch abi.ChainEpoch) ([32]byte, error)
	GetBeaconRandomness(ctx context.Context, epoch abi.ChainEpoch) ([32]byte, error)
	VerifyConsensusFault(ctx context.Context, h1, h2, extra []byte) (*ConsensusFault, int64)
	TipsetCid(ctx context.Context, epoch abi.ChainEpoch) (cid.Cid, error)

	Get(ctx context.Context, key cid.Cid) (blocks.Block, error)
	Put(ctx context.Context, block blocks.Block) error
	PutMany(ctx context.Context, blocks []blocks.Block) error
	Has(ctx context.Context, key cid.Cid) (bool, error)
}
