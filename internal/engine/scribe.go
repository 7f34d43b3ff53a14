package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// gatherFor is how long text gathers on its way to the log. The first delta of a
// message is written at once, and so is much text; all else waits until that
// much time has passed since the last commit.
const gatherFor = 10 * time.Millisecond

// scribe writes what running turns say, many turns' deltas in one transaction:
// alone, each would cost ten times as much. It has a goroutine while turns run.
type scribe struct {
	e    *Engine
	wake chan struct{} // there is something to write, or it has become urgent

	mu     sync.Mutex
	turns  int        // that may call
	runs   bool       // the goroutine
	logs   []*turnLog // that have called
	urgent bool
}

func newScribe(e *Engine) *scribe { return &scribe{e: e, wake: make(chan struct{}, 1)} }

// enter announces a turn that is going to call.
func (s *scribe) enter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turns++
	if !s.runs {
		s.runs = true
		go s.run()
	}
}

// leave ends what enter began. Nothing of the turn is being written any more.
func (s *scribe) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.turns--; s.turns == 0 {
		s.ring()
	}
}

// call says that a turn has something to write; fresh, that it has not called
// since it was asked for it.
func (s *scribe) call(l *turnLog, fresh, urgent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := len(s.logs) == 0
	if fresh {
		s.logs = append(s.logs, l)
	}
	if first || urgent && !s.urgent {
		s.urgent = s.urgent || urgent
		s.ring()
	}
}

func (s *scribe) ring() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// over reports whether the goroutine may end, and what there is to do.
func (s *scribe) over() (over, idle, urgent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.turns == 0 {
		s.runs, s.logs, s.urgent = false, nil, false
		return true, true, false
	}
	return false, len(s.logs) == 0, s.urgent
}

func (s *scribe) run() {
	var last time.Time
	timer := time.NewTimer(gatherFor)
	defer timer.Stop()
	for {
		over, idle, urgent := s.over()
		wait := time.Until(last.Add(gatherFor))
		switch {
		case over:
			return
		case idle:
			<-s.wake
		case urgent || wait <= 0:
			s.write(s.take())
			last = time.Now()
		default:
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-s.wake:
			}
		}
	}
}

func (s *scribe) take() []*turnLog {
	s.mu.Lock()
	defer s.mu.Unlock()
	logs := s.logs
	s.logs, s.urgent = nil, false
	return logs
}

// write commits what the logs have, publishes it, and tells them.
func (s *scribe) write(logs []*turnLog) {
	changes, from := make([]*store.Change, 0, len(logs)), make([]*turnLog, 0, len(logs))
	masks := make([]*maskingTx, len(logs))
	for _, l := range logs {
		if events := l.send(); len(events) > 0 {
			changes, from = append(changes, s.change(l, events, &masks[len(from)])), append(from, l)
		}
	}
	// What was said is written, also when the engine ends.
	s.e.store.UpdateAll(context.WithoutCancel(s.e.ctx), changes)
	for i, c := range changes {
		masks[i].over(c.Err)
		if c.Err == nil {
			s.e.hub.Publish(from[i].key, c.Events)
		}
		from[i].sent(len(c.Events), c.Err)
	}
}

// change makes a change of events. Its transaction is in last when it was carried out.
func (s *scribe) change(l *turnLog, events []convo.Event, last **maskingTx) *store.Change {
	level := store.Buffered
	if slices.ContainsFunc(events, func(e convo.Event) bool { return closes(e.Body) }) {
		level = store.Durable // a finished message and a call are shown after their sync
	}
	return &store.Change{
		Tenant: l.key.Tenant, Conversation: l.key.Conversation, Sync: level,
		Fn: func(tx store.Tx) error {
			(*last).over(errRunsAgain)
			*last = s.e.masking(l.key, tx)
			decide(*last, l.config)
			return appendAll(*last, events)
		},
	}
}
