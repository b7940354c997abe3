package main

import (
	"context"
	"fmt"
	"testing/synctest"
	"time"

	"github.com/filecoin-project/venus/pkg/chain"
	"github.com/filecoin-project/venus/pkg/chainsync/dispatcher"
	"github.com/filecoin-project/venus/pkg/chainsync/syncer"
	"github.com/filecoin-project/venus/pkg/clock"
	"github.com/filecoin-project/venus/pkg/fork"
	"github.com/filecoin-project/venus/pkg/net/exchange"
	"github.com/filecoin-project/venus/pkg/net/helloprotocol"
	"github.com/filecoin-project/venus/pkg/net/peermgr"
	"github.com/filecoin-project/venus/pkg/statemanger"
	xchg "github.com/filecoin-project/venus/venus-shared/libp2p/exchange"
	"github.com/filecoin-project/venus/venus-shared/libp2p/hello"
	"github.com/filecoin-project/venus/venus-shared/types"
	"github.com/ipfs/go-cid"

	"syncheck/adapter"
)

// client is a Venus node in one life, as far as it syncs.
type client struct {
	life       *adapter.Life
	disk       *disk
	host       *standIn
	store      *chain.Store
	syncer     *syncer.Syncer
	dispatcher *dispatcher.Dispatcher
	peerMgr    *peermgr.PeerMgr
	heads      *heads
	operators  map[int]bool
	context    context.Context
	cancel     context.CancelFunc
	ending     chan struct{}
}

// begin starts a node. Its sizes are constants, so a scenario with others is not for it.
func begin(life *adapter.Life, begun adapter.Start) (adapter.Client, error) {
	var start start
	if err := decodeInto(begun.Start, "start", &start); err != nil {
		return nil, err
	}
	if err := isVenuss(start); err != nil {
		return nil, err
	}
	life.StartClockAt(time.Unix(start.UnixTime, 0))
	c := &client{life: life, heads: newHeads(), operators: map[int]bool{}, ending: make(chan struct{})}
	c.context, c.cancel = context.WithCancel(context.Background())
	if left, restarted := begun.Durable.(*disk); restarted {
		c.disk = left.inAnotherLife()
	} else {
		c.disk = newDisk()
	}
	return c, c.begin(&start, begun.Durable == nil)
}

func isVenuss(s start) error {
	if s.Settings.HistoryMax != 10 || s.Settings.Window != 500 || s.Settings.Segment != 8 || s.Settings.ReplyMs != 5000 {
		return adapter.Unsupported("other sizes than those of Venus, which are constants in its code")
	}
	if s.Network.Finality != 900 {
		return adapter.Unsupported("another finality than 900, which is a constant in the code of Venus")
	}
	return nil
}

// begin puts Venus's parts together as its app/submodule packages do.
func (c *client) begin(start *start, fresh bool) error {
	genesis, err := decodeHeader(start.Genesis)
	if err != nil {
		return err
	}
	if err := c.load(start, genesis.Cid(), fresh); err != nil {
		return err
	}
	if c.host, err = newStandIn(c.life, c.heads); err != nil {
		return err
	}
	if c.peerMgr, err = peermgr.NewPeerMgr(c.host, nil, time.Minute, nil); err != nil {
		return err
	}
	messages := chain.NewMessageStore(c.disk.blocks, nil)
	asks := exchange.NewClient(c.host, c.peerMgr)
	exchange.NewServer(c.store, messages, c.host).Register()
	if err := c.startSync(start, messages, asks); err != nil {
		return err
	}
	delay := time.Duration(start.Network.BlockDelayS) * time.Second
	hellos := helloprotocol.NewHelloProtocolHandler(c.host, c.peerMgr, asks, c.store, messages, genesis.Cid(), delay)
	return hellos.Register(c.context, func(info *types.ChainInfo) { _ = c.dispatcher.SendHello(info) })
}

