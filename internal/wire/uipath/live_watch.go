package uipath

import (
	"context"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engineio"
)

// How often tokens are checked, and sessions noted and swept.
const (
	checkTokens   = 30 * time.Second
	sweepSessions = time.Minute
)

// expiredFor is how long a token that has ended may stay for an exchange that runs.
const expiredFor = 5 * time.Minute

// watch checks tokens and sweeps sessions until the front ends.
func (l *live) watch() {
	if err := l.sessions.TouchSockets(l.ctx, nil, time.Now()); err != nil && l.ctx.Err() == nil {
		l.log.Error("the sessions of the process before cannot be kept", "error", err)
	}
	tokens, sweep := time.NewTicker(checkTokens), time.NewTicker(sweepSessions)
	defer tokens.Stop()
	defer sweep.Stop()
	changed := l.front.auth.Changed()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-changed:
			changed = l.front.auth.Changed() // before the check, so that no change goes unseen
			l.checkTokens()
		case <-tokens.C:
			l.checkTokens()
		case <-sweep.C:
			l.sweep()
		}
	}
}

func (l *live) all() []*socket {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]*socket, 0, len(l.sockets))
	for _, s := range l.sockets {
		list = append(list, s)
	}
	return list
}

// sweep notes whose clients are there, and removes the sessions of those who have
// not come back.
func (l *live) sweep() {
	var ids []string
	for _, s := range l.all() {
		ids = append(ids, s.pid)
	}
	for part := range slices.Chunk(ids, touchAtOnce) {
		if err := l.sessions.TouchSockets(l.ctx, part, time.Now()); err != nil {
			l.log.Warn("sessions cannot be noted", "error", err)
			return // none is removed that might be there
		}
	}
	if err := l.sessions.PruneSockets(l.ctx, time.Now().Add(-keepFor)); err != nil && l.ctx.Err() == nil {
		l.log.Warn("sessions cannot be swept", "error", err)
	}
}

const touchAtOnce = 500

// checkTokens closes the connections whose tokens work no more: at once those of
// tokens that were taken back, and when no exchange runs those of tokens whose time
// has come. The client comes back with a fresh one and goes on where it was.
func (l *live) checkTokens() {
	for _, s := range l.all() {
		_, err := l.front.admit(l.ctx, s.login.Token, s.login.org, s.login.tenant, s.login.external)
		switch kind := convo.ErrorKind(err); {
		case kind == "":
			s.expired = time.Time{}
			continue
		case kind != convo.Unauthenticated && kind != convo.NotFound:
			continue // it cannot be known now
		}
		now := time.Now()
		if ends := s.actor.Expires; ends.IsZero() || now.Before(ends) {
			s.drop("the token was revoked")
			continue
		}
		if s.expired.IsZero() {
			s.expired = now
		}
		if s.quiet() || now.Sub(s.expired) >= expiredFor {
			s.drop("the token has expired")
		}
	}
}

// quiet reports whether no exchange runs in any of the socket's conversations.
func (s *socket) quiet() bool {
	s.mu.Lock()
	rooms := make([]*room, 0, len(s.attached))
	for _, a := range s.attached {
		rooms = append(rooms, a.room)
	}
	busy := s.works
	s.mu.Unlock()
	return !busy && !slices.ContainsFunc(rooms, func(m *room) bool { return !m.quiet() })
}

// drainEvery is how often a drain looks for connections that can be closed.
const drainEvery = 100 * time.Millisecond

// drain takes no new connections and closes those whose conversations are quiet, as
// they become so, until ctx ends. Their clients go on with the next process.
func (l *live) drain(ctx context.Context) {
	l.mu.Lock()
	l.draining = true
	l.mu.Unlock()
	l.announceEnds()
	tick := time.NewTicker(drainEvery)
	defer tick.Stop()
	for {
		for _, s := range l.all() {
			if s.quiet() && (l.announce == 0 || s.told()) {
				s.closeFor(engineio.GoingAway, "the server is shutting down")
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		case <-l.ctx.Done():
			return
		}
	}
}

// announceTime bounds the wait for clients that take nothing when the end is
// announced.
const announceTime = 2 * time.Second

// announceEnds tells all clients that their sessions end, if that is wanted, and
// returns when they have been told.
func (l *live) announceEnds() {
	if l.announce == 0 {
		return
	}
	all := l.all()
	told := make(chan struct{}, len(all))
	for _, s := range all {
		if !l.spawn(func() { s.announceEnd(l.announce); told <- struct{}{} }) {
			told <- struct{}{}
		}
	}
	timer := time.NewTimer(announceTime)
	defer timer.Stop()
	for range all {
		select {
		case <-told:
		case <-timer.C:
			return
		}
	}
}

// settle waits until clients that will not be recovered have been shown what has
// ended, but not for those that take nothing.
func (l *live) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, announceTime)
	defer cancel()
	for slices.ContainsFunc(l.all(), func(s *socket) bool { return s.told() && !s.quiet() }) {
		select {
		case <-time.After(drainEvery / 10):
		case <-ctx.Done():
			return
		}
	}
}

// closeFor closes the transport with a code. A client that was told of the end is
// told that this is it: it opens another connection when it has something to say.
func (s *socket) closeFor(code int, why string) {
	s.mu.Lock()
	io, ending := s.io, s.ending
	s.mu.Unlock()
	switch {
	case io == nil:
	case ending:
		io.Disconnect()
	default:
		io.Close(code, why)
	}
}

// told reports whether the client was told that its sessions end.
func (s *socket) told() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.announced
}

// announceEnd tells the client that its sessions end. They are served until then, and
// not recovered: it may have the same conversations on another connection meanwhile.
func (s *socket) announceEnd(left time.Duration) {
	s.mu.Lock()
	s.ending = true
	var events []*event
	for conversation := range s.attached {
		events = append(events, &event{ConversationID: conversation, SessionEnding: &sessionEnding{TimeToLiveMS: left.Milliseconds()}})
	}
	s.mu.Unlock()
	if err := s.save(s.live.ctx); err != nil && s.live.ctx.Err() == nil {
		s.live.log.Warn("the end of a session could not be stored", "error", err)
	}
	for _, e := range events {
		s.say(s.live.ctx, e)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.announced = true
}
