package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// idleInputs closes exchanges whose input does not come to its end: they would be
// replayed to everybody for good. Each has a timer, and no goroutine. Whether one is
// still open is decided in the transaction that closes it.
type idleInputs struct {
	limit time.Duration
	close func(key hub.Key, turn string)

	mu     sync.Mutex
	over   bool // nothing is closed any more
	byTurn map[string]*idleInput
}

type idleInput struct {
	key   hub.Key
	last  time.Time
	timer *time.Timer
}

func newIdleInputs(limit time.Duration, close func(hub.Key, string)) *idleInputs {
	return &idleInputs{limit: limit, close: close, byTurn: map[string]*idleInput{}}
}

// touch says that something has come for a turn.
func (l *idleInputs) touch(key hub.Key, turn string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	in := l.byTurn[turn]
	if in == nil {
		in = &idleInput{key: key}
		in.timer = time.AfterFunc(l.limit, func() { l.close(key, turn) })
		l.byTurn[turn] = in
	}
	in.last = time.Now()
	in.timer.Reset(l.limit)
}

// forget says that the input of a turn is complete, or the turn over.
func (l *idleInputs) forget(turn string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if in := l.byTurn[turn]; in != nil {
		in.timer.Stop()
		delete(l.byTurn, turn)
	}
}

// quiet reports whether nothing has come for a turn for as long as it may.
func (l *idleInputs) quiet(turn string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	in := l.byTurn[turn]
	return in != nil && time.Since(in.last) >= l.limit
}

// disarm stops the timers: at the next start they begin anew.
func (l *idleInputs) disarm() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	for turn, in := range l.byTurn {
		in.timer.Stop()
		delete(l.byTurn, turn)
	}
}

// closeInput ends an exchange whose client has fallen silent.
func (e *Engine) closeInput(key hub.Key, turn string) {
	if e.enter(&e.active) != nil {
		return // the next start counts anew
	}
	defer e.active.Done()
	var closed []convo.Turn
	gone := false // somebody else has ended it, or it went with its conversation
	err := e.update(e.ctx, key, store.Durable, func(tx store.Tx) error {
		closed = nil // the transaction may run again
		gone = tx.Head() == nil || tx.Head().Turn(turn) == nil || tx.Head().Turn(turn).State != convo.StateOpen
		if gone || !e.idle.quiet(turn) {
			return nil
		}
		t := *tx.Head().Turn(turn)
		closed = append(closed, t)
		return closeTurn(tx, t, convo.TurnEnded{Reason: convo.EndInterrupted}, "")
	})
	switch {
	case err != nil && !errors.Is(err, context.Canceled):
		e.log.Error("an exchange that its client left open could not be closed", "turn", turn, "conversation", key.Conversation, "error", err)
		e.idle.touch(key, turn)
	case gone:
		e.idle.forget(turn)
	case len(closed) > 0:
		e.idle.forget(turn)
		e.observer.Closed(closed[0].Front, convo.EndInterrupted)
	}
}
