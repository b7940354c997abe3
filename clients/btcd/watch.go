package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/peer"

	"syncheck/adapter"
)

// watch tells what one life of btcd comes to, from the notifications of its chain and from what it gives its log.
type watch struct {
	life  *adapter.Life
	chain *blockchain.BlockChain

	mutex sync.Mutex
	tip   chainHash
	// The height of the best chain of headers.
	headers int32
	// The blocks and headers that were told of.
	toldBlocks, toldHeaders map[chainHash]bool
	rejected                map[chainHash]error
	blamed                  map[string]blame
	syncPeer                string
}

// blame is why a connection is about to be closed, which btcd then does at once.
type blame struct {
	reason reason
	at     time.Time
}

func newWatch(life *adapter.Life) *watch {
	return &watch{
		life: life, toldBlocks: map[chainHash]bool{}, toldHeaders: map[chainHash]bool{},
		rejected: map[chainHash]error{}, blamed: map[string]blame{},
	}
}

// begin begins to tell of a chain. Before that, blocks are loaded.
func (w *watch) begin(chain *blockchain.BlockChain) {
	w.mutex.Lock()
	w.chain = chain
	w.headers = chain.BestSnapshot().Height
	w.mutex.Unlock()
	chain.Subscribe(w.notified)
	w.tellTip()
}

// notified hears of a block that is stored, after it has become the tip if it does.
func (w *watch) notified(notification *blockchain.Notification) {
	block, isBlock := notification.Data.(*utilBlock)
	if notification.Type != blockchain.NTBlockAccepted || !isBlock {
		return
	}
	w.mutex.Lock()
	w.toldBlocks[*block.Hash()] = true
	w.mutex.Unlock()
	w.life.Event(blockEvent{"block_accepted", shown(block.Hash()), block.Height()})
	w.tellTip()
}

func (w *watch) tellTip() {
	best := w.chain.BestSnapshot()
	w.mutex.Lock()
	same := w.tip == best.Hash
	w.tip = best.Hash
	w.mutex.Unlock()
	if !same {
		w.life.Event(blockEvent{"tip", shown(&best.Hash), best.Height})
	}
}

// header tells of a header that btcd has taken.
func (w *watch) header(hash chainHash, height int32) {
	w.mutex.Lock()
	known := w.toldBlocks[hash] || w.toldHeaders[hash]
	w.toldHeaders[hash] = true
	w.mutex.Unlock()
	if !known {
		w.life.Event(blockEvent{"header_accepted", shown(&hash), height})
	}
}

// bestHeader tells of a header that the best chain of headers ends with now; by its height, or one above the last.
func (w *watch) bestHeader(hash chainHash, height *int32) {
	w.mutex.Lock()
	if height != nil {
		w.headers = *height
	} else {
		w.headers++
	}
	at := w.headers
	w.mutex.Unlock()
	w.header(hash, at)
}

// reject tells of a block that is refused. btcd says so of a stored block too, if an orphan that builds on it is wrong.
func (w *watch) reject(hash chainHash, err error) {
	w.mutex.Lock()
	stored := w.toldBlocks[hash]
	w.rejected[hash] = err
	w.mutex.Unlock()
	if !stored {
		w.life.Event(rejectedEvent{"block_rejected", shown(&hash), faultOf(err), shortened(err.Error())})
	}
}

// faultOf is why a block was refused last.
func (w *watch) faultOf(hash adapter.Bytes) string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return faultOf(w.rejected[chainHash(hash.Reversed())])
}

// syncsFrom tells from whom blocks or headers are synced now; from nobody, if the address is empty.
func (w *watch) syncsFrom(address string) {
	w.mutex.Lock()
	same := w.syncPeer == address
	w.syncPeer = address
	w.mutex.Unlock()
	if !same {
		w.life.Event(syncPeerEvent{"sync_peer", peerNumber(address)})
	}
}

// blame says why the connection to an address is closed, should that happen at this instant.
func (w *watch) blame(address string, why reason) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.blamed[address] = blame{why, time.Now()}
}

// stalled blames the sync peer, and nobody is synced from any more.
func (w *watch) stalled() {
	w.mutex.Lock()
	address := w.syncPeer
	w.mutex.Unlock()
	w.blame(address, reason{Type: "stalled"})
	w.syncsFrom("")
}

// reasonFor is why btcd has closed a connection.
func (w *watch) reasonFor(conn *connection) reason {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	known, ok := w.blamed[conn.address.String()]
	switch {
	case ok && known.at.Equal(time.Now()):
		return known.reason
	case strings.Contains(conn.complaint, "too many"), strings.Contains(conn.complaint, "exceeds max"):
		return reason{Type: "oversize"}
	case conn.complaint != "":
		return other("%s", withoutAddress(conn.complaint))
	}
	return reason{Type: "other"}
}

// peerNumber is the number of the peer that has an address.
func peerNumber(address string) *int {
	var high, low, port int
	if _, err := fmt.Sscanf(address, "10.0.%d.%d:%d", &high, &low, &port); err != nil {
		return nil
	}
	number := high<<8 | low
	return &number
}

// withoutAddress leaves out whom btcd complains about, as in "Can't read message from 10.0.0.1:18444 (inbound): why".
func withoutAddress(complaint string) string {
	if _, why, found := strings.Cut(complaint, "bound): "); found {
		return why
	}
	return complaint
}

// addressOf is the address in what btcd gives its log for a peer.
func addressOf(value any) string {
	switch value := value.(type) {
	case *peer.Peer:
		return value.Addr()
	case string:
		address, _, _ := strings.Cut(value, " ")
		return address
	}
	return ""
}
