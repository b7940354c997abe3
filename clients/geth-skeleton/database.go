package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/ethdb"

	"syncheck/adapter"
)

// The keys of the skeleton, the same in all versions (core/rawdb/schema.go).
var (
	statusKey = []byte("SkeletonSyncStatus")
	rowPrefix = []byte("S")
)

// database tells what the skeleton makes durable, and, once frozen, takes nothing any more.
type database struct {
	ethdb.Database
	onStored func(stored)

	mutex  sync.Mutex
	frozen bool
	status json.RawMessage
	link   linkProbe
}

// linkProbe is what the skeleton found when it last looked whether it is linked: versions up to 1.16 say it nowhere
// else.
type linkProbe struct {
	hash                   common.Hash
	header, body, receipts bool
}

// write is one entry of a batch.
type write struct {
	key, value []byte
	deletes    bool
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

// Put writes one entry; the skeleton stores the finalized number so.
func (d *database) Put(key, value []byte) error {
	if d.isFrozen() {
		return nil
	}
	err := d.Database.Put(key, value)
	d.tell([]write{{key: key, value: value}})
	return err
}

// Delete deletes one entry.
func (d *database) Delete(key []byte) error {
	if d.isFrozen() {
		return nil
	}
	err := d.Database.Delete(key)
	d.tell([]write{{key: key, deletes: true}})
	return err
}

// Has looks whether a key is there, and notes what the skeleton finds.
func (d *database) Has(key []byte) (bool, error) {
	found, err := d.Database.Has(key)
	if len(key) == 1+8+common.HashLength {
		d.probe(key[0], common.BytesToHash(key[9:]), found)
	}
	return found, err
}

func (d *database) probe(part byte, hash common.Hash, found bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.link.hash != hash || part == 'h' {
		d.link = linkProbe{hash: hash}
	}
	switch part {
	case 'h':
		d.link.header = found
	case 'b':
		d.link.body = found
	case 'r':
		d.link.receipts = found
	}
}

// sawLink says whether the last look of the skeleton found its only subchain linked.
func (d *database) sawLink() bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	var status struct{ Subchains []struct{ Next common.Hash } }
	if json.Unmarshal(d.status, &status) != nil || len(status.Subchains) != 1 {
		return false
	}
	return d.link == linkProbe{hash: status.Subchains[0].Next, header: true, body: true, receipts: true}
}

// NewBatch makes a batch that is told when it is written.
func (d *database) NewBatch() ethdb.Batch {
	return &batch{Batch: d.Database.NewBatch(), database: d}
}

// NewBatchWithSize makes a batch that is told when it is written.
func (d *database) NewBatchWithSize(size int) ethdb.Batch {
	return &batch{Batch: d.Database.NewBatchWithSize(size), database: d}
}

type batch struct {
	ethdb.Batch
	database *database
	writes   []write
}

func (b *batch) Put(key, value []byte) error {
	b.writes = append(b.writes, write{key: bytes.Clone(key), value: bytes.Clone(value)})
	return b.Batch.Put(key, value)
}

func (b *batch) Delete(key []byte) error {
	b.writes = append(b.writes, write{key: bytes.Clone(key), deletes: true})
	return b.Batch.Delete(key)
}

func (b *batch) Write() error {
	if b.database.isFrozen() {
		return nil
	}
	err := b.Batch.Write()
	b.database.tell(b.writes)
	return err
}

func (b *batch) Reset() {
	b.writes = nil
	b.Batch.Reset()
}

// tell reports rows and status that have become durable together.
func (d *database) tell(writes []write) {
	event := stored{Type: "stored", Rows: []adapter.Bytes{}}
	concerns := false
	for _, write := range writes {
		number, isRow := rowNumber(write.key)
		switch {
		case bytes.Equal(write.key, statusKey):
			d.mutex.Lock()
			d.status = write.value
			d.mutex.Unlock()
		case isRow && write.deletes && event.Deleted == nil:
			event.Deleted = &[2]uint64{number, number}
		case isRow && write.deletes:
			event.Deleted[1] = number
		case isRow:
			event.Rows = append(event.Rows, write.value)
		default:
			continue
		}
		concerns = true
	}
	if concerns {
		d.mutex.Lock()
		event.Status = d.status
		d.mutex.Unlock()
		d.onStored(event)
	}
}

func rowNumber(key []byte) (number uint64, isRow bool) {
	if len(key) != len(rowPrefix)+8 || !bytes.HasPrefix(key, rowPrefix) {
		return 0, false
	}
	return binary.BigEndian.Uint64(key[len(rowPrefix):]), true
}
