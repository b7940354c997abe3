package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/filecoin-project/venus/venus-shared/libp2p/exchange"
	"github.com/filecoin-project/venus/venus-shared/libp2p/hello"
	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"

	"syncheck/adapter"
)

// standIn stands in for a libp2p host: connections without sockets, whose far ends are the peers of the case. What
// Venus does not use of a host is not there.
type standIn struct {
	host.Host
	life  *adapter.Life
	heads *heads
	bus   *bus

	mutex      sync.Mutex
	handlers   map[protocol.ID]network.StreamHandler
	conns      map[int]*conn
	notifiees  []network.Notifiee
	identified event.Emitter
}

const ownID = peer.ID("the subject")

var errNotConnected = errors.New("there is no connection, and none is to be dialled")

func newStandIn(life *adapter.Life, heads *heads) (*standIn, error) {
	h := &standIn{
		life: life, heads: heads, bus: &bus{Bus: eventbus.NewBus()},
		handlers: map[protocol.ID]network.StreamHandler{}, conns: map[int]*conn{},
	}
	var err error
	h.identified, err = h.bus.Emitter(new(event.EvtPeerIdentificationCompleted))
	return h, err
}

// peerID names a peer of the case.
func peerID(id int) peer.ID { return peer.ID("peer " + strconv.Itoa(id)) }

func (h *standIn) ID() peer.ID { return ownID }

func (h *standIn) EventBus() event.Bus { return h.bus }

func (h *standIn) ConnManager() connmgr.ConnManager { return connmgr.NullConnMgr{} }

func (h *standIn) Network() network.Network { return netView{h: h} }

func (h *standIn) Peerstore() peerstore.Peerstore { return peers{} }

func (h *standIn) SetStreamHandler(id protocol.ID, handler network.StreamHandler) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.handlers[id] = handler
}

// NewStream opens a stream over a connection that is there.
func (h *standIn) NewStream(_ context.Context, to peer.ID, ids ...protocol.ID) (network.Stream, error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for _, conn := range h.conns {
		if conn.RemotePeer() == to {
			return conn.open(ids[0]), nil
		}
	}
	return nil, errNotConnected
}

// connect makes a connection; its peer is identified at once.
func (h *standIn) connect(id int) error {
	conn := &conn{host: h, id: id}
	h.mutex.Lock()
	h.conns[id] = conn
	notifiees := h.notifiees
	h.mutex.Unlock()
	for _, notifiee := range notifiees {
		notifiee.Connected(h.Network(), conn)
	}
	return h.identified.Emit(event.EvtPeerIdentificationCompleted{Peer: peerID(id)})
}

// conn gives the connection to a peer; nil if there is none.
func (h *standIn) conn(id int) *conn {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.conns[id]
}

// disconnect ends the connection to a peer, if there is one, and says whether there was.
func (h *standIn) disconnect(id int) bool {
	h.mutex.Lock()
	conn := h.conns[id]
	delete(h.conns, id)
	notifiees := h.notifiees
	h.mutex.Unlock()
	if conn == nil {
		return false
	}
	conn.reset()
	for _, notifiee := range notifiees {
		notifiee.Disconnected(h.Network(), conn)
	}
	return true
}

// close ends all connections and subscriptions.
func (h *standIn) close() {
	h.mutex.Lock()
	ids := slices.Sorted(maps.Keys(h.conns))
	h.mutex.Unlock()
	for _, id := range ids {
		h.disconnect(id)
	}
	_ = h.identified.Close()
	h.bus.close()
}

// serve hands a stream that a peer has opened to Venus's handler. What the peer has written stands in it.
func (c *conn) serve(id protocol.ID, opened *stream) {
	c.host.mutex.Lock()
	handler := c.host.handlers[id]
	c.host.mutex.Unlock()
	go handler(opened)
}

// conn is the near end of a connection to a peer of the case.
type conn struct {
	network.Conn
	host *standIn
	id   int

	mutex   sync.Mutex
	streams []*stream
}

func (c *conn) RemotePeer() peer.ID { return peerID(c.id) }

// Close is how Venus drops a peer. The hello handler alone does, when it cannot read a hello or its genesis is another.
func (c *conn) Close() error {
	if c.host.disconnect(c.id) {
		c.host.life.Disconnect(c.id, adapter.Kind{Type: "wrong_genesis"})
	}
	return nil
}

// open makes a stream whose far end is the peer.
func (c *conn) open(id protocol.ID) *stream {
	stream := newStream(c, id)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.streams = append(c.streams, stream)
	return stream
}

// asked gives the stream of the oldest request like this one that waits for an answer; nil if there is none.
func (c *conn) asked(asked request) *stream {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	at := slices.IndexFunc(c.streams, func(stream *stream) bool { return stream.waitsFor(asked) })
	if at < 0 {
		return nil
	}
	return c.streams[at]
}

func (c *conn) forget(gone *stream) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.streams = slices.DeleteFunc(c.streams, func(other *stream) bool { return other == gone })
}

// reset ends all streams of the connection.
func (c *conn) reset() {
	c.mutex.Lock()
	streams := c.streams
	c.streams = nil
	c.mutex.Unlock()
	for _, stream := range streams {
		stream.fail(network.ErrReset)
	}
}

// netView is what Venus's peer manager looks at.
type netView struct {
	network.Network
	h *standIn
}

func (n netView) Notify(notifiee network.Notifiee) {
	n.h.mutex.Lock()
	defer n.h.mutex.Unlock()
	n.h.notifiees = append(n.h.notifiees, notifiee)
}

func (n netView) Connectedness(id peer.ID) network.Connectedness {
	n.h.mutex.Lock()
	defer n.h.mutex.Unlock()
	for _, conn := range n.h.conns {
		if conn.RemotePeer() == id {
			return network.Connected
		}
	}
	return network.NotConnected
}

// peers knows of each peer that it speaks both protocols.
type peers struct{ peerstore.Peerstore }

func (peers) SupportsProtocols(_ peer.ID, ids ...protocol.ID) ([]protocol.ID, error) { return ids, nil }

func (peers) FirstSupportedProtocol(_ peer.ID, ids ...protocol.ID) (protocol.ID, error) {
	return ids[0], nil
}

func (peers) GetProtocols(peer.ID) ([]protocol.ID, error) {
	return []protocol.ID{hello.ProtocolID, exchange.ChainExchangeProtocolID}, nil
}

func (peers) Get(peer.ID, string) (any, error) { return "", nil }

// bus is libp2p's, and closes all subscriptions at the end of a life: Venus never does.
type bus struct {
	event.Bus
	subscriptions []event.Subscription
}

func (b *bus) Subscribe(what any, options ...event.SubscriptionOpt) (event.Subscription, error) {
	subscription, err := b.Bus.Subscribe(what, options...)
	if err == nil {
		b.subscriptions = append(b.subscriptions, subscription)
	}
	return subscription, err
}

func (b *bus) close() {
	for _, subscription := range b.subscriptions {
		_ = subscription.Close()
	}
}
