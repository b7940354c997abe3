// Package adapter puts a blockchain client, or the part of it that synchronises, under test by syncheck: it speaks
// the adapter protocol on standard input and output, lets the client live in virtual time (a bubble of
// [testing/synctest]), and tells when the client has come to rest.
//
// An adapter is a program of its own:
//
//	func main() {
//		adapter.Main(adapter.Adapter{About: adapter.About{...}, Begin: begin})
//	}
//
// README.md beside this file says how one is written and built.
package adapter

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// An Adapter makes clients, one for each life: a case has one life, and one more for each restart.
type Adapter struct {
	// What the harness is told about the client.
	About About

	// Begin starts a client in a new bubble, in which all goroutines and timers of the client then live. It may be
	// called often in one process, so what it makes must not be kept in package variables. An error of
	// [Unsupported] leaves the case out; any other one ends the search.
	Begin func(life *Life, start Start) (Client, error)

	// Lines to the subject that are played once, before the first case, and whose replies nobody sees. They fill
	// caches that would make the first case of a process differ from the others. Their `seq` is not looked at.
	WarmUp []string

	// How much virtual time goroutines of a stopped client get to end in. Zero means ten minutes.
	Drain time.Duration
}

// A Client is one life of the client under test. All methods are called from one goroutine of the bubble. They must not
// wait for anything that needs time to pass: what waits belongs into a goroutine of its own.
type Client interface {
	// Deliver tells what has happened.
	Deliver(input Input) error

	// Stop ends the life, without a last word to peers or disk if it is killed, as it is at a restart. What it gives
	// back is durable: the next life of the same case finds it in [Start].
	Stop(killed bool) (durable any)
}

// Start is what a client knows at the beginning of a life.
type Start struct {
	// The family of the case.
	Family string
	// The `start` of the case, whose form is the family's.
	Start json.RawMessage
	// What the life before has left; nil in the first life.
	Durable any
	// The whole request, for fields that this package does not know.
	Raw json.RawMessage
}

// Input is one thing that happens, as `deliver` of the protocol has it.
type Input struct {
	// `connected`, `disconnected`, `message` or `command`.
	Type string `json:"type"`
	// Which peer it is about, in the first three.
	Peer int `json:"peer"`
	// Who dialled: `subject` or `peer`; empty in version 1.
	Dialer string `json:"dialer"`
	// What a peer's handshake has said.
	Hello json.RawMessage `json:"hello"`
	// What has come from the peer.
	Message json.RawMessage `json:"message"`
	// What is to be done.
	Command json.RawMessage `json:"command"`
	// The whole input, for fields that this package does not know.
	Raw json.RawMessage `json:"-"`
}

// About says what the client is; see `hello` in the protocol.
type About struct {
	Name     string   `json:"name"`
	Version  string   `json:"version"`
	Families []string `json:"families"`
	// The profiles that it can run; all, if there are none.
	Profiles []string `json:"profiles,omitempty"`
	// What it can do beyond what its family asks of all, by the family's names; all, if nil. Cases that require more
	// are not drawn.
	Capabilities []string `json:"capabilities,omitzero"`
	Observes     Observes `json:"observes"`
}

// Observes says what an adapter can tell of its client.
type Observes struct {
	Events  bool `json:"events"`
	Gauges  bool `json:"gauges"`
	Restart bool `json:"restart"`
}

// Kind is an enumeration's value that is a name alone, such as the reason `stalled`.
type Kind struct {
	Type string `json:"type"`
}

type unsupported struct{ message string }

func (u unsupported) Error() string { return u.message }

// Unsupported is the error of a case that the client cannot run by design. It is no failure.
func Unsupported(format string, arguments ...any) error {
	return unsupported{fmt.Sprintf(format, arguments...)}
}

func isUnsupported(err error) (string, bool) {
	var u unsupported
	if errors.As(err, &u) {
		return u.message, true
	}
	return "", false
}
