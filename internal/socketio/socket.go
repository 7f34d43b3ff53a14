package socketio

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"

	"github.com/parleyhq/parley/internal/engineio"
)

// ErrLeft is the end of a socket whose peer left the namespace.
var ErrLeft = errors.New("the peer disconnected from the namespace")

// Socket is a peer in a namespace. Its methods may be called by any goroutine.
type Socket struct {
	conn      *engineio.Conn
	namespace string
	id        string
	receiver  Receiver
	left      atomic.Bool
}

// ID is the id that the peer was told.
func (s *Socket) ID() string { return s.id }

// TryEmit queues a frame, with last as its last argument unless that is nil. It
// never blocks: the error is [engineio.ErrFull] when the queue is full, and
// [engineio.ErrClosed] when the socket has ended or is about to.
func (s *Socket) TryEmit(f *Frame, last json.RawMessage) error {
	if s.left.Load() {
		return engineio.ErrClosed
	}
	if len(f.attachments) == 0 {
		return s.conn.TrySend(f.message(last))
	}
	return s.conn.TrySend(f.messages(last)...)
}

// Emit queues a frame as TryEmit does, and waits for room until ctx or the
// connection ends.
func (s *Socket) Emit(ctx context.Context, f *Frame, last json.RawMessage) error {
	if s.left.Load() {
		return engineio.ErrClosed
	}
	return s.conn.Send(ctx, f.messages(last)...)
}

// Ack answers an event, if it wants that ([Event.WantsAck]), once, and waits for
// room like Emit.
func (s *Socket) Ack(ctx context.Context, e *Event, args []json.RawMessage, attachments ...[]byte) error {
	if e.id == nil {
		return nil
	}
	return s.Emit(ctx, newAck(s.namespace, *e.id, args, attachments), nil)
}

// Room is closed when at least half of the queue is free, or the socket has ended.
// It is good for one wait.
func (s *Socket) Room() <-chan struct{} { return s.conn.Room() }

// Buffered is what waits to be written to the peer.
func (s *Socket) Buffered() (frames, bytes int) { return s.conn.Buffered() }

// Context ends, with its cause, when the connection does.
func (s *Socket) Context() context.Context { return s.conn.Context() }

// Disconnect writes what waits, tells the peer that it is disconnected, which is
// final for it, and closes the transport.
func (s *Socket) Disconnect() {
	message := engineio.Message{Data: appendPacket(nil, packetDisconnect, 0, s.namespace, nil)}
	s.conn.CloseWith(message, engineio.Normal, "disconnected")
}

// Close writes what waits and closes the transport, with a WebSocket code and a
// text. The peer tries to connect again.
func (s *Socket) Close(code int, text string) { s.conn.Close(code, text) }
