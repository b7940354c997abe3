package adapter

import (
	"encoding/json"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// clock is a toy client: it greets peers after a while, ticks, and remembers over a restart whom it has met.
type clock struct {
	life   *Life
	met    []int
	quit   chan struct{}
	killed bool
}

type clockStart struct {
	TickMs    int64 `json:"tick_ms"`
	StartedAt int64 `json:"started_at"`
	Waits     bool  `json:"waits"`
	Leaks     bool  `json:"leaks"`
}

var toy = Adapter{
	About: About{Name: "clock", Version: "1", Families: []string{"clocks"}, Observes: Observes{Events: true, Restart: true}},
	Begin: beginClock,
}

func beginClock(life *Life, start Start) (Client, error) {
	var how clockStart
	if err := json.Unmarshal(start.Start, &how); err != nil {
		return nil, err
	}
	if how.TickMs < 0 {
		return nil, Unsupported("a clock that goes backwards")
	}
	life.StartClockAt(time.Unix(how.StartedAt, 0))
	c := &clock{life: life, quit: make(chan struct{})}
	c.met, _ = start.Durable.([]int)
	life.Event(map[string]any{"type": "awake", "unix_time": time.Now().Unix(), "met": len(c.met)})
	if how.Waits {
		time.Sleep(time.Second)
	}
	if how.Leaks {
		go func() { <-make(chan struct{}) }()
	}
	if how.TickMs > 0 {
		go c.tick(time.Duration(how.TickMs) * time.Millisecond)
	}
	return c, nil
}

func (c *clock) tick(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			c.life.Event(Kind{"tick"})
		case <-c.quit:
			c.life.Event(Kind{"last_word"})
			return
		}
	}
}

func (c *clock) Deliver(input Input) error {
	switch input.Type {
	case "connected":
		c.met = append(c.met, input.Peer)
		go func() {
			time.Sleep(1500 * time.Microsecond)
			c.life.Send(input.Peer, map[string]string{"type": "greeting"})
			c.life.Disconnect(input.Peer, Kind{"other"})
		}()
	case "message":
		time.Sleep(time.Millisecond)
	case "command":
		c.chances()
	default:
		return fmt.Errorf("unknown input %q", input.Type)
	}
	return nil
}

// chances says what map order, select, ties of timers and random numbers make of it.
func (c *clock) chances() {
	words := []string{}
	many := map[string]int{}
	for i := range 40 {
		many[fmt.Sprint(i)] = i
	}
	for word := range many {
		words = append(words, word)
	}
	ready := [4]chan int{}
	for i := range ready {
		ready[i] = make(chan int, 10)
		for range 10 {
			ready[i] <- i
		}
	}
	for range 10 {
		select {
		case i := <-ready[0]:
			words = append(words, fmt.Sprint(i))
		case i := <-ready[1]:
			words = append(words, fmt.Sprint(i))
		case i := <-ready[2]:
			words = append(words, fmt.Sprint(i))
		case i := <-ready[3]:
			words = append(words, fmt.Sprint(i))
		}
	}
	words = append(words, fmt.Sprint(rand.Uint64()))
	c.life.Event(map[string]string{"type": "chances", "words": strings.Join(words, " ")})
	for i := range 8 {
		time.AfterFunc(time.Second, func() { c.life.Event(map[string]any{"type": "tie", "timer": i}) })
	}
}

func (c *clock) Stop(bool) any {
	close(c.quit)
	return c.met
}

// converse plays requests, to which it adds `seq`, and gives the replies.
func converse(t *testing.T, adapter Adapter, requests ...string) []string {
	t.Helper()
	var in, out strings.Builder
	for i, line := range requests {
		in.WriteString(strings.Replace(line, "{", fmt.Sprintf(`{"seq":%d,`, i), 1) + "\n")
	}
	if err := Serve(t, adapter, strings.NewReader(in.String()), &out); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(out.String()), "\n")
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d replies, not %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		line := strings.Replace(want[i], ",", fmt.Sprintf(`,"seq":%d,`, i), 1)
		if !strings.Contains(want[i], ",") {
			line = strings.Replace(want[i], "}", fmt.Sprintf(`,"seq":%d}`, i), 1)
		}
		if got[i] != line {
			t.Errorf("reply %d\n got %s\nwant %s", i, got[i], line)
		}
	}
}

