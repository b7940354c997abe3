package main

import (
	"errors"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethdb"

	"syncheck/adapter"
)

// chain stands in for core.BlockChain, without execution: which blocks there are, which of them are canonical, and
// two heads. Blocks stand in the database under geth's own keys, for the skeleton looks there. It outlives a restart.
type chain struct {
	db       ethdb.Database
	fill     time.Duration
	onFilled func(headers []adapter.Bytes)

	mutex       sync.Mutex
	head        *types.Header // the last block that is executed
	snapHead    *types.Header // the last block that is whole
	interrupted chan struct{} // closed while insertions are not wanted
}

// How geth's blockchain names what goes wrong here; the downloader looks at none of them.
var (
	errInterrupted   = errors.New("insertion is interrupted")
	errUnknownParent = errors.New("unknown ancestor")
)

func newChain(db ethdb.Database, start local, fill time.Duration) (*chain, error) {
	c := &chain{db: db, fill: fill}
	for _, block := range start.Blocks {
		header, err := decodeHeader(block.Header)
		if err != nil {
			return nil, err
		}
		c.store(header, block.Lacks)
		if header.Hash() == start.Head {
			c.head = header
		}
	}
	if c.head == nil {
		return nil, errors.New("the local head is none of the local blocks")
	}
	c.makeCanonical(c.head)
	c.snapHead = c.canonical(start.SnapHead)
	if c.snapHead == nil {
		return nil, adapter.Unsupported("a snap head that is not canonical, or has no header")
	}
	return c, nil
}

// awake begins a new life: a channel belongs to the bubble that it was made in.
func (c *chain) awake(onFilled func(headers []adapter.Bytes)) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.onFilled, c.interrupted = onFilled, make(chan struct{})
}

// store writes a block but for the part that it lacks.
func (c *chain) store(header *types.Header, lacks string) {
	hash, number := header.Hash(), header.Number.Uint64()
	rawdb.WriteHeader(c.db, header)
	rawdb.WriteBody(c.db, hash, number, new(types.Body))
	rawdb.WriteReceipts(c.db, hash, number, nil)
	switch lacks {
	case "header":
		rawdb.DeleteHeader(c.db, hash, number)
		rawdb.WriteHeaderNumber(c.db, hash, number)
	case "body":
		rawdb.DeleteBody(c.db, hash, number)
	case "receipts":
		rawdb.DeleteReceipts(c.db, hash, number)
	}
}

// makeCanonical makes a block and its ancestors the canonical chain, and nothing above it.
func (c *chain) makeCanonical(head *types.Header) {
	for number := head.Number.Uint64() + 1; ; number++ {
		if rawdb.ReadCanonicalHash(c.db, number) == (common.Hash{}) {
			break
		}
		rawdb.DeleteCanonicalHash(c.db, number)
	}
	for header := head; header != nil; {
		hash, number := header.Hash(), header.Number.Uint64()
		if rawdb.ReadCanonicalHash(c.db, number) == hash {
			return
		}
		rawdb.WriteCanonicalHash(c.db, hash, number)
		if number == 0 {
			return
		}
		header = rawdb.ReadHeader(c.db, header.ParentHash, number-1)
	}
}

// canonical is the header of a canonical block; nil if there is none.
func (c *chain) canonical(number uint64) *types.Header {
	return rawdb.ReadHeader(c.db, rawdb.ReadCanonicalHash(c.db, number), number)
}

func (c *chain) isWhole(hash common.Hash, number uint64) bool {
	return rawdb.HasHeader(c.db, hash, number) && c.HasFastBlock(hash, number)
}

// jump makes a whole block on whole blocks the head, as `debug_setHead` or a forced head do, and says whether it did.
func (c *chain) jump(hash common.Hash, remove bool) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	head := c.GetHeaderByHash(hash)
	for header := head; header == nil || header.Number.Uint64() > 0; {
		if header == nil || !c.isWhole(header.Hash(), header.Number.Uint64()) {
			return false
		}
		header = rawdb.ReadHeader(c.db, header.ParentHash, header.Number.Uint64()-1)
	}
	if remove {
		c.remove(head.Number.Uint64() + 1)
	}
	c.makeCanonical(head)
	c.head, c.snapHead = head, head
	return true
}

