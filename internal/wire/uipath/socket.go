package uipath

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/engineio"
	"github.com/parleyhq/parley/internal/ratelimit"
	"github.com/parleyhq/parley/internal/socketio"
)

// socket is a client's connection, with the conversations that it has open. What it
// hears is handled in order, by a goroutine that is there while there is something.
//
// Locks: a room's may be held when a socket's is taken, not the other way round.
// Neither is held over I/O.
type socket struct {
	live   *live
	actor  convo.Actor
	login  login  // what its token is checked again with
	server string // where its client sees the server
	pass   ratelimit.Pass
	sid    string
	pid    string
	first  uint32 // number of the session's first base

	saving sync.Mutex // one write of the session at a time, in order; held over it

	mu       sync.Mutex
	io       *socketio.Socket // nil until it is connected
	attached map[string]*attachment
	ended    map[string]bool // conversations whose session ended: nothing of them is sent or heard
	next     int             // index of the next attachment
	base     uint32
	bases    []savedBase // the latest ones, base the last
	moved    []*attachment
	rebasing bool
	inbox    []heard
	waiting  int // bytes in inbox
	works    bool
	space    chan struct{} // has room for one: the inbox was emptied
	over     bool          // the connection has ended: nothing is sent any more
	retired  bool          // and the session is another's: nothing is stored any more
	idle     chan struct{} // closed when all that was heard is handled; nil = nobody waits

	ending    bool      // its sessions end, and are not recovered
	announced bool      // and the client was told so
	expired   time.Time // when the token was found to have ended; of the watch alone
}

// The bounds of what was heard and not handled yet.
const (
	maxHeard      = 256
	maxHeardBytes = 4 << 20
)

// maxAttached is how many conversations a socket may have open.
const maxAttached = 1000

// heard is a frame of the client.
type heard struct {
	spoken
	err  error
	size int
	from *socketio.Event
}

// Connected implements socketio.Receiver.
func (s *socket) Connected(_ context.Context, io *socketio.Socket) {
	s.mu.Lock()
	s.io = io
	over := s.over
	s.mu.Unlock()
	if over {
		s.drop("the session goes on elsewhere")
		return
	}
	for _, a := range s.kept() {
		s.live.spawn(func() { a.catchUp(s.live.ctx) })
	}
}

// Event implements socketio.Receiver. Names and arguments that do not exist are
// passed over.
func (s *socket) Event(ctx context.Context, e *socketio.Event) {
	if e.Name != eventName || len(e.Args) == 0 {
		return
	}
	h := heard{from: e, size: len(e.Args[0])}
	h.spoken, h.err = decode(e.Args[0])
	e.Args = nil
	if errors.Is(h.err, errNameless) {
		s.live.log.Info("an event that names no conversation was dropped", "socket", s.pid)
		s.acknowledge(h, errNameless)
		return
	}
	for !s.take(h, ctx.Err() != nil) { // what was read counts, also when the connection has gone
		select {
		case <-s.space:
		case <-ctx.Done():
		}
	}
}

// take puts what was heard into the inbox, unless that is full and it is not the last.
// What a session that begins anew or ends was given so far stops here, as does what
// is told of an exchange that the client ends: nothing more of it may come.
func (s *socket) take(h heard, last bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !last && len(s.inbox) > 0 && (len(s.inbox) >= maxHeard || s.waiting+h.size > maxHeardBytes) {
		return false
	}
	if a := s.attached[h.conversation]; a != nil {
		a.closed = a.closed || h.start != nil || h.end
		for _, said := range h.said {
			if stop, ok := said.(engine.SaidStop); ok {
				a.stopped = remember(a.stopped, stop.Exchange)
			}
		}
	}
	s.inbox, s.waiting = append(s.inbox, h), s.waiting+h.size
	if !s.works {
		if s.works = s.live.spawn(s.work); s.works {
			s.idle = nil
		}
	}
	return true
}

// Disconnected implements socketio.Receiver.
func (s *socket) Disconnected(cause error) {
	if p, ok := errors.AsType[*engineio.PanicError](cause); ok {
		s.live.log.Error("a socket's handler panicked", "panic", fmt.Sprint(p.Value), "stack", string(p.Stack))
	}
	s.leave()
	s.pass.Release()
	s.live.disconnected(s)
}

