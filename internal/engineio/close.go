package engineio

import (
	"errors"
	"fmt"

	"github.com/gorilla/websocket"
)

// Codes that a WebSocket is closed with (RFC 6455, section 7.4.1).
const (
	Normal          = 1000
	GoingAway       = 1001 // the server ends
	ProtocolError   = 1002 // a malformed packet
	UnsupportedData = 1003 // binary where text belongs
	InvalidData     = 1007 // not UTF-8, or not JSON
	PolicyViolation = 1008
	TooBig          = 1009
	InternalError   = 1011
	TryAgainLater   = 1013
)

// Errors of sending.
var (
	// ErrFull says that the queue of the peer is full: nothing of the message was
	// taken. [Conn.Room] says when to try again.
	ErrFull = errors.New("the queue of the connection is full")
	// ErrClosed says that the connection has ended or is about to.
	ErrClosed = errors.New("the connection is closed")
	// ErrSilent is the cause of the end of a peer that did not answer a ping.
	ErrSilent = errors.New("the peer did not answer a ping")
	// ErrStalled is the cause of the end of a peer that took nothing for too long.
	ErrStalled = errors.New("the peer does not read")
)

// CloseError is the end of a connection that one of the two sides asked for.
type CloseError struct {
	Code   int
	Text   string // why; also said to the peer
	ByPeer bool
}

// Error implements error.
func (e *CloseError) Error() string {
	by := "this side"
	if e.ByPeer {
		by = "the peer"
	}
	return fmt.Sprintf("closed by %s with %d: %s", by, e.Code, e.Text)
}

// PanicError is the end of a connection whose receiver panicked. Whoever is told
// of it should log it: nobody else knows.
type PanicError struct {
	Value any
	Stack []byte
}

// Error implements error.
func (p *PanicError) Error() string { return fmt.Sprintf("the receiver panicked: %v", p.Value) }

// Unwrap says what the peer is told.
func (p *PanicError) Unwrap() error { return &CloseError{Code: InternalError, Text: "internal error"} }

// readError translates why no more can be read.
func readError(err error) error {
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
		if closed.Code == websocket.CloseAbnormalClosure {
			return fmt.Errorf("the peer went away: %w", err)
		}
		return &CloseError{Code: closed.Code, Text: closed.Text, ByPeer: true}
	}
	if errors.Is(err, websocket.ErrReadLimit) {
		return &CloseError{Code: TooBig, Text: "the message is too long"}
	}
	return err
}
