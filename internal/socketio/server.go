package socketio

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/parleyhq/parley/internal/engineio"
)

// Options are the limits and hooks of a [Server]. Zero values take the defaults.
type Options struct {
	engineio.Options

	// ConnectTimeout is how long a connection may be in no namespace; default 45 s.
	ConnectTimeout time.Duration
	// Namespaces are those that exist; default only "/".
	Namespaces []string
	// Binary lets packets carry attachments, whose bytes count together against
	// MaxPayload.
	Binary bool
}

// Handshake is what a peer says of itself when it connects to a namespace.
type Handshake struct {
	// Request is the one that was upgraded. Its context has ended; it is large and
	// should not be kept.
	Request   *http.Request
	Namespace string
	Auth      json.RawMessage // always an object
}

// Accepted is the answer to a peer that may connect.
type Accepted struct {
	SID      string // the socket's id, which the peer is told
	PID      string // the id by which it may recover its session later, "" = it cannot
	Receiver Receiver
}

// Refusal is the error of a peer that may not connect, and should not try again.
type Refusal struct {
	Message string
	Data    json.RawMessage // for programs; nil = none
}

// Error implements error.
func (r *Refusal) Error() string { return "refused: " + r.Message }

// Handler decides who may connect.
type Handler interface {
	// Connect is asked for every namespace that a peer wants to connect to; ctx ends
	// with the peer's connection. A [*Refusal] is final for the peer. After any other
	// error the transport is closed, and the peer tries again.
	Connect(ctx context.Context, h *Handshake) (*Accepted, error)
}

// Receiver is the owner of a socket. Its methods are called one after the other;
// ctx ends with the connection.
type Receiver interface {
	// Connected is called once, when the peer's answer is on its way: from now on
	// the socket can be emitted to, and no event comes before it returns.
	Connected(ctx context.Context, s *Socket)
	// Event takes an event, which is the receiver's from then on.
	Event(ctx context.Context, e *Event)
	// Disconnected is called once, at last, also where Connected was not: with
	// [ErrLeft] when the peer left the namespace, else with what ended the connection.
	Disconnected(cause error)
}

// Event is an event from a peer.
type Event struct {
	Name        string
	Args        []json.RawMessage
	Attachments [][]byte // for the placeholders in Args

	id *uint64
}

// WantsAck reports whether the peer waits for [Socket.Ack].
func (e *Event) WantsAck() bool { return e.id != nil }

// Server takes connections as an [http.Handler], at whatever path.
type Server struct {
	*engineio.Server
	options Options
	handler Handler
}

// NewServer makes a server. It must be closed.
func NewServer(h Handler, o Options) *Server {
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = 45 * time.Second
	}
	if len(o.Namespaces) == 0 {
		o.Namespaces = []string{root}
	}
	if o.MaxPayload == 0 {
		o.MaxPayload = 10_000_000
	}
	s := &Server{options: o, handler: h}
	s.Server = engineio.NewServer(s.accept, o.Options)
	return s
}