// emit sends a frame to the socket if it is for it. It reports false when there is
// no room.
func (s *socket) emit(a *attachment, f *frame) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.closed || s.over || s.io == nil || a.at.covers(f.after) {
		return true
	}
	before := a.at
	a.at = f.after
	if s.silenced(a, f) {
		return true
	}
	content := f.forSession(s.pid, a.numbered)
	if content == nil {
		return true
	}
	if !a.moved {
		a.moved = true
		s.moved = append(s.moved, a)
	}
	o := offset{base: s.base}
	err := s.io.TryEmit(content, o.quote(s.moved))
	if errors.Is(err, engineio.ErrFull) {
		a.at = before
		return false
	}
	s.live.observer.Sent(err == nil)
	if len(s.moved) > maxMoved && !s.rebasing {
		s.rebasing = s.live.spawn(s.rebase)
	}
	return true
}

// silenced reports whether a frame is of an exchange that this client has ended.
func (s *socket) silenced(a *attachment, f *frame) bool {
	for _, name := range []string{f.turn, f.named} {
		if name != "" && a.stopped[name] {
			if f.ends {
				delete(a.stopped, name)
			}
			return true
		}
	}
	return false
}

// emitWait sends a frame, and waits for room as long as it takes.
func (s *socket) emitWait(ctx context.Context, a *attachment, f *frame) error {
	for {
		s.mu.Lock()
		io, left := s.io, a.closed || s.over
		s.mu.Unlock()
		if left || io == nil {
			return errLeft
		}
		room := io.Room() // before the attempt, so that what is freed meanwhile counts
		if s.emit(a, f) {
			return nil
		}
		select {
		case <-room:
		case <-io.Context().Done():
			return errLeft
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// advance notes that the attachment was given all of an event.
func (s *socket) advance(a *attachment, seq int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if done := (position{seq: seq}); !a.at.covers(done) {
		a.at = done
	}
}

// say sends an event to this client alone. It has no place in any log, so no offset
// goes with it.
func (s *socket) say(ctx context.Context, e *event) {
	s.mu.Lock()
	io := s.io
	s.mu.Unlock()
	if io != nil {
		_ = io.Emit(ctx, newFrame(encode(e)), nil) // a client that is gone needs none
	}
}

// drop closes the transport; the client comes back by itself.
func (s *socket) drop(why string) {
	s.mu.Lock()
	io := s.io
	s.mu.Unlock()
	if io != nil {
		io.Close(engineio.TryAgainLater, why)
	}
}

// conversationGone ends the session of a conversation that was deleted.
func (s *socket) conversationGone(a *attachment) {
	s.mu.Lock()
	told := a.closed
	a.closed = true
	if s.attached[a.conversation] == a {
		s.end(a)
	}
	s.mu.Unlock()
	s.live.leave(a)
	if told {
		return
	}
	s.say(s.live.ctx, &event{ConversationID: a.conversation, EndSession: &struct{}{}})
	s.save(s.live.ctx)
}

// end forgets an attachment, and that nothing more is said of its conversation. The
// caller holds the lock.
func (s *socket) end(a *attachment) {
	delete(s.attached, a.conversation)
	s.forgetMoved(a)
	s.ended = remember(s.ended, a.conversation)
}

// ack is the answer to an event that wants one.
type ack struct {
	OK    bool      `json:"ok"`
	Error *ackError `json:"error,omitempty"`
}

type ackError struct {
	ErrorID string `json:"errorId"`
	Message string `json:"message"`
}

// acknowledge answers an event that wants it.
func (s *socket) acknowledge(h heard, err error) {
	if !h.from.WantsAck() {
		return
	}
	answer := ack{OK: err == nil}
	if refusal := refusalOf(err); refusal != nil {
		answer.Error = &ackError{refusal.id, refusal.message}
	}
	s.mu.Lock()
	io := s.io
	s.mu.Unlock()
	if io != nil {
		_ = io.Ack(s.live.ctx, h.from, []json.RawMessage{encode(answer)})
	}
}
