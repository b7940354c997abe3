package main

import (
	"maps"
	"slices"

	"github.com/btcsuite/btcd/database"
)

// bucketData is a bucket as it is on disk: keys with values, and keys with buckets.
type bucketData struct {
	values  map[string][]byte
	buckets map[string]*bucketData
}

func newBucketData() *bucketData {
	return &bucketData{values: map[string][]byte{}, buckets: map[string]*bucketData{}}
}

// bucket is a bucket as a transaction sees it.
type bucket struct {
	tx   *transaction
	data *bucketData
}

// Bucket is the bucket with a name.
func (b *bucket) Bucket(name []byte) database.Bucket {
	if data, known := b.data.buckets[string(name)]; known {
		return &bucket{b.tx, data}
	}
	return nil
}

// CreateBucket makes a bucket that is not there.
func (b *bucket) CreateBucket(name []byte) (database.Bucket, error) {
	if err := b.mayWrite(name); err != nil {
		return nil, err
	}
	if _, known := b.data.buckets[string(name)]; known {
		return nil, fault(database.ErrBucketExists, "the bucket is there already")
	}
	made := newBucketData()
	b.setBucket(string(name), made)
	return &bucket{b.tx, made}, nil
}

// CreateBucketIfNotExists makes a bucket, unless it is there.
func (b *bucket) CreateBucketIfNotExists(name []byte) (database.Bucket, error) {
	if known := b.Bucket(name); known != nil {
		return known, nil
	}
	return b.CreateBucket(name)
}

// DeleteBucket takes a bucket away with all that it has.
func (b *bucket) DeleteBucket(name []byte) error {
	if err := b.mayWrite(name); err != nil {
		return err
	}
	if _, known := b.data.buckets[string(name)]; !known {
		return fault(database.ErrBucketNotFound, "the bucket is not there")
	}
	b.setBucket(string(name), nil)
	return nil
}

// ForEach visits all keys with values, in order.
func (b *bucket) ForEach(visit func(key, value []byte) error) error {
	for _, key := range slices.Sorted(maps.Keys(b.data.values)) {
		if err := visit([]byte(key), b.data.values[key]); err != nil {
			return err
		}
	}
	return nil
}

// ForEachBucket visits the names of all buckets, in order.
func (b *bucket) ForEachBucket(visit func(name []byte) error) error {
	for _, name := range slices.Sorted(maps.Keys(b.data.buckets)) {
		if err := visit([]byte(name)); err != nil {
			return err
		}
	}
	return nil
}

// Cursor walks over the keys with values, as they are now.
func (b *bucket) Cursor() database.Cursor {
	return &cursor{bucket: b, keys: slices.Sorted(maps.Keys(b.data.values)), at: -1}
}

// Writable says whether the transaction may write.
func (b *bucket) Writable() bool { return b.tx.writable }

// Put sets a value.
func (b *bucket) Put(key, value []byte) error {
	if err := b.mayWrite(key); err != nil {
		return err
	}
	b.set(string(key), value, true)
	return nil
}

// Get gives a value, nil for none.
func (b *bucket) Get(key []byte) []byte { return b.data.values[string(key)] }

// Delete takes a value away, if it is there.
func (b *bucket) Delete(key []byte) error {
	if err := b.mayWrite(key); err != nil {
		return err
	}
	b.set(string(key), nil, false)
	return nil
}

func (b *bucket) mayWrite(key []byte) error {
	switch {
	case !b.tx.writable:
		return fault(database.ErrTxNotWritable, "the transaction only reads")
	case len(key) == 0:
		return fault(database.ErrKeyRequired, "a key is needed")
	}
	return nil
}

func (b *bucket) set(key string, value []byte, there bool) {
	values := b.data.values
	before, was := values[key]
	change := func(value []byte, there bool) {
		if there {
			values[key] = value
		} else {
			delete(values, key)
		}
	}
	change(value, there)
	b.tx.undo = append(b.tx.undo, func() { change(before, was) })
}

func (b *bucket) setBucket(name string, data *bucketData) {
	buckets := b.data.buckets
	before := buckets[name]
	change := func(data *bucketData) {
		if data != nil {
			buckets[name] = data
		} else {
			delete(buckets, name)
		}
	}
	change(data)
	b.tx.undo = append(b.tx.undo, func() { change(before) })
}

// cursor walks over keys in order.
type cursor struct {
	bucket *bucket
	keys   []string
	at     int
}

// Bucket is the bucket that it walks over.
func (c *cursor) Bucket() database.Bucket { return c.bucket }

// Delete takes away where it stands.
func (c *cursor) Delete() error { return c.bucket.Delete(c.Key()) }

// First goes to the first key.
func (c *cursor) First() bool { return c.goTo(0) }

// Last goes to the last key.
func (c *cursor) Last() bool { return c.goTo(len(c.keys) - 1) }

// Next goes one on.
func (c *cursor) Next() bool { return c.goTo(c.at + 1) }

// Prev goes one back.
func (c *cursor) Prev() bool { return c.goTo(c.at - 1) }

// Seek goes to the first key that is not less.
func (c *cursor) Seek(key []byte) bool {
	at, _ := slices.BinarySearch(c.keys, string(key))
	return c.goTo(at)
}

// Key is the key where it stands.
func (c *cursor) Key() []byte {
	if !c.stands() {
		return nil
	}
	return []byte(c.keys[c.at])
}

// Value is the value where it stands.
func (c *cursor) Value() []byte {
	if !c.stands() {
		return nil
	}
	return c.bucket.data.values[c.keys[c.at]]
}

func (c *cursor) goTo(at int) bool {
	c.at = min(max(at, -1), len(c.keys))
	return c.stands()
}

func (c *cursor) stands() bool { return c.at >= 0 && c.at < len(c.keys) }
