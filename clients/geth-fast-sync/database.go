package main

import (
	"bytes"
	"encoding/binary"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/ethdb"
	"github.com/ethereum/go-ethereum/rlp"
)

// Keys of core/rawdb/schema.go, the same in both versions; code has its own prefix in 1.10 only.
var (
	progressKey = []byte("TrieSync")
	pivotKey    = []byte("LastPivot")
	codePrefix  = []byte("c")
)

// database tells what the state sync makes durable, and, once frozen, takes nothing any more.
type database struct {
	ethdb.Database
	client *client

	mutex  sync.Mutex
	frozen bool
	// What was written since geth last wrote how far it is, which it does right after each batch.
	nodes, codes []common.Hash
}

func (d *database) freeze() {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.frozen = true
}

func (d *database) isFrozen() bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.frozen
}

// Get reads one entry. A look at the root of a state is where the sync of it begins.
func (d *database) Get(key []byte) ([]byte, error) {
	d.looked(key)
	return d.Database.Get(key)
}

// Has looks for one entry.
func (d *database) Has(key []byte) (bool, error) {
	d.looked(key)
	return d.Database.Has(key)
}

func (d *database) looked(key []byte) {
	if len(key) == common.HashLength {
		d.client.lookedAt(common.BytesToHash(key))
	}
}

// Put writes one entry: the pivot, or how many entries the state sync has written.
func (d *database) Put(key, value []byte) error {
	if d.isFrozen() {
		return nil
	}
	err := d.Database.Put(key, value)
	switch {
	case bytes.Equal(key, pivotKey):
		if number := readPivot(d.Database); number != nil {
			d.client.chosePivot(*number)
		}
	case bytes.Equal(key, progressKey):
		d.mutex.Lock()
		event := written{"written", noNull(d.nodes), noNull(d.codes), bigEndian(value)}
		some := len(d.nodes)+len(d.codes) > 0
		d.nodes, d.codes = nil, nil
		d.mutex.Unlock()
		if some {
			d.client.life.Event(event)
		}
	}
	return err
}

// noNull is a list, which an empty one is too.
func noNull(hashes []common.Hash) []common.Hash { return append([]common.Hash{}, hashes...) }

// bigEndian reads a number without its leading zeroes.
func bigEndian(value []byte) uint64 {
	var whole [8]byte
	copy(whole[8-min(len(value), 8):], value)
	return binary.BigEndian.Uint64(whole[:])
}

// NewBatch makes a batch that is told when it is written.
func (d *database) NewBatch() ethdb.Batch { return &batch{Batch: d.Database.NewBatch(), database: d} }

type batch struct {
	ethdb.Batch
	database     *database
	nodes, codes []common.Hash
}

func (b *batch) Put(key, value []byte) error {
	switch {
	case len(key) == common.HashLength && (hasCodePrefix || isNode(value)):
		b.nodes = append(b.nodes, common.BytesToHash(key))
	case len(key) == common.HashLength:
		b.codes = append(b.codes, common.BytesToHash(key))
	case len(key) == len(codePrefix)+common.HashLength && bytes.HasPrefix(key, codePrefix):
		b.codes = append(b.codes, common.BytesToHash(key[len(codePrefix):]))
	}
	return b.Batch.Put(key, value)
}

func (b *batch) Write() error {
	if b.database.isFrozen() {
		return nil
	}
	err := b.Batch.Write()
	b.database.mutex.Lock()
	defer b.database.mutex.Unlock()
	b.database.nodes = append(b.database.nodes, b.nodes...)
	b.database.codes = append(b.database.codes, b.codes...)
	return err
}

func (b *batch) Reset() {
	b.nodes, b.codes = nil, nil
	b.Batch.Reset()
}

// isNode tells trie nodes from code, which share their keys in version 1.9: a node is a list of 2 or 17 items.
func isNode(value []byte) bool {
	content, rest, err := rlp.SplitList(value)
	if err != nil || len(rest) > 0 {
		return false
	}
	count, err := rlp.CountValues(content)
	return err == nil && (count == 2 || count == 17)
}
