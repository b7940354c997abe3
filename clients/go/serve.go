package adapter

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Serve reads requests, lets clients live, and writes replies, until the input ends. [Main] calls it; tests of an
// adapter may call it too.
func Serve(t *testing.T, adapter Adapter, in io.Reader, out io.Writer) error {
	if adapter.Drain == 0 {
		adapter.Drain = 10 * time.Minute
	}
	if len(adapter.WarmUp) > 0 {
		warmUp := strings.NewReader(strings.Join(adapter.WarmUp, "\n") + "\n")
		if err := newServer(t, adapter, warmUp, io.Discard).serve(); err != nil {
			return fmt.Errorf("warm-up: %w", err)
		}
	}
	return newServer(t, adapter, in, out).serve()
}

type server struct {
	t       *testing.T
	adapter Adapter
	in      *bufio.Reader
	out     *bufio.Writer
	// The request that began the case that is played, and how often it was restarted.
	begun *request
	lives uint64
	// The version of the protocol that was agreed on.
	version int
	// What ends the conversation.
	failed error
}

func newServer(t *testing.T, adapter Adapter, in io.Reader, out io.Writer) *server {
	return &server{t: t, adapter: adapter, in: bufio.NewReaderSize(in, 1<<20), out: bufio.NewWriterSize(out, 1<<16)}
}

// serve answers what comes outside of lives.
func (s *server) serve() error {
	asked := s.read()
	for asked != nil {
		switch asked.Type {
		case "begin":
			asked = s.play(asked)
		default:
			s.write(asked, s.outside(asked))
			asked = s.read()
		}
	}
	return s.failed
}

// outside answers a request that no client is needed for.
func (s *server) outside(asked *request) reply {
	switch asked.Type {
	case "hello":
		for _, version := range versions {
			if slices.Contains(asked.Versions, version) {
				s.version = version
				return reply{Type: "hello", Protocol: version, About: &s.adapter.About}
			}
		}
		return refusal(Unsupported("only the versions %v of the protocol are spoken", versions))
	case "deliver", "advance", "restart", "end", "resume":
		return refusal(fmt.Errorf("%s: no case has begun", asked.Type))
	}
	return refusal(fmt.Errorf("unknown request %q", asked.Type))
}

// play plays a case, in one life after another, and gives the request after it.
func (s *server) play(asked *request) *request {
	s.begun, s.lives = asked, 0
	var durable any
	for {
		next, left, restarts := s.live(asked, durable)
		if !restarts {
			return next
		}
		asked, durable = next, left
		s.lives++
	}
}

// live plays one life in a bubble of its own. It gives the request that ended it, and whether that is a restart.
func (s *server) live(asked *request, durable any) (next *request, left any, restarts bool) {
	s.settle()
	defer func() {
		// Goroutines that never end are left behind: their bubble, and so their time, is over.
		if problem := recover(); problem != nil && !strings.HasPrefix(fmt.Sprint(problem), "deadlock: main bubble goroutine") {
			panic(problem)
		}
	}()
	synctest.Test(s.t, func(*testing.T) {
		next, left, restarts = s.inBubble(asked, durable)
	})
	return next, left, restarts
}

// settle makes each life begin in the same way, whatever was before.
func (s *server) settle() {
	const held = "/memory/classes/heap/objects:bytes"
	sample := []metrics.Sample{{Name: held}}
	if metrics.Read(sample); sample[0].Value.Uint64() > 128<<20 {
		runtime.GC()
		runtime.Gosched()
	}
	rand.Reader = mathrand.NewChaCha8([32]byte{byte(s.lives)})
}

func (s *server) inBubble(asked *request, durable any) (next *request, left any, restarts bool) {
	beginStreams(s.lives)
	life := newLife(asked.Now)
	client, answer := s.begin(life, durable)
	s.write(asked, answer)
	for {
		next = s.read()
		switch {
		case next == nil || next.Type == "begin":
			s.stop(life, client, false)
			return next, nil, false
		case client == nil || next.Type == "hello":
			s.write(next, s.outside(next))
		case next.Type == "restart":
			return next, s.stop(life, client, true), true
		case next.Type == "end":
			s.stop(life, client, false)
			s.write(next, done())
			return s.read(), nil, false
		case next.Type == "deliver":
			s.write(next, s.deliver(life, client, next))
		case next.Type == "advance":
			s.write(next, s.advance(life, next))
		default:
			s.write(next, s.outside(next))
		}
	}
}

// begin starts the client of a life.
func (s *server) begin(life *Life, durable any) (Client, reply) {
	start := Start{Family: s.begun.Family, Start: s.begun.Start, Durable: durable, Raw: s.begun.raw}
	if !slices.Contains(s.adapter.About.Families, start.Family) {
		return nil, refusal(Unsupported("family %s", start.Family))
	}
	now := life.Now()
	client, err := s.adapter.Begin(life, start)
	if err != nil {
		return nil, refusal(err)
	}
	synctest.Wait()
	if life.Now() != now {
		return client, refusal(fmt.Errorf("the adapter let time pass in Begin, from %d ms to %d ms", now, life.Now()))
	}
	return client, s.done(life)
}

func (s *server) deliver(life *Life, client Client, asked *request) reply {
	var input Input
	if err := json.Unmarshal(asked.Input, &input); err != nil {
		return refusal(fmt.Errorf("input: %w", err))
	}
	input.Raw = asked.Input
	if life.Now() < asked.Now {
		time.Sleep(life.left(asked.Now))
		synctest.Wait()
	}
	now := life.Now()
	if err := client.Deliver(input); err != nil {
		return refusal(err)
	}
	synctest.Wait()
	if life.Now() != now {
		return refusal(fmt.Errorf("the adapter let time pass in Deliver, from %d ms to %d ms", now, life.Now()))
	}
	return s.done(life)
}

func (s *server) advance(life *Life, asked *request) reply {
	acted := life.passUntil(asked.Until)
	answer := s.done(life)
	if acted {
		at := max(life.Now(), asked.Now)
		answer.ActedAt = &at
	}
	return answer
}

func (s *server) done(life *Life) reply {
	answer := done()
	answer.Outputs, answer.Gauges = life.take()
	if s.version >= version11 && deterministic {
		answer.Deadline, answer.NotBefore = life.rest()
	}
	return answer
}

// stop ends the life of a client and gives its goroutines time to end.
func (s *server) stop(life *Life, client Client, killed bool) (durable any) {
	if client == nil {
		return nil
	}
	life.end()
	durable = client.Stop(killed)
	synctest.Wait()
	time.Sleep(s.adapter.Drain)
	synctest.Wait()
	return durable
}

// read gives the next request that can be answered; nil at the end of the input.
func (s *server) read() *request {
	for s.failed == nil {
		line, err := s.in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			s.failed = err
			return nil
		}
		asked := &request{raw: bytes.TrimSuffix(line, []byte("\n"))}
		if err := json.Unmarshal(line, asked); err != nil {
			s.write(asked, refusal(fmt.Errorf("not a request: %w", err)))
			continue
		}
		if asked.Seq == nil {
			s.write(asked, refusal(errors.New("the request has no seq")))
			continue
		}
		return asked
	}
	return nil
}

func (s *server) write(asked *request, answer reply) {
	if asked.Seq != nil {
		answer.Seq = *asked.Seq
	}
	text, err := json.Marshal(answer)
	if err == nil {
		_, err = s.out.Write(append(text, '\n'))
	}
	if err == nil {
		err = s.out.Flush()
	}
	if err != nil && s.failed == nil {
		s.failed = err
	}
}
