package engineio

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// Receiver is the owner of a connection. Its methods are called one after the
// other, by the goroutine that reads; what it is given is its own.
type Receiver interface {
	// Text and Binary take a message. An error ends the connection: with the code
	// of a [*CloseError], else with [InternalError].
	Text(data []byte) error
	Binary(data []byte) error
	// Closed is called once, at last, with what ended the connection.
	Closed(cause error)
}

// Conn is a connection with a peer. Its methods may be called by any goroutine.
type Conn struct {
	server *Server
	wire   *wire
	id     string
	slot   int   // of the server's heartbeat
	pinged int64 // the tick of the ping that was not answered yet, 0 = none; the heartbeat's
	limit  int64 // bytes of a message from the peer; the reader's

	receiver Receiver
	ctx      context.Context
	cancel   context.CancelCauseFunc
	queue    queue
}

// ID is the random id that the peer was told.
func (c *Conn) ID() string { return c.id }

// Context ends, with its cause, when the connection does. While a close frame is
// on its way out, it has not ended yet.
func (c *Conn) Context() context.Context { return c.ctx }

// Limit bounds the messages of the peer, in bytes, from the next one on. It is for
// receivers, in their methods.
func (c *Conn) Limit(bytes int64) { c.limit = bytes }

// Close writes what waits and then ends the connection, with a WebSocket code and
// a text for the peer. It does not wait for that.
func (c *Conn) Close(code int, text string) {
	e := &CloseError{Code: code, Text: text}
	c.finish(e, e)
}

// CloseWith closes as Close does, with a last message that is written whether or
// not there is room.
func (c *Conn) CloseWith(last Message, code int, text string) {
	e := &CloseError{Code: code, Text: text}
	c.finish(e, e, messageFrame(last))
}

// abort ends the connection at once.
func (c *Conn) abort(cause error) {
	c.abandon(cause)
	c.cancel(cause)
	// Nobody is left to tell of a failure.
	_ = c.wire.Close()
}

// start reads until the connection ends.
func (c *Conn) start(socket *websocket.Conn) {
	socket.SetPingHandler(func(data string) error {
		if waiting, _ := c.Buffered(); waiting < c.server.options.MaxMessages { // else: not every ping needs an answer
			c.control(frame{Message: Message{Data: []byte(data)}, opcode: opPong})
		}
		return nil
	})
	socket.SetCloseHandler(func(int, string) error { return nil }) // the answer is queued by end
	go c.run(socket)
}

// run reads until a message was handed over, and leaves the rest to a goroutine that
// is new: the stack of this one has grown with what the receiver did, and would stay
// as large for as long as the peer is silent.
func (c *Conn) run(socket *websocket.Conn) {
	err := c.read(socket)
	if err == nil {
		go c.run(socket)
		return
	}
	defer c.server.gone(c)
	done, cause := c.end(err)
	c.cancel(cause)
	c.receiver.Closed(cause)
	if done != nil {
		<-done
	}
	c.linger(err)
	_ = c.wire.Close() // nothing that waits
	c.server.options.Observer.Closed(cause)
}

// read reads up to a message for the receiver, which it hands over.
func (c *Conn) read(socket *websocket.Conn) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	for {
		socket.SetReadLimit(c.limit)
		kind, r, err := socket.NextReader()
		var data []byte
		if err == nil {
			data, err = io.ReadAll(r)
		}
		if err != nil {
			return c.readError(err)
		}
		c.server.options.Observer.Received(len(data))
		if _, cause := c.queue.ended(); cause != nil {
			continue // what comes after the end counts for nothing
		}
		if handed, err := c.take(kind, data); handed || err != nil {
			return err
		}
	}
}

// readError tells what is wrong with the peer's frames from what is wrong with
// the network.
func (c *Conn) readError(err error) error {
	err = readError(err)
	if _, ok := errors.AsType[*CloseError](err); ok || c.wire.broken.Load() {
		return err
	}
	return &CloseError{Code: ProtocolError, Text: err.Error()}
}

// take handles a frame, and reports whether the receiver did.
func (c *Conn) take(kind int, data []byte) (handed bool, err error) {
	if kind == websocket.BinaryMessage {
		return true, c.receiver.Binary(data)
	}
	if !utf8.Valid(data) {
		return false, &CloseError{Code: InvalidData, Text: "the text is not UTF-8"}
	}
	packet, payload, err := decodePacket(data)
	if err != nil {
		return false, &CloseError{Code: ProtocolError, Text: err.Error()}
	}
	switch packet {
	case packetMessage:
		return true, c.receiver.Text(payload)
	case packetClose:
		return false, &CloseError{Code: Normal, Text: "close packet", ByPeer: true}
	case packetPong, packetUpgrade, packetNoop:
		return false, nil // any frame is a sign of life, and there is nothing to upgrade from
	default:
		return false, &CloseError{Code: ProtocolError, Text: "a packet that only servers send"}
	}
}

// end begins the end after reading has, unless it had begun before. It gives what
// [queue.ended] does.
func (c *Conn) end(err error) (done <-chan struct{}, cause error) {
	if closed, ok := errors.AsType[*CloseError](err); ok {
		c.finish(closed, err)
	} else if done, _ := c.queue.ended(); done == nil {
		c.abort(err)
	}
	return c.queue.ended()
}

// linger waits for the peer to take what was written, where reading stopped before
// the peer did: a connection that is closed with input left is reset, and the peer
// may lose what it has not read.
func (c *Conn) linger(err error) {
	closed, ok := errors.AsType[*CloseError](err)
	if !ok || closed.ByPeer {
		return
	}
	_ = c.wire.SetReadDeadline(time.Now().Add(lingering))
	_, _ = io.Copy(io.Discard, io.LimitReader(c.wire.Conn, 2*c.server.options.MaxPayload))
}