func TestTimePassesAsAsked(t *testing.T) {
	got := converse(t, toy,
		`{"type":"hello","versions":[7,1],"harness":"test"}`,
		`{"type":"begin","family":"clocks","start":{"tick_ms":1000,"started_at":1700000000},"new_field":1}`,
		`{"type":"advance","now":0,"until":500}`,
		`{"type":"deliver","now":500,"input":{"type":"connected","peer":3,"hello":{}}}`,
		`{"type":"advance","now":500,"until":5000}`,
		`{"type":"advance","now":502,"until":1000}`,
		`{"type":"end"}`,
	)
	expect(t, got,
		`{"type":"hello","protocol":1,"about":{"name":"clock","version":"1","families":["clocks"],"observes":{"events":true,"gauges":false,"restart":true}}}`,
		`{"type":"done","outputs":[{"event":{"met":0,"type":"awake","unix_time":1700000000},"type":"event"}]}`,
		`{"type":"done"}`,
		`{"type":"done"}`,
		`{"type":"done","outputs":[{"message":{"type":"greeting"},"peer":3,"type":"send"},{"peer":3,"reason":{"type":"other"},"type":"disconnect"}],"acted_at":502}`,
		`{"type":"done","outputs":[{"event":{"type":"tick"},"type":"event"}],"acted_at":1000}`,
		`{"type":"done"}`,
	)
}

func TestARestartKeepsWhatIsDurable(t *testing.T) {
	got := converse(t, toy,
		`{"type":"begin","family":"clocks","start":{"tick_ms":1000,"started_at":1700000000,"leaks":true}}`,
		`{"type":"deliver","now":0,"input":{"type":"connected","peer":3,"hello":{}}}`,
		`{"type":"restart","now":60000}`,
		`{"type":"advance","now":60000,"until":60999}`,
		`{"type":"advance","now":60999,"until":61001}`,
		`{"type":"begin","family":"clocks","start":{}}`,
		`{"type":"end"}`,
	)
	expect(t, got,
		`{"type":"done","outputs":[{"event":{"met":0,"type":"awake","unix_time":1700000000},"type":"event"}]}`,
		`{"type":"done"}`,
		`{"type":"done","outputs":[{"event":{"met":1,"type":"awake","unix_time":1700000060},"type":"event"}]}`,
		`{"type":"done"}`,
		`{"type":"done","outputs":[{"event":{"type":"tick"},"type":"event"}],"acted_at":61000}`,
		`{"type":"done","outputs":[{"event":{"met":0,"type":"awake","unix_time":946684800},"type":"event"}]}`,
		`{"type":"done"}`,
	)
}

func TestWhatMakesNoSenseIsAnError(t *testing.T) {
	got := converse(t, toy,
		`{"type":"hello","versions":[9]}`,
		`{"type":"advance","now":0,"until":1}`,
		`{"type":"begin","family":"chess","start":{}}`,
		`{"type":"deliver","now":0,"input":{"type":"connected","peer":1}}`,
		`{"type":"begin","family":"clocks","start":{"tick_ms":-1}}`,
		`{"type":"begin","family":"clocks","start":{"waits":true}}`,
		`{"type":"begin","family":"clocks","start":{}}`,
		`{"type":"deliver","now":0,"input":{"type":"shout"}}`,
		`{"type":"deliver","now":0,"input":{"type":"message","peer":1}}`,
		`{"type":"dance"}`,
	)
	expect(t, got,
		`{"type":"unsupported","message":"only the versions [11 1] of the protocol are spoken"}`,
		`{"type":"error","message":"advance: no case has begun"}`,
		`{"type":"unsupported","message":"family chess"}`,
		`{"type":"error","message":"deliver: no case has begun"}`,
		`{"type":"unsupported","message":"a clock that goes backwards"}`,
		`{"type":"error","message":"the adapter let time pass in Begin, from 0 ms to 1000 ms"}`,
		`{"type":"done","outputs":[{"event":{"met":0,"type":"awake","unix_time":946684800},"type":"event"}]}`,
		`{"type":"error","message":"unknown input \"shout\""}`,
		`{"type":"error","message":"the adapter let time pass in Deliver, from 0 ms to 1 ms"}`,
		`{"type":"error","message":"unknown request \"dance\""}`,
	)
}

