package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/filecoin-project/venus/venus-shared/types"
	"github.com/ipfs/go-cid"

	"syncheck/adapter"
)

// What the lines of the family hold; docs/adapter-protocol.md has their meaning.

type start struct {
	Network    agreed        `json:"network"`
	Settings   settings      `json:"settings"`
	UnixTime   int64         `json:"unix_time"`
	Genesis    adapter.Bytes `json:"genesis"`
	Chain      [][]fullBlock `json:"chain"`
	Checkpoint key           `json:"checkpoint"`
}

type agreed struct {
	BlockDelayS uint64 `json:"block_delay_s"`
	Log2Power   int64  `json:"log2_power"`
	Finality    uint64 `json:"finality"`
}

type settings struct {
	ConcurrentMax int64  `json:"concurrent_max"`
	QueueMax      int    `json:"queue_max"`
	HistoryMax    int    `json:"history_max"`
	Window        uint64 `json:"window"`
	Segment       int    `json:"segment"`
	ReplyMs       int64  `json:"reply_ms"`
}

type fullBlock struct {
	Header   adapter.Bytes `json:"header"`
	Messages struct {
		Bls  []adapter.Bytes `json:"bls"`
		Secp []adapter.Bytes `json:"secp"`
	} `json:"messages"`
}

type handshake struct {
	Operator bool `json:"operator"`
}

type command struct {
	Type  string `json:"type"`
	Count int64  `json:"count"`
}

// message is any of the messages to Venus.
type message struct {
	Type    string         `json:"type"`
	Block   fullBlock      `json:"block"`
	Head    key            `json:"head"`
	Height  int64          `json:"height"`
	Weight  string         `json:"weight"`
	Genesis string         `json:"genesis"`
	Request request        `json:"request"`
	Status  number         `json:"status"`
	Error   string         `json:"error"`
	Chain   []*chainTipset `json:"chain"`
	Tipset  key            `json:"tipset"`
}

type helloMessage struct {
	Type    string `json:"type"`
	Head    key    `json:"head"`
	Height  int64  `json:"height"`
	Weight  string `json:"weight"`
	Genesis string `json:"genesis"`
}

type requestMessage struct {
	Type    string  `json:"type"`
	Request request `json:"request"`
}

type request struct {
	Head    key    `json:"head"`
	Length  number `json:"length"`
	Options number `json:"options"`
}

type responseMessage struct {
	Type    string         `json:"type"`
	Request request        `json:"request"`
	Status  number         `json:"status"`
	Error   string         `json:"error,omitempty"`
	Chain   []*chainTipset `json:"chain"`
}

type chainTipset struct {
	Blocks   []*adapter.Bytes `json:"blocks,omitempty"`
	Messages *compacted       `json:"messages,omitempty"`
}

type compacted struct {
	Bls          []*adapter.Bytes `json:"bls,omitempty"`
	BlsIncludes  [][]number       `json:"bls_includes"`
	Secp         []*adapter.Bytes `json:"secp,omitempty"`
	SecpIncludes [][]number       `json:"secp_includes"`
}

type headChanged struct {
	Type   string `json:"type"`
	Head   key    `json:"head"`
	Revert []key  `json:"revert"`
	Apply  []key  `json:"apply"`
}

// tipsetEvent is `validated` or `checkpoint_set`.
type tipsetEvent struct {
	Type   string `json:"type"`
	Tipset key    `json:"tipset"`
}

type syncStarted struct {
	Type   string `json:"type"`
	Target key    `json:"target"`
}

type syncEnded struct {
	Type    string  `json:"type"`
	Target  key     `json:"target"`
	Outcome outcome `json:"outcome"`
}

type outcome struct {
	Type  string `json:"type"`
	Check string `json:"check,omitempty"`
}

func (r request) equals(other request) bool {
	return slices.Equal(r.Head, other.Head) && r.Length == other.Length && r.Options == other.Options
}

// key is a tipset's key: the CIDs of its blocks as text.
type key []string

func keyOf(cids []cid.Cid) key {
	texts := make(key, len(cids))
	for i, c := range cids {
		texts[i] = c.String()
	}
	return texts
}

func keysOf(tipsets []*types.TipSet) []key {
	keys := make([]key, len(tipsets))
	for i, tipset := range tipsets {
		keys[i] = keyOf(tipset.Cids())
	}
	return keys
}

func (k key) cids() ([]cid.Cid, error) {
	cids := make([]cid.Cid, len(k))
	for i, text := range k {
		c, err := cid.Decode(text)
		if err != nil {
			return nil, fmt.Errorf("cid %q: %w", text, err)
		}
		cids[i] = c
	}
	return cids, nil
}

// number is a whole number, which is decimal text beyond 2^53 - 1.
type number uint64

const exactMax = 1<<53 - 1

// MarshalJSON writes what a reader may not hold exactly as text.
func (n number) MarshalJSON() ([]byte, error) {
	text := strconv.FormatUint(uint64(n), 10)
	if n > exactMax {
		text = `"` + text + `"`
	}
	return []byte(text), nil
}

// UnmarshalJSON reads both forms.
func (n *number) UnmarshalJSON(text []byte) error {
	if text[0] == '"' {
		text = bytes.Trim(text, `"`)
	}
	value, err := strconv.ParseUint(string(text), 10, 64)
	*n = number(value)
	return err
}

func decodeHeader(encoded adapter.Bytes) (*types.BlockHeader, error) {
	header, err := types.DecodeBlock(encoded)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	return header, nil
}

// decode reads a block with its messages.
func (b *fullBlock) decode() (*types.FullBlock, error) {
	header, err := decodeHeader(b.Header)
	if err != nil {
		return nil, err
	}
	full := &types.FullBlock{Header: header}
	for _, encoded := range b.Messages.Bls {
		message := new(types.Message)
		if err := message.UnmarshalCBOR(bytes.NewReader(encoded)); err != nil {
			return nil, fmt.Errorf("message: %w", err)
		}
		full.BLSMessages = append(full.BLSMessages, message)
	}
	for _, encoded := range b.Messages.Secp {
		message := new(types.SignedMessage)
		if err := message.UnmarshalCBOR(bytes.NewReader(encoded)); err != nil {
			return nil, fmt.Errorf("signed message: %w", err)
		}
		full.SECPMessages = append(full.SECPMessages, message)
	}
	return full, nil
}

func decodeInto(text json.RawMessage, what string, into any) error {
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
