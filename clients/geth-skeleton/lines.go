package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rlp"

	"syncheck/adapter"
)

// What the lines of the family hold; docs/adapter-protocol.md has their meaning.

type start struct {
	Settings settings        `json:"settings"`
	Status   *string         `json:"status"`
	Rows     []adapter.Bytes `json:"rows"`
	Local    local           `json:"local"`
}

type settings struct {
	Batch          uint64  `json:"batch"`
	ScratchBatches uint64  `json:"scratch_batches"`
	TimeoutMs      uint64  `json:"timeout_ms"`
	FillBlocks     uint64  `json:"fill_blocks"`
	FillMs         int64   `json:"fill_ms"`
	PivotDistance  *uint64 `json:"pivot_distance"`
}

type local struct {
	Blocks   []localBlock `json:"blocks"`
	Head     common.Hash  `json:"head"`
	SnapHead uint64       `json:"snap_head"`
}

type localBlock struct {
	Header adapter.Bytes `json:"header"`
	Lacks  string        `json:"lacks"`
}

type command struct {
	Type      string        `json:"type"`
	Header    adapter.Bytes `json:"header"`
	Force     bool          `json:"force"`
	Finalized *uint64       `json:"finalized"`
	Hash      common.Hash   `json:"hash"`
	Delete    bool          `json:"delete"`
}

type getHeaders struct {
	Type   string `json:"type"`
	ID     uint64 `json:"id"`
	Origin uint64 `json:"origin"`
	Amount int    `json:"amount"`
}

type headersMessage struct {
	Type    string          `json:"type"`
	ID      uint64          `json:"id"`
	Headers []adapter.Bytes `json:"headers"`
}

type cycleStarted struct {
	Type   string `json:"type"`
	Linked bool   `json:"linked"`
}

type cycleEnded struct {
	Type string `json:"type"`
	Why  string `json:"why"`
}

type headAnswered struct {
	Type   string      `json:"type"`
	Hash   common.Hash `json:"hash"`
	Answer string      `json:"answer"`
}

type stored struct {
	Type    string          `json:"type"`
	Status  json.RawMessage `json:"status"`
	Rows    []adapter.Bytes `json:"rows"`
	Deleted *[2]uint64      `json:"deleted"`
}

type filled struct {
	Type    string          `json:"type"`
	Headers []adapter.Bytes `json:"headers"`
}

type fillerSuspended struct {
	Type   string      `json:"type"`
	Filled common.Hash `json:"filled"`
}

type fillerDone struct {
	Type string       `json:"type"`
	Head *common.Hash `json:"head"`
}

type localHead struct {
	Type string      `json:"type"`
	Hash common.Hash `json:"hash"`
}

func decodeHeader(encoded adapter.Bytes) (*types.Header, error) {
	header := new(types.Header)
	if err := rlp.Decode(bytes.NewReader(encoded), header); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	return header, nil
}

// encodeHeader cannot fail for what was decoded before.
func encodeHeader(header *types.Header) adapter.Bytes {
	encoded, err := rlp.EncodeToBytes(header)
	if err != nil {
		panic(err)
	}
	return encoded
}
