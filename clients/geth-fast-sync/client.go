package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/eth/downloader"
	"github.com/ethereum/go-ethereum/ethdb"

	"syncheck/adapter"
)

// client is geth's downloader in one life, with what it needs around it.
type client struct {
	life       *adapter.Life
	db         *database
	chain      *chain
	downloader *downloader.Downloader
	syncer     *syncer
	quit       chan struct{}

	mutex   sync.Mutex
	peers   map[int]*peer
	highest uint64          // the highest block that a peer has told of
	syncing common.Hash     // the root whose state is synced
	stalled map[string]bool // peers that the state sync has just called stalling
}

// durable is what a killed client leaves.
type durable struct {
	db    ethdb.Database
	chain *chain
}

func begin(life *adapter.Life, begun adapter.Start) (adapter.Client, error) {
	var start start
	if err := json.Unmarshal(begun.Start, &start); err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	left, restarted := begun.Durable.(durable)
	if !restarted {
		db := rawdb.NewMemoryDatabase()
		for _, node := range start.Nodes {
			if err := db.Put(crypto.Keccak256(node), node); err != nil {
				return nil, err
			}
		}
		for _, code := range start.Codes {
			writeCode(db, crypto.Keccak256Hash(code), code)
		}
		left = durable{db, newChain(db, start)}
	}
	c := &client{
		life: life, chain: left.chain, quit: make(chan struct{}), peers: map[int]*peer{}, stalled: map[string]bool{},
	}
	c.chain.life = life
	c.db = &database{Database: left.db, client: c}
	current.Store(c)
	c.downloader = newDownloader(c.db, c.chain, c.drop)
	c.syncer = newSyncer(c)
	go c.syncer.loop()
	return c, nil
}

// Deliver tells geth what has happened.
func (c *client) Deliver(input adapter.Input) error {
	switch input.Type {
	case "connected":
		var hello hello
		if err := json.Unmarshal(input.Hello, &hello); err != nil {
			return fmt.Errorf("hello: %w", err)
		}
		return c.connected(input.Peer, hello.Head)
	case "disconnected":
		return c.disconnected(input.Peer)
	case "message":
		var message message
		if err := json.Unmarshal(input.Message, &message); err != nil {
			return fmt.Errorf("message: %w", err)
		}
		return c.heard(input.Peer, message)
	case "command":
		var command adapter.Kind
		if err := json.Unmarshal(input.Command, &command); err != nil || command.Type != "cancel" {
			return fmt.Errorf("unknown command %s", input.Command)
		}
		c.syncer.cancel()
		return nil
	}
	return fmt.Errorf("unknown input %q", input.Type)
}

func (c *client) heard(id int, message message) error {
	c.mutex.Lock()
	peer := c.peers[id]
	c.mutex.Unlock()
	switch {
	case peer == nil:
		return nil // it was on its way when the connection ended
	case message.Type == "new_block":
		if message.Number >= uint64(len(c.chain.all)) {
			return fmt.Errorf("there is no block %d", message.Number)
		}
		c.hearOf(peer, message.Number)
		c.syncer.kick()
	case message.Type == "node_data":
		blobs := make([][]byte, len(message.Blobs)) // not nil: geth reads nil as a timeout
		for i, blob := range message.Blobs {
			blobs[i] = blob
		}
		go c.downloader.DeliverNodeData(peer.name(), blobs)
	default:
		return fmt.Errorf("unknown message %q", message.Type)
	}
	return nil
}

// Stop ends the life. A kill leaves what is durable as it is at this instant.
func (c *client) Stop(bool) any {
	c.db.freeze()
	left := durable{c.db.Database, c.chain.frozen()}
	close(c.quit)
	go c.downloader.Terminate()
	return left
}

// drop is what geth calls to drop a peer.
func (c *client) drop(id string) {
	number, err := strconv.Atoi(id)
	if err != nil {
		return
	}
	c.mutex.Lock()
	peer := c.peers[number]
	known := peer != nil && !peer.leaving
	reason := adapter.Kind{Type: "other"}
	if c.stalled[id] {
		reason.Type = "stalled"
	}
	delete(c.stalled, id)
	if known {
		peer.leaving = true
	}
	c.mutex.Unlock()
	if known {
		c.life.Disconnect(number, reason)
	}
}

// lookedAt is called when geth looks for a node: that of a root is where the sync of a state begins.
func (c *client) lookedAt(hash common.Hash) {
	c.mutex.Lock()
	begins := c.syncing != hash && c.chain.isRoot(hash)
	if begins {
		c.syncing = hash
	}
	c.mutex.Unlock()
	if begins {
		c.life.Event(stateSyncStarted{"state_sync_started", hash})
	}
}

func (c *client) chosePivot(number uint64) {
	c.mutex.Lock()
	head := c.highest
	c.mutex.Unlock()
	c.life.Event(pivot{"pivot", number, head})
}

// ended reports the end of a cycle, if the family has a word for how it ended.
func (c *client) ended(err error) {
	c.mutex.Lock()
	c.syncing = common.Hash{}
	c.mutex.Unlock()
	if err == nil {
		c.life.Event(sessionEnded{Type: "session_ended"})
		return
	}
	switch text := err.Error(); {
	case strings.Contains(text, "cancel"):
		c.life.Event(sessionEnded{"session_ended", &adapter.Kind{Type: "cancelled"}})
	case strings.Contains(text, "timeout"):
		c.life.Event(sessionEnded{"session_ended", &adapter.Kind{Type: "timeout"}})
	}
}
