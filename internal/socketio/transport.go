package socketio

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/engineio"
)

const (
	// connectPayload bounds the packets of a peer that is not known yet.
	connectPayload = 64 << 10
	// maxRefusals is how often a connection may ask for what it does not get.
	maxRefusals = 8
)

// transport is the receiver of a connection: it has a socket for each namespace
// that the peer is in. All of it is the reading goroutine's.
type transport struct {
	server   *Server
	conn     *engineio.Conn
	request  *http.Request // until no namespace is left to connect to
	sockets  []*Socket
	timer    *time.Timer // runs while there are none
	refusals int

	partial *packet // waits for attachments
	parts   [][]byte
	size    int64 // of parts
}

// accept implements [engineio.Accept].
func (s *Server) accept(c *engineio.Conn, r *http.Request) engineio.Receiver {
	t := &transport{server: s, conn: c, request: r}
	c.Limit(connectPayload)
	t.awaitConnect()
	return t
}

func (t *transport) awaitConnect() {
	conn := t.conn
	t.timer = time.AfterFunc(t.server.options.ConnectTimeout, func() {
		conn.Close(engineio.PolicyViolation, "no CONNECT in time")
	})
}

func (t *transport) stopTimer() {
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
}

// Closed implements [engineio.Receiver].
func (t *transport) Closed(cause error) {
	t.stopTimer()
	for _, s := range t.sockets {
		s.left.Store(true)
		s.receiver.Disconnected(cause)
	}
	t.sockets = nil
}

// Text implements [engineio.Receiver].
func (t *transport) Text(data []byte) error {
	if t.partial != nil {
		return malformed("a packet in the middle of attachments")
	}
	p, err := decodePacket(data)
	if errors.Is(err, errJSON) {
		return &engineio.CloseError{Code: engineio.InvalidData, Text: err.Error()}
	}
	if err != nil {
		return malformed(err.Error())
	}
	if p.kind == packetBinaryEvent || p.kind == packetBinaryAck {
		if !t.server.options.Binary {
			return errBinary()
		}
		if p.attachments > 0 {
			t.partial, t.size = &p, 0
			return nil
		}
	}
	return t.take(&p)
}

// Binary implements [engineio.Receiver].
func (t *transport) Binary(data []byte) error {
	if !t.server.options.Binary {
		return errBinary()
	}
	if t.partial == nil {
		return malformed("an attachment of no packet")
	}
	if t.size += int64(len(data)); t.size > t.server.options.MaxPayload {
		return &engineio.CloseError{Code: engineio.TooBig, Text: "the attachments are too long"}
	}
	if t.parts = append(t.parts, data); len(t.parts) < t.partial.attachments {
		return nil
	}
	p := t.partial
	t.partial = nil
	return t.take(p)
}

func malformed(text string) error {
	return &engineio.CloseError{Code: engineio.ProtocolError, Text: text}
}

func errBinary() error {
	return &engineio.CloseError{Code: engineio.UnsupportedData, Text: "binary data is not supported"}
}

// take handles a whole packet.
func (t *transport) take(p *packet) error {
	parts := t.parts
	t.parts = nil
	at := slices.IndexFunc(t.sockets, func(s *Socket) bool { return s.namespace == p.namespace })
	if p.kind == packetConnect {
		if at >= 0 {
			return malformed("connected twice")
		}
		return t.connect(p)
	}
	if at < 0 {
		return malformed("a packet of a namespace that is not connected")
	}
	s := t.sockets[at]
	switch p.kind {
	case packetDisconnect:
		t.sockets = slices.Delete(t.sockets, at, at+1)
		s.left.Store(true)
		s.receiver.Disconnected(ErrLeft)
		if len(t.sockets) == 0 {
			t.awaitConnect()
		}
	case packetEvent, packetBinaryEvent:
		s.receiver.Event(t.conn.Context(), &Event{Name: p.name, Args: p.args, Attachments: parts, id: p.id})
	}
	return nil
}

func (t *transport) connect(p *packet) error {
	if !slices.Contains(t.server.options.Namespaces, p.namespace) {
		return t.refuse(p.namespace, &Refusal{Message: "Invalid namespace"})
	}
	if t.request == nil {
		return &engineio.CloseError{Code: engineio.TryAgainLater, Text: "connect anew"}
	}
	h := &Handshake{Request: t.request, Namespace: p.namespace, Auth: p.payload}
	if len(h.Auth) == 0 {
		h.Auth = json.RawMessage("{}")
	}
	ctx := t.conn.Context()
	accepted, err := t.server.handler.Connect(ctx, h)
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return t.refuse(p.namespace, refusal)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", &engineio.CloseError{Code: engineio.TryAgainLater, Text: "try again later"}, err)
	}
	s := &Socket{conn: t.conn, namespace: p.namespace, id: accepted.SID, receiver: accepted.Receiver}
	t.sockets = append(t.sockets, s)
	if len(t.sockets) == len(t.server.options.Namespaces) {
		t.request = nil
	}
	t.stopTimer()
	t.conn.Limit(t.server.options.MaxPayload)
	if err := t.answer(packetConnect, p.namespace, connected{accepted.SID, accepted.PID}); err != nil {
		return err
	}
	s.receiver.Connected(ctx, s)
	return nil
}

// connected is the payload of the answer to CONNECT.
type connected struct {
	SID string `json:"sid"`
	PID string `json:"pid,omitempty"`
}

// refused is that of a refusal.
type refused struct {
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// refuse tells the peer, which then closes the connection by itself, or asks for
// something else.
func (t *transport) refuse(namespace string, why *Refusal) error {
	if t.refusals++; t.refusals > maxRefusals {
		return &engineio.CloseError{Code: engineio.PolicyViolation, Text: "refused too often"}
	}
	return t.answer(packetConnectError, namespace, refused{why.Message, why.Data})
}

func (t *transport) answer(kind packetType, namespace string, payload any) error {
	encoded, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("the answer to CONNECT: %w", err)
	}
	data := append(appendPacket(nil, kind, 0, namespace, nil), encoded...)
	err = t.conn.Send(t.conn.Context(), engineio.Message{Data: data})
	if errors.Is(err, engineio.ErrClosed) {
		return nil // the end has begun, and has its own cause
	}
	return err
}
