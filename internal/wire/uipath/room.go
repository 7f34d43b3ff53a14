package uipath

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// roomKey names a conversation.
type roomKey struct{ tenant, conversation string }

// room shows one conversation to all sockets that are attached to it: its log is
// rendered once. It has a goroutine only while there is something to show.
type room struct {
	live  *live
	key   roomKey
	watch *engine.Watch
	users int // attachments that hold it; guarded by live.mu

	pumping atomic.Int32 // one of the states below

	mu      sync.Mutex
	r       *renderer // nil until the first attachment brings one
	pos     int64     // r has seen everything up to here
	members []*attachment
	gone    bool // the conversation was deleted
}

// The states of a room's pump.
const (
	pumpIdle  int32 = iota
	pumpRuns        // a goroutine shows what there is
	pumpAgain       // and looks once more before it ends
)

// kick says that there may be more to show. It never blocks.
func (m *room) kick() {
	for {
		switch s := m.pumping.Load(); s {
		case pumpAgain:
			return
		case pumpRuns:
			if m.pumping.CompareAndSwap(s, pumpAgain) {
				return
			}
		default:
			if m.pumping.CompareAndSwap(s, pumpRuns) {
				if !m.live.spawn(m.pump) {
					m.pumping.Store(pumpIdle)
				}
				return
			}
		}
	}
}

// pump shows everything that there is.
func (m *room) pump() {
	for {
		err := m.show(m.live.ctx)
		switch {
		case errors.Is(err, engine.ErrDeleted):
			m.deleted()
		case err != nil && m.live.ctx.Err() == nil:
			// Everybody reads on from the log by himself, and is told there what is wrong.
			m.live.log.Error("a conversation cannot be shown", "error", err, "tenant", m.key.tenant, "conversation", m.key.conversation)
			m.scatter()
		}
		if m.pumping.CompareAndSwap(pumpRuns, pumpIdle) {
			return
		}
		m.pumping.Store(pumpRuns)
	}
}

// show shows what the log has behind the room's position.
func (m *room) show(ctx context.Context) error {
	for {
		m.mu.Lock()
		pos, begun := m.pos, m.r != nil
		m.mu.Unlock()
		if !begun {
			return nil
		}
		events, err := m.watch.Next(ctx, pos)
		if err != nil || len(events) == 0 {
			return err
		}
		for i := range events {
			m.give(&events[i])
		}
	}
}

// give renders an event and hands it to those who are live.
func (m *room) give(e *convo.Event) {
	adopted := m.adopted(e)
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.Seq <= m.pos {
		return // the room was begun anew meanwhile
	}
	list := frames(m.r.render(e, adopted))
	m.pos = e.Seq
	if len(list) == 0 {
		return
	}
	for _, a := range m.members {
		if a.live && !a.offer(list) {
			a.fallBehind()
		}
	}
	clear(m.r.moves) // a quiet room does not hold what it showed last
}

// join lets an attachment that was given everything up to its position take part.
// It reports false if the room is ahead of it. r is a renderer at that position; the
// first one becomes the room's.
func (m *room) join(a *attachment, r *renderer) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := a.position()
	switch {
	case m.gone:
		return true // told already
	case m.r == nil:
		m.r, m.pos = r, at.seq
		r.forget()
	case m.pos > at.seq:
		return false
	}
	a.live = true
	m.kick() // what was published before is for this one to show
	return true
}

// adopted are the user messages that a turn adopts which starts with the event: those
// that were stored outside any turn since the one before it started. What cannot be
// read is left out: it is in the history all the same.
func (m *room) adopted(e *convo.Event) []convo.Message {
	b, ok := e.Body.(convo.TurnStarted)
	if !ok || b.Slot < 2 {
		return nil
	}
	messages, err := m.watch.Adopted(m.live.ctx, b.Slot)
	if err != nil && m.live.ctx.Err() == nil {
		m.live.log.Warn("messages outside turns cannot be shown", "error", err)
	}
	return messages
}

// add makes an attachment a member, who is not live yet.
func (m *room) add(a *attachment) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.members = append(m.members, a)
}

// drop takes an attachment out, and reports whether it was there.
func (m *room) drop(a *attachment) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	a.live = false
	n := len(m.members)
	m.members = slices.DeleteFunc(m.members, func(b *attachment) bool { return a == b })
	return len(m.members) < n
}

// quiet reports whether no exchange of the conversation runs and no message is being
// said, as far as it was shown.
func (m *room) quiet() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.r == nil || !slices.ContainsFunc(m.r.exchanges, (*shownExchange).busy)
}

// deleted tells everybody that the conversation is gone.
func (m *room) deleted() {
	m.mu.Lock()
	members := slices.Clone(m.members)
	m.gone = true
	m.mu.Unlock()
	for _, a := range members {
		m.live.spawn(func() { a.socket.conversationGone(a) }) // one that takes nothing holds up no other
	}
}

// scatter makes everybody read on by himself.
func (m *room) scatter() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.r = nil
	for _, a := range m.members {
		if a.live {
			a.fallBehind()
		}
	}
}
