package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"syncheck/adapter"
)

// The far side speaks the Bitcoin protocol by this file and not by btcd's package wire, so that a mistake there does
// not cancel out.

const (
	protocolVersion = 70_016
	headerSize      = 80
	hashSize        = 32
	// Magic, command, length and checksum.
	frameSize = 4 + 12 + 4 + 4
)

// kinds are the kinds of inventory by their numbers.
var kinds = map[uint32]string{
	1: "tx", 2: "block", 0x4000_0001: "witness_tx", 0x4000_0002: "witness_block",
}

// unknownKind stands for `unknown`.
const unknownKind = 0x2a

var errWire = errors.New("malformed")

// framed is a message with all that goes before it.
func framed(magic uint32, command string, payload []byte) []byte {
	frame := make([]byte, frameSize, frameSize+len(payload))
	binary.LittleEndian.PutUint32(frame, magic)
	copy(frame[4:16], command)
	binary.LittleEndian.PutUint32(frame[16:], uint32(len(payload)))
	once := sha256.Sum256(payload)
	twice := sha256.Sum256(once[:])
	copy(frame[20:], twice[:4])
	return append(frame, payload...)
}

// unframed takes the first message off what btcd has written; ok is false as long as it is not whole.
func unframed(written []byte) (command string, payload, rest []byte, ok bool) {
	if len(written) < frameSize {
		return "", nil, written, false
	}
	end := frameSize + int(binary.LittleEndian.Uint32(written[16:]))
	if len(written) < end {
		return "", nil, written, false
	}
	name, _, _ := strings.Cut(string(written[4:16]), "\x00")
	return name, written[frameSize:end], written[end:], true
}

// versionPayload is the `version` of a peer that says this hello.
func versionPayload(hello hello, unixTime int64) []byte {
	var services uint64
	for flag, has := range map[uint64]bool{1: hello.Network, 8: hello.Witness, 1024: hello.NetworkLimited} {
		if has {
			services |= flag
		}
	}
	var payload bytes.Buffer
	put32(&payload, protocolVersion)
	put64(&payload, services)
	put64(&payload, uint64(unixTime))
	payload.Write(make([]byte, 2*26)) // both addresses
	put64(&payload, 1)                // a nonce; btcd draws others
	putCount(&payload, 0)             // no name
	put32(&payload, hello.StartHeight)
	payload.WriteByte(1)
	return payload.Bytes()
}

// encoded is the command and the payload of a message of the family.
func encoded(m message) (command string, payload []byte, err error) {
	var out bytes.Buffer
	switch m.Type {
	case "get_headers", "get_blocks":
		put32(&out, protocolVersion)
		err = putHashes(&out, m.Locator)
		err = errors.Join(err, putHash(&out, m.Stop))
	case "headers":
		putCount(&out, len(m.Headers))
		for _, header := range m.Headers {
			if len(header) != headerSize {
				err = fmt.Errorf("a header has %d bytes, not %d", headerSize, len(header))
			}
			out.Write(header)
			putCount(&out, 0)
		}
	case "inv", "get_data", "not_found":
		err = putItems(&out, m.Items)
	case "block":
		out.Write(m.Block)
	case "tx":
		if m.Raw == nil {
			return "", nil, adapter.Unsupported("a transaction without its bytes")
		}
		out.Write(m.Raw)
	case "reject":
		putText(&out, "block")
		out.WriteByte(0x10)
		putText(&out, m.Reason)
		err = putHash(&out, m.Block)
	case "send_headers":
	case "unknown":
		return m.Command, nil, nil
	default:
		err = fmt.Errorf("unknown message %q", m.Type)
	}
	return strings.ReplaceAll(m.Type, "_", ""), out.Bytes(), err
}

// decoded is a message of btcd in the words of the family; nil if the family has none for it.
func decoded(command string, payload []byte) (message any, err error) {
	in := reader{rest: payload}
	switch command {
	case "getheaders", "getblocks":
		in.take(4)
		locator := list(&in, (*reader).hash)
		message = locatorMessage{strings.Replace(command, "get", "get_", 1), locator, in.hash()}
	case "headers":
		message = headersMessage{"headers", list(&in, (*reader).header)}
	case "inv":
		message = itemsMessage{"inv", list(&in, (*reader).item)}
	case "getdata":
		message = itemsMessage{"get_data", list(&in, (*reader).item)}
	case "notfound":
		message = itemsMessage{"not_found", list(&in, (*reader).item)}
	case "block":
		message = blockMessage{"block", in.take(len(payload))}
	case "sendheaders":
		message = adapter.Kind{Type: "send_headers"}
	default:
		return nil, nil
	}
	if in.failed || len(in.rest) > 0 {
		return nil, fmt.Errorf("%w %s", errWire, command)
	}
	return message, nil
}

