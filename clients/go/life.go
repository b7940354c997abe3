package adapter

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing/synctest"
	"time"
)

// Life is one life of a client: what it says goes through here, and what time it is stands here. All methods may be
// called from any goroutine of the bubble.
type Life struct {
	mutex   sync.Mutex
	outputs []json.RawMessage
	gauges  json.RawMessage
	over    bool
	// Has something in it when there are outputs.
	acted chan struct{}
	// The bubble's time at instant 0 of the case.
	zero time.Time
}

// newLife begins a life at an instant in milliseconds.
func newLife(now int64) *Life {
	return &Life{acted: make(chan struct{}, 1), zero: time.Now().Add(-milliseconds(now))}
}

// Send says that the client sends a message to a peer.
func (l *Life) Send(peer int, message any) {
	l.say(map[string]any{"type": "send", "peer": peer, "message": message})
}

// Disconnect says that the client closes the connection to a peer; `disconnected` will follow.
func (l *Life) Disconnect(peer int, reason any) {
	l.say(map[string]any{"type": "disconnect", "peer": peer, "reason": reason})
}

// Dial says that the client dials a peer; only for those that say the capability `dials`.
func (l *Life) Dial(peer int) {
	l.say(map[string]any{"type": "dial", "peer": peer})
}

// Refuse says that the client wants no connection with a peer; only for those that say the capability `dials`.
func (l *Life) Refuse(peer int, reason any) {
	l.say(map[string]any{"type": "refuse", "peer": peer, "reason": reason})
}

// Event says what the client has come to.
func (l *Life) Event(event any) {
	l.say(map[string]any{"type": "event", "event": event})
}

// Gauges says how much the client holds.
func (l *Life) Gauges(gauges any) {
	text := encoded(gauges)
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.gauges = text
}

// StartClockAt lets the clock of the bubble show a time, which must not be before the year 2000, at instant 0 of the
// case. Without it, instant 0 is the beginning of the year 2000. It belongs before all that starts timers.
func (l *Life) StartClockAt(clock time.Time) {
	now := time.Since(l.zero)
	time.Sleep(time.Until(clock.Add(now)))
	l.zero = time.Now().Add(-now)
}

// Now is the instant of the case, in milliseconds, rounded up.
func (l *Life) Now() int64 {
	return upwards(time.Since(l.zero))
}

// upwards rounds up to whole milliseconds.
func upwards(since time.Duration) int64 {
	return int64((since + time.Millisecond - 1) / time.Millisecond)
}

func (l *Life) say(output map[string]any) {
	text := encoded(output)
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.over {
		return
	}
	l.outputs = append(l.outputs, text)
	select {
	case l.acted <- struct{}{}:
	default:
	}
}

// encoded panics at what has no JSON, because that is a mistake in the adapter.
func encoded(value any) json.RawMessage {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("adapter: %T has no JSON: %v", value, err))
	}
	return text
}

// take gives what was said since the last time.
func (l *Life) take() (outputs []json.RawMessage, gauges json.RawMessage) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	outputs, gauges = l.outputs, l.gauges
	l.outputs, l.gauges = nil, nil
	select {
	case <-l.acted:
	default:
	}
	return outputs, gauges
}

func (l *Life) hasActed() bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return len(l.outputs) > 0
}

// end makes what the client still says unheard.
func (l *Life) end() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.over = true
}

// passUntil lets time pass until an instant, or until the client has acted, and says whether it has. All that the
// client does at one instant is done when this returns, and the clock shows whole milliseconds.
func (l *Life) passUntil(until int64) (acted bool) {
	if left := l.left(until); left > 0 && !l.hasActed() {
		timer := time.NewTimer(left)
		select {
		case <-l.acted:
			timer.Stop()
		case <-timer.C:
		}
	}
	synctest.Wait()
	if acted = l.hasActed(); acted {
		time.Sleep(l.left(l.Now()))
		synctest.Wait()
	}
	return acted
}

// rest says when something can happen by itself: `deadline` is null if nothing can, otherwise there is an instant before
// which nothing does.
func (l *Life) rest() (deadline json.RawMessage, notBefore *int64) {
	next := nextTimer()
	if next < 0 {
		return json.RawMessage("null"), nil
	}
	at := upwards(time.Since(l.zero) + time.Duration(next))
	return nil, &at
}

func (l *Life) left(until int64) time.Duration {
	return time.Until(l.zero.Add(milliseconds(until)))
}

func milliseconds(count int64) time.Duration {
	return time.Duration(count) * time.Millisecond
}
