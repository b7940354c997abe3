package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"syncheck/adapter"
)

func genesisBytes(t *testing.T) []byte {
	t.Helper()
	var raw bytes.Buffer
	if err := regressionTest.GenesisBlock.Serialize(&raw); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

func TestMessagesComeBackAsTheyWent(t *testing.T) {
	one, two := bytes.Repeat([]byte{1}, hashSize), bytes.Repeat([]byte{2}, hashSize)
	header := adapter.Bytes(genesisBytes(t)[:headerSize])
	many := make([]item, 300) // its count takes three bytes
	for i := range many {
		many[i] = item{"witness_block", two}
	}
	for _, sent := range []message{
		{Type: "get_headers", Locator: []adapter.Bytes{one, two}, Stop: two},
		{Type: "get_blocks", Locator: []adapter.Bytes{}, Stop: one},
		{Type: "headers", Headers: []adapter.Bytes{header, header}},
		{Type: "inv", Items: many},
		{Type: "get_data", Items: []item{{"tx", one}, {"unknown", two}}},
		{Type: "not_found", Items: []item{{"block", one}, {"witness_tx", two}}},
		{Type: "block", Block: genesisBytes(t)},
		{Type: "send_headers"},
	} {
		command, payload, err := encoded(sent)
		if err != nil {
			t.Fatalf("%s: %v", sent.Type, err)
		}
		name, body, rest, whole := unframed(framed(7, command, payload))
		if name != command || !bytes.Equal(body, payload) || len(rest) > 0 || !whole {
			t.Fatalf("%s is framed wrongly", sent.Type)
		}
		heard, err := decoded(command, payload)
		if err != nil {
			t.Fatalf("%s: %v", sent.Type, err)
		}
		text, _ := json.Marshal(heard)
		var back message
		if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(sent, back) {
			t.Errorf("%s came back as %s (%v)", sent.Type, text, err)
		}
	}
}

func TestWhatIsCutOffIsRefused(t *testing.T) {
	_, payload, _ := encoded(message{Type: "inv", Items: []item{{"tx", make([]byte, hashSize)}}})
	for end := range payload {
		if _, err := decoded("inv", payload[:end]); err == nil {
			t.Errorf("%d of %d bytes were taken", end, len(payload))
		}
	}
	if _, err := decodedReject([]byte{0xfe, 0xff, 0xff, 0xff, 0xff}); err == nil {
		t.Error("a text that is not there was taken")
	}
}

func TestMeaninglessMessagesAreRefused(t *testing.T) {
	for _, wrong := range []message{
		{Type: "shout"},
		{Type: "inv", Items: []item{{"tx", make([]byte, 31)}}},
		{Type: "inv", Items: []item{{"cat", make([]byte, hashSize)}}},
		{Type: "headers", Headers: []adapter.Bytes{make([]byte, 79)}},
		{Type: "get_blocks"},
		{Type: "tx"},
	} {
		if _, _, err := encoded(wrong); err == nil {
			t.Errorf("%s was taken", wrong.Type)
		}
	}
}