// rejection is what a `reject` says.
type rejection struct {
	about, text string
	// Of a block or a transaction.
	hash adapter.Bytes
}

func decodedReject(payload []byte) (rejection, error) {
	in := reader{rest: payload}
	said := rejection{about: in.text()}
	in.take(1)
	said.text = in.text()
	if said.about == "block" || said.about == "tx" {
		said.hash = in.hash()
	}
	if in.failed {
		return said, fmt.Errorf("%w reject", errWire)
	}
	return said, nil
}

func put32(out *bytes.Buffer, value uint32) {
	out.Write(binary.LittleEndian.AppendUint32(nil, value))
}

func put64(out *bytes.Buffer, value uint64) {
	out.Write(binary.LittleEndian.AppendUint64(nil, value))
}

func putCount(out *bytes.Buffer, count int) {
	switch {
	case count < 0xfd:
		out.WriteByte(byte(count))
	case count <= 0xffff:
		out.WriteByte(0xfd)
		out.Write(binary.LittleEndian.AppendUint16(nil, uint16(count)))
	default:
		out.WriteByte(0xfe)
		put32(out, uint32(count))
	}
}

func putText(out *bytes.Buffer, text string) {
	putCount(out, len(text))
	out.WriteString(text)
}

func putHash(out *bytes.Buffer, hash adapter.Bytes) error {
	if len(hash) != hashSize {
		return fmt.Errorf("a hash has %d bytes, not %d", hashSize, len(hash))
	}
	out.Write(hash.Reversed())
	return nil
}

func putHashes(out *bytes.Buffer, hashes []adapter.Bytes) error {
	putCount(out, len(hashes))
	for _, hash := range hashes {
		if err := putHash(out, hash); err != nil {
			return err
		}
	}
	return nil
}

func putItems(out *bytes.Buffer, items []item) error {
	putCount(out, len(items))
	for _, item := range items {
		number := uint32(unknownKind)
		for known, name := range kinds {
			if name == item.Kind {
				number = known
			}
		}
		if number == unknownKind && item.Kind != "unknown" {
			return fmt.Errorf("unknown kind %q", item.Kind)
		}
		put32(out, number)
		if err := putHash(out, item.Hash); err != nil {
			return err
		}
	}
	return nil
}

// reader reads what btcd has written.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) take(size int) []byte {
	if size < 0 || size > len(r.rest) {
		r.failed = true
		return make([]byte, max(0, min(size, headerSize)))
	}
	taken := r.rest[:size]
	r.rest = r.rest[size:]
	return taken
}

func (r *reader) count() int {
	switch first := r.take(1)[0]; first {
	case 0xfd:
		return int(binary.LittleEndian.Uint16(r.take(2)))
	case 0xfe:
		return int(binary.LittleEndian.Uint32(r.take(4)))
	case 0xff:
		r.failed = true
		return 0
	default:
		return int(first)
	}
}

func (r *reader) text() string { return string(r.take(r.count())) }

func (r *reader) hash() adapter.Bytes { return adapter.Bytes(r.take(hashSize)).Reversed() }

func (r *reader) header() adapter.Bytes {
	header := r.take(headerSize)
	r.count()
	return header
}

func (r *reader) item() item {
	kind, known := kinds[binary.LittleEndian.Uint32(r.take(4))]
	if !known {
		kind = "unknown"
	}
	return item{kind, r.hash()}
}

// list reads a list; never null, which the family does not know.
func list[Element any](r *reader, read func(*reader) Element) []Element {
	elements := []Element{}
	for count := r.count(); count > 0 && !r.failed; count-- {
		elements = append(elements, read(r))
	}
	return elements
}

// txID is the id of a transaction.
func txID(raw []byte) (*chainHash, error) {
	var tx msgTx
	if err := tx.Deserialize(bytes.NewReader(raw)); err != nil {
		return nil, err
	}
	id := tx.TxHash()
	return &id, nil
}
