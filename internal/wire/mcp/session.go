package mcp

import (
	"context"
	"errors"
	"sync"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/parleyhq/parley/internal/convo"
)

// errSessionOver is the cause of calls that end with their session.
var errSessionOver = errors.New("the session has ended")

// sessions are those of the SDK that are open, and whose they are. The SDK
// keeps them too; this adds bounds, an end for those that nobody uses, and the
// end of what runs in one that ends.
type sessions struct {
	max, each int
	idle      time.Duration

	mu     sync.Mutex // guards what follows; held for no longer than a look at them all
	open   map[string]*session
	closed bool
	ending sync.WaitGroup
}

// session is one of them. Its fields are guarded by the mutex of sessions.
type session struct {
	id, owner string
	version   string       // of the protocol; "" until it is agreed on
	close     func() error // the SDK's
	ctx       context.Context
	cancel    context.CancelCauseFunc
	requests  int         // that are being answered
	used      time.Time   // when the last of them began or ended
	timer     *time.Timer // runs while there are none
}

func newSessions(most, each int, idle time.Duration) *sessions {
	return &sessions{max: most, each: each, idle: idle, open: map[string]*session{}}
}

// around watches the SDK: it counts a session in before the client hears of it,
// and ends what is called in one with it.
func (s *sessions) around(next sdk.MethodHandler) sdk.MethodHandler {
	return func(ctx context.Context, method string, r sdk.Request) (sdk.Result, error) {
		id := r.GetSession().ID()
		if method == "tools/call" || method == "subscriptions/listen" {
			if err := mayCall(r); err != nil {
				return nil, err
			}
		}
		switch {
		case id == "":
			// A request of its own, without a session.
		case method == "initialize":
			if err := s.begin(r); err != nil {
				return nil, errors.New(convo.PublicError(err).Message)
			}
			result, err := next(ctx, method, r)
			if begun, ok := result.(*sdk.InitializeResult); ok && err == nil {
				s.agree(id, begun.ProtocolVersion)
			}
			return result, err
		case method == "tools/call":
			over := s.contextOf(id)
			call, cancel := context.WithCancelCause(ctx)
			defer cancel(nil)
			defer context.AfterFunc(over, func() { cancel(context.Cause(over)) })()
			ctx = call
		}
		return next(ctx, method, r)
	}
}

// begin counts in the session that a request begins.
func (s *sessions) begin(r sdk.Request) error {
	actor, err := actorOf(r)
	if err != nil {
		return err
	}
	own, ok := r.GetSession().(*sdk.ServerSession)
	if !ok {
		return errors.New("this is no session of a server")
	}
	return s.add(own.ID(), ownerOf(actor), own.Close)
}

// add counts a session in. One that begins twice is one.
func (s *sessions) add(id, owner string, end func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[id] != nil {
		return nil
	}
	if err := s.makeRoom(owner); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(context.Background()) // its own life, which no request spans
	fresh := &session{id: id, owner: owner, close: end, ctx: ctx, cancel: cancel, used: time.Now()}
	s.open[id] = fresh
	// Reset starts it, not AfterFunc, so that the field is set when it fires.
	fresh.timer = time.AfterFunc(time.Hour, func() { s.expire(fresh) })
	fresh.timer.Reset(s.idle)
	return nil
}

// makeRoom holds the bounds for one more session of an owner. If there are too
// many, that one of the owner's makes room that was not used for longest; whoever
// used it begins another.
func (s *sessions) makeRoom(owner string) error {
	if s.closed {
		return convo.Errorf(convo.Unavailable, "the server is shutting down; try again")
	}
	var oldest *session
	count := 0
	for _, other := range s.open {
		if other.owner != owner {
			continue
		}
		count++
		if other.requests == 0 && (oldest == nil || other.used.Before(oldest.used)) {
			oldest = other
		}
	}
	switch {
	case count < s.each && len(s.open) < s.max:
		return nil
	case oldest != nil:
		s.remove(oldest)
		return nil
	case count >= s.each:
		return convo.Errorf(convo.RateLimited, "this token may have %d sessions at once, and all of them are busy; end one", s.each)
	}
	return convo.Errorf(convo.Unavailable, "the server has no room for another session; try again later")
}

// agree notes which version of the protocol a session speaks.
func (s *sessions) agree(id, version string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if own := s.open[id]; own != nil {
		own.version = version
	}
}

// enter counts a request in, and gives the version that its session speaks; leave
// counts it out. A session of another token does not exist. A request without one
// is the SDK's to judge.
func (s *sessions) enter(id, owner string) (leave func(), version string, err error) {
	if id == "" {
		return func() {}, "", nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	own := s.open[id]
	if own == nil || own.owner != owner {
		return nil, "", convo.Errorf(convo.NotFound, "there is no such session; begin a new one")
	}
	own.requests++
	own.timer.Stop()
	return func() { s.leave(own) }, own.version, nil
}

func (s *sessions) leave(own *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own.used = time.Now()
	if own.requests--; own.requests == 0 && s.open[own.id] == own {
		own.timer.Reset(s.idle)
	}
}

// end ends a session that its client gives up.
func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if own := s.open[id]; own != nil {
		s.remove(own)
	}
}

func (s *sessions) expire(own *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if own.requests == 0 && s.open[own.id] == own {
		s.remove(own)
	}
}

// remove ends a session. The SDK waits for what runs in it, which ends as well,
// so that is done elsewhere.
func (s *sessions) remove(own *session) {
	delete(s.open, own.id)
	own.timer.Stop()
	own.cancel(errSessionOver)
	s.ending.Go(func() { _ = own.close() }) // a connection that is gone is what was wanted
}

// contextOf ends with a session.
func (s *sessions) contextOf(id string) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if own := s.open[id]; own != nil {
		return own.ctx
	}
	over, cancel := context.WithCancelCause(context.Background()) // it has ended already
	cancel(errSessionOver)
	return over
}

// close ends all of them, and waits for their ends.
func (s *sessions) close() {
	s.mu.Lock()
	s.closed = true
	for _, own := range s.open {
		s.remove(own)
	}
	s.mu.Unlock()
	s.ending.Wait()
}
