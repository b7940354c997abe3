package main

import (
	"bytes"
	"fmt"
	"io"

	"github.com/filecoin-project/go-state-types/abi"
	"github.com/filecoin-project/go-state-types/big"
	"github.com/filecoin-project/venus/pkg/net/helloprotocol"
	"github.com/filecoin-project/venus/venus-shared/libp2p/exchange"
	"github.com/ipfs/go-cid"
	cbg "github.com/whyrusleeping/cbor-gen"

	"syncheck/adapter"
)

// What goes over streams is what goes over the wire, so that Venus's own decoders judge it.

// encodeResponse writes an answer of the chain exchange. Headers and messages stand in it as they came.
func encodeResponse(m *message) []byte {
	w := &cborWriter{}
	w.array(3)
	w.header(cbg.MajUnsignedInt, uint64(m.Status))
	w.text(m.Error)
	w.array(len(m.Chain))
	for _, tipset := range m.Chain {
		if tipset == nil {
			w.null()
			continue
		}
		w.array(2)
		w.items(tipset.Blocks)
		if tipset.Messages == nil {
			w.null()
			continue
		}
		w.array(4)
		w.items(tipset.Messages.Bls)
		w.includes(tipset.Messages.BlsIncludes)
		w.items(tipset.Messages.Secp)
		w.includes(tipset.Messages.SecpIncludes)
	}
	return w.Bytes()
}

// encodeRequest writes a request of the chain exchange.
func encodeRequest(r request) ([]byte, error) {
	head, err := r.Head.cids()
	if err != nil {
		return nil, err
	}
	w := &cborWriter{}
	w.array(3)
	w.array(len(head))
	for _, c := range head {
		if err := cbg.WriteCid(w, c); err != nil {
			return nil, fmt.Errorf("cid: %w", err)
		}
	}
	w.header(cbg.MajUnsignedInt, uint64(r.Length))
	w.header(cbg.MajUnsignedInt, uint64(r.Options))
	return w.Bytes(), nil
}

// encodeHello writes a hello.
func encodeHello(m *message) ([]byte, error) {
	head, err := m.Head.cids()
	if err != nil {
		return nil, err
	}
	weight, err := big.FromString(m.Weight)
	if err != nil {
		return nil, fmt.Errorf("weight: %w", err)
	}
	genesis, err := cid.Decode(m.Genesis)
	if err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	hello := helloprotocol.HelloMessage{
		HeaviestTipSetCids:   head,
		HeaviestTipSetHeight: abi.ChainEpoch(m.Height),
		HeaviestTipSetWeight: weight,
		GenesisHash:          genesis,
	}
	return cborOf(&hello), nil
}

// decodeHello reads Venus's hello.
func decodeHello(encoded []byte) (helloMessage, error) {
	var hello helloprotocol.HelloMessage
	if err := hello.UnmarshalCBOR(bytes.NewReader(encoded)); err != nil {
		return helloMessage{}, err
	}
	return helloMessage{
		Type: "hello", Head: keyOf(hello.HeaviestTipSetCids), Height: int64(hello.HeaviestTipSetHeight),
		Weight: hello.HeaviestTipSetWeight.String(), Genesis: hello.GenesisHash.String(),
	}, nil
}

// decodeRequest reads Venus's request.
func decodeRequest(encoded []byte) (request, error) {
	var asked exchange.Request
	if err := asked.UnmarshalCBOR(bytes.NewReader(encoded)); err != nil {
		return request{}, err
	}
	return request{keyOf(asked.Head), number(asked.Length), number(asked.Options)}, nil
}

// decodeResponse reads Venus's answer to a request.
func decodeResponse(asked request, encoded []byte) (responseMessage, error) {
	var answer exchange.Response
	if err := answer.UnmarshalCBOR(bytes.NewReader(encoded)); err != nil {
		return responseMessage{}, err
	}
	message := responseMessage{
		Type: "response", Request: asked, Status: number(answer.Status), Error: answer.ErrorMessage,
		Chain: []*chainTipset{},
	}
	for _, tipset := range answer.Chain {
		if tipset == nil {
			message.Chain = append(message.Chain, nil)
			continue
		}
		part := &chainTipset{Blocks: encodedAll(tipset.Blocks)}
		if all := tipset.Messages; all != nil {
			part.Messages = &compacted{
				Bls: encodedAll(all.Bls), BlsIncludes: numbers(all.BlsIncludes),
				Secp: encodedAll(all.Secpk), SecpIncludes: numbers(all.SecpkIncludes),
			}
		}
		message.Chain = append(message.Chain, part)
	}
	return message, nil
}

func encodedAll[T cbg.CBORMarshaler](items []T) []*adapter.Bytes {
	var all []*adapter.Bytes
	for _, item := range items {
		encoded := adapter.Bytes(cborOf(item))
		all = append(all, &encoded)
	}
	return all
}

func numbers(lists [][]uint64) [][]number {
	all := make([][]number, len(lists))
	for i, list := range lists {
		all[i] = make([]number, len(list))
		for j, value := range list {
			all[i][j] = number(value)
		}
	}
	return all
}

// cborOf cannot fail for what was decoded before.
func cborOf(value cbg.CBORMarshaler) []byte {
	buffer := new(bytes.Buffer)
	if err := value.MarshalCBOR(buffer); err != nil {
		panic(err)
	}
	return buffer.Bytes()
}

// cborWriter writes CBOR into memory, which does not fail.
type cborWriter struct{ bytes.Buffer }

var _ io.Writer = (*cborWriter)(nil)

func (w *cborWriter) header(major byte, value uint64) {
	w.Write(cbg.CborEncodeMajorType(major, value))
}

func (w *cborWriter) array(length int) { w.header(cbg.MajArray, uint64(length)) }

func (w *cborWriter) null() { w.Write(cbg.CborNull) }

func (w *cborWriter) text(text string) {
	w.header(cbg.MajTextString, uint64(len(text)))
	w.WriteString(text)
}

func (w *cborWriter) items(items []*adapter.Bytes) {
	w.array(len(items))
	for _, item := range items {
		if item == nil {
			w.null()
		} else {
			w.Write(*item)
		}
	}
}

func (w *cborWriter) includes(lists [][]number) {
	w.array(len(lists))
	for _, list := range lists {
		w.array(len(list))
		for _, index := range list {
			w.header(cbg.MajUnsignedInt, uint64(index))
		}
	}
}
