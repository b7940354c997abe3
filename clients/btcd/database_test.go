package main

import (
	"errors"
	"testing"

	"github.com/btcsuite/btcd/database"
)

func put(t *testing.T, db *handle, key, value string) {
	t.Helper()
	err := db.Update(func(tx database.Tx) error { return tx.Metadata().Put([]byte(key), []byte(value)) })
	if err != nil {
		t.Fatal(err)
	}
}

func get(db *handle, key string) (value string) {
	db.View(func(tx database.Tx) error {
		value = string(tx.Metadata().Get([]byte(key)))
		return nil
	})
	return value
}

func TestARolledBackTransactionLeavesNothing(t *testing.T) {
	db := &handle{store: newStore()}
	put(t, db, "a", "1")
	broken := errors.New("broken")
	err := db.Update(func(tx database.Tx) error {
		metadata := tx.Metadata()
		metadata.Put([]byte("a"), []byte("2"))
		metadata.Delete([]byte("a"))
		metadata.Put([]byte("b"), []byte("3"))
		made, _ := metadata.CreateBucket([]byte("c"))
		made.Put([]byte("d"), []byte("4"))
		genesis, _ := blockFromBytes(genesisBytes(t))
		tx.StoreBlock(genesis)
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	if get(db, "a") != "1" || get(db, "b") != "" || len(db.metadata.buckets) != 0 || len(db.blocks) != 0 {
		t.Fatalf("left: %v, %v, %v", db.metadata.values, db.metadata.buckets, db.blocks)
	}
}

func TestAFrozenDatabaseTakesNothing(t *testing.T) {
	db := &handle{store: newStore()}
	put(t, db, "a", "1")
	db.freeze()
	put(t, db, "a", "2")
	if next := (&handle{store: db.store}); get(next, "a") != "1" {
		t.Fatalf("a killed life has written %q", get(next, "a"))
	}
}

func TestABucketIsWalkedInOrder(t *testing.T) {
	db := &handle{store: newStore()}
	for _, key := range []string{"b", "d", "a", "c"} {
		put(t, db, key, key)
	}
	db.View(func(tx database.Tx) error {
		cursor, walked := tx.Metadata().Cursor(), ""
		for ok := cursor.First(); ok; ok = cursor.Next() {
			walked += string(cursor.Key()) + string(cursor.Value())
		}
		if walked != "aabbccdd" {
			t.Errorf("walked %q", walked)
		}
		if !cursor.Seek([]byte("bb")) || string(cursor.Key()) != "c" || cursor.Seek([]byte("e")) {
			t.Errorf("seek stands at %q", cursor.Key())
		}
		if tx.Metadata().Put([]byte("e"), nil) == nil {
			t.Error("a view can write")
		}
		return nil
	})
}
