package main

import (
	"math/big"
	"sync/atomic"
	"time"

	"github.com/ethereum/go-ethereum/eth/downloader"
)

// How many peers must be there before a sync begins by itself, and after which time one is enough (eth/sync.go).
const (
	minSyncPeers = 5
	forceSync    = 10 * time.Second
)

// syncer stands in for the sync loop of package eth (eth/sync.go), which decides when to sync, with whom and how.
type syncer struct {
	client *client
	events chan struct{}
	done   chan error
	// Whether the sync that runs is to be stopped, and by whom it is being stopped.
	cancels   chan struct{}
	cancelled chan struct{}
	forced    bool
	fast      bool
	// Whether the sync that runs is a fast one.
	isFast atomic.Bool
}

func (s *syncer) inFastSync() bool { return s.isFast.Load() }

func newSyncer(client *client) *syncer {
	_, _, executed := client.chain.heads()
	return &syncer{client: client, events: make(chan struct{}, 1), cancels: make(chan struct{}, 1), fast: executed == 0}
}

// kick says that something about peers has changed.
func (s *syncer) kick() {
	select {
	case s.events <- struct{}{}:
	default:
	}
}

// cancel stops the sync that runs. The next one does not begin before it has stopped.
func (s *syncer) cancel() {
	select {
	case s.cancels <- struct{}{}:
	default:
	}
}

func (s *syncer) loop() {
	force := time.NewTimer(forceSync)
	defer force.Stop()
	for {
		s.start()
		select {
		case <-s.events:
		case <-s.cancels:
			if s.done != nil && s.cancelled == nil {
				cancelled := make(chan struct{})
				s.cancelled = cancelled
				go func() {
					s.client.downloader.Cancel()
					close(cancelled)
				}()
			}
		case <-s.cancelled:
			s.cancelled = nil
		case err := <-s.done:
			s.done = nil
			if err == nil {
				s.fast = false
			}
			s.client.ended(err)
			force.Reset(forceSync)
			s.forced = false
		case <-force.C:
			s.forced = true
		case <-s.client.quit:
			return
		}
	}
}

// start begins a sync with the peer of the most difficulty, if it has more than is here.
func (s *syncer) start() {
	c := s.client
	if s.done != nil || s.cancelled != nil {
		return
	}
	best, difficulty := s.best()
	mode, ours := s.mode()
	if best == nil || difficulty.Cmp(ours) <= 0 {
		return
	}
	hash, _ := best.Head()
	done := make(chan error, 1)
	s.done = done
	s.isFast.Store(mode == downloader.FastSync)
	go func() { done <- c.downloader.Synchronise(best.name(), hash, difficulty, mode) }()
}

func (s *syncer) best() (*peer, *big.Int) {
	c := s.client
	c.mutex.Lock()
	defer c.mutex.Unlock()
	var best *peer
	count := 0
	for _, peer := range c.peers {
		if peer.leaving {
			continue
		}
		count++
		if best == nil || peer.head > best.head {
			best = peer
		}
	}
	if best == nil || count < minSyncPeers && !s.forced {
		return nil, nil
	}
	return best, totalDifficulty(best.head)
}

// mode is how to sync, and how much is here for that.
func (s *syncer) mode() (downloader.SyncMode, *big.Int) {
	_, receipts, executed := s.client.chain.heads()
	if s.fast || s.client.belowPivot(executed) {
		return downloader.FastSync, totalDifficulty(receipts)
	}
	return downloader.FullSync, totalDifficulty(executed)
}
