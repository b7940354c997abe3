package main

import (
	"fmt"

	"syncheck/adapter"
)

// message is a message of the family as it comes: all fields of all types.
type message struct {
	Type    string          `json:"type"`
	Locator []adapter.Bytes `json:"locator"`
	Stop    adapter.Bytes   `json:"stop"`
	Headers []adapter.Bytes `json:"headers"`
	Items   []item          `json:"items"`
	// A block, or in `reject` its hash.
	Block   adapter.Bytes `json:"block"`
	Raw     adapter.Bytes `json:"raw"`
	Reason  string        `json:"reason"`
	Command string        `json:"command"`
}

// item names a block or a transaction.
type item struct {
	Kind string        `json:"kind"`
	Hash adapter.Bytes `json:"hash"`
}

// The messages that btcd sends.
type (
	locatorMessage struct {
		Type    string          `json:"type"`
		Locator []adapter.Bytes `json:"locator"`
		Stop    adapter.Bytes   `json:"stop"`
	}
	headersMessage struct {
		Type    string          `json:"type"`
		Headers []adapter.Bytes `json:"headers"`
	}
	itemsMessage struct {
		Type  string `json:"type"`
		Items []item `json:"items"`
	}
	blockMessage struct {
		Type  string        `json:"type"`
		Block adapter.Bytes `json:"block"`
	}
	txMessage struct {
		Type string        `json:"type"`
		ID   adapter.Bytes `json:"id"`
		Raw  adapter.Bytes `json:"raw"`
	}
	rejectMessage struct {
		Type   string        `json:"type"`
		Block  adapter.Bytes `json:"block"`
		Reason string        `json:"reason"`
		Text   string        `json:"text,omitempty"`
	}
)

// hello is what a peer's handshake says.
type hello struct {
	StartHeight    uint32 `json:"start_height"`
	Network        bool   `json:"network"`
	NetworkLimited bool   `json:"network_limited"`
	Witness        bool   `json:"witness"`
}

// The events that are told.
type (
	blockEvent struct {
		Type   string        `json:"type"`
		Hash   adapter.Bytes `json:"hash"`
		Height int32         `json:"height"`
	}
	rejectedEvent struct {
		Type   string        `json:"type"`
		Hash   adapter.Bytes `json:"hash"`
		Reason string        `json:"reason"`
		Text   string        `json:"text,omitempty"`
	}
	orphanEvent struct {
		Type string        `json:"type"`
		Hash adapter.Bytes `json:"hash"`
	}
	syncPeerEvent struct {
		Type string `json:"type"`
		Peer *int   `json:"peer"`
	}
)

// reason is why btcd closes a connection.
type reason struct {
	Type  string `json:"type"`
	Fault string `json:"fault,omitempty"`
	Text  string `json:"text,omitempty"`
}

// The most bytes of btcd's own words that are told.
const maxText = 500

func other(format string, arguments ...any) reason {
	return reason{Type: "other", Text: shortened(fmt.Sprintf(format, arguments...))}
}

func shortened(text string) string {
	if len(text) > maxText {
		return text[:maxText]
	}
	return text
}

// shown is a hash as the family writes it.
func shown(hash *chainHash) adapter.Bytes {
	return adapter.Bytes(hash[:]).Reversed()
}
