//go:build geth_v1_10_26

package main

import (
	"errors"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/state/snapshot"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/eth/downloader"
	"github.com/ethereum/go-ethereum/eth/protocols/eth"
	"github.com/ethereum/go-ethereum/event"
	"github.com/ethereum/go-ethereum/log"
)

const ethVersion = eth.ETH67

// tellsWhenFillerRuns says whether geth's log has a line for it.
const tellsWhenFillerRuns = false

var errNotFull = errors.New("this is a full sync")

type geth struct{ *downloader.Downloader }

func newGeth(db *database, chain *chain, drop func(string), success func()) *geth {
	return &geth{downloader.New(0, db, new(event.TypeMux), chain, nil, drop, success)}
}

// announce passes over the finalized header, of which this version knows nothing.
func (g *geth) announce(head, _ *types.Header, force bool) error {
	if force {
		return g.BeaconSync(downloader.FullSync, head)
	}
	return g.BeaconExtend(downloader.FullSync, head)
}

func (p *peer) forGeth() downloader.Peer { return p }

// Head belongs to the time before the merge.
func (p *peer) Head() (common.Hash, *big.Int) { return common.Hash{}, new(big.Int) }

// CurrentHeader is the head.
func (c *chain) CurrentHeader() *types.Header {
	head, _ := c.heads()
	return head
}

// CurrentBlock is the last block that is executed.
func (c *chain) CurrentBlock() *types.Block { return types.NewBlockWithHeader(c.CurrentHeader()) }

// CurrentFastBlock is the last block that is whole.
func (c *chain) CurrentFastBlock() *types.Block {
	_, snapHead := c.heads()
	return types.NewBlockWithHeader(snapHead)
}

// GetTd belongs to the time before the merge.
func (c *chain) GetTd(common.Hash, uint64) *big.Int { return new(big.Int) }

// InsertHeaderChain belongs to light sync.
func (c *chain) InsertHeaderChain([]*types.Header, int) (int, error) { return 0, errNotFull }

// Snapshots are not kept.
func (c *chain) Snapshots() *snapshot.Tree { return nil }

func asResponse(headers []*types.Header) any { return (*eth.BlockHeadersPacket)(&headers) }

// watchLogs lets all that geth logs be heard, and written nowhere.
func watchLogs() {
	log.Root().SetHandler(log.FuncHandler(func(record *log.Record) error {
		logged(record.Msg, func(name string) any {
			for i := 0; i+1 < len(record.Ctx); i += 2 {
				if record.Ctx[i] == name {
					return record.Ctx[i+1]
				}
			}
			return nil
		})
		return nil
	}))
}