// load opens the chain store. What is durable at the beginning, and the head that is loaded, are news to nobody.
func (c *client) load(start *start, genesis cid.Cid, fresh bool) error {
	if fresh && start.Checkpoint != nil {
		checkpoint, err := start.Checkpoint.cids()
		if err != nil {
			return err
		}
		if err := c.disk.meta.writeKey(c.context, checkpointKey, types.NewTipSetKey(checkpoint...)); err != nil {
			return err
		}
	}
	c.store = chain.NewStore(c.disk.meta, c.disk.blocks, genesis, weightOf(start.Network))
	if fresh {
		if err := c.disk.fill(c.context, c.store, *start); err != nil {
			return err
		}
	}
	if err := c.store.Load(c.context); err != nil {
		panic(fmt.Sprintf("Venus does not start: %v", err))
	}
	synctest.Wait()
	c.store.SubscribeHeadChanges(c.headChanged)
	c.disk.meta.onHead = c.heads.wrote
	c.disk.blocks.onTipset = func(tipset types.TipSetKey) {
		c.life.Event(tipsetEvent{"validated", keyOf(tipset.Cids())})
	}
	return nil
}

func (c *client) startSync(start *start, messages *chain.MessageStore, asks exchange.Client) error {
	upgrades := fork.NewMockFork()
	states, err := statemanger.NewStateManager(c.store, messages, machine{messages}, nil, upgrades, nil, nil, false, nil)
	if err != nil {
		return err
	}
	checks := newValidator(start.Network, c.store, messages, states)
	c.syncer, err = syncer.NewSyncer(states, checks, c.store, messages, c.disk.blocks, asks, clock.NewSystemClock(), upgrades)
	if err != nil {
		return err
	}
	given := targets{c.syncer, messageValidator(c.disk.blocks), c.life, c.heads}
	c.dispatcher = dispatcher.NewDispatcherWithSizes(given, c.store, start.Settings.QueueMax, dispatcher.DefaultInQueueSize)
	c.dispatcher.SetConcurrent(start.Settings.ConcurrentMax)
	c.dispatcher.Start(c.context)
	return nil
}

// Deliver tells Venus what has happened.
func (c *client) Deliver(input adapter.Input) error {
	switch input.Type {
	case "connected":
		var hello handshake
		if err := decodeInto(input.Hello, "hello", &hello); err != nil {
			return err
		}
		if hello.Operator {
			c.operators[input.Peer] = true
			return nil
		}
		return c.host.connect(input.Peer)
	case "disconnected":
		delete(c.operators, input.Peer)
		c.host.disconnect(input.Peer)
		return nil
	case "message":
		var message message
		if err := decodeInto(input.Message, "message", &message); err != nil {
			return err
		}
		return c.received(input.Peer, &message)
	case "command":
		var command command
		if err := decodeInto(input.Command, "command", &command); err != nil {
			return err
		}
		if command.Type != "set_concurrent" {
			return fmt.Errorf("unknown command %q", command.Type)
		}
		c.dispatcher.SetConcurrent(command.Count)
		return nil
	}
	return fmt.Errorf("unknown input %q", input.Type)
}

func (c *client) received(from int, m *message) error {
	switch m.Type {
	case "checkpoint", "own_block":
		if !c.operators[from] {
			return nil
		}
		if m.Type == "own_block" {
			return c.submitted(m.Block)
		}
		return c.checkpoint(m.Tipset)
	case "hello", "request", "response", "gossip":
		if conn := c.host.conn(from); conn != nil {
			return c.receivedOver(conn, m)
		}
		return nil // it was on its way when the connection ended
	}
	return fmt.Errorf("unknown message %q", m.Type)
}

func (c *client) receivedOver(conn *conn, m *message) error {
	switch m.Type {
	case "hello":
		encoded, err := encodeHello(m)
		if err != nil {
			return err
		}
		conn.serve(hello.ProtocolID, conn.helloStream(encoded))
	case "request":
		encoded, err := encodeRequest(m.Request)
		if err != nil {
			return err
		}
		conn.serve(xchg.ChainExchangeProtocolID, conn.requestStream(m.Request, encoded))
	case "response":
		if stream := conn.asked(m.Request); stream != nil {
			stream.answer(encodeResponse(m))
		}
	case "gossip":
		c.gossiped(conn, m.Block)
	}
	return nil
}

// Stop ends the life. What is durable stays as it is at this instant.
func (c *client) Stop(bool) any {
	c.disk.freeze()
	c.end()
	return c.disk
}
