package main

import (
	"bytes"
	"io"
	"os"
	"sync"
	"time"

	"github.com/filecoin-project/venus/pkg/net/helloprotocol"
	"github.com/filecoin-project/venus/venus-shared/libp2p/exchange"
	"github.com/filecoin-project/venus/venus-shared/libp2p/hello"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// stream is the near end of a stream. Its far end turns what Venus writes into messages of the case, and messages into
// what Venus reads.
type stream struct {
	network.Stream
	conn     *conn
	protocol protocol.ID
	// The request that a peer has asked on this stream; nil if Venus has opened it.
	serves *request

	mutex    sync.Mutex
	written  bytes.Buffer
	unread   bytes.Buffer
	ended    error // what reads give when there is nothing left to read
	deadline time.Time
	changed  chan struct{}
	asked    *request
	closed   bool
}

func newStream(c *conn, id protocol.ID) *stream {
	return &stream{conn: c, protocol: id, changed: make(chan struct{}, 1)}
}

// helloStream is the stream of a peer's hello, on which it waits for a latency that nobody looks at.
func (c *conn) helloStream(encoded []byte) *stream {
	s := c.open(hello.ProtocolID)
	s.closed = true // what is written on it goes nowhere
	s.unread.Write(encoded)
	return s
}

// requestStream is the stream of a peer's request, which it has closed for writing.
func (c *conn) requestStream(asked request, encoded []byte) *stream {
	s := c.open(exchange.ChainExchangeProtocolID)
	s.serves, s.ended = &asked, io.EOF
	s.unread.Write(encoded)
	return s
}

// Conn is the connection of the stream.
func (s *stream) Conn() network.Conn { return s.conn }

// Read waits for what the peer sends until the deadline.
func (s *stream) Read(into []byte) (int, error) {
	for {
		s.mutex.Lock()
		deadline := s.deadline
		switch {
		case s.unread.Len() > 0:
			n, _ := s.unread.Read(into)
			s.mutex.Unlock()
			return n, nil
		case s.ended != nil:
			defer s.mutex.Unlock()
			return 0, s.ended
		}
		s.mutex.Unlock()
		if deadline.IsZero() {
			<-s.changed
			continue
		}
		left := time.Until(deadline)
		if left <= 0 {
			return 0, os.ErrDeadlineExceeded
		}
		timer := time.NewTimer(left)
		select {
		case <-s.changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Write takes what Venus writes. A hello is said when it is whole.
func (s *stream) Write(from []byte) (int, error) {
	if s.protocol == hello.ProtocolID {
		s.conn.host.heads.wait()
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closed {
		return len(from), nil
	}
	s.written.Write(from)
	if s.protocol != hello.ProtocolID {
		return len(from), nil
	}
	if said, err := decodeHello(s.written.Bytes()); err == nil {
		s.closed = true
		s.conn.host.life.Send(s.conn.id, said)
		now := time.Now().UnixNano()
		s.unread.Write(cborOf(&helloprotocol.LatencyMessage{TArrival: now, TSent: now}))
		s.signal()
	}
	return len(from), nil
}

// CloseWrite ends a request, which is sent.
func (s *stream) CloseWrite() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closed || s.serves != nil || s.protocol != exchange.ChainExchangeProtocolID {
		return nil
	}
	s.closed = true
	if s.ended != nil {
		return nil // the connection has gone meanwhile
	}
	asked, err := decodeRequest(s.written.Bytes())
	if err != nil {
		return err
	}
	s.asked = &asked
	s.conn.host.life.Send(s.conn.id, requestMessage{"request", asked})
	return nil
}

// Close ends the stream. The answer to a peer's request is sent, if there is one.
func (s *stream) Close() error {
	s.conn.forget(s)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	answers := s.serves != nil && !s.closed && s.ended != network.ErrReset && s.written.Len() > 0
	s.closed = true
	if s.ended == nil {
		s.ended = io.ErrClosedPipe
		s.signal()
	}
	if !answers {
		return nil
	}
	answer, err := decodeResponse(*s.serves, s.written.Bytes())
	if err == nil {
		s.conn.host.life.Send(s.conn.id, answer)
	}
	return err
}

// SetReadDeadline bounds reads.
func (s *stream) SetReadDeadline(deadline time.Time) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.deadline = deadline
	return nil
}

// SetWriteDeadline has no meaning: writes do not wait.
func (s *stream) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline bounds reads; writes do not wait.
func (s *stream) SetDeadline(deadline time.Time) error { return s.SetReadDeadline(deadline) }

// waitsFor says whether Venus waits on this stream for the answer to a request like this one.
func (s *stream) waitsFor(asked request) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.asked != nil && s.ended == nil && s.asked.equals(asked)
}

// answer gives Venus the peer's answer, all of it at once.
func (s *stream) answer(encoded []byte) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.unread.Write(encoded)
	s.ended = io.EOF
	s.signal()
}

// fail ends the stream with an error.
func (s *stream) fail(err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.ended = err
	s.unread.Reset()
	s.signal()
}

func (s *stream) signal() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}
