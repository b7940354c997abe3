package main

import (
	"bytes"
	"sync"

	"github.com/btcsuite/btcd/database"
)

// store is a database in memory, as it is on disk. It outlives the life of a client.
type store struct {
	mutex    sync.RWMutex
	metadata *bucketData
	blocks   map[chainHash][]byte
}

func newStore() *store {
	return &store{metadata: newBucketData(), blocks: map[chainHash][]byte{}}
}

// handle is the database of one life: once frozen, it takes nothing any more.
type handle struct {
	*store
	frozen bool
}

// freeze lets all that is written from now on be lost.
func (h *handle) freeze() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.frozen = true
}

// Type is the name of this kind of database.
func (h *handle) Type() string { return "memory" }

// Close has nothing to close.
func (h *handle) Close() error { return nil }

// Begin begins a transaction, which holds a lock until its end.
func (h *handle) Begin(writable bool) (database.Tx, error) {
	if writable {
		h.mutex.Lock()
	} else {
		h.mutex.RLock()
	}
	return &transaction{handle: h, writable: writable}, nil
}

// View reads.
func (h *handle) View(read func(database.Tx) error) error {
	tx, err := h.Begin(false)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return read(tx)
}

// Update writes all or nothing.
func (h *handle) Update(write func(database.Tx) error) error {
	tx, err := h.Begin(true)
	if err != nil {
		return err
	}
	if err := write(tx); err != nil {
		tx.Rollback()
		return err
	}
	return tx.Commit()
}

// transaction is one of a database. What it writes is seen at once, and undone if it is rolled back.
type transaction struct {
	handle   *handle
	writable bool
	over     bool
	undo     []func()
}

func (t *transaction) end() error {
	if t.over {
		return fault(database.ErrTxClosed, "the transaction is over")
	}
	t.over = true
	if t.writable {
		t.handle.mutex.Unlock()
	} else {
		t.handle.mutex.RUnlock()
	}
	return nil
}

// Commit keeps what was written, unless the database is frozen.
func (t *transaction) Commit() error {
	if t.handle.frozen {
		return t.Rollback()
	}
	return t.end()
}

// Rollback undoes what was written.
func (t *transaction) Rollback() error {
	for i := len(t.undo) - 1; i >= 0 && !t.over; i-- {
		t.undo[i]()
	}
	return t.end()
}

// Metadata is the bucket that has all others.
func (t *transaction) Metadata() database.Bucket {
	return &bucket{t, t.handle.metadata}
}

// StoreBlock stores a block by its hash.
func (t *transaction) StoreBlock(block *utilBlock) error {
	hash := *block.Hash()
	if !t.writable {
		return fault(database.ErrTxNotWritable, "the transaction only reads")
	}
	if _, known := t.handle.blocks[hash]; known {
		return fault(database.ErrBlockExists, "the block is stored already")
	}
	raw, err := block.Bytes()
	if err != nil {
		return err
	}
	t.handle.blocks[hash] = bytes.Clone(raw)
	t.undo = append(t.undo, func() { delete(t.handle.blocks, hash) })
	return nil
}

// HasBlock says whether a block is stored.
func (t *transaction) HasBlock(hash *chainHash) (bool, error) {
	_, known := t.handle.blocks[*hash]
	return known, nil
}

// HasBlocks says which blocks are stored.
func (t *transaction) HasBlocks(hashes []chainHash) ([]bool, error) {
	known := make([]bool, len(hashes))
	for i := range hashes {
		_, known[i] = t.handle.blocks[hashes[i]]
	}
	return known, nil
}

// FetchBlock gives the bytes of a block.
func (t *transaction) FetchBlock(hash *chainHash) ([]byte, error) {
	return t.FetchBlockRegion(&database.BlockRegion{Hash: hash, Len: uint32(len(t.handle.blocks[*hash]))})
}

// FetchBlocks gives the bytes of blocks.
func (t *transaction) FetchBlocks(hashes []chainHash) ([][]byte, error) {
	return all(hashes, t.FetchBlock)
}

// FetchBlockHeader gives the bytes of a header.
func (t *transaction) FetchBlockHeader(hash *chainHash) ([]byte, error) {
	return t.FetchBlockRegion(&database.BlockRegion{Hash: hash, Len: headerSize})
}

// FetchBlockHeaders gives the bytes of headers.
func (t *transaction) FetchBlockHeaders(hashes []chainHash) ([][]byte, error) {
	return all(hashes, t.FetchBlockHeader)
}

// FetchBlockRegion gives a part of a block.
func (t *transaction) FetchBlockRegion(region *database.BlockRegion) ([]byte, error) {
	raw, known := t.handle.blocks[*region.Hash]
	end := uint64(region.Offset) + uint64(region.Len)
	switch {
	case !known:
		return nil, fault(database.ErrBlockNotFound, "the block is not stored")
	case end > uint64(len(raw)):
		return nil, fault(database.ErrBlockRegionInvalid, "the block is shorter")
	}
	return raw[region.Offset:end], nil
}

// FetchBlockRegions gives parts of blocks.
func (t *transaction) FetchBlockRegions(regions []database.BlockRegion) ([][]byte, error) {
	return all(regions, t.FetchBlockRegion)
}

// PruneBlocks is not done: nothing is pruned here.
func (t *transaction) PruneBlocks(uint64) ([]chainHash, error) { return nil, nil }

// BeenPruned says that nothing was.
func (t *transaction) BeenPruned() (bool, error) { return false, nil }

func all[Key any](keys []Key, fetch func(*Key) ([]byte, error)) ([][]byte, error) {
	found := make([][]byte, len(keys))
	for i := range keys {
		var err error
		if found[i], err = fetch(&keys[i]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func fault(code database.ErrorCode, text string) error {
	return database.Error{ErrorCode: code, Description: text}
}
