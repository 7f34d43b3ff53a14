package live

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"sync"
)

// Events keeps the session connected, calls its handlers, and gives everything
// that happens, one event after the other, until the session has ended. An
// error is the last one: see [SessionStream.Run]. Who leaves the loop
// disconnects; the session has not ended, and can be run again.
func (s *SessionStream) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if !s.running.CompareAndSwap(false, true) {
			yield(nil, ErrSessionRunning)
			return
		}
		defer s.running.Store(false)
		ctx, cancel := context.WithCancel(ctx)
		var connection sync.WaitGroup
		defer connection.Wait()
		defer cancel()
		connection.Go(func() {
			if err := s.connected(ctx); ctx.Err() == nil {
				s.inbox.put(arrival{ended: true, err: err})
			}
		})
		for {
			if !s.flush(yield) {
				return
			}
			s.mu.Lock()
			s.told = s.taken
			s.mu.Unlock()
			a, ok := s.inbox.take(ctx)
			switch {
			case !ok:
				yield(nil, context.Cause(ctx))
				return
			case a.ended:
				if a.err != nil {
					yield(nil, a.err)
				}
				return
			}
			s.apply(a)
		}
	}
}

// flush gives what has happened to the iterator. It reports whether that wants
// more.
func (s *SessionStream) flush(yield func(Event, error) bool) bool {
	for len(s.pending) > 0 {
		e := s.pending[0]
		s.pending = s.pending[1:]
		if !yield(e, nil) {
			return false
		}
	}
	return true
}

// errOver ends a connection because the session has ended.
var errOver = errors.New("the session has ended")

// connected keeps the session connected until it has ended or cannot be.
func (s *SessionStream) connected(ctx context.Context) error {
	settings := s.client.settings
	tries, once := 0, false
	for {
		progress, err := s.connection(ctx)
		if progress {
			tries, once = 0, true
		}
		_, refused := errors.AsType[*ConnectError](err)
		_, impossible := errors.AsType[*EventError](err)
		_, tokenless := errors.AsType[*tokenError](err)
		switch {
		case errors.Is(err, errOver):
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case refused || impossible || tokenless && !once:
			return err
		case progress:
			settings.logger.InfoContext(ctx, "the connection of a session was lost", "conversation", s.conversation, "error", err)
			s.inbox.put(arrival{notice: Disconnected{Err: err}})
		}
		if limit := settings.limit(once); tries >= limit {
			return err
		}
		if err := pause(ctx, tries, err); err != nil {
			return err
		}
		tries++
	}
}

// limit is how often in a row a connection is tried again: the first one less
// often, because the address may be wrong.
func (s *settings) limit(once bool) int {
	if once {
		return s.reconnects
	}
	return s.retries
}

// connection makes one connection and serves it until it is lost. progress says
// whether the session was open on it.
func (s *SessionStream) connection(ctx context.Context) (progress bool, err error) {
	s.mu.Lock()
	pid, offset := s.pid, s.offset
	s.mu.Unlock()
	l, err := s.client.settings.connect(ctx, pid, offset)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { _ = l.ws.Close() })
	var others sync.WaitGroup
	defer others.Wait()
	defer stop()
	defer func() { _ = l.ws.Close() }()
	defer cancel()
	s.outbox.close()
	r := &reader{session: s, link: l, others: &others}
	if l.pid != "" && l.pid == pid {
		if err := r.recovered(ctx); err != nil {
			return false, err
		}
	} else if err := r.begin(); err != nil {
		return false, err
	}
	s.mu.Lock()
	if s.pid != l.pid {
		s.pid, s.offset = l.pid, ""
	}
	s.mu.Unlock()
	failed := make(chan error, 1)
	others.Go(func() {
		if err := s.write(ctx, l); err != nil {
			failed <- err
			_ = l.ws.Close() // so that reading ends, too
		}
	})
	err = r.run(ctx)
	select {
	case first := <-failed:
		err = first
	default:
	}
	return r.open, err
}

