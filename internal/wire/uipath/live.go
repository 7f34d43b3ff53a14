package uipath

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/engineio"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/socketio"
	"github.com/parleyhq/parley/internal/store"
)

// live is the part of the front that clients keep connections to: sockets, and the
// rooms of the conversations that they have open.
type live struct {
	front    *Front
	engine   *engine.Engine
	sessions store.Sockets
	log      *slog.Logger
	observer SocketObserver
	announce time.Duration // 0 = ends are not announced
	server   *socketio.Server

	ctx    context.Context // ends when nothing is handled any more
	cancel context.CancelFunc

	workers *workers
	closed  sync.Once

	mu      sync.Mutex // may be held when the hub is called, so nothing that the hub calls takes it
	rooms   map[roomKey]*room
	sockets map[string]*socket // by pid
	// recovering are the sessions that are being taken over.
	recovering map[recovery]bool
	draining   bool
}

// SocketObserver is told what sockets do.
type SocketObserver interface {
	// Connected and Disconnected count sockets; recovered says that a client went on
	// with an earlier session.
	Connected(recovered bool)
	Disconnected()
	// Sent and Heard count frames: to a client that was still there, and from one.
	Sent(taken bool)
	Heard(n int)
}

// unobserved is for fronts that nobody observes.
type unobserved struct{}

func (unobserved) Connected(bool) {}
func (unobserved) Disconnected()  {}
func (unobserved) Sent(bool)      {}
func (unobserved) Heard(int)      {}

// The bounds of a socket's queue. A client that takes nothing costs them, and what it
// missed is read from the log when it does.
const (
	queueFrames = 512
	queueBytes  = 256 << 10
)

func newLive(f *Front, o Options) *live {
	// The front's own life, which no request's context spans.
	ctx, cancel := context.WithCancel(context.Background())
	l := &live{
		front: f, engine: o.Engine, sessions: o.Sessions, log: o.Log, observer: o.Sockets, announce: o.AnnounceEnd,
		ctx: ctx, cancel: cancel, workers: newWorkers(ctx),
		rooms: map[roomKey]*room{}, sockets: map[string]*socket{}, recovering: map[recovery]bool{},
	}
	if l.observer == nil {
		l.observer = unobserved{}
	}
	l.server = socketio.NewServer(l, socketio.Options{Options: engineio.Options{
		MaxMessages: queueFrames, MaxBytes: queueBytes,
		CheckOrigin: func(r *http.Request) bool { return f.origins.Allow(r.Header.Get("Origin")) },
		Admit:       func(*http.Request) error { return l.admit() },
	}})
	l.spawn(l.watch)
	return l
}

// errDraining keeps clients away that are to come back later.
var errDraining = errors.New("the server is shutting down")

// admit refuses connections when the server is about to end.
func (l *live) admit() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.draining {
		return errDraining
	}
	return nil
}

// spawn runs work that close waits for. It reports false if nothing is begun any
// more.
func (l *live) spawn(work func()) bool { return l.workers.start(work) }

// close ends all connections and waits for what was heard to be handled, until ctx
// ends.
func (l *live) close(ctx context.Context) error {
	l.mu.Lock()
	l.draining = true
	l.mu.Unlock()
	var err error
	l.closed.Do(func() {
		l.settle(ctx)
		for _, s := range l.all() {
			s.closeFor(engineio.GoingAway, "the server is shutting down")
		}
		err = l.server.Close(ctx)
	})
	for _, s := range l.all() {
		select {
		case <-s.handled():
		case <-ctx.Done():
		}
	}
	l.workers.close()
	l.cancel()
	l.workers.wait()
	return err
}

// login is what a token is checked with.
type login struct {
	Token       string
	org, tenant string
	external    *string
}

// Connect implements [socketio.Handler].
func (l *live) Connect(ctx context.Context, h *socketio.Handshake) (*socketio.Accepted, error) {
	if err := l.admit(); err != nil {
		return nil, err
	}
	var auth struct {
		Token  string `json:"token"`
		PID    string `json:"pid"`
		Offset string `json:"offset"`
	}
	if json.Unmarshal(h.Auth, &auth) != nil || auth.Token == "" {
		return nil, refusedSocket(refuse(convo.Unauthenticated, codeNoToken, "send a token as auth.token"))
	}
	query := h.Request.URL.Query()
	in := login{Token: auth.Token, org: query.Get("x-uipath-internal-accountid"), tenant: query.Get("x-uipath-internal-tenantid")}
	if query.Has("x-uipath-external-user-id") {
		in.external = new(query.Get("x-uipath-external-user-id"))
	}
	actor, err := l.authenticate(ctx, h.Request, in)
	if err != nil {
		return nil, refusedSocket(err)
	}
	pass, err := l.front.limiter.Admit(actor, true)
	if err != nil {
		return nil, err // not now
	}
	s, err := l.socket(ctx, actor, in, l.front.base(h.Request), auth.PID, auth.Offset)
	if err != nil {
		pass.Release()
		return nil, err
	}
	s.pass = pass
	return &socketio.Accepted{SID: s.sid, PID: s.pid, Receiver: s}, nil
}

