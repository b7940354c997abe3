package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"math/big"
	"slices"
)

// A toy client that fetches a chain of headers and its blocks. It takes blocks as they come, so it
// claims no progress: only its manners are judged. All times are milliseconds of virtual time.
type toy struct {
	broken  bool
	now     int64
	headers map[string]*header
	tip     *header
	stored  map[string]bool
	asked   map[string]*ask // by block hash
	peers   map[int]*peer
	out     []any
}

type header struct {
	hash   string
	parent *header
	height int
	bits   uint32
}

type peer struct {
	id       int
	hello    hello
	outbound bool             // whether we have dialled it
	shown    map[string]bool  // headers that it has sent
	lacks    map[string]int64 // blocks that it did not send, and when it may be asked again
}

type ask struct {
	peer *peer
	due  int64
}

const (
	patience = 20_000
	genesis  = "0x0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"
	zero     = "0x0000000000000000000000000000000000000000000000000000000000000000"
)

func newToy(start start, broken bool) *toy {
	root := &header{hash: genesis, bits: 0x207fffff}
	t := &toy{broken: broken, tip: root, headers: map[string]*header{genesis: root},
		stored: map[string]bool{genesis: true}}
	t.forget()
	for _, block := range start.Blocks {
		if added := t.add(block[:162]); added != nil {
			t.stored[added.hash] = true
		}
	}
	return t
}

// What does not survive the death of the process.
func (t *toy) forget() { t.asked, t.peers = map[string]*ask{}, map[int]*peer{} }

func (t *toy) connected(id int, hello hello, outbound bool) {
	if outbound && !hello.Network && !hello.NetworkLimited {
		// Who serves nothing is not worth a connection that we have to look for.
		t.out = append(t.out, map[string]any{"type": "refuse", "peer": id,
			"reason": map[string]any{"type": "other", "text": "it serves no blocks"}})
		return
	}
	t.peers[id] = &peer{id: id, hello: hello, outbound: outbound,
		shown: map[string]bool{}, lacks: map[string]int64{}}
	t.askHeaders(t.peers[id])
}

func (t *toy) disconnected(id int) {
	// A dial that fails ends here too, and is not tried again.
	if p := t.peers[id]; p != nil && p.outbound {
		p.outbound = false
		t.out = append(t.out, map[string]any{"type": "dial", "peer": id})
	}
	for hash, ask := range t.asked {
		if ask.peer.id == id {
			delete(t.asked, hash)
		}
	}
	if !t.broken { // the bug: it goes on to ask who is gone
		delete(t.peers, id)
	}
}

func (t *toy) message(id int, m message) {
	p := t.peers[id]
	if p == nil {
		return
	}
	switch m.Type {
	case "headers":
		fresh := false
		for _, text := range m.Headers {
			fresh = fresh || t.headers[hashOf(text)] == nil
			if added := t.add(text); added != nil {
				p.shown[added.hash] = true
			}
		}
		if fresh && len(m.Headers) > 0 {
			t.askHeaders(p)
		}
	case "inv":
		for _, item := range m.Items {
			if item.Kind == "block" && t.headers[item.Hash] == nil {
				t.askHeaders(p)
				break
			}
		}
	case "block":
		hash := hashOf(m.Block[:162])
		if ask := t.asked[hash]; ask != nil && ask.peer == p {
			delete(t.asked, hash)
			t.stored[hash] = true
		}
	case "not_found":
		for _, item := range m.Items {
			if ask := t.asked[item.Hash]; ask != nil && ask.peer == p {
				t.giveUp(item.Hash)
			}
		}
	}
}

// When it acts next if nothing happens before; nil for never.
func (t *toy) deadline() *int64 {
	times := []int64{}
	for _, ask := range t.asked {
		times = append(times, ask.due)
	}
	for _, p := range t.peers {
		for _, again := range p.lacks {
			times = append(times, again)
		}
	}
	if len(times) == 0 {
		return nil
	}
	first := slices.Min(times)
	return &first
}

func (t *toy) wake() {
	for _, hash := range sorted(t.asked) {
		if t.asked[hash].due <= t.now {
			t.giveUp(hash)
		}
	}
	for _, p := range t.peers {
		maps.DeleteFunc(p.lacks, func(_ string, again int64) bool { return again <= t.now })
	}
}

// Another peer may have it; this one is asked again only after a while.
func (t *toy) giveUp(hash string) {
	t.asked[hash].peer.lacks[hash] = t.now + patience
	delete(t.asked, hash)
}

// Asks for the blocks that are missing on the longest chain, each of one peer at a time.
func (t *toy) fetch() {
	wanted := map[int][]item{}
	for at := t.tip; at != nil && !t.stored[at.hash]; at = at.parent {
		for _, id := range sorted(t.peers) {
			p := t.peers[id]
			has := p.shown[at.hash] || at.height <= p.hello.StartHeight
			if has && t.asked[at.hash] == nil && p.lacks[at.hash] == 0 {
				t.asked[at.hash] = &ask{p, t.now + patience}
				wanted[id] = append(wanted[id], item{"witness_block", at.hash})
			}
		}
	}
	for _, id := range sorted(wanted) {
		slices.Reverse(wanted[id])
		t.send(id, map[string]any{"type": "get_data", "items": wanted[id]})
	}
}

func (t *toy) askHeaders(p *peer) {
	if !p.hello.Network && !p.hello.NetworkLimited {
		return
	}
	locator, step := []string{}, 1
	for at := t.tip; at.parent != nil; {
		locator = append(locator, at.hash)
		if len(locator) > 10 {
			step *= 2
		}
		for i := 0; i < step && at.parent != nil; i++ {
			at = at.parent
		}
	}
	locator = append(locator, genesis)
	t.send(p.id, map[string]any{"type": "get_headers", "locator": locator, "stop": zero})
}

// Adds a header whose parent is known and whose hash keeps what its bits promise.
func (t *toy) add(text string) *header {
	raw, _ := hex.DecodeString(text[2:])
	hash, parent := hashOf(text), t.headers["0x"+hex.EncodeToString(reversed(raw[4:36]))]
	bits := binary.LittleEndian.Uint32(raw[72:76])
	if known := t.headers[hash]; known != nil {
		return known
	}
	if parent == nil || bits != parent.bits {
		return nil
	}
	number, _ := new(big.Int).SetString(hash[2:], 16)
	target := new(big.Int).Lsh(big.NewInt(int64(bits&0x7fffff)), 8*(uint(bits>>24)-3))
	if number.Cmp(target) > 0 {
		return nil
	}
	added := &header{hash, parent, parent.height + 1, bits}
	t.headers[hash] = added
	if added.height > t.tip.height {
		t.tip = added
	}
	return added
}

func (t *toy) send(id int, message any) {
	t.out = append(t.out, map[string]any{"type": "send", "peer": id, "message": message})
}

func hashOf(text string) string {
	raw, _ := hex.DecodeString(text[2:])
	first := sha256.Sum256(raw)
	second := sha256.Sum256(first[:])
	return "0x" + hex.EncodeToString(reversed(second[:]))
}

func reversed(bytes []byte) []byte {
	bytes = slices.Clone(bytes)
	slices.Reverse(bytes)
	return bytes
}
