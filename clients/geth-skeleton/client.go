package main

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethdb"

	"syncheck/adapter"
)

// client is geth's downloader in one life, with what it needs around it.
type client struct {
	life       *adapter.Life
	db         *database
	chain      *chain
	downloader *geth
	cycles     cycles
	quit       chan struct{}

	mutex      sync.Mutex
	peers      map[int]*peer
	lastID     uint64
	terminated bool
}

// durable is what a killed client leaves.
type durable struct {
	db    ethdb.Database
	chain *chain
}

// begin starts geth. Its sizes are constants, so a scenario with others is not for it.
func begin(life *adapter.Life, begun adapter.Start) (adapter.Client, error) {
	var start start
	if err := json.Unmarshal(begun.Start, &start); err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	if err := isGeths(start.Settings); err != nil {
		return nil, err
	}
	left, restarted := begun.Durable.(durable)
	if !restarted {
		var err error
		if left, err = atTheBeginning(start); err != nil {
			return nil, err
		}
	}
	c := &client{life: life, chain: left.chain, quit: make(chan struct{}), peers: map[int]*peer{}}
	c.db = &database{Database: left.db, onStored: func(event stored) { life.Event(event) }}
	c.db.status = rawdb.ReadSkeletonSyncStatus(left.db)
	c.chain.awake(c.filled)
	c.cycles.client = c
	observe(&c.cycles)
	c.downloader = newGeth(c.db, c.chain, c.drop, c.cycles.fillerDone)
	return c, nil
}

// atTheBeginning makes what is durable at the beginning of a case.
func atTheBeginning(start start) (durable, error) {
	db := rawdb.NewMemoryDatabase()
	chain, err := newChain(db, start.Local, time.Duration(start.Settings.FillMs)*time.Millisecond)
	if err != nil {
		return durable{}, err
	}
	if chain.head.Number.Sign() == 0 && chain.snapHead.Number.Sign() > 0 {
		return durable{}, adapter.Unsupported("a snap sync that was broken off: geth would go on with it")
	}
	for _, row := range start.Rows {
		header, err := decodeHeader(row)
		if err != nil {
			return durable{}, err
		}
		rawdb.WriteSkeletonHeader(db, header)
	}
	if start.Status != nil {
		rawdb.WriteSkeletonSyncStatus(db, []byte(*start.Status))
	}
	return durable{db, chain}, nil
}

func isGeths(s settings) error {
	if s.Batch != 512 || s.ScratchBatches != 256 || s.TimeoutMs != 60_000 || s.FillBlocks != 2048 {
		return adapter.Unsupported("other sizes than geth's, which are constants in its code")
	}
	if s.PivotDistance != nil {
		return adapter.Unsupported("a snap sync: its state is not played here")
	}
	return nil
}

// Deliver tells geth what has happened.
func (c *client) Deliver(input adapter.Input) error {
	switch input.Type {
	case "connected":
		return c.connected(input.Peer)
	case "disconnected":
		return c.disconnected(input.Peer)
	case "message":
		var message headersMessage
		if err := json.Unmarshal(input.Message, &message); err != nil {
			return fmt.Errorf("message: %w", err)
		}
		if message.Type != "headers" {
			return fmt.Errorf("unknown message %q", message.Type)
		}
		return c.delivered(input.Peer, message)
	case "command":
		var command command
		if err := json.Unmarshal(input.Command, &command); err != nil {
			return fmt.Errorf("command: %w", err)
		}
		return c.commanded(command)
	}
	return fmt.Errorf("unknown input %q", input.Type)
}

// Stop ends the life. A kill leaves what is durable as it is at this instant.
func (c *client) Stop(killed bool) any {
	c.db.freeze()
	close(c.quit)
	c.terminate()
	return durable{c.db.Database, c.chain}
}

func (c *client) commanded(command command) error {
	switch command.Type {
	case "head":
		header, err := decodeHeader(command.Header)
		if err != nil {
			return err
		}
		go c.announce(header, command.Finalized, command.Force)
	case "set_head":
		if c.chain.jump(command.Hash, command.Delete) {
			c.life.Event(localHead{"local_head", command.Hash})
		}
	case "bounds":
		// The skeleton tells its bounds to the filler alone.
	case "terminate":
		c.terminate()
	default:
		return fmt.Errorf("unknown command %q", command.Type)
	}
	return nil
}

// announce hands a head over, waits until geth has decided, and reports what it came to.
func (c *client) announce(header *types.Header, finalized *uint64, force bool) {
	var final *types.Header
	if finalized != nil {
		// The skeleton reads nothing but its number.
		final = &types.Header{Number: new(big.Int).SetUint64(*finalized), Difficulty: new(big.Int)}
	}
	before := c.cycles.forced()
	err := c.downloader.announce(header, final, force)
	answer := "accepted"
	switch {
	case err != nil:
		answer = c.cycles.refusal(err)
	case force && c.cycles.forced() != before:
		answer = "restarted"
	}
	c.life.Event(headAnswered{"head_answered", header.Hash(), answer})
}

// terminate shuts geth down, once: a second call would wait for ever.
func (c *client) terminate() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !c.terminated {
		c.terminated = true
		c.cycles.terminating()
		go c.downloader.Terminate()
	}
}

// drop is what geth calls to drop a peer.
func (c *client) drop(id string) {
	number, err := strconv.Atoi(id)
	if err != nil {
		return // the owner of a batch may be gone: its name is empty
	}
	reason := "timed_out"
	if c.cycles.sentWrongChain(id) {
		reason = "wrong_chain"
	}
	c.disconnect(number, reason)
}

// filled reports blocks that were filled.
func (c *client) filled(headers []adapter.Bytes) {
	if len(headers) > 0 {
		c.life.Event(filled{"filled", headers})
	}
}

// refused gives the answer that a refusal of geth stands for.
func refused(err error) string {
	for text, answer := range map[string]string{
		"chain reorged":                  "reorged",
		"chain gapped":                   "gapped",
		"chain forked":                   "forked",
		"forced head needed for startup": "not_started",
		"terminated":                     "terminated",
		"beacon syncer reorging":         "busy",
	} {
		if strings.HasPrefix(err.Error(), text) {
			return answer
		}
	}
	return "refused"
}

// localHeadHash is the hash of the last block that is executed.
func (c *client) localHeadHash() common.Hash {
	head, _ := c.chain.heads()
	return head.Hash()
}
