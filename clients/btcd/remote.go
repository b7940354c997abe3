package main

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"

	"github.com/btcsuite/btcd/connmgr"
	"github.com/btcsuite/btcd/peer"
)

// remote is a peer of btcd with what server.go keeps of it (serverPeer there), and does at its messages.
type remote struct {
	*peer.Peer
	node *node
	// The last block of a full answer to getblocks: when it is asked for, more is announced.
	continues  *chainHash
	relaysNoTx atomic.Bool
	score      connmgr.DynamicBanScore
	// Whether the sync manager has been told of it.
	introduced atomic.Bool
	shakenHand chan struct{}
	gone       chan struct{}
	txDone     chan struct{}
	blockDone  chan struct{}
}

// connect lets btcd shake hands over a connection.
func (n *node) connect(conn net.Conn, outbound bool) error {
	r := &remote{
		node:       n,
		shakenHand: make(chan struct{}),
		gone:       make(chan struct{}),
		txDone:     make(chan struct{}, 1),
		blockDone:  make(chan struct{}, 1),
	}
	config := r.config()
	if outbound {
		var err error
		if r.Peer, err = peer.NewOutboundPeer(config, conn.RemoteAddr().String()); err != nil {
			return err
		}
	} else {
		r.Peer = peer.NewInboundPeer(config)
	}
	r.AssociateConnection(conn)
	go func() {
		r.WaitForDisconnect()
		close(r.gone)
	}()
	go r.live()
	return nil
}

// live tells the node when the peer has come, and later that it has gone; in this order, as btcd does since v0.26.
func (r *remote) live() {
	select {
	case <-r.shakenHand:
		send(r.node, r.node.changes, change{r, false})
		r.introduced.Store(true)
	case <-r.gone:
	}
	<-r.gone
	send(r.node, r.node.changes, change{r, true})
}

func (r *remote) config() *peer.Config {
	return &peer.Config{
		NewestBlock: func() (*chainHash, int32, error) {
			best := r.node.chain.BestSnapshot()
			return &best.Hash, best.Height, nil
		},
		UserAgentName:    "btcd",
		UserAgentVersion: "syncheck",
		ChainParams:      r.node.params,
		Services:         offered,
		ProtocolVersion:  peer.MaxProtocolVersion,
		TrickleInterval:  trickleInterval,
		Listeners: peer.MessageListeners{
			OnVersion:    r.onVersion,
			OnVerAck:     func(*peer.Peer, *msgVerAck) { close(r.shakenHand) },
			OnTx:         r.onTx,
			OnBlock:      r.onBlock,
			OnInv:        r.onInv,
			OnHeaders:    func(_ *peer.Peer, msg *msgHeaders) { r.node.sync.QueueHeaders(msg, r.Peer) },
			OnNotFound:   r.onNotFound,
			OnGetData:    r.onGetData,
			OnGetBlocks:  r.onGetBlocks,
			OnGetHeaders: r.onGetHeaders,
		},
	}
}

func (r *remote) host() string {
	host, _, _ := net.SplitHostPort(r.Addr())
	return host
}

// drop closes the connection and says why.
func (r *remote) drop(why reason) {
	r.node.watch.blame(r.Addr(), why)
	r.Disconnect()
}

// misbehaves adds to the score of a peer, and bans it if that is too much; see addBanScore.
func (r *remote) misbehaves(persistent, transient uint32, format string, arguments ...any) (dropped bool) {
	if persistent == 0 && transient == 0 || r.score.Increase(persistent, transient) <= banThreshold {
		return false
	}
	send(r.node, r.node.bans, r)
	r.drop(other("banned: "+format, arguments...))
	return true
}

func (r *remote) onVersion(_ *peer.Peer, msg *msgVersion) *msgReject {
	if !r.Inbound() {
		if missing := serviceNetwork &^ msg.Services; missing != 0 {
			why := fmt.Sprintf("required services %#x not offered", uint64(missing))
			return newReject(msg.Command(), rejectNonstandard, why)
		}
		active, err := r.node.chain.IsDeploymentActive(deploymentSegwit)
		if err != nil {
			return nil
		}
		if active && !r.IsWitnessEnabled() {
			r.drop(other("not segwit enabled"))
			return nil
		}
	}
	r.node.time.AddTimeSample(r.Addr(), msg.Timestamp)
	r.relaysNoTx.Store(msg.DisableRelayTx)
	return nil
}

// onTx and onBlock return when it is known what has become of it, so that nothing else of the peer is read before.
func (r *remote) onTx(_ *peer.Peer, msg *msgTx) {
	tx := newUtilTx(msg)
	r.AddKnownInventory(newInventory(invTx, tx.Hash()))
	r.node.sync.QueueTx(tx, r.Peer, r.txDone)
	<-r.txDone
}

