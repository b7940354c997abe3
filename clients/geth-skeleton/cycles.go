package main

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/ethereum/go-ethereum/common"

	"syncheck/adapter"
)

// cycles follows the skeleton by what it writes to geth's log, which is where it says what it does. Lines of the log
// come while the skeleton does what they say, so they stand in order with what the database tells.
type cycles struct {
	client *client

	mutex      sync.Mutex
	runs       bool            // whether a cycle runs
	why        string          // how it ends, as far as geth has said
	resumed    bool            // the filler was told to run since the last cycle
	announced  bool            // that was reported
	ending     bool            // geth was told to shut down
	starts     int             // how many cycles began with a forced head
	refused    string          // why the last head does not fit, in version 1.10
	wrongChain map[string]bool // peers that were just found to have sent a wrong chain
}

// current is who hears the log: one life at a time has running goroutines.
var current atomic.Pointer[cycles]

func observe(c *cycles) {
	c.wrongChain = map[string]bool{}
	current.Store(c)
}

// logged is called with each line of geth's log. Values are looked up by name.
func logged(message string, value func(name string) any) {
	if c := current.Load(); c != nil {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		c.heard(message, value)
	}
}

func (c *cycles) heard(message string, value func(name string) any) {
	switch message {
	case "Backfilling started":
		c.resumed, c.announced = true, c.runs
		if c.runs {
			c.say(adapter.Kind{Type: "filler_resumed"})
		}
	case "Backfiller is running":
		c.resumed = true
	case "Starting reverse header sync cycle":
		c.started()
	case "Restarting sync cycle":
		c.why = "reorged"
	case "Beacon chain reorged", "Beacon chain gapped", "Beacon chain forked":
		c.refused = strings.TrimPrefix(message, "Beacon chain ")
	case "Local chain has been trimmed":
		c.why = "trimmed"
	case "Beacon sync linked to local chain":
		c.why = "linked"
	case "Beacon sync merged subchains":
		c.why = "merged"
	case "Terminating reverse header sync cycle":
		c.ended()
	case "Cleaning stale beacon headers":
		if hash, ok := value("hash").(common.Hash); ok {
			c.say(fillerSuspended{"filler_suspended", hash})
		}
	case "Beacon backfilling failed":
		if reason := fmt.Sprint(value("err")); !strings.Contains(reason, "canceled") {
			c.say(fillerDone{Type: "filler_done"})
		}
	case "Invalid skeleton headers":
		c.wrongChain[fmt.Sprint(value("peer"))] = true
	}
}

func (c *cycles) started() {
	linked := c.resumed
	if !tellsWhenFillerRuns {
		linked = c.client.db.sawLink()
	}
	if c.starts == 0 {
		c.starts++
	}
	c.runs, c.why = true, ""
	c.say(cycleStarted{"cycle_started", linked})
	if tellsWhenFillerRuns && linked && c.resumed && !c.announced {
		c.announced = true
		c.say(adapter.Kind{Type: "filler_resumed"})
	}
}

func (c *cycles) ended() {
	switch {
	case c.why != "":
	case c.ending && c.refused == "":
		c.why = "terminated"
	default:
		c.why = "reorged" // version 1.10 says only why the head does not fit
	}
	if c.why == "reorged" {
		c.starts++
	}
	c.runs, c.resumed, c.announced, c.refused = false, false, false, ""
	c.say(cycleEnded{"cycle_ended", c.why})
}

// fillerDone is called when the filler has come to its end.
func (c *cycles) fillerDone() {
	hash := c.client.localHeadHash()
	c.say(fillerDone{"filler_done", &hash})
}

// forced counts the forced heads that began a cycle.
func (c *cycles) forced() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.starts
}

// refusal names why a head was refused. Version 1.10 tells its log, not its caller.
func (c *cycles) refusal(err error) string {
	if strings.Contains(err.Error(), "reorg denied") {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		why := c.refused
		c.refused = ""
		return cmp.Or(why, "refused")
	}
	return refused(err)
}

func (c *cycles) terminating() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.ending = true
}

// sentWrongChain says whether the skeleton has just found a wrong chain in what a peer sent.
func (c *cycles) sentWrongChain(id string) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	wrong := c.wrongChain[id]
	delete(c.wrongChain, id)
	return wrong
}

func (c *cycles) say(event any) {
	c.client.life.Event(event)
}
