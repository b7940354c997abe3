package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// connection is a connection as btcd sees it, a stream of bytes. Its other end is here: it shakes hands, answers pings,
// and tells what else btcd says.
type connection struct {
	client   *client
	number   int
	hello    hello
	outbound bool
	address  *net.TCPAddr
	written  []byte

	mutex   sync.Mutex
	changed *sync.Cond
	arrived []byte
	// Whether the other end has closed it, and whether btcd has.
	hungUp, closed bool
	// What the last `reject` about no block said: btcd closes the connection after it.
	complaint string
}

const port = 18444

func newConnection(c *client, number int, outbound bool, hello hello) *connection {
	address := &net.TCPAddr{IP: net.IPv4(10, 0, byte(number>>8), byte(number)), Port: port}
	conn := &connection{client: c, number: number, hello: hello, outbound: outbound, address: address}
	conn.changed = sync.NewCond(&conn.mutex)
	if !outbound {
		conn.sayVersion()
	}
	return conn
}

// say lets the other end send a message.
func (c *connection) say(command string, payload []byte) {
	frame := framed(c.client.magic, command, payload)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.arrived = append(c.arrived, frame...)
	c.changed.Signal()
}

// hangUp lets the other end close the connection.
func (c *connection) hangUp() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.hungUp = true
	c.changed.Broadcast()
}

func (c *connection) sayVersion() {
	c.say("version", versionPayload(c.hello, time.Now().Unix()))
}

// Read waits for what the other end says.
func (c *connection) Read(into []byte) (int, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for len(c.arrived) == 0 && !c.hungUp && !c.closed {
		c.changed.Wait()
	}
	switch {
	case c.closed:
		return 0, net.ErrClosed
	case len(c.arrived) == 0:
		return 0, io.EOF
	}
	count := copy(into, c.arrived)
	c.arrived = c.arrived[count:]
	return count, nil
}

// Write takes what btcd says. It is called by one goroutine at a time.
func (c *connection) Write(from []byte) (int, error) {
	c.mutex.Lock()
	over := c.hungUp || c.closed
	c.mutex.Unlock()
	if over {
		return 0, net.ErrClosed
	}
	c.written = append(c.written, from...)
	for {
		command, payload, rest, whole := unframed(c.written)
		if !whole {
			return len(from), nil
		}
		if err := c.hear(command, payload); err != nil {
			panic(fmt.Sprintf("btcd has written what cannot be read: %v", err))
		}
		c.written = append(c.written[:0], rest...)
	}
}

// hear lets the other end hear a message.
func (c *connection) hear(command string, payload []byte) error {
	switch command {
	case "version":
		if c.outbound {
			c.sayVersion()
		}
		c.say("verack", nil)
		return nil
	case "ping":
		c.say("pong", payload)
		return nil
	case "tx":
		return c.hearTx(payload)
	case "reject":
		return c.hearReject(payload)
	}
	message, err := decoded(command, payload)
	if err == nil && message != nil {
		c.client.life.Send(c.number, message)
	}
	return err
}

func (c *connection) hearTx(payload []byte) error {
	id, err := txID(payload)
	if err == nil {
		c.client.life.Send(c.number, txMessage{"tx", shown(id), payload})
	}
	return err
}

func (c *connection) hearReject(payload []byte) error {
	said, err := decodedReject(payload)
	switch {
	case err != nil:
		return err
	case said.about == "block":
		fault := c.client.watch.faultOf(said.hash)
		c.client.life.Send(c.number, rejectMessage{"reject", said.hash, fault, shortened(said.text)})
	case said.about != "tx": // the family rejects no transactions
		c.complaint = said.text
	}
	return nil
}

// Close is how btcd closes the connection.
func (c *connection) Close() error {
	c.mutex.Lock()
	told := c.closed || c.hungUp
	c.closed = true
	c.changed.Broadcast()
	c.mutex.Unlock()
	if !told {
		c.client.dropped(c)
	}
	return nil
}

// LocalAddr is of no account.
func (c *connection) LocalAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(10, 1, 0, 0), Port: port} }

// RemoteAddr is an address that no other peer has.
func (c *connection) RemoteAddr() net.Addr { return c.address }

// SetDeadline is not used by btcd.
func (c *connection) SetDeadline(time.Time) error { return nil }

// SetReadDeadline is not used by btcd.
func (c *connection) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline is not used by btcd.
func (c *connection) SetWriteDeadline(time.Time) error { return nil }

// received hands a message of the family over to btcd.
func (c *connection) received(text json.RawMessage) error {
	var message message
	if err := json.Unmarshal(text, &message); err != nil {
		return fmt.Errorf("message: %w", err)
	}
	command, payload, err := encoded(message)
	if err != nil {
		return err
	}
	c.say(command, payload)
	return nil
}
