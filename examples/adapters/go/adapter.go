// A toy client behind the syncheck adapter protocol, with the standard library alone.
//
//	go build -o toy . && syncheck run headers-first -- ./toy
//	syncheck run headers-first -- ./toy --broken
//
// This file is the protocol and fits any client; toy.go is the client.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
)

type request struct {
	Type     string  `json:"type"`
	Seq      *uint64 `json:"seq"`
	Versions []int   `json:"versions"`
	Family   string  `json:"family"`
	Start    start   `json:"start"`
	Now      int64   `json:"now"`
	Until    int64   `json:"until"`
	Input    input   `json:"input"`
}

type start struct {
	Network string   `json:"network"`
	Blocks  []string `json:"blocks"`
}

type input struct {
	Type    string  `json:"type"`
	Peer    int     `json:"peer"`
	Hello   hello   `json:"hello"`
	Dialer  string  `json:"dialer"` // "subject", or absent if the peer has dialled
	Message message `json:"message"`
}

type hello struct {
	StartHeight    int  `json:"start_height"`
	Network        bool `json:"network"`
	NetworkLimited bool `json:"network_limited"`
}

type message struct {
	Type    string   `json:"type"`
	Headers []string `json:"headers"`
	Block   string   `json:"block"`
	Items   []item   `json:"items"`
}

type item struct {
	Kind string `json:"kind"`
	Hash string `json:"hash"`
}

type reply map[string]any

func main() {
	var client *toy
	broken := slices.Contains(os.Args[1:], "--broken")
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return // the harness has closed its end
		}
		var asked request
		var answer reply
		if err := json.Unmarshal(line, &asked); err != nil {
			answer = failed(err.Error())
		} else if asked.Seq == nil {
			answer = failed("the request has no seq")
		} else {
			answer = serve(&client, &asked, broken)
		}
		if asked.Seq == nil {
			asked.Seq = new(uint64)
		}
		answer["seq"] = *asked.Seq
		text, _ := json.Marshal(answer)
		fmt.Println(string(text))
	}
}

func serve(client **toy, asked *request, broken bool) reply {
	t := *client
	if t == nil && asked.Type != "hello" && asked.Type != "begin" {
		return failed("no case has begun")
	}
	switch asked.Type {
	case "hello":
		// Version 1.1 is 11 on the wire. It lets this client dial its peers again by itself.
		if !slices.Contains(asked.Versions, 11) {
			return unsupported("only version 1.1 is spoken")
		}
		return reply{"type": "hello", "protocol": 11, "about": map[string]any{
			"name": "toy.go", "version": "1", "families": []string{"headers-first"},
			"capabilities": []string{"dials"},
			"observes":     map[string]bool{"events": false, "gauges": false, "restart": true},
		}}
	case "begin":
		if asked.Family != "headers-first" {
			return unsupported("family " + asked.Family)
		}
		if asked.Start.Network != "regtest" {
			return unsupported("network " + asked.Start.Network)
		}
		*client = newToy(asked.Start, broken)
		return done(*client, nil)
	case "deliver":
		t.now = asked.Now
		switch asked.Input.Type {
		case "connected":
			t.connected(asked.Input.Peer, asked.Input.Hello, asked.Input.Dialer == "subject")
		case "disconnected":
			t.disconnected(asked.Input.Peer)
		case "message":
			t.message(asked.Input.Peer, asked.Input.Message)
		default:
			return failed("unknown input " + asked.Input.Type)
		}
		return done(t, nil)
	case "advance":
		if at := t.deadline(); at != nil && *at <= asked.Until {
			t.now = max(*at, asked.Now)
			t.wake()
			return done(t, &t.now)
		}
		return done(t, nil)
	case "restart":
		t.now = asked.Now
		t.forget()
		return done(t, nil)
	case "end":
		*client = nil
		return reply{"type": "done"}
	}
	return failed("unknown request " + asked.Type)
}

// What the client has done since the last reply, and when it will act next.
func done(t *toy, actedAt *int64) reply {
	t.fetch()
	answer := reply{"type": "done", "outputs": t.out, "deadline": t.deadline()}
	if t.out == nil {
		delete(answer, "outputs")
	}
	if t.out = nil; actedAt != nil {
		answer["acted_at"] = *actedAt
	}
	return answer
}

func failed(message string) reply      { return reply{"type": "error", "message": message} }
func unsupported(message string) reply { return reply{"type": "unsupported", "message": message} }

// Keys in order: maps of Go have none, and a case must come out the same twice.
func sorted[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
