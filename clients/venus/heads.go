package main

import (
	"sync"

	"github.com/filecoin-project/venus/venus-shared/types"
)

// heads keeps events in order: Venus tells of a new head in a goroutine of its own, maybe after all that came of it.
type heads struct {
	mutex   sync.Mutex
	changed sync.Cond
	written int // how often a head was stored
	told    int // how often Venus has told of one
}

func newHeads() *heads {
	h := &heads{}
	h.changed.L = &h.mutex
	return h
}

func (h *heads) wrote() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.written++
}

func (h *heads) tell() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.told++
	h.changed.Broadcast()
}

// wait waits until Venus has told of all heads that it has stored.
func (h *heads) wait() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for told := h.written; h.told < told; {
		h.changed.Wait()
	}
}

// headChanged is what Venus calls when the head has moved.
func (c *client) headChanged(reverted, applied []*types.TipSet) error {
	c.endIfOver()
	event := headChanged{Type: "head_changed", Revert: keysOf(reverted), Apply: keysOf(applied)}
	if len(applied) > 0 {
		event.Head = event.Apply[len(applied)-1]
	} else if len(reverted) > 0 {
		event.Head = keyOf(reverted[len(reverted)-1].Parents().Cids())
	}
	c.life.Event(event)
	c.heads.tell()
	return nil
}