// remove deletes the canonical blocks from a number upwards.
func (c *chain) remove(from uint64) {
	for number := from; ; number++ {
		hash := rawdb.ReadCanonicalHash(c.db, number)
		if hash == (common.Hash{}) {
			return
		}
		rawdb.DeleteCanonicalHash(c.db, number)
		rawdb.DeleteBlock(c.db, hash, number)
	}
}

func (c *chain) heads() (head, snapHead *types.Header) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.head, c.snapHead
}

// What the downloader asks of a chain, in all versions.

// GetHeaderByHash is the header of a block that is there.
func (c *chain) GetHeaderByHash(hash common.Hash) *types.Header {
	number := headerNumber(c.db, hash)
	if number == nil {
		return nil
	}
	return rawdb.ReadHeader(c.db, hash, *number)
}

// HasHeader says whether the header of a block is there.
func (c *chain) HasHeader(hash common.Hash, number uint64) bool {
	return rawdb.HasHeader(c.db, hash, number)
}

// HasBlock says whether the body of a block is there.
func (c *chain) HasBlock(hash common.Hash, number uint64) bool {
	return rawdb.HasBody(c.db, hash, number)
}

// HasFastBlock says whether body and receipts of a block are there.
func (c *chain) HasFastBlock(hash common.Hash, number uint64) bool {
	return c.HasBlock(hash, number) && rawdb.HasReceipts(c.db, hash, number)
}

// GetCanonicalHash is the hash of a canonical block; zero if there is none.
func (c *chain) GetCanonicalHash(number uint64) common.Hash {
	return rawdb.ReadCanonicalHash(c.db, number)
}

// GetBlockByHash is a block that is there.
func (c *chain) GetBlockByHash(hash common.Hash) *types.Block {
	number := headerNumber(c.db, hash)
	if number == nil {
		return nil
	}
	return rawdb.ReadBlock(c.db, hash, *number)
}

// SetHead rewinds the chain, as the downloader does after bad blocks of a snap sync.
func (c *chain) SetHead(number uint64) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if head := c.canonical(number); head != nil {
		c.remove(number + 1)
		c.head, c.snapHead = head, head
	}
	return nil
}

// InterruptInsert stops insertions that run, and lets none begin, while on.
func (c *chain) InterruptInsert(on bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	select {
	case <-c.interrupted:
		if !on {
			c.interrupted = make(chan struct{})
		}
	default:
		if on {
			close(c.interrupted)
		}
	}
}

// InsertChain makes blocks canonical, after the time that the scenario gives it. What is canonical already, at the
// beginning of the blocks, and not above the head, is passed over, as in geth.
func (c *chain) InsertChain(blocks types.Blocks) (int, error) {
	c.mutex.Lock()
	interrupted := c.interrupted
	c.mutex.Unlock()
	timer := time.NewTimer(c.fill)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-interrupted:
		return 0, errInterrupted
	}
	headers := make([]adapter.Bytes, len(blocks))
	c.mutex.Lock()
	for i, block := range blocks {
		if err := c.insert(block.Header()); err != nil {
			c.mutex.Unlock()
			c.onFilled(headers[:i])
			return i, err
		}
		headers[i] = encodeHeader(block.Header())
	}
	c.mutex.Unlock()
	c.onFilled(headers)
	return len(blocks), nil
}

func (c *chain) insert(header *types.Header) error {
	hash, number := header.Hash(), header.Number.Uint64()
	if number <= c.head.Number.Uint64() && rawdb.ReadCanonicalHash(c.db, number) == hash && c.isWhole(hash, number) {
		return nil
	}
	if !c.isWhole(header.ParentHash, number-1) {
		return errUnknownParent
	}
	c.store(header, "")
	c.makeCanonical(header)
	c.head, c.snapHead = header, header
	return nil
}