// write sends what is to be sent, until ctx ends or the connection is lost. The
// end of the session is its end, when everything before it was taken.
func (s *SessionStream) write(ctx context.Context, l *link) error {
	for {
		if id, body, ok := s.outbox.next(); ok {
			if err := l.write(encodeEvent(id, body)); err != nil {
				return err
			}
			select {
			case frame := <-l.control: // also while there is much to say
				if err := l.write([]byte(frame)); err != nil {
					return err
				}
			default:
			}
			continue
		}
		if s.isEnded() && s.outbox.empty() {
			return errOver
		}
		select {
		case frame := <-l.control:
			if err := l.write([]byte(frame)); err != nil {
				return err
			}
		case <-s.outbox.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

// reader reads one connection.
type reader struct {
	session *SessionStream
	link    *link
	open    bool // the session is open on this connection
	again   bool // it was open on an earlier one
	others  *sync.WaitGroup
}

// recovered goes on with a socket session that the server has kept: it sends
// what was missed by itself.
func (r *reader) recovered(ctx context.Context) error {
	s := r.session
	if err := s.settle(ctx); err != nil {
		return err
	}
	r.open = true
	s.outbox.start(s.resumable())
	s.inbox.put(arrival{notice: Reconnected{}})
	return nil
}

// resumable reports whether the server is one that numbers and acknowledges.
func (s *SessionStream) resumable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started != nil && s.started.resumes()
}

// begin asks the server to open the session, behind what came before.
func (r *reader) begin() error {
	s := r.session
	start := &startSession{Capabilities: map[string]any{"resume": true}}
	for name, value := range s.options.Capabilities {
		start.Capabilities[name] = value
	}
	s.mu.Lock()
	r.again = s.started != nil
	if s.seq > 0 {
		start.MetaData = map[string]any{"after": s.seq}
	}
	s.mu.Unlock()
	body, err := json.Marshal(&envelope{ConversationID: s.conversation, StartSession: start})
	if err != nil {
		return err
	}
	return r.link.write(append(append([]byte(`42["`+eventName+`",`), body...), ']'))
}

// run reads until the connection is lost or the session has ended.
func (r *reader) run(ctx context.Context) error {
	for {
		p, err := r.link.read()
		if err != nil {
			return err
		}
		switch p.kind {
		case packetPing:
			select {
			case r.link.control <- pongFrame:
			default: // one waits to be sent
			}
		case packetAck:
			r.session.outbox.done(p.id)
		case packetEvent:
			if err := r.receive(ctx, p); err != nil {
				return err
			}
		case packetConnectError:
			return connectErrorOf(p.data)
		case packetDisconnect, packetClose:
			return lost(errors.New("the server closed it"))
		}
	}
}

// receive puts an event of this conversation where the handlers find it.
func (r *reader) receive(ctx context.Context, p packet) error {
	s := r.session
	e, offset, ok, err := p.envelope()
	if err != nil || !ok || e.ConversationID != s.conversation {
		return err
	}
	if refused := e.ConversationError; !r.open && refused != nil && refused.StartError != nil {
		return &EventError{ID: refused.ErrorID, Message: refused.StartError.Message, Details: refused.StartError.Details, Source: s}
	}
	if e.SessionStarted != nil && !r.open {
		if err := r.started(ctx, e.SessionStarted); err != nil {
			return err
		}
		if r.again {
			e.SessionStarted = nil
		}
	}
	if !s.inbox.putSoon(ctx, arrival{event: e}) {
		return context.Cause(ctx)
	}
	s.mu.Lock()
	s.seq = max(s.seq, e.Seq)
	if offset != "" {
		s.offset = offset
	}
	s.mu.Unlock()
	if e.EndSession != nil {
		s.finish()
		return errOver
	}
	return nil
}

// started lets out what waits, now that the server listens.
func (r *reader) started(ctx context.Context, e *SessionStarted) error {
	s := r.session
	if r.again {
		if err := s.settle(ctx); err != nil {
			return err
		}
		open := s.suspect()
		s.inbox.put(arrival{notice: Reconnected{Anew: true}}) // before what is found out
		if !e.resumes() {
			r.others.Go(func() { s.compare(ctx, open) })
		}
	}
	s.mu.Lock()
	s.started = e
	s.mu.Unlock()
	r.open = true
	s.outbox.start(e.resumes())
	return nil
}
