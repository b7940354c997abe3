package main

import (
	"encoding/json"
	"fmt"

	"syncheck/adapter"
)

// client is a node of btcd in one life.
type client struct {
	life  *adapter.Life
	db    *handle
	node  *node
	watch *watch
	// The first bytes of each message on this network.
	magic       uint32
	connections map[int]*connection
}

// begin starts btcd on an empty database, or on what the life before has left.
func begin(life *adapter.Life, begun adapter.Start) (adapter.Client, error) {
	var start start
	if err := json.Unmarshal(begun.Start, &start); err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	rules, err := start.rules()
	if err != nil {
		return nil, err
	}
	life.StartClockAt(start.clock())
	c := &client{life: life, magic: uint32(rules.params.Net), connections: map[int]*connection{}}
	c.watch = newWatch(life)
	observe(c.watch)
	left, restarted := begun.Durable.(*store)
	if !restarted {
		left = newStore()
		if err := rules.load(left, start.Blocks); err != nil {
			return nil, err
		}
	}
	c.db = &handle{store: left}
	chain, err := rules.open(c.db)
	if err != nil {
		return nil, err
	}
	c.watch.begin(chain)
	if c.node, err = newNode(c.db, rules.params, rules.time, chain, c.watch); err != nil {
		return nil, err
	}
	c.node.start()
	return c, nil
}

// Deliver tells btcd what has happened.
func (c *client) Deliver(input adapter.Input) error {
	conn := c.connections[input.Peer]
	switch input.Type {
	case "connected":
		return c.connected(input)
	case "disconnected":
		if conn != nil {
			conn.hangUp()
			delete(c.connections, input.Peer)
		}
		return nil
	case "message":
		if conn == nil {
			return nil // it was on its way when the connection ended
		}
		return conn.received(input.Message)
	}
	return fmt.Errorf("unknown input %q", input.Type)
}

func (c *client) connected(input adapter.Input) error {
	var hello hello
	if err := json.Unmarshal(input.Hello, &hello); err != nil {
		return fmt.Errorf("hello: %w", err)
	}
	if before := c.connections[input.Peer]; before != nil {
		before.hangUp()
	}
	outbound := input.Dialer == "subject"
	conn := newConnection(c, input.Peer, outbound, hello)
	c.connections[input.Peer] = conn
	return c.node.connect(conn, outbound)
}

// Stop ends the life. A kill leaves what is durable as it is at this instant.
func (c *client) Stop(bool) any {
	c.db.freeze()
	c.node.stop()
	return c.db.store
}

// dropped tells that btcd has closed a connection.
func (c *client) dropped(conn *connection) {
	c.life.Disconnect(conn.number, c.watch.reasonFor(conn))
}
