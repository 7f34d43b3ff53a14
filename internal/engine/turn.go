package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/store"
)

func startTurn(tx store.Tx, id string) error {
	return tx.Append(convo.Event{At: now(), Turn: id, Body: convo.TurnStarted{Slot: tx.Head().NextSlot}})
}

// closeTurn ends an open turn in the log. One that never started starts first,
// so that its user message takes its place and its readers see the whole frame.
func closeTurn(tx store.Tx, t convo.Turn, end convo.TurnEnded) error {
	if t.State == convo.StateOpen || t.State == convo.StateQueued {
		if err := startTurn(tx, t.ID); err != nil {
			return err
		}
	}
	end.Usage = t.Usage
	return tx.Append(convo.Event{At: now(), Turn: t.ID, Body: end})
}

// run is a turn that runs in this process.
type run struct {
	id     string
	head   convo.Head // the conversation when the turn started
	turn   convo.Turn // and the turn
	past   *past      // the history before it; nil = to be read
	given  *convo.Message
	ctx    context.Context
	cancel context.CancelCauseFunc
	end    TurnEnd       // for the observer
	done   chan struct{} // closed when the turn has ended, or been given up
}

// take keeps what the turn needs to know of its conversation.
func (r *run) take(head *convo.Head) {
	r.head, r.turn = *head, *head.Turn(r.id)
	r.head.Open = nil // the store's
}

// register makes a turn reachable for Stop, in the transaction that starts it,
// and counts it among what a drain waits for. It gives nil when the engine
// drains.
func (e *Engine) register(turn string) *run {
	r := &run{id: turn, done: make(chan struct{})}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.draining {
		return nil
	}
	r.ctx, r.cancel = context.WithCancelCause(e.ctx)
	e.active.Add(1)
	e.turns[turn] = r
	return r
}

// unregister ends a run; nil is none.
func (e *Engine) unregister(r *run) {
	if r == nil {
		return
	}
	e.mu.Lock()
	delete(e.turns, r.id)
	e.mu.Unlock()
	r.cancel(nil)
	close(r.done)
	e.active.Done()
}

func (e *Engine) running(turn string) *run {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.turns[turn]
}

func (e *Engine) runs(turn string) bool { return e.running(turn) != nil }

// run carries out a turn that has started, and then those that wait behind it.
func (e *Engine) run(key hub.Key, r *run) {
	for r != nil {
		next, lost := e.runOne(key, r)
		if lost != nil {
			e.log.Error("turn could not be closed", "turn", r.id, "conversation", key.Conversation, "error", lost)
			e.hub.Close(key, convo.WrapError(convo.Internal, lost, "the turn could not be written"))
		}
		r = next
	}
}

// runOne carries out one turn and gives the next one, which its end started. An
// error says that the turn could not be closed: its readers have to be sent
// away, and the next admission or the next start closes it.
func (e *Engine) runOne(key hub.Key, r *run) (next *run, err error) {
	defer e.unregister(r)
	var observed TurnObservation
	r.ctx, observed = e.observer.TurnStarted(r.ctx, TurnStart{
		Conversation: key.Conversation, Turn: r.id, Front: r.turn.Front, Waited: r.turn.Started.Sub(r.turn.Opened),
	})
	defer func() { observed.Ended(r.end) }()
	defer func() {
		if p := recover(); p != nil {
			e.log.Error("turn panicked", "turn", r.id, "panic", p, "stack", string(debug.Stack()))
			next, err = e.giveUp(key, r, fmt.Errorf("panic: %v", p))
		}
	}()
	next, err = e.carryOut(key, r)
	if err != nil && !errors.Is(err, ErrDeleted) {
		e.log.Error("turn failed", "turn", r.id, "conversation", key.Conversation, "error", err)
		return e.giveUp(key, r, err)
	}
	return next, nil
}

// giveUp closes a turn whose own end could not be written.
func (e *Engine) giveUp(key hub.Key, r *run, cause error) (*run, error) {
	r.end.Ended = convo.TurnEnded{Reason: convo.EndFailed, Failure: failure(cause)}
	return e.closeUnfinished(e.over, key, r.id, r, r.end.Ended)
}

