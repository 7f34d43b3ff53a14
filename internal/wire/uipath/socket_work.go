package uipath

import (
	"context"
	"errors"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// maxBatch is how many things are said in one transaction.
const maxBatch = 128

// work handles what was heard, until there is nothing more. It goes on when the
// connection ends: what has reached the server counts.
func (s *socket) work() {
	for {
		s.mu.Lock()
		list := s.inbox
		s.inbox, s.waiting = nil, 0
		if s.works = len(list) > 0; !s.works && s.idle != nil {
			close(s.idle)
		}
		s.mu.Unlock()
		select {
		case s.space <- struct{}{}:
		default:
		}
		if len(list) == 0 {
			return
		}
		for len(list) > 0 {
			n := batch(list)
			s.handle(s.live.ctx, list[:n])
			list = list[n:]
		}
	}
}

// batch is how many frames are handled together: those of one conversation that
// only say something.
func batch(list []heard) int {
	plain := func(h heard) bool { return h.err == nil && h.start == nil && !h.end && h.stream == nil }
	n, said := 1, len(list[0].said)
	for plain(list[0]) && n < len(list) && plain(list[n]) && list[n].conversation == list[0].conversation &&
		said+len(list[n].said) <= maxBatch {
		said += len(list[n].said)
		n++
	}
	return n
}

// handle handles frames of one conversation; more than one only say something.
func (s *socket) handle(ctx context.Context, list []heard) {
	h := list[0]
	s.mu.Lock()
	_, ended := s.ended[h.conversation]
	s.mu.Unlock()
	switch {
	case h.start != nil && h.err == nil:
		if err := s.open(ctx, h.conversation, h.start); err != nil {
			s.refuseConversation(ctx, h.conversation, errSessionStart, err)
			s.acknowledge(h, err)
			return
		}
	case ended:
		for _, h := range list {
			s.acknowledge(h, errEnded)
		}
		return
	case h.err != nil:
		s.refuseConversation(ctx, h.conversation, errClientEvent, h.err)
		s.acknowledge(h, h.err)
		return
	}
	s.speak(ctx, list)
	if h.end {
		s.close(ctx, h.conversation)
	}
}

// errEnded is for what comes of a conversation whose session has ended.
var errEnded = convo.Errorf(convo.Conflict, "the session has ended; start it again")

// open starts a session: the client is shown what is open and then what comes.
func (s *socket) open(ctx context.Context, conversation string, start *sessionStart) error {
	s.detach(conversation)
	s.mu.Lock()
	delete(s.ended, conversation) // there is somebody again who can be told that it fails
	s.mu.Unlock()
	a := &attachment{socket: s, conversation: conversation, replays: true, at: position{replay: true}}
	var after *int64
	a.numbered, after = start.resumes()
	if err := s.attach(ctx, a, after); err != nil {
		return err
	}
	a.catchUp(ctx)
	return nil
}

// attach makes an attachment the socket's for its conversation, and stores that. It
// begins where the log ends now.
func (s *socket) attach(ctx context.Context, a *attachment, after *int64) error {
	s.mu.Lock()
	full, retired := len(s.attached) >= maxAttached, s.retired
	s.mu.Unlock()
	if full {
		return convo.Errorf(convo.Conflict, "a socket may have %d conversations open; end a session first", maxAttached)
	}
	if retired {
		return errLeft
	}
	s.live.enter(a, roomKey{s.actor.Tenant, a.conversation})
	state, err := s.live.state(ctx, s, a)
	if err != nil {
		s.live.leave(a)
		return err
	}
	a.last, a.from = state.Last, state.From()
	switch {
	case a.numbered && after != nil && *after >= 0 && *after <= state.Last:
		a.resumes, a.at = true, position{replay: true}
		a.last = *after
		if a.from, err = a.room.watch.Begin(ctx, a.last); err != nil {
			s.live.leave(a)
			return err
		}
	case !a.replays:
		a.at = position{seq: a.last}
	}
	s.mu.Lock()
	over := s.over
	a.index = s.next
	s.next++
	s.attached[a.conversation] = a
	s.mu.Unlock()
	if over {
		s.live.leave(a) // it is for the connection that goes on with the session
	}
	if err := s.save(ctx); err != nil {
		s.detach(a.conversation)
		return err
	}
	return nil
}

// detach takes a conversation away from the socket.
func (s *socket) detach(conversation string) {
	s.mu.Lock()
	a := s.attached[conversation]
	if a != nil {
		a.closed = true
		delete(s.attached, conversation)
		s.forgetMoved(a)
	}
	s.mu.Unlock()
	if a != nil {
		a.deafen(s.live.ctx)
		s.live.leave(a)
	}
}

// close ends a session as its client wants.
func (s *socket) close(ctx context.Context, conversation string) {
	s.detach(conversation)
	s.mu.Lock()
	s.ended = remember(s.ended, conversation)
	s.mu.Unlock()
	if err := s.save(ctx); err != nil {
		s.live.log.Error("the end of a session could not be stored", "error", err)
	}
}

// attachment gives that of a conversation. One that the client did not start is
// attached as it stands, without a word: the client's objects still show what came
// before.
func (s *socket) attachment(ctx context.Context, conversation string) (*attachment, error) {
	s.mu.Lock()
	a := s.attached[conversation]
	s.mu.Unlock()
	if a != nil {
		return a, nil
	}
	a = &attachment{socket: s, conversation: conversation}
	if err := s.attach(ctx, a, nil); err != nil {
		return nil, err
	}
	s.live.spawn(func() { a.catchUp(s.live.ctx) })
	return a, nil
}

// speak hands on what clients say.
func (s *socket) speak(ctx context.Context, list []heard) {
	conversation := list[0].conversation
	var saying engine.Saying
	for _, h := range list {
		saying.Said = append(saying.Said, h.said...)
	}
	if len(saying.Said) == 0 && list[0].stream == nil {
		for _, h := range list {
			s.acknowledge(h, nil)
		}
		return
	}
	a, err := s.attachment(ctx, conversation)
	if err != nil {
		if !errors.Is(err, errLeft) {
			s.refuseConversation(ctx, conversation, errClientEvent, err)
		}
		for _, h := range list {
			s.acknowledge(h, err)
		}
		return
	}
	var heard error
	if list[0].stream != nil {
		heard = s.listen(ctx, a, list[0])
	}
	errs := s.sayAll(ctx, a, saying)
	for _, h := range list {
		s.acknowledge(h, errors.Join(append(errs[:len(h.said):len(h.said)], heard)...))
		errs = errs[len(h.said):]
	}
}

// sayAll says things, but what is of an exchange that was refused, and tells the
// client what was not taken. It gives an error for each.
func (s *socket) sayAll(ctx context.Context, a *attachment, saying engine.Saying) []error {
	errs := make([]error, len(saying.Said))
	var kept []int
	all := saying.Said
	saying.Said = nil
	s.mu.Lock()
	for i, said := range all {
		exchange := exchangeOf(said)
		switch said.(type) {
		case engine.SaidExchange:
			delete(a.refused, exchange)
			delete(a.stopped, exchange) // a stop that came before it was for none
		case engine.SaidStop:
			a.stopped = remember(a.stopped, exchange)
		}
		if exchange != "" && a.refused[exchange] {
			errs[i] = errRefusedBefore
			continue
		}
		kept = append(kept, i)
		saying.Said = append(saying.Said, said)
	}
	s.mu.Unlock()
	if len(kept) == 0 {
		return errs
	}
	saying.Front, saying.From = frontName, s.pid
	s.live.observer.Heard(len(saying.Said))
	each, err := s.live.engine.Say(ctx, s.actor, a.conversation, saying)
	if err != nil {
		s.refuseConversation(ctx, a.conversation, errClientEvent, err)
	}
	for n, i := range kept {
		if errs[i] = err; err == nil {
			errs[i] = each[n]
			s.refuse(ctx, a, all[i], each[n])
		}
	}
	return errs
}

// errRefusedBefore is for what follows of an exchange that was refused.
var errRefusedBefore = convo.Errorf(convo.Conflict, "the exchange was refused")
