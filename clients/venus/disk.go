package main

import (
	"bytes"
	"context"
	"sync"

	"github.com/filecoin-project/venus/pkg/chain"
	"github.com/filecoin-project/venus/pkg/repo"
	"github.com/filecoin-project/venus/venus-shared/blockstore"
	"github.com/filecoin-project/venus/venus-shared/types"
	blocks "github.com/ipfs/go-block-format"
	"github.com/ipfs/go-cid"
	"github.com/ipfs/go-datastore"
	dssync "github.com/ipfs/go-datastore/sync"
)

// disk is what is durable: Venus's block store in memory, and its metadata. Once frozen, it takes nothing any more.
type disk struct {
	blocks *blockStore
	meta   *metaStore
}

func newDisk() *disk {
	guard := &guard{}
	return &disk{
		blocks: &blockStore{Blockstore: blockstore.NewTemporarySync(), guard: guard},
		meta:   &metaStore{Batching: dssync.MutexWrap(datastore.NewMapDatastore()), guard: guard},
	}
}

// inAnotherLife is what is stored, for the next life.
func (d *disk) inAnotherLife() *disk {
	guard := &guard{}
	return &disk{
		blocks: &blockStore{Blockstore: d.blocks.Blockstore, guard: guard},
		meta:   &metaStore{Batching: d.meta.Batching, guard: guard},
	}
}

func (d *disk) freeze() {
	d.blocks.guard.mutex.Lock()
	defer d.blocks.guard.mutex.Unlock()
	d.blocks.guard.frozen = true
}

// guard says whether a life is over.
type guard struct {
	mutex  sync.Mutex
	frozen bool
	// Called when the key of a tipset is stored for the first time, and when a head is.
	onTipset func(types.TipSetKey)
	onHead   func()
}

func (g *guard) isFrozen() bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.frozen
}

// blockStore tells of tipsets whose key is stored: Venus stores it after all blocks of a tipset have passed, and when a
// tipset becomes the head.
type blockStore struct {
	blockstore.Blockstore
	*guard
}

// Put stores a block.
func (s *blockStore) Put(ctx context.Context, block blocks.Block) error {
	if s.isFrozen() {
		return nil
	}
	key, isKey := tipsetKeyOf(block)
	known := false
	if isKey {
		known, _ = s.Has(ctx, block.Cid())
	}
	err := s.Blockstore.Put(ctx, block)
	if err == nil && isKey && !known && s.onTipset != nil {
		s.onTipset(key)
	}
	return err
}

// PutMany stores blocks, none of which is a tipset's key.
func (s *blockStore) PutMany(ctx context.Context, all []blocks.Block) error {
	if s.isFrozen() {
		return nil
	}
	return s.Blockstore.PutMany(ctx, all)
}

// DeleteBlock deletes a block.
func (s *blockStore) DeleteBlock(ctx context.Context, c cid.Cid) error {
	if s.isFrozen() {
		return nil
	}
	return s.Blockstore.DeleteBlock(ctx, c)
}

// DeleteMany deletes blocks.
func (s *blockStore) DeleteMany(ctx context.Context, all []cid.Cid) error {
	if s.isFrozen() {
		return nil
	}
	return s.Blockstore.DeleteMany(ctx, all)
}

// tipsetKeyOf reads the key of a tipset as it is stored: a byte string of CIDs. All else that is stored is an array.
func tipsetKeyOf(block blocks.Block) (types.TipSetKey, bool) {
	const byteStrings = 0x40
	data := block.RawData()
	if len(data) == 0 || data[0]&0xe0 != byteStrings {
		return types.EmptyTSK, false
	}
	var key types.TipSetKey
	err := key.UnmarshalCBOR(bytes.NewReader(data))
	return key, err == nil && !key.IsEmpty()
}

// metaStore holds the head, the checkpoint and the states of tipsets.
type metaStore struct {
	datastore.Batching
	*guard
}

var _ repo.Datastore = (*metaStore)(nil)

// Put stores an entry.
func (s *metaStore) Put(ctx context.Context, key datastore.Key, value []byte) error {
	if s.isFrozen() {
		return nil
	}
	err := s.Batching.Put(ctx, key, value)
	if key == headKey && s.onHead != nil {
		s.onHead()
	}
	return err
}

// Delete deletes an entry.
func (s *metaStore) Delete(ctx context.Context, key datastore.Key) error {
	if s.isFrozen() {
		return nil
	}
	return s.Batching.Delete(ctx, key)
}

// Where Venus stores the keys of its head and its checkpoint.
var headKey, checkpointKey = chain.HeadKey, chain.CheckPoint

// writeKey stores the key of a tipset as Venus does.
func (s *metaStore) writeKey(ctx context.Context, at datastore.Key, key types.TipSetKey) error {
	return s.Put(ctx, at, cborOf(key))
}

// fill makes what is durable at the beginning of a case: the chain of `start`, validated, with its last tipset as head.
func (d *disk) fill(ctx context.Context, store *chain.Store, start start) error {
	chain, err := start.tipsets()
	if err != nil {
		return err
	}
	for i, full := range chain {
		for _, block := range full.Blocks {
			if err := storeMessages(ctx, d.blocks, block); err != nil {
				return err
			}
			if _, err := store.PutObject(ctx, block.Header); err != nil {
				return err
			}
		}
		tipset := full.TipSet()
		store.PersistTipSetKey(ctx, tipset.Key())
		// The state of the head is computed when it has a child, or later.
		if i == 0 || i+1 < len(chain) {
			if err := store.PutTipSetMetadata(ctx, stateAfter(tipset)); err != nil {
				return err
			}
		}
	}
	return d.meta.writeKey(ctx, headKey, chain[len(chain)-1].TipSet().Key())
}

// tipsets are genesis and the stored chain, oldest first.
func (s *start) tipsets() ([]*types.FullTipSet, error) {
	genesis, err := decodeHeader(s.Genesis)
	if err != nil {
		return nil, err
	}
	all := []*types.FullTipSet{types.NewFullTipSet([]*types.FullBlock{{Header: genesis}})}
	for _, encoded := range s.Chain {
		var blocks []*types.FullBlock
		for _, block := range encoded {
			full, err := block.decode()
			if err != nil {
				return nil, err
			}
			blocks = append(blocks, full)
		}
		all = append(all, types.NewFullTipSet(blocks))
	}
	return all, nil
}
