package main

import (
	"github.com/ethereum/go-ethereum/common"

	"syncheck/adapter"
)

// What the lines of the family hold; docs/adapter-protocol.md has their meaning.

type start struct {
	Blocks []struct {
		StateRoot common.Hash `json:"state_root"`
	} `json:"blocks"`
	Nodes []adapter.Bytes `json:"nodes"`
	Codes []adapter.Bytes `json:"codes"`
}

type hello struct {
	Head uint64 `json:"head"`
}

type message struct {
	Type   string          `json:"type"`
	Blobs  []adapter.Bytes `json:"blobs"`
	Number uint64          `json:"number"`
}

type getNodeData struct {
	Type   string        `json:"type"`
	Hashes []common.Hash `json:"hashes"`
}

type written struct {
	Type  string        `json:"type"`
	Nodes []common.Hash `json:"nodes"`
	Codes []common.Hash `json:"codes"`
	Total uint64        `json:"total"`
}

type pivot struct {
	Type   string `json:"type"`
	Number uint64 `json:"number"`
	Head   uint64 `json:"head"`
}

type pivotCommitted struct {
	Type   string `json:"type"`
	Number uint64 `json:"number"`
}

type imported struct {
	Type string `json:"type"`
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

type receiptsImported struct {
	Type string `json:"type"`
	To   uint64 `json:"to"`
}

type stateSyncStarted struct {
	Type string      `json:"type"`
	Root common.Hash `json:"root"`
}

type sessionEnded struct {
	Type  string        `json:"type"`
	Error *adapter.Kind `json:"error"`
}
