package engine

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

const (
	gatherBytes  = 4 << 10   // text that does not wait for more
	backlogBytes = 256 << 10 // text that waits for a slow disk before the model has to
)

// turnLog is the sink of a stateful turn. It gathers what the turn says, and the
// engine's scribe commits it; the turn's own goroutine never waits for the
// disk, until the backlog is full. What closes the turn is left to finish.
type turnLog struct {
	e    *Engine
	key  hub.Key
	turn string
	// config is what counts for the turn, so that its transactions need not look.
	config convo.Config
	next   int64 // index of the turn's next message
	slot   int64

	mu      sync.Mutex
	room    sync.Cond     // the backlog shrank, a send ended, or err was set
	pending []convo.Event // gathered, in order; deltas end in text
	text    strings.Builder
	bytes   int
	urgent  bool // a message's first delta is pending
	queued  bool // the scribe knows that there is something
	sending bool // what was taken is being committed
	closed  bool
	err     error
	written int64 // events that were committed
}

func (e *Engine) openTurnLog(key hub.Key, t convo.Turn, c convo.Config) *turnLog {
	l := &turnLog{e: e, key: key, turn: t.ID, config: c, slot: t.Slot, next: t.Next}
	l.room.L = &l.mu
	e.scribe.enter()
	return l
}

func (l *turnLog) messageID() string { return newID() }

func (l *turnLog) place() int64 {
	l.next++
	return convo.Place(l.slot, l.next-1)
}

func (l *turnLog) part() { l.next++ }

// write gathers an event. It fails when an earlier one could not be written.
func (l *turnLog) write(body convo.Body, _ bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.bytes > backlogBytes && l.err == nil {
		l.room.Wait()
	}
	if l.err != nil {
		return l.err
	}
	l.gather(body)
	if leads(body) {
		return nil // a delta follows, and goes with it
	}
	if urgent := l.urgent || l.bytes >= gatherBytes; !l.queued || urgent {
		l.e.scribe.call(l, !l.queued, urgent)
		l.queued = true
	}
	return nil
}

// flush does nothing: what has gathered is written soon anyway.
func (l *turnLog) flush() error { return nil }

// gather adds an event to what is pending. Text of one message becomes one
// delta, however many pieces it came in.
func (l *turnLog) gather(body convo.Body) {
	if d, ok := body.(convo.Delta); ok {
		l.bytes += len(d.Text)
		if n := len(l.pending); n > 0 && l.text.Len() > 0 {
			if last, ok := l.pending[n-1].Body.(convo.Delta); ok && last.Message == d.Message {
				l.text.WriteString(d.Text)
				return
			}
		}
		l.settle()
		l.urgent = l.urgent || l.begins(d)
		l.text.WriteString(d.Text)
		d.Text = ""
		body = d
	} else {
		l.settle()
	}
	l.pending = append(l.pending, convo.Event{At: now(), Turn: l.turn, Body: body})
}

// begins reports whether a delta is the first of its message.
func (l *turnLog) begins(d convo.Delta) bool {
	n := len(l.pending)
	for n > 0 && l.pending[n-1].Body.Kind() == convo.KindCited {
		n--
	}
	if n == 0 {
		return false
	}
	started, ok := l.pending[n-1].Body.(convo.MessageStarted)
	return ok && started.ID == d.Message
}

// leads reports whether an event says nothing without the delta that follows it.
func leads(body convo.Body) bool {
	kind := body.Kind()
	return kind == convo.KindMessageStarted || kind == convo.KindCited
}

// settle gives the last delta the text that gathered for it.
func (l *turnLog) settle() {
	if l.text.Len() == 0 {
		return
	}
	last := &l.pending[len(l.pending)-1]
	d, _ := last.Body.(convo.Delta)
	d.Text = l.text.String()
	last.Body = d
	l.text = strings.Builder{}
}

// take empties what is pending; what closes something at its end stays, unless
// all is asked for. The end of an answer and the end of its turn are one moment
// and one commit: after a kill in between, the log would say that the model was
// to be asked again. So are the requests of calls and what is known of them: after
// a kill in between, a call that was refused would be carried out.
func (l *turnLog) take(all bool) []convo.Event {
	l.settle()
	n := len(l.pending)
	for !all && n > 0 && (closes(l.pending[n-1].Body) || leads(l.pending[n-1].Body)) {
		n--
	}
	events := l.pending[:n:n]
	l.pending, l.bytes, l.urgent = slices.Clone(l.pending[n:]), 0, false
	l.room.Broadcast()
	return events
}

// closes reports whether an event ends a message or a model call, or is of a call
// of the answer: it is shown after its sync, and what follows it goes with it.
func closes(body convo.Body) bool {
	switch body.(type) {
	case convo.MessageEnded, convo.ModelAnswered, convo.ToolRequested, convo.ToolStarted, convo.ToolEnded, convo.InterruptEnded:
		return true
	}
	return false
}

// lost implements turnSink: a stored turn does not depend on who reads it.
func (l *turnLog) lost(error) bool { return false }