// carryOut runs one turn from its prompt to its end.
func (e *Engine) carryOut(key hub.Key, r *run) (*run, error) {
	choice, p, err := e.prepare(r)
	if err != nil {
		return e.endEarly(key, r, err)
	}
	log := e.openTurnLog(key, r.turn)
	defer log.close()
	r.end.Choice = choice
	a := &answer{choice: choice, limit: e.limits.Answer, from: p.from, sink: log}
	ctx := a.observe(r.ctx, e.observer, key.Conversation, p.messages)
	failed := a.run(ctx, p.messages)
	usage, err := a.finish(failed)
	if err != nil {
		failed = err
	}
	end := e.ending(r.ctx, failed, a.stopped)
	end.Usage = r.turn.Usage.Add(usage)
	r.end.Ended = end
	return e.endTurn(r, log, end)
}

// endEarly ends a turn that never came to ask its model.
func (e *Engine) endEarly(key hub.Key, r *run, cause error) (*run, error) {
	end := e.ending(r.ctx, cause, 0)
	r.end.Ended = end
	return e.handOver(key, func(tx store.Tx) error {
		if tx.Head() == nil || tx.Head().Turn(r.id) == nil {
			return nil
		}
		return closeTurn(tx, *tx.Head().Turn(r.id), end)
	})
}

// endTurn commits the end of a turn, what is left of its answer, and the start
// of the next turn. If nobody else wrote meanwhile, the turn is remembered for
// the next one.
func (e *Engine) endTurn(r *run, log *turnLog, end convo.TurnEnded) (*run, error) {
	rest, err := log.finish()
	if err != nil {
		return nil, err
	}
	var last convo.Head
	next, err := e.handOver(log.key, func(tx store.Tx) error {
		if err := appendAll(tx, rest); err != nil {
			return err
		}
		err := tx.Append(convo.Event{At: now(), Turn: r.id, Body: end})
		last = *tx.Head()
		return err
	})
	alone := last.LastSeq == r.head.LastSeq+log.written+int64(len(rest))+1
	if err == nil && r.past != nil && alone && len(last.Open) == 0 {
		e.pasts.put(log.key, r.past.then(last, r.turn, append(r.question(), log.said...)))
	}
	return next, err
}

// question is the user's message that the turn was asked with, in its place.
func (r *run) question() []convo.Message {
	if r.given == nil {
		return nil
	}
	m := *r.given
	m.Place = convo.Place(r.turn.Slot, 0)
	return []convo.Message{m}
}

// handOver ends a turn in a durable transaction that starts the next one.
func (e *Engine) handOver(key hub.Key, end func(store.Tx) error) (*run, error) {
	var next *run
	err := e.update(e.ctx, key, store.Durable, func(tx store.Tx) error {
		e.unregister(next) // the transaction may run again
		next = nil
		if err := end(tx); err != nil || tx.Head() == nil {
			return err
		}
		var err error
		next, err = e.startNext(tx)
		return err
	})
	if err != nil {
		e.unregister(next)
		return nil, err
	}
	return next, nil
}

// startNext starts the oldest queued turn, if nothing is active and the engine
// does not drain, and makes it reachable.
func (e *Engine) startNext(tx store.Tx) (*run, error) {
	t := tx.Head().NextQueued()
	if t == nil || tx.Head().Active() != nil {
		return nil, nil
	}
	r := e.register(t.ID)
	if r == nil {
		return nil, nil
	}
	if err := startTurn(tx, r.id); err != nil {
		e.unregister(r)
		return nil, err
	}
	r.take(tx.Head())
	return r, nil
}

// prepare finds the model and assembles the prompt of a turn.
func (e *Engine) prepare(r *run) (model.Choice, prompt, error) {
	head, choice, err := e.choose(r.ctx, r.head)
	if err != nil {
		return choice, prompt{}, err
	}
	h := history{
		backstory: text(head.Backstory), latest: choice.MaxMessages, window: choice.Window,
		now: note{at: r.turn.Started, zone: r.turn.Zone},
	}
	if p := r.past; p != nil && p.reach == reachOf(choice) {
		h.messages, h.notes, h.from = slices.Concat(p.messages, r.question()), p.notes, p.from
	} else {
		if h.messages, h.from, err = e.load(r.ctx, r.head, r.turn.Slot, reachOf(choice)); err != nil {
			return choice, prompt{}, err
		}
		if h.notes, err = e.loadNotes(r.ctx, r.head, h.messages); err != nil {
			return choice, prompt{}, err
		}
	}
	p, err := assemble(h)
	return choice, p, err
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
