package live

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
)

// What may wait to be sent in a session.
const (
	maxQueued      = 1024     // events
	maxQueuedBytes = 32 << 20 // of them
)

// ErrQueueFull is what sending gives while too much waits to be sent, as after a
// long time without a connection.
var ErrQueueFull = errors.New("too much waits to be sent in this session")

// outgoing is an event on its way.
type outgoing struct {
	id       uint64
	body     []byte
	written  bool      // on this connection
	again    bool      // it may have arrived over an earlier one
	fleeting bool      // it is not sent twice, whatever became of it
	chunk    *ownChunk // a piece of a part that is sent in pieces
	starts   string    // the exchange that it starts
}

// ownChunk is a piece of a part, and where in it.
type ownChunk struct {
	exchange, message, part string
	offset                  int // in bytes
	data                    string
}

// outbox holds what was said and not yet acknowledged, in order. It is safe for
// use by many goroutines.
type outbox struct {
	mu    sync.Mutex
	queue []*outgoing
	bytes int
	last  uint64          // id given
	open  bool            // the session was started on this connection
	acks  bool            // the server acknowledges
	twice map[string]bool // exchanges whose start was sent again
	wake  chan struct{}
}

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

// add takes an event.
func (o *outbox) add(out *outgoing) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) >= maxQueued || o.bytes+len(out.body) > maxQueuedBytes {
		return ErrQueueFull
	}
	o.last++
	out.id = o.last
	o.queue = append(o.queue, out)
	o.bytes += len(out.body)
	signal(o.wake)
	return nil
}

// next gives the first event that is to be written, or nil.
func (o *outbox) next() (id uint64, body []byte, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.open {
		return 0, nil, false
	}
	for i, out := range o.queue {
		if out.written {
			continue
		}
		out.written = true
		if !o.acks || out.fleeting {
			o.remove(i)
		}
		return out.id, out.body, true
	}
	return 0, nil, false
}

// done takes an event out that the server has answered.
func (o *outbox) done(id uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i := slices.IndexFunc(o.queue, func(out *outgoing) bool { return out.id == id }); i >= 0 {
		o.remove(i)
	}
}

// remove needs the lock.
func (o *outbox) remove(i int) {
	o.bytes -= len(o.queue[i].body)
	o.queue = slices.Delete(o.queue, i, i+1)
	signal(o.wake)
}

// empty reports whether everything was sent, and acknowledged if the server does
// that.
func (o *outbox) empty() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.queue) == 0
}

// close lets nothing out until the session is open on the next connection.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open = false
}

// start lets events out. What was written to an earlier connection goes again.
func (o *outbox) start(acks bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open, o.acks = true, acks
	o.twice = map[string]bool{}
	for _, out := range o.queue {
		out.again = out.again || out.written
		out.written = false
		if out.again && out.starts != "" {
			o.twice[out.starts] = true
		}
	}
	signal(o.wake)
}

// repeated reports whether the start of an exchange was sent again over this
// connection, so that the server refuses it if the first one had arrived.
func (o *outbox) repeated(exchange string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.twice[exchange]
}

// doubtful are the pieces of parts that were written and not acknowledged.
func (o *outbox) doubtful() (chunks []ownChunk) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, out := range o.queue {
		if out.chunk != nil && (out.written || out.again) {
			chunks = append(chunks, *out.chunk)
		}
	}
	return chunks
}

// arrived takes out what of a part's pieces is among its first bytes.
func (o *outbox) arrived(part string, length int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := len(o.queue) - 1; i >= 0; i-- {
		if c := o.queue[i].chunk; c != nil && c.part == part && c.offset+len(c.data) <= length {
			o.remove(i)
		}
	}
}

// settle asks the server which pieces of parts arrived whose acknowledgement was
// lost: to send one again would say it twice.
func (s *SessionStream) settle(ctx context.Context) error {
	asked := map[string]bool{}
	for _, c := range s.outbox.doubtful() {
		if asked[c.part] {
			continue
		}
		asked[c.part] = true
		stored, err := s.client.Message.GetContentPart(ctx, s.conversation, c.exchange, c.message, c.part)
		if refused, ok := errors.AsType[*Error](err); ok && refused.Status == http.StatusNotFound {
			continue // none of it arrived
		}
		if err != nil {
			return err
		}
		s.outbox.arrived(c.part, len(stored.Text()))
	}
	return nil
}

// say puts an event into the outbox, and shows it to the session's own handlers.
func (s *SessionStream) say(e *envelope, how outgoing) error {
	e.ConversationID = s.conversation
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	how.body = body
	s.saying.Lock() // the order in which it goes out is the order in which it is shown
	defer s.saying.Unlock()
	if s.isEnded() {
		return ErrSessionEnded
	}
	if err := s.outbox.add(&how); err != nil {
		return err
	}
	s.inbox.put(arrival{event: e, own: true})
	return nil
}

// signal wakes one waiter, now or later.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
