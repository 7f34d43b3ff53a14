package store

import (
	"context"
	"time"
)

// SocketSession is what has to be known of a client's connection to let the client
// go on after a loss, also in another process.
type SocketSession struct {
	ID     string
	Tenant string
	Owner  string    // who it belongs to, as its front names him
	Seen   time.Time // when the client was last known to be there
	State  []byte    // its front's business
}

// Sockets keeps socket sessions. All of it is [Buffered]: it survives the process.
type Sockets interface {
	// PutSocket stores a session, in place of an earlier one with its ID.
	PutSocket(ctx context.Context, s SocketSession) error

	// Socket reads a session.
	Socket(ctx context.Context, id string) (SocketSession, error)

	// TouchSockets says that the clients of those sessions were there at that time.
	// nil stands for all sessions. Those that there are not are passed over.
	TouchSockets(ctx context.Context, ids []string, at time.Time) error

	// PruneSockets removes the sessions whose clients were last seen before that
	// time.
	PruneSockets(ctx context.Context, before time.Time) error
}
