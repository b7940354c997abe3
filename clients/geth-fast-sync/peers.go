package main

import (
	"errors"
	"math/big"
	"strconv"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
)

// peer stands in for eth.Peer. It answers for headers itself, at once and truly, up to the head that it has told of: only
// the state is played.
type peer struct {
	client  *client
	id      int
	head    uint64
	leaving bool
}

func (p *peer) name() string { return strconv.Itoa(p.id) }

func (c *client) connected(id int, head uint64) error {
	peer := &peer{client: c, id: id}
	c.mutex.Lock()
	c.peers[id] = peer
	c.mutex.Unlock()
	c.hearOf(peer, min(head, uint64(len(c.chain.all)-1)))
	if err := c.downloader.RegisterPeer(peer.name(), ethVersion, peer); err != nil {
		return err
	}
	c.syncer.kick()
	return nil
}

func (c *client) disconnected(id int) error {
	c.mutex.Lock()
	if peer := c.peers[id]; peer != nil {
		peer.leaving = true // geth may hold it for a while
	}
	delete(c.peers, id)
	c.mutex.Unlock()
	err := c.downloader.UnregisterPeer(strconv.Itoa(id))
	c.syncer.kick()
	return err
}

// hearOf notes a head of a peer. Heads do not go back: geth keeps the one with the most difficulty.
func (c *client) hearOf(peer *peer, head uint64) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	peer.head = max(peer.head, head)
	c.highest = max(c.highest, peer.head)
}

func (p *peer) headNow() uint64 {
	p.client.mutex.Lock()
	defer p.client.mutex.Unlock()
	return p.head
}

// Head is hash and total difficulty of the peer's head.
func (p *peer) Head() (common.Hash, *big.Int) {
	head := p.headNow()
	return p.client.chain.all[head].Hash(), totalDifficulty(head)
}

// RequestHeadersByHash answers with headers from a hash on.
func (p *peer) RequestHeadersByHash(hash common.Hash, amount, skip int, reverse bool) error {
	number, ok := p.client.chain.numbers[hash]
	if !ok {
		p.answer(nil)
		return nil
	}
	return p.RequestHeadersByNumber(number, amount, skip, reverse)
}

// RequestHeadersByNumber answers with headers from a number on.
func (p *peer) RequestHeadersByNumber(origin uint64, amount, skip int, reverse bool) error {
	head, step := int64(p.headNow()), int64(skip+1)
	if reverse {
		step = -step
	}
	headers := []*types.Header{}
	for number := int64(origin); len(headers) < amount && number >= 0 && number <= head; number += step {
		headers = append(headers, p.client.chain.all[number])
	}
	p.answer(headers)
	return nil
}

func (p *peer) answer(headers []*types.Header) {
	go p.client.downloader.DeliverHeaders(p.name(), headers)
}

// RequestBodies is not called: the blocks are empty.
func (p *peer) RequestBodies([]common.Hash) error { return nil }

// RequestReceipts is not called: the blocks are empty.
func (p *peer) RequestReceipts([]common.Hash) error { return nil }

// RequestNodeData sends the request, unless the connection is being closed.
func (p *peer) RequestNodeData(hashes []common.Hash) error {
	p.client.mutex.Lock()
	leaving := p.leaving
	p.client.mutex.Unlock()
	if leaving {
		return errors.New("shutting down")
	}
	p.client.life.Send(p.id, getNodeData{"get_node_data", hashes})
	return nil
}