func (r *remote) onBlock(_ *peer.Peer, msg *msgBlock, raw []byte) {
	block := utilBlockOf(msg, raw)
	r.AddKnownInventory(newInventory(invBlock, block.Hash()))
	r.node.sync.QueueBlock(block, r.Peer, r.blockDone)
	<-r.blockDone
}

func (r *remote) onInv(_ *peer.Peer, msg *msgInv) {
	if len(msg.InvList) > 0 {
		r.node.sync.QueueInv(msg, r.Peer)
	}
}

// judgeNotFound counts what a peer does not have, and says whether it is dropped for it.
func (r *remote) judgeNotFound(msg *msgNotFound) (dropped bool) {
	var blocks, txs uint32
	for _, missing := range msg.InvList {
		switch missing.Type {
		case invBlock, invWitnessBlock:
			blocks++
		case invTx, invWitnessTx:
			txs++
		default:
			r.drop(other("invalid type %d in notfound", uint32(missing.Type)))
			return true
		}
	}
	return r.misbehaves(20*blocks, 0, "%d blocks not found", blocks) ||
		r.misbehaves(0, 10*txs, "%d transactions not found", txs)
}

// How many items of a getdata are on their way at once.
const pipelined = 5

func (r *remote) onGetData(_ *peer.Peer, msg *msgGetData) {
	if r.misbehaves(0, uint32(len(msg.InvList))*99/maxInventory, "getdata") {
		return
	}
	missing := new(msgNotFound)
	sent := make(chan struct{}, pipelined+1)
	waiting := 0
	for _, wanted := range msg.InvList {
		if err := r.serve(wanted, sent); err != nil {
			missing.InvList = append(missing.InvList, wanted)
			continue
		}
		if waiting++; waiting == pipelined && !r.wait(sent, &waiting) {
			return
		}
	}
	if len(missing.InvList) > 0 {
		r.QueueMessage(missing, sent)
		waiting++
	}
	r.wait(sent, &waiting)
}

// wait waits until all is sent, or the connection has ended.
func (r *remote) wait(sent <-chan struct{}, waiting *int) bool {
	for ; *waiting > 0; *waiting-- {
		select {
		case <-sent:
		case <-r.gone:
			return false
		}
	}
	return true
}

// serve sends what is asked for.
func (r *remote) serve(wanted *inventory, sent chan<- struct{}) error {
	switch wanted.Type {
	case invTx, invWitnessTx:
		tx, err := r.node.pool.FetchTransaction(&wanted.Hash)
		if err != nil {
			return err
		}
		r.QueueMessageWithEncoding(tx.MsgTx(), sent, encodingOf(wanted.Type == invWitnessTx))
	case invBlock, invWitnessBlock:
		block, err := r.node.block(&wanted.Hash)
		if err != nil {
			return err
		}
		r.sendBlock(wanted, block, sent)
	default:
		return errors.New("unknown inventory type")
	}
	return nil
}

// sendBlock sends a block. If it is where the last answer to getblocks had to stop, the tip is announced after it, so
// that the peer asks for more.
func (r *remote) sendBlock(wanted *inventory, block *msgBlock, sent chan<- struct{}) {
	encoding := encodingOf(wanted.Type == invWitnessBlock)
	if r.continues == nil || *r.continues != wanted.Hash {
		r.QueueMessageWithEncoding(block, sent, encoding)
		return
	}
	r.QueueMessageWithEncoding(block, nil, encoding)
	best := r.node.chain.BestSnapshot()
	r.QueueMessage(&msgInv{InvList: []*inventory{newInventory(invBlock, &best.Hash)}}, sent)
	r.continues = nil
}

func encodingOf(witness bool) encoding {
	if witness {
		return encodingWitness
	}
	return encodingBase
}

func (r *remote) onGetBlocks(_ *peer.Peer, msg *msgGetBlocks) {
	hashes := r.node.chain.LocateBlocks(msg.BlockLocatorHashes, &msg.HashStop, maxBlocksPerInv)
	if len(hashes) == 0 {
		return
	}
	answer := new(msgInv)
	for i := range hashes {
		answer.InvList = append(answer.InvList, newInventory(invBlock, &hashes[i]))
	}
	if len(hashes) == maxBlocksPerInv {
		r.continues = &hashes[len(hashes)-1]
	}
	r.QueueMessage(answer, nil)
}

func (r *remote) onGetHeaders(_ *peer.Peer, msg *msgGetHeaders) {
	if !r.node.sync.IsCurrent() {
		return
	}
	located := r.node.chain.LocateHeaders(msg.BlockLocatorHashes, &msg.HashStop)
	answer := new(msgHeaders)
	for i := range located {
		answer.Headers = append(answer.Headers, &located[i])
	}
	r.QueueMessage(answer, nil)
}