// commit implements turnSink. It takes along what has gathered.
func (l *turnLog) commit(bodies []convo.Body) ([]convo.Event, error) {
	after := int64(0)
	events, err := l.update(func(tx store.Tx) error {
		after = tx.Head().LastSeq
		events := make([]convo.Event, len(bodies))
		for i, body := range bodies {
			events[i] = convo.Event{At: now(), Turn: l.turn, Body: body}
		}
		return appendAll(tx, events)
	})
	return slices.DeleteFunc(events, func(e convo.Event) bool { return e.Seq <= after }), err
}

// wait implements turnSink. The transaction decides between a stop and the wait:
// a stop that comes later finds a turn that waits.
func (l *turnLog) wait(ctx context.Context, waiting convo.TurnWaiting) (left bool, err error) {
	_, err = l.update(func(tx store.Tx) error {
		t := tx.Head().Turn(l.turn)
		if left = ctx.Err() == nil && t != nil && waits(t.Calls) && !due(t.Calls); !left {
			return nil
		}
		return tx.Append(convo.Event{At: now(), Turn: l.turn, Body: waiting})
	})
	return left, err
}

// update writes what has gathered and then more, in a durable transaction of the
// turn's own, and gives all of it.
func (l *turnLog) update(more func(store.Tx) error) ([]convo.Event, error) {
	gathered, err := l.hold()
	if err != nil {
		return nil, err
	}
	// What was said is written, also when the engine ends.
	events, err := l.e.updated(l.e.ctx, l.key, store.Durable, func(tx store.Tx) error {
		decide(tx, l.config)
		if err := appendAll(tx, gathered); err != nil {
			return err
		}
		return more(tx)
	})
	l.sent(len(events), err)
	return events, err
}

// hold takes all that has gathered, for a commit that is not the scribe's; sent has
// to follow.
func (l *turnLog) hold() ([]convo.Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.sending {
		l.room.Wait()
	}
	if l.err != nil {
		return nil, l.err
	}
	l.sending = true
	return l.take(true), nil
}

// send gives what is to be committed now, nil if there is nothing; sent has to
// follow.
func (l *turnLog) send() []convo.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queued = false
	if l.closed || l.sending || l.err != nil {
		return nil
	}
	events := l.take(false)
	l.sending = len(events) > 0
	return events
}

// sent ends a send.
func (l *turnLog) sent(n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sending = false
	if err != nil {
		l.err = err
	} else {
		l.written += int64(n)
	}
	l.room.Broadcast()
}

// close ends the gathering and waits for what is being committed. What is left
// is for finish.
func (l *turnLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.closed = true
	for l.sending {
		l.room.Wait()
	}
	l.e.scribe.leave()
}

// finish closes the log and gives what is left to be committed.
func (l *turnLog) finish() ([]convo.Event, error) {
	l.close()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.take(true), l.err
}

// appendAll appends events of a turn to a conversation that still exists, those of
// calls as they are true now.
func appendAll(tx store.Tx, events []convo.Event) error {
	if tx.Head() == nil {
		return ErrDeleted
	}
	for _, event := range events {
		body, ok := current(tx.Head(), event.Turn, event.Body)
		if !ok {
			continue
		}
		event.Body = body
		if err := tx.Append(event); err != nil {
			return err
		}
	}
	return nil
}

// current gives the start or the end of a call, or of its interrupt, as its turn
// knows the call now: it says nothing of what was deleted since the call was
// requested, and an end gets its place and its sources' numbers here, where nobody
// else can end another call at the same time. ok is false if that is over already, or another interrupt is
// open. Other bodies stay as they are.
func current(head *convo.Head, turn string, body convo.Body) (_ convo.Body, ok bool) {
	t := head.Turn(turn)
	switch b := body.(type) {
	case convo.ToolStarted:
		call := openCall(t, b.ID)
		if call != nil && call.Arguments == nil {
			b.Input = nil
		}
		return b, call != nil
	case convo.ToolEnded:
		call := openCall(t, b.ID)
		if call == nil {
			return b, false
		}
		b.Place, b.Arguments = convo.Place(t.Slot, t.Next), call.Arguments
		return numbered(b, head.Sources), true
	case convo.ToolAnswered:
		call := openCall(t, b.ID)
		if call != nil && call.Arguments == nil {
			b.Input = nil
		}
		return b, call != nil && asks(*call)
	case convo.InterruptStarted:
		call := openCall(t, b.Call)
		if call != nil && call.Arguments == nil {
			b.Value = nil
		}
		return b, call != nil && asks(*call) && !interrupted(t.Calls)
	case convo.InterruptEnded:
		call := openCall(t, b.Call)
		if call != nil && call.Arguments == nil {
			b.Value = nil
		}
		return b, call != nil && call.Interrupt == b.ID
	}
	return body, true
}

func openCall(t *convo.Turn, id string) *convo.OpenCall {
	if t == nil {
		return nil
	}
	return t.Call(id)
}
