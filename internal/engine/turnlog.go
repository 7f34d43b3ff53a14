package engine

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// How deltas gather on their way to the log. The first one of a message is
// written at once; all else waits until gatherFor has passed since the last
// commit, or for gatherBytes, so that many tokens, and many conversations'
// tokens, share one transaction.
const (
	gatherFor    = 10 * time.Millisecond
	gatherBytes  = 4 << 10
	backlogBytes = 256 << 10 // text that waits for a slow disk before the model has to
)

// turnLog is the sink of a stateful turn. Its writer goroutine commits what
// has gathered and publishes it; the turn's own goroutine never waits for the
// disk, until the backlog is full. What closes the turn is left to finish.
type turnLog struct {
	e    *Engine
	key  hub.Key
	turn string
	next int64 // index of the turn's next message
	slot int64
	said []convo.Message // those that have ended; the turn's own goroutine's

	mu      sync.Mutex
	room    sync.Cond     // the backlog shrank, or err was set
	pending []convo.Event // gathered, in order; deltas end in text
	text    strings.Builder
	bytes   int
	urgent  bool // a message's first delta is pending
	err     error
	written int64 // events that were committed; the writer's, until it has ended

	wake chan struct{}
	once sync.Once     // closes wake
	done chan struct{} // closed when the writer has ended
}

func (e *Engine) openTurnLog(key hub.Key, t convo.Turn) *turnLog {
	l := &turnLog{
		e: e, key: key, turn: t.ID, slot: t.Slot, next: t.Next,
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	l.room.L = &l.mu
	go l.run()
	return l
}

func (l *turnLog) messageID() string { return newID() }

func (l *turnLog) place() int64 {
	l.next++
	return convo.Place(l.slot, l.next-1)
}

// write gathers an event. It fails when an earlier one could not be written.
func (l *turnLog) write(body convo.Body, _ bool) error {
	if m, ok := body.(convo.MessageEnded); ok {
		l.said = append(l.said, convo.Message{
			ID: m.ID, Turn: l.turn, Place: m.Place, MessageFields: convo.MessageFields{Type: m.Type, Meta: m.Meta},
			Text: m.Text, Incomplete: m.Incomplete,
		})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.bytes > backlogBytes && l.err == nil {
		l.room.Wait()
	}
	if l.err != nil {
		return l.err
	}
	l.gather(body)
	if body.Kind() == convo.KindMessageStarted {
		return nil // its first delta follows, and goes with it
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return nil
}

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
	if len(l.pending) == 0 {
		return false
	}
	started, ok := l.pending[len(l.pending)-1].Body.(convo.MessageStarted)
	return ok && started.ID == d.Message
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
// to be asked again.
func (l *turnLog) take(all bool) []convo.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle()
	n := len(l.pending)
	for !all && n > 0 && closes(l.pending[n-1].Body) {
		n--
	}
	events := l.pending[:n:n]
	l.pending, l.bytes, l.urgent = slices.Clone(l.pending[n:]), 0, false
	l.room.Broadcast()
	return events
}

// closes reports whether an event ends a message or a model call.
func closes(body convo.Body) bool {
	switch body.(type) {
	case convo.MessageEnded, convo.ModelAnswered:
		return true
	}
	return false
}

// patient reports whether what is pending may wait for more.
func (l *turnLog) patient() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.urgent && l.bytes < gatherBytes
}

// run is the writer.
func (l *turnLog) run() {
	defer close(l.done)
	last := time.Now() // of the last commit; that of the turn's start was just now
	timer := time.NewTimer(gatherFor)
	defer timer.Stop()
	for range l.wake {
		for wait := gatherFor - time.Since(last); wait > 0 && l.patient(); wait = gatherFor - time.Since(last) {
			timer.Reset(wait)
			if !l.pause(timer) {
				return
			}
		}
		if err := l.commit(l.take(false)); err != nil {
			l.fail(err)
			return
		}
		last = time.Now()
	}
}

// pause waits for the timer or for more text. It reports false when the log is
// closed: the rest is for finish.
func (l *turnLog) pause(timer *time.Timer) bool {
	select {
	case <-timer.C:
		return true
	case _, open := <-l.wake:
		return open
	}
}

func (l *turnLog) commit(events []convo.Event) error {
	if len(events) == 0 {
		return nil
	}
	level := store.Buffered
	if slices.ContainsFunc(events, func(e convo.Event) bool { return closes(e.Body) }) {
		level = store.Durable // a finished message is shown after its sync
	}
	l.written += int64(len(events))
	return l.e.update(l.e.ctx, l.key, level, func(tx store.Tx) error {
		return appendAll(tx, events)
	})
}

func (l *turnLog) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
	l.room.Broadcast()
}

// close ends the writer. What it has not committed is for finish.
func (l *turnLog) close() {
	l.once.Do(func() { close(l.wake) })
	<-l.done
}

// finish ends the writer and gives what is left to be committed.
func (l *turnLog) finish() ([]convo.Event, error) {
	l.close()
	return l.take(true), l.err
}

// appendAll appends events to a conversation that still exists.
func appendAll(tx store.Tx, events []convo.Event) error {
	if tx.Head() == nil {
		return ErrDeleted
	}
	for _, event := range events {
		if err := tx.Append(event); err != nil {
			return err
		}
	}
	return nil
}
