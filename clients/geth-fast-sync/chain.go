package main

import (
	"errors"
	"fmt"
	"math/big"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethdb"

	"syncheck/adapter"
)

// chain stands in for core.BlockChain, without execution, on the one chain that there is: how far headers, receipts
// and executed blocks go. It outlives a restart.
type chain struct {
	db ethdb.Database
	// All headers that exist, made from the roots of the scenario, and their numbers.
	all     []*types.Header
	numbers map[common.Hash]uint64

	mutex     sync.Mutex
	life      *adapter.Life
	header    uint64 // the last header
	receipts  uint64 // the last block with receipts: geth's fast block
	executed  uint64 // the last block with its state: geth's block
	firstFull uint64 // the lowest block but genesis that has its state; 0 if there is none
}

func newChain(db ethdb.Database, start start) *chain {
	c := &chain{db: db, numbers: map[common.Hash]uint64{}}
	var parent common.Hash
	for number, block := range start.Blocks {
		header := &types.Header{
			ParentHash: parent, Number: big.NewInt(int64(number)), Root: block.StateRoot,
			UncleHash: types.EmptyUncleHash, TxHash: types.EmptyRootHash, ReceiptHash: types.EmptyRootHash,
			Difficulty: big.NewInt(1), GasLimit: 8_000_000, Time: uint64(number) * 13,
		}
		parent = header.Hash()
		c.all = append(c.all, header)
		c.numbers[parent] = uint64(number)
	}
	return c
}

// frozen is a copy, which what still runs in this life does not reach.
func (c *chain) frozen() *chain {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return &chain{
		db: c.db, all: c.all, numbers: c.numbers,
		header: c.header, receipts: c.receipts, executed: c.executed, firstFull: c.firstFull,
	}
}

func (c *chain) heads() (header, receipts, executed uint64) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.header, c.receipts, c.executed
}

// totalDifficulty is that of a block: each adds one.
func totalDifficulty(number uint64) *big.Int { return new(big.Int).SetUint64(number + 1) }

// isRoot says whether a hash is the root of a block's state.
func (c *chain) isRoot(hash common.Hash) bool {
	for _, header := range c.all {
		if header.Root == hash {
			return true
		}
	}
	return false
}

// What the downloader asks of a chain, in all versions.

// HasHeader says whether a header is there.
func (c *chain) HasHeader(hash common.Hash, number uint64) bool {
	header, _, _ := c.heads()
	return c.is(hash, number) && number <= header
}

// HasBlock says whether the body of a block is there.
func (c *chain) HasBlock(hash common.Hash, number uint64) bool {
	_, receipts, executed := c.heads()
	return c.is(hash, number) && number <= max(receipts, executed)
}

// HasFastBlock says whether body and receipts of a block are there.
func (c *chain) HasFastBlock(hash common.Hash, number uint64) bool { return c.HasBlock(hash, number) }

func (c *chain) is(hash common.Hash, number uint64) bool {
	known, ok := c.numbers[hash]
	return ok && known == number
}

// GetHeaderByHash is a header that is there.
func (c *chain) GetHeaderByHash(hash common.Hash) *types.Header {
	number, ok := c.numbers[hash]
	if header, _, _ := c.heads(); !ok || number > header {
		return nil
	}
	return c.all[number]
}

// GetBlockByHash is a block that is there.
func (c *chain) GetBlockByHash(hash common.Hash) *types.Block {
	number, ok := c.numbers[hash]
	if !ok || !c.HasBlock(hash, number) {
		return nil
	}
	return types.NewBlockWithHeader(c.all[number])
}

// CurrentHeader is the last header.
func (c *chain) CurrentHeader() *types.Header {
	header, _, _ := c.heads()
	return c.all[header]
}

// CurrentBlock is the last block with its state.
func (c *chain) CurrentBlock() *types.Block {
	_, _, executed := c.heads()
	return types.NewBlockWithHeader(c.all[executed])
}

// CurrentFastBlock is the last block with its receipts.
func (c *chain) CurrentFastBlock() *types.Block {
	_, receipts, _ := c.heads()
	return types.NewBlockWithHeader(c.all[receipts])
}

// GetTd is the total difficulty of a block.
func (c *chain) GetTd(_ common.Hash, number uint64) *big.Int { return totalDifficulty(number) }

// InsertHeaderChain takes headers on top of those that are there.
func (c *chain) InsertHeaderChain(headers []*types.Header, _ int) (int, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for i, header := range headers {
		number := header.Number.Uint64()
		if !c.is(header.Hash(), number) || number > c.header+1 {
			return i, errors.New("unknown ancestor")
		}
		c.header = max(c.header, number)
	}
	return 0, nil
}

// InsertReceiptChain takes blocks without execution.
func (c *chain) InsertReceiptChain(blocks types.Blocks, _ []types.Receipts, _ uint64) (int, error) {
	if len(blocks) == 0 {
		return 0, nil
	}
	c.mutex.Lock()
	c.receipts = max(c.receipts, blocks[len(blocks)-1].NumberU64())
	to := c.receipts
	c.mutex.Unlock()
	c.life.Event(receiptsImported{"receipts_imported", to})
	return 0, nil
}

// FastSyncCommitHead makes a block the head whose state has been synced. As in geth, its root has to be there.
func (c *chain) FastSyncCommitHead(hash common.Hash) error {
	number, ok := c.numbers[hash]
	if !ok {
		return fmt.Errorf("non existent block %x", hash)
	}
	root := c.all[number].Root
	if found, err := c.db.Has(root[:]); root != types.EmptyRootHash && (err != nil || !found) {
		return fmt.Errorf("missing trie node %x", root)
	}
	c.mutex.Lock()
	c.executed, c.firstFull = number, number
	c.mutex.Unlock()
	c.life.Event(pivotCommitted{"pivot_committed", number})
	return nil
}

// InsertChain executes blocks, which is done at once. What is there already is passed over.
func (c *chain) InsertChain(blocks types.Blocks) (int, error) {
	c.mutex.Lock()
	from, to := uint64(0), uint64(0)
	for i, block := range blocks {
		number := block.NumberU64()
		if number <= c.executed {
			continue
		}
		if number != c.executed+1 {
			c.mutex.Unlock()
			return i, errors.New("unknown ancestor")
		}
		if from == 0 {
			from = number
		}
		to, c.executed = number, number
		c.receipts, c.header = max(c.receipts, number), max(c.header, number)
		if c.firstFull == 0 {
			c.firstFull = number
		}
	}
	c.mutex.Unlock()
	if from > 0 {
		c.life.Event(imported{"imported", from, to})
	}
	return len(blocks), nil
}

// cut rewinds all heads to a number, and the executed one further, to a block that has its state: core/blockchain.go,
// setHeadBeyondRoot.
func (c *chain) cut(number uint64) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.header, c.receipts = min(c.header, number), min(c.receipts, number)
	if c.executed > number {
		c.executed = number
		if number < c.firstFull {
			c.executed, c.firstFull = 0, 0
		}
	}
}
