package uipath

import (
	"context"
	"errors"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// attachment is a conversation that a socket has open.
type attachment struct {
	socket       *socket
	room         *room
	conversation string
	index        int // in the socket's offsets

	// Where it began: the number of the log's last event then, and the one before
	// the first that what was open then depends on.
	last, from int64
	replays    bool // its session was started: it is told so, and what was open
	numbered   bool // its client goes by numbers
	resumes    bool // and has everything up to last
	restored   bool // and its client may have ended exchanges before it was lost

	hearing *hearing // of the socket's worker alone; nil = none

	live bool // the room hands it what comes; guarded by room.mu

	// Guarded by socket.mu.
	at      position
	moved   bool            // since the socket's base
	closed  bool            // nothing is sent any more
	stopped map[string]bool // exchanges that this client ended
	refused map[string]bool // exchanges that this client may not have
}

// maxRemembered bounds the exchanges that an attachment remembers of each kind.
const maxRemembered = 256

// remember adds an exchange to a set that forgets rather than grows.
func remember(set map[string]bool, exchange string) map[string]bool {
	if set == nil || len(set) >= maxRemembered {
		set = map[string]bool{}
	}
	set[exchange] = true
	return set
}

func (a *attachment) position() position {
	a.socket.mu.Lock()
	defer a.socket.mu.Unlock()
	return a.at
}

// offer hands over the frames of an event. It reports false when the socket has no
// room for all of them.
func (a *attachment) offer(list []frame) bool {
	for i := range list {
		if !a.socket.emit(a, &list[i]) {
			return false
		}
	}
	return true
}

// fallBehind lets the attachment read on from the log by itself. The caller holds
// the room.
func (a *attachment) fallBehind() {
	a.live = false
	a.room.live.spawn(func() { a.catchUp(a.room.live.ctx) })
}

// errLeft ends the catching up of an attachment that is not there any more.
var errLeft = errors.New("the attachment has ended")

// catchUp gives the attachment what it has not been given yet, and makes it live.
func (a *attachment) catchUp(ctx context.Context) {
	switch err := a.readOn(ctx); {
	case err == nil, errors.Is(err, errLeft), ctx.Err() != nil:
	case errors.Is(err, engine.ErrDeleted):
		a.socket.conversationGone(a)
	default:
		a.room.live.log.Error("a conversation cannot be read for a socket", "error", err, "conversation", a.conversation)
		a.socket.drop("try again")
	}
}

func (a *attachment) readOn(ctx context.Context) error {
	r := &renderer{conversation: a.conversation, link: a.socket.live.front.linker(a.socket.server, a.socket.actor.Tenant)}
	at := a.position()
	if at.replay {
		if err := a.replay(ctx, r); err != nil {
			return err
		}
	} else {
		from, err := a.room.watch.Begin(ctx, at.before())
		if err != nil {
			return err
		}
		if err := a.room.fold(ctx, r, from, at.before()); err != nil {
			return err
		}
	}
	if a.restored {
		if err := a.findStops(ctx); err != nil {
			return err
		}
		a.restored = false
	}
	for {
		at := a.position()
		events, err := a.room.watch.Read(ctx, at.before(), readAtOnce)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			if a.room.join(a, r) {
				return nil
			}
			continue
		}
		events = few(events)
		for i := range events {
			if err := a.give(ctx, r, &events[i]); err != nil {
				return err
			}
			events[i].Body = nil // a slow reader does not hold texts that were shown
		}
	}
}

// The bounds of what a slow reader holds while it waits.
const (
	readAtOnce  = 32
	bytesAtOnce = 256 << 10
)

// few gives the first events, one at least, which are all that is held of them.
func few(events []convo.Event) []convo.Event {
	size := 0
	for i := range events {
		if size += events[i].Size(); i > 0 && size > bytesAtOnce {
			return slices.Clone(events[:i])
		}
	}
	return events
}

// replay tells the client that its session has started, and what was open then.
func (a *attachment) replay(ctx context.Context, r *renderer) error {
	r.keeps = !a.resumes
	if err := a.room.fold(ctx, r, a.from, a.last); err != nil {
		return err
	}
	events := []event{{
		ConversationID: a.conversation, SessionStarted: &sessionStarted{Capabilities: a.room.live.capabilities(a.numbered)},
	}}
	if !a.resumes {
		events = append(events, r.replay(a.socket.pid)...)
	}
	r.forget()
	for i, e := range events {
		f := frame{move: move{seq: a.last, event: e}, after: position{replay: true, sub: i + 1}}
		if i == len(events)-1 {
			f.after = position{seq: a.last}
		}
		if err := a.socket.emitWait(ctx, a, &f); err != nil {
			return err
		}
	}
	return nil
}

// give shows one event to this attachment alone.
func (a *attachment) give(ctx context.Context, r *renderer, e *convo.Event) error {
	list := frames(r.render(e, a.room.adopted(e)))
	for i := range list {
		if err := a.socket.emitWait(ctx, a, &list[i]); err != nil {
			return err
		}
	}
	a.socket.advance(a, e.Seq)
	return nil
}

// findStops looks through what the client has missed for the exchanges that it ended:
// it is told nothing more of them, from the first event on. All that it said has been
// handled.
func (a *attachment) findStops(ctx context.Context) error {
	for from := a.position().before(); ; {
		events, err := a.room.watch.Read(ctx, from, foldAtOnce)
		if err != nil || len(events) == 0 {
			return err
		}
		a.noteStops(events)
		from = events[len(events)-1].Seq
	}
}

func (a *attachment) noteStops(events []convo.Event) {
	for _, e := range events {
		if b, ok := e.Body.(convo.TurnEnded); ok && b.Reason == convo.EndStopped && e.Origin == a.socket.pid {
			a.socket.mu.Lock()
			a.stopped = remember(a.stopped, e.Turn)
			a.socket.mu.Unlock()
		}
	}
}

// fold brings a renderer from one number to another without showing anything.
func (m *room) fold(ctx context.Context, r *renderer, from, to int64) error {
	for from < to {
		events, err := m.watch.Read(ctx, from, int(min(to-from, foldAtOnce)))
		if err != nil {
			return err
		}
		for i := range events {
			if events[i].Seq > to {
				return nil // numbers were skipped
			}
			r.render(&events[i], m.adopted(&events[i]))
			from = events[i].Seq
		}
		if len(events) == 0 {
			return nil
		}
	}
	return nil
}

const foldAtOnce = 256