func TestBrokenLinesAreAnswered(t *testing.T) {
	var out strings.Builder
	in := "nonsense\n{\"type\":\"hello\",\"versions\":[1]}\n"
	if err := Serve(t, toy, strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, `{"type":"error","seq":0,`) {
			t.Errorf("not an error: %s", line)
		}
	}
	if strings.Count(out.String(), "\n") != 2 {
		t.Errorf("not two replies: %s", out.String())
	}
}

func TestItSaysWhenItCanActNext(t *testing.T) {
	if !deterministic {
		t.Skip("needs the runtime of clients/go/build --test")
	}
	got := converse(t, toy,
		`{"type":"hello","versions":[1,11],"harness":"test"}`,
		`{"type":"begin","family":"clocks","start":{}}`,
		`{"type":"deliver","now":500,"input":{"type":"connected","peer":3,"hello":{},"dialer":"peer"}}`,
		`{"type":"advance","now":500,"until":600}`,
		`{"type":"advance","now":502,"until":600}`,
		`{"type":"end"}`,
	)
	for i, want := range map[int]string{
		1: `"unix_time":946684800},"type":"event"}],"deadline":null}`,
		2: `{"type":"done","seq":2,"not_before":502}`,
		3: `"acted_at":502,"deadline":null}`,
		4: `"deadline":null}`,
	} {
		if !strings.HasSuffix(got[i], want) {
			t.Errorf("reply %d\n got %s\nwant %s", i, got[i], want)
		}
	}
}

// What was played before must not show, and so neither what the process has cached.
func TestACaseIsTheSameWheneverItIsPlayed(t *testing.T) {
	if !deterministic {
		t.Skip("needs the runtime of clients/go/build --test")
	}
	once := []string{
		`{"type":"begin","family":"clocks","start":{"tick_ms":700}}`,
		`{"type":"deliver","now":0,"input":{"type":"command","command":{}}}`,
		`{"type":"advance","now":0,"until":5000}`,
		`{"type":"advance","now":700,"until":5000}`,
		`{"type":"restart","now":1000}`,
		`{"type":"deliver","now":1000,"input":{"type":"command","command":{}}}`,
		`{"type":"end"}`,
	}
	var often []string
	for range 50 {
		often = append(often, once...)
	}
	settle()
	got := converse(t, toy, often...)
	for i, line := range got {
		was := strings.Replace(got[i%len(once)], fmt.Sprintf(`"seq":%d`, i%len(once)), fmt.Sprintf(`"seq":%d`, i), 1)
		if line != was {
			t.Fatalf("reply %d\n got %s\nfirst %s", i, line, was)
		}
	}
}

// With a runtime whose numbers are all 0 in a bubble, this would not end: hash/maphash asks until one is not.
func TestAClientFindsASeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if seed := maphash.MakeSeed(); seed != maphash.MakeSeed() {
			t.Log("seeds are left to chance, as they are without the overlay")
		}
	})
}

func TestBytesAreHexadecimal(t *testing.T) {
	var read Bytes
	if err := json.Unmarshal([]byte(`"0x00ff"`), &read); err != nil || string(read) != "\x00\xff" {
		t.Errorf("%x, %v", []byte(read), err)
	}
	if text, _ := json.Marshal(read.Reversed()); string(text) != `"0xff00"` {
		t.Errorf("%s", text)
	}
	for _, wrong := range []string{`"00ff"`, `"0x0"`, `"0xzz"`, `""`} {
		if json.Unmarshal([]byte(wrong), &read) == nil {
			t.Errorf("%s is read", wrong)
		}
	}
}

func TestAModuleThatIsNotLinkedHasNoVersion(t *testing.T) {
	if version := LinkedVersion("example.org/none"); version != "unknown" {
		t.Fatalf("it has version %s", version)
	}
}
