package main

import (
	"errors"
	"strconv"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/eth/protocols/eth"

	"syncheck/adapter"
)

// peer stands in for eth.Peer, the far side of a connection with its open requests.
type peer struct {
	client *client
	id     int
	// Cancelled requests stay until they are answered, as in geth's dispatcher.
	requests map[uint64]request
	leaving  bool
}

type request struct {
	sent *eth.Request
	sink chan *eth.Response
	at   time.Time
}

var errNotAsked = errors.New("the skeleton asks for headers by number only")

func (c *client) connected(id int) error {
	peer := &peer{client: c, id: id, requests: map[uint64]request{}}
	c.mutex.Lock()
	c.peers[id] = peer
	c.mutex.Unlock()
	return c.downloader.RegisterPeer(strconv.Itoa(id), ethVersion, peer.forGeth())
}

func (c *client) disconnected(id int) error {
	c.mutex.Lock()
	if peer := c.peers[id]; peer != nil {
		peer.leaving = true // geth may hold it for a while
	}
	delete(c.peers, id)
	c.mutex.Unlock()
	return c.downloader.UnregisterPeer(strconv.Itoa(id))
}

// disconnect closes the connection to a peer, once.
func (c *client) disconnect(id int, reason string) {
	c.mutex.Lock()
	peer := c.peers[id]
	known := peer != nil && !peer.leaving
	if known {
		peer.leaving = true
	}
	c.mutex.Unlock()
	if known {
		c.life.Disconnect(id, adapter.Kind{Type: reason})
	}
}

// RequestHeadersByHash is not what the skeleton uses.
func (p *peer) RequestHeadersByHash(common.Hash, int, int, bool, chan *eth.Response) (*eth.Request, error) {
	return nil, errNotAsked
}

// RequestHeadersByNumber sends a request, unless the connection is being closed.
func (p *peer) RequestHeadersByNumber(origin uint64, amount, skip int, reverse bool, sink chan *eth.Response) (*eth.Request, error) {
	if skip != 0 || !reverse {
		return nil, errNotAsked
	}
	c := p.client
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if p.leaving {
		return nil, errors.New("shutting down")
	}
	c.lastID++
	sent := &eth.Request{Peer: strconv.Itoa(p.id), Sent: time.Now()}
	p.requests[c.lastID] = request{sent, sink, time.Now()}
	c.life.Send(p.id, getHeaders{"get_headers", c.lastID, origin, amount})
	return sent, nil
}

// delivered hands an answer to the request that it belongs to, as geth's dispatcher does: an answer to no request ends
// the connection.
func (c *client) delivered(id int, message headersMessage) error {
	headers := make([]*types.Header, len(message.Headers))
	hashes := make([]common.Hash, len(message.Headers))
	for i, encoded := range message.Headers {
		header, err := decodeHeader(encoded)
		if err != nil {
			return err
		}
		headers[i], hashes[i] = header, header.Hash()
	}
	c.mutex.Lock()
	peer := c.peers[id]
	if peer == nil {
		c.mutex.Unlock()
		return nil // it was on its way when the connection ended
	}
	request, known := peer.requests[message.ID]
	delete(peer.requests, message.ID)
	c.mutex.Unlock()
	if !known {
		c.disconnect(id, "other")
		return nil
	}
	go c.answer(id, request, headers, hashes)
	return nil
}

// answer gives headers to the goroutine that waits for them, if it still does, and closes the connection if it says so.
func (c *client) answer(id int, request request, headers []*types.Header, hashes []common.Hash) {
	response := &eth.Response{
		Req: request.sent, Res: asResponse(headers), Meta: hashes,
		Time: time.Since(request.at), Done: make(chan error),
	}
	select {
	case request.sink <- response:
	case <-c.quit:
		return
	}
	select {
	case err := <-response.Done:
		if err != nil {
			c.disconnect(id, reasonOf(err))
		}
	case <-c.quit:
	}
}

// reasonOf names what the skeleton says of an answer (eth/downloader/skeleton.go, executeTask).
func reasonOf(err error) string {
	switch err.Error() {
	case "no headers delivered":
		return "empty"
	case "invalid header batch anchor":
		return "wrong_anchor"
	case "not enough non-genesis headers delivered", "not enough genesis headers delivered":
		return "wrong_count"
	case "invalid hash progression":
		return "broken_progression"
	}
	return "other"
}
