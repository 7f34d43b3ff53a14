package engine

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// recoverers is how many conversations are recovered at once: enough that they
// share commits and that one long log does not hold up the others.
const recoverers = 16

// Start goes on where the process before this one stopped, as the log says: a
// turn whose model call was open is closed as interrupted, with its partial
// text; one that was between two steps goes on; queued ones run when their
// time comes; waiting ones wait on. Then the engine is ready for requests.
//
// A conversation that cannot be recovered is logged and left alone: it must not
// keep all others from their server. The next turn in it tries again.
func (e *Engine) Start(ctx context.Context) error {
	open, err := e.store.OpenTurns(ctx)
	if err != nil {
		return err
	}
	var all []hub.Key
	seen := map[hub.Key]bool{}
	for _, t := range open {
		key := hub.Key{Tenant: t.Tenant, Conversation: t.Conversation}
		if !seen[key] {
			seen[key] = true
			all = append(all, key)
		}
	}
	e.recoverAll(ctx, all)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	e.repeats.mu.Lock()
	e.repeats.ready = time.Now()
	e.repeats.mu.Unlock()
	return nil
}

// recoverAll recovers conversations until ctx ends.
func (e *Engine) recoverAll(ctx context.Context, all []hub.Key) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(recoverers, len(all)) {
		group.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(all) {
					return
				}
				if err := e.tryRecover(ctx, all[i]); err != nil && ctx.Err() == nil {
					e.leaveAlone(all[i], err)
				}
			}
		})
	}
	group.Wait()
}

// tryRecover is recover for a conversation that may be damaged in any way.
func (e *Engine) tryRecover(ctx context.Context, key hub.Key) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return e.recover(ctx, key)
}

// leaveAlone notes that a conversation could not be recovered, and says so to
// the operator, once.
func (e *Engine) leaveAlone(key hub.Key, err error) {
	e.log.Error("a conversation could not be recovered and is left alone; look at it with: parley check",
		"tenant", key.Tenant, "conversation", key.Conversation, "error", err)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.damaged[key] = true
}

// explain tells a caller why a conversation that was left alone cannot go on.
// One that can after all is like any other again.
func (e *Engine) explain(key hub.Key, err error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.damaged[key] {
		return err
	}
	switch convo.ErrorKind(err) {
	case "":
		delete(e.damaged, key)
		return nil
	case convo.Internal:
		// Not a kind that clients repeat: it would not help.
		return convo.WrapError(convo.Conflict, err,
			"this conversation is damaged: it could not be brought back when the server started, and takes no turns; who runs the server finds out more with parley check")
	}
	return err
}

// recover brings one conversation's turns back to life.
func (e *Engine) recover(ctx context.Context, key hub.Key) error {
	head, err := e.store.Head(ctx, key.Tenant, key.Conversation)
	if err != nil {
		return err
	}
	active := head.Active()
	var next *run
	switch {
	case active == nil:
		next, err = e.handOver(key, func(store.Tx) error { return nil })
	case active.State == convo.StateWaiting:
		return nil
	default:
		next, err = e.recoverRunning(ctx, key, &head, active.ID)
	}
	if next != nil {
		go e.run(key, next)
	}
	return err
}

func (e *Engine) recoverRunning(ctx context.Context, key hub.Key, head *convo.Head, turn string) (*run, error) {
	rest, err := e.unfinished(ctx, key, turn)
	if err != nil {
		return nil, err
	}
	if rest.asked == nil {
		r := e.register(turn)
		if r != nil {
			r.take(head)
		}
		return r, nil
	}
	e.log.Info("closing an interrupted turn", "turn", turn, "conversation", key.Conversation)
	return e.closeUnfinished(ctx, key, turn, nil, convo.TurnEnded{Reason: convo.EndInterrupted})
}

// unfinished is what a turn left open in the log.
type unfinished struct {
	state   convo.TurnState
	asked   *convo.ModelAsked
	askedAt time.Time
	message *convo.MessageStarted
	text    strings.Builder
	length  int // of all text since the model was asked
	usage   convo.Usage
}

// unfinished reads what a turn left open.
func (e *Engine) unfinished(ctx context.Context, key hub.Key, turn string) (*unfinished, error) {
	t, err := e.store.Turn(ctx, key.Tenant, key.Conversation, turn)
	if err != nil {
		return nil, err
	}
	u := &unfinished{state: t.State, usage: t.Usage}
	pages := newPager()
	for after := t.OpenedSeq - 1; ; {
		events, last, err := pages.read(ctx, e.store, key, after)
		if err != nil {
			return nil, err
		}
		for _, event := range events {
			if event.Turn == turn {
				u.add(event)
			}
		}
		if last {
			return u, nil
		}
		after = events[len(events)-1].Seq
	}
}

func (u *unfinished) add(event convo.Event) {
	switch b := event.Body.(type) {
	case convo.ModelAsked:
		u.asked, u.askedAt, u.length = &b, event.At, 0
	case convo.ModelAnswered:
		u.asked = nil
	case convo.MessageStarted:
		u.message = &b
		u.text = strings.Builder{}
	case convo.Delta:
		u.text.WriteString(b.Text)
		u.length += len(b.Text)
	case convo.MessageEnded:
		u.message = nil
	}
}

// close writes the ends of what was left open, and gives the turn's usage.
func (u *unfinished) close(tx store.Tx, turn string) (convo.Usage, error) {
	usage := u.usage
	for _, event := range u.closing(turn, now()) {
		if b, ok := event.Body.(convo.ModelAnswered); ok {
			usage = usage.Add(b.Usage)
		}
		if err := tx.Append(event); err != nil {
			return usage, err
		}
	}
	return usage, nil
}

// closing gives the ends of what was left open.
func (u *unfinished) closing(turn string, at time.Time) []convo.Event {
	var events []convo.Event
	if m := u.message; m != nil {
		ended := convo.MessageEnded{ID: m.ID, Place: m.Place, Type: m.Type, Text: u.text.String(), Incomplete: true}
		events = append(events, convo.Event{At: at, Turn: turn, Body: ended})
	}
	if u.asked == nil {
		return events
	}
	usage := convo.Usage{
		Input:  convo.Tokens{N: u.asked.Prompt, Estimated: true},
		Output: convo.Tokens{N: estimate(u.length), Estimated: true},
	}
	answered := convo.ModelAnswered{Model: u.asked.Model, Usage: usage, Took: max(0, at.Sub(u.askedAt))}
	return append(events, convo.Event{At: at, Turn: turn, Body: answered})
}
