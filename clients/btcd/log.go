package main

import (
	"fmt"
	"os"
	"sync/atomic"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/netsync"
	"github.com/btcsuite/btcd/peer"
	"github.com/btcsuite/btclog"
)

// logger is what btcd takes for its log. Nothing is written; some lines are heard by their words, with the values that
// btcd gives them.
type logger struct{}

// observed is the life that is told of. It is set at the beginning of each life, before btcd says anything.
var observed atomic.Pointer[watch]

func observe(w *watch) { observed.Store(w) }

func watchLogs() {
	blockchain.UseLogger(logger{})
	netsync.UseLogger(logger{})
	peer.UseLogger(logger{})
}

// heard has what lines say, by their words up to the first value.
var heard = map[string]func(w *watch, values []any){
	// blockchain/accept.go, process.go
	"accepted header %v as the new header tip": func(w *watch, values []any) {
		w.bestHeader(values[0].(chainHash), nil)
	},
	"NEW BEST HEADER CHAIN: BlockHeader %v(%v) is now a longer PoW chain than the previous header tip of %v(%v).": func(w *watch, values []any) {
		height := values[1].(int32)
		w.bestHeader(values[0].(chainHash), &height)
	},
	"FORK: BlockHeader %v(%v) forks the chain at block %v(%v) but did not have enough work to be the main chain": sideHeader,
	"EXTEND FORK: BlockHeader %v(%v) extends a side chain which forks the chain at block %v(%v)":                 sideHeader,
	"Adding orphan block %v with parent %v": func(w *watch, values []any) {
		w.life.Event(orphanEvent{"orphan_kept", shown(values[0].(*chainHash))})
	},
	// netsync/manager.go
	"Rejected block %v from %s: %v": func(w *watch, values []any) {
		w.reject(*values[0].(*chainHash), values[2].(error))
	},
	"Downloading headers for blocks %d to %d from peer %s":                                                          func(w *watch, values []any) { w.syncsFrom(addressOf(values[2])) },
	"Syncing to block height %d from peer %v":                                                                       func(w *watch, values []any) { w.syncsFrom(addressOf(values[1])) },
	"Updating sync peer, no progress for: %v":                                                                       func(w *watch, _ []any) { w.stalled() },
	"Got unrequested block %v from %s -- disconnecting":                                                             blames(1, reason{Type: "unrequested_block"}),
	"Got %d unrequested headers from %s -- disconnecting":                                                           blames(1, reason{Type: "unrequested_headers"}),
	"Received block header from peer %v failed header verification -- disconnecting":                                blames(0, reason{Type: "bad_header"}),
	"Received block header that does not properly connect to the chain from peer %s -- disconnecting":               blames(0, reason{Type: "unconnected_headers"}),
	"Block header at height %d/hash %s from peer %s does NOT match expected checkpoint hash of %s -- disconnecting": blames(2, reason{Type: "bad_header", Fault: "checkpoint_mismatch"}),
	// peer/peer.go
	"Peer %s appears to be stalled or misbehaving, %s timeout -- disconnecting": blames(0, reason{Type: "stalled"}),
	"Peer %s no answer for %s -- disconnecting":                                 blames(0, other("idle")),
	"Recovered panic in peer %s: %v\n%s":                                        panicked,
}

func sideHeader(w *watch, values []any) { w.header(values[0].(chainHash), values[1].(int32)) }

func blames(at int, why reason) func(*watch, []any) {
	return func(w *watch, values []any) { w.blame(addressOf(values[at]), why) }
}

// panicked ends the process: btcd outlives panics of a peer's goroutines, but they are what is looked for.
func panicked(_ *watch, values []any) {
	fmt.Fprintf(os.Stderr, "panic: %v\n%s", values[1], values[2])
	os.Exit(2)
}

func hear(format string, values []any) {
	if say, ok := heard[format]; ok {
		if w := observed.Load(); w != nil {
			say(w, values)
		}
	}
}

func (logger) Tracef(string, ...any)                  {}
func (logger) Debugf(format string, values ...any)    { hear(format, values) }
func (logger) Infof(format string, values ...any)     { hear(format, values) }
func (logger) Warnf(format string, values ...any)     { hear(format, values) }
func (logger) Errorf(format string, values ...any)    { hear(format, values) }
func (logger) Criticalf(format string, values ...any) {}
func (logger) Trace(...any)                           {}
func (logger) Debug(...any)                           {}
func (logger) Info(...any)                            {}
func (logger) Warn(...any)                            {}
func (logger) Error(...any)                           {}
func (logger) Critical(...any)                        {}

// Level is above what would make btcd put long texts together.
func (logger) Level() btclog.Level { return btclog.LevelInfo }

// SetLevel changes nothing.
func (logger) SetLevel(btclog.Level) {}
