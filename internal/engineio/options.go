package engineio

import (
	"net/http"
	"time"
)

// Options are the limits and hooks of a [Server]. Zero values take the defaults.
type Options struct {
	PingInterval time.Duration // from one ping to the next; default 25 s
	PingTimeout  time.Duration // for a sign of life after a ping; default 20 s
	WriteTimeout time.Duration // without progress of a write; default 20 s. Half of it may be enough to be cut off.
	MaxPayload   int64         // bytes of one message from a peer, and what the opening says; default 10,000,000
	MaxMessages  int           // that wait for one peer; default 1024
	MaxBytes     int           // of all that waits for one peer; default 512 KiB. A longer message is taken when half of it is free.

	// MaxConnections are held at once; more get 503. Default: no limit.
	MaxConnections int
	// Admit may turn a handshake away for now, by an error whose text the peer is
	// shown with status 503. Peers try again after it. nil admits all.
	Admit func(*http.Request) error
	// CheckOrigin says whether pages of the request's Origin may connect; if not,
	// the answer is 403. nil lets all in.
	CheckOrigin func(*http.Request) bool
	// Observer is told what happens; nil = nobody is.
	Observer Observer
}

// Observer is told of connections, for metrics. Its methods are called by many
// goroutines and must not block.
type Observer interface {
	// Refused says that a handshake was answered with this HTTP status.
	Refused(status int)
	// Opened says that a connection was made, Closed that it has ended: by a
	// [*CloseError] or by an error of the network.
	Opened()
	Closed(cause error)
	// Received says that a message came, of so many bytes.
	Received(bytes int)
	// Sent says that so many frames were written, of so many bytes in all.
	Sent(frames, bytes int)
	// Full says that a message was not taken because the queue of its peer was full.
	Full()
}

func (o *Options) fill() {
	setDefault(&o.PingInterval, 25*time.Second)
	setDefault(&o.PingTimeout, 20*time.Second)
	setDefault(&o.WriteTimeout, 20*time.Second)
	setDefault(&o.MaxPayload, 10_000_000)
	setDefault(&o.MaxMessages, 1024)
	setDefault(&o.MaxBytes, 512<<10)
	if o.Observer == nil {
		o.Observer = nobody{}
	}
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// nobody is an observer that does not care.
type nobody struct{}

func (nobody) Refused(int)   {}
func (nobody) Opened()       {}
func (nobody) Closed(error)  {}
func (nobody) Received(int)  {}
func (nobody) Sent(int, int) {}
func (nobody) Full()         {}