// authenticate finds out who holds a token, as for requests.
func (l *live) authenticate(ctx context.Context, r *http.Request, in login) (convo.Actor, error) {
	from := httpio.ClientAddress(r, l.front.proxies)
	if err := l.front.limiter.MayTry(from); err != nil && !l.front.auth.Remembers(in.Token) {
		return convo.Actor{}, err
	}
	actor, err := l.front.admit(ctx, in.Token, in.org, in.tenant, in.external)
	if convo.ErrorKind(err) == convo.Unauthenticated {
		l.front.limiter.TriedWrong(from)
	}
	return actor, err
}

// refusedSocket is the error of a client that may not connect: final where trying
// again would be the same, and else one after which it does.
func refusedSocket(err error) error {
	public := convo.PublicError(err)
	status, code := statusOf(public.Kind)
	if own, ok := errors.AsType[fault](err); ok && own.code != 0 {
		code = own.code
	}
	switch public.Kind {
	case convo.Unauthenticated, convo.NotFound, convo.Invalid, convo.Forbidden:
		return &socketio.Refusal{Message: public.Message, Data: encode(struct {
			Status    int `json:"status"`
			ErrorCode int `json:"errorCode"`
		}{status, code})}
	}
	return err
}

// socket makes the socket of a client that sees the server at base: a new one, or the
// one that it had.
func (l *live) socket(ctx context.Context, actor convo.Actor, in login, base, pid, given string) (*socket, error) {
	s := &socket{
		live: l, actor: actor, login: in, server: base, attached: map[string]*attachment{}, space: make(chan struct{}, 1),
	}
	recovered := false
	if pid != "" && len(pid) <= maxID {
		key := recovery{actor.Tenant, ownerOf(actor), pid}
		if !l.begin(key) {
			return nil, errRecovering
		}
		defer l.done(key)
		l.retire(pid, actor)
		err := s.restore(ctx, pid, given)
		if err != nil && !errors.Is(err, errUnknownSession) {
			return nil, err
		}
		recovered = err == nil
	}
	if !recovered {
		s.sid, s.pid, s.first = uuid.NewString(), uuid.NewString(), randomBase()
		s.base, s.bases = s.first, []savedBase{{Number: s.first}}
	}
	for _, a := range s.attached {
		l.enter(a, roomKey{actor.Tenant, a.conversation})
	}
	l.mu.Lock()
	l.sockets[s.pid] = s
	l.mu.Unlock()
	l.observer.Connected(recovered)
	return s, nil
}

// randomBase is where the numbers of a session's bases begin, so that an offset of
// another session is not taken for one of this.
func randomBase() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // it never fails
	return binary.BigEndian.Uint32(b[:]) >> 1
}

// handled is closed when all that was heard is handled.
func (s *socket) handled() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.idle == nil {
		s.idle = make(chan struct{})
		if !s.works {
			close(s.idle)
		}
	}
	return s.idle
}

// leave lets go of all conversations: nothing is sent any more. The session keeps
// them.
func (s *socket) leave() {
	s.mu.Lock()
	over := s.over
	s.over = true
	s.mu.Unlock()
	if over {
		return
	}
	for _, a := range s.kept() {
		s.live.leave(a)
	}
}

// kept are the attachments of the session.
func (s *socket) kept() []*attachment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.attached))
}

// disconnected forgets a socket, once all that it said is handled.
func (l *live) disconnected(s *socket) {
	l.observer.Disconnected()
	l.spawn(func() {
		select {
		case <-s.handled():
		case <-l.ctx.Done():
			return
		}
		l.mu.Lock()
		if l.sockets[s.pid] == s {
			delete(l.sockets, s.pid)
		}
		l.mu.Unlock()
		for _, a := range s.kept() {
			a.deafen(l.ctx) // nobody works any more
		}
		if err := l.sessions.TouchSockets(l.ctx, []string{s.pid}, time.Now()); err != nil && l.ctx.Err() == nil {
			l.log.Warn("the loss of a connection could not be noted", "error", err)
		}
	})
}

// enter lets an attachment into the room of its conversation.
func (l *live) enter(a *attachment, key roomKey) {
	l.mu.Lock()
	m := l.rooms[key]
	if m == nil {
		m = &room{live: l, key: key}
		m.watch = l.engine.Watch(key.tenant, key.conversation, m.kick)
		l.rooms[key] = m
	}
	m.users++
	a.room = m
	l.mu.Unlock()
	m.add(a)
}

// leave takes an attachment out of its room. The last one closes it.
func (l *live) leave(a *attachment) {
	m := a.room
	if !m.drop(a) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if m.users--; m.users == 0 {
		if l.rooms[m.key] == m {
			delete(l.rooms, m.key)
		}
		m.watch.Cancel()
	}
}

// capabilities are what the server tells a session that it can do.
func (l *live) capabilities(numbered bool) capabilities {
	return capabilities{AsyncInputStreamHandler: l.engine.Hears(), Resume: numbered}
}
