package engine

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/store"
)

// recoverers is how many conversations are recovered at once: enough that they
// share commits and that one long log does not hold up the others.
const recoverers = 16

// Start goes on where the process before this one stopped, as the log says: a
// turn whose model call was open is closed as interrupted, with its partial
// text; a call of a tool that had begun is closed as interrupted, and so is its
// turn, unless another call of it waits; a turn in the background goes on from there,
// once; one that was between two steps goes on; queued ones run when their time
// comes; waiting ones wait on, as do exchanges that are still being said. Then the engine is ready for requests.
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
	e.findWaits(ctx, open)
	e.recoverAll(ctx, all)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	e.waits.arm()
	for _, t := range open {
		if t.State == convo.StateOpen {
			e.idle.touch(hub.Key{Tenant: t.Tenant, Conversation: t.Conversation}, t.ID)
		}
	}
	e.repeats.mu.Lock()
	e.repeats.ready = time.Now()
	e.repeats.mu.Unlock()
	e.startEmbedding()
	return e.startIndexing(ctx)
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
	for _, t := range head.Open {
		e.quotas.reserve(t.ID, newClaim(key.Tenant, head.BotID, model.Choice{}, 0))
	}
	active := head.Active()
	var next *run
	switch {
	case active == nil:
		next, err = e.handOver(key, func(store.Tx) error { return nil })
	case active.State == convo.StateWaiting:
		next, err = e.handOver(key, func(store.Tx) error { return nil }) // if it was answered when the engine drained
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
	began := rest.began()
	asked := rest.asked != nil && rest.latest == 0 // none of its calls is in the log
	switch {
	case !began && !asked:
		r := e.register(head.Active())
		if r != nil {
			r.goOn(head)
		}
		return r, nil
	case began && rest.awaited():
		e.log.Info("a turn waits on without a call that was interrupted", "turn", turn, "conversation", key.Conversation)
		return e.goOn(key, turn, func(tx store.Tx) error { return rest.leave(tx, turn) })
	case head.Active().Background && rest.reruns == 0:
		e.log.Info("an interrupted turn goes on", "turn", turn, "conversation", key.Conversation)
		return e.goOn(key, turn, func(tx store.Tx) error { return rest.rerun(tx, turn) })
	}
	e.log.Info("closing an interrupted turn", "turn", turn, "conversation", key.Conversation)
	return e.closeUnfinished(ctx, key, turn, nil, convo.TurnEnded{Reason: convo.EndInterrupted}, "")
}

// goOn changes a turn that runs nowhere, and gives its run if it runs then.
func (e *Engine) goOn(key hub.Key, turn string, change func(store.Tx) error) (r *run, err error) {
	err = e.update(e.ctx, key, store.Durable, func(tx store.Tx) error {
		e.unregister(r) // the transaction may run again
		r = nil
		if err := change(tx); err != nil {
			return err
		}
		if t := tx.Head().Turn(turn); t.State == convo.StateRunning {
			if r = e.register(t); r != nil {
				r.goOn(tx.Head())
			}
		}
		return nil
	})
	if err != nil {
		e.unregister(r)
		return nil, err
	}
	return r, nil
}

// unfinished is what a turn left open in the log.
type unfinished struct {
	progress
	state   convo.TurnState
	next    int64 // the place of the turn's next message
	message *convo.MessageStarted
	text    strings.Builder
	cited   []convo.Citation // of the message
	length  int              // of all text since the model was asked
}

// unfinished reads what a turn left open.
func (e *Engine) unfinished(ctx context.Context, key hub.Key, turn string) (*unfinished, error) {
	t, err := e.store.Turn(ctx, key.Tenant, key.Conversation, turn)
	if err != nil {
		return nil, err
	}
	u := &unfinished{state: t.State, next: t.Next}
	return u, e.eachOf(ctx, key, t, u.add)
}

// old reports whether the turn has gone on since it was read.
func (u *unfinished) old(t convo.Turn) bool {
	return t.State == convo.StateRunning && u.state != convo.StateRunning || t.Next != u.next
}

// eachOf passes the events of a turn to fn.
func (e *Engine) eachOf(ctx context.Context, key hub.Key, t convo.Turn, fn func(convo.Event)) error {
	pages := newPager()
	for after := t.OpenedSeq - 1; ; {
		events, last, err := pages.read(ctx, e.store, key, after)
		if err != nil {
			return err
		}
		for _, event := range events {
			if event.Turn == t.ID {
				fn(event)
			}
		}
		if last {
			return nil
		}
		after = events[len(events)-1].Seq
	}
}

func (u *unfinished) add(event convo.Event) {
	u.progress.add(event)
	switch b := event.Body.(type) {
	case convo.ModelAsked:
		u.length = 0
	case convo.MessageStarted:
		if convo.SlotOf(b.Place) == 0 {
			return // a client's, which has ended before the turn started
		}
		u.message, u.cited = &b, nil
		u.text = strings.Builder{}
	case convo.Cited:
		if u.message != nil && u.message.ID == b.Message {
			u.cited = append(u.cited, b.Citation)
		}
	case convo.Delta:
		if u.message == nil || u.message.ID != b.Message {
			return
		}
		u.text.WriteString(b.Text)
		u.length += len(b.Text)
	case convo.MessageEnded:
		u.message = nil
	}
}

// close writes the ends of what was left open: of the message, the calls and the
// model call. It gives the turn's usage.
func (u *unfinished) close(tx store.Tx, turn string, outcome convo.ToolOutcome) (convo.Usage, error) {
	usage := u.usage
	var answered []convo.Event
	for _, event := range u.closing(turn, now()) {
		if b, ok := event.Body.(convo.ModelAnswered); ok {
			usage = usage.Add(b.Usage)
			answered = append(answered, event)
		} else if err := tx.Append(event); err != nil {
			return usage, err
		}
	}
	if err := endCalls(tx, turn, outcome, func(convo.OpenCall) bool { return true }); err != nil {
		return usage, err
	}
	return usage, appendAll(tx, answered)
}

// leave ends the calls that had begun, and lets the turn wait for the others, unless
// one of them was approved: that one is carried out now.
func (u *unfinished) leave(tx store.Tx, turn string) error {
	if err := endCalls(tx, turn, convo.ToolInterrupted, begun); err != nil {
		return err
	}
	if due(tx.Head().Turn(turn).Calls) {
		return nil
	}
	waiting := convo.TurnWaiting{Left: u.left}
	if u.asked != nil {
		answered := u.answeredBy(now())
		waiting.Answered = &answered
	}
	return tx.Append(convo.Event{At: now(), Turn: turn, Body: waiting})
}

// rerun ends what was interrupted, and lets the turn go on behind it.
func (u *unfinished) rerun(tx store.Tx, turn string) error {
	if u.latest == 0 {
		if err := appendAll(tx, u.closing(turn, now())); err != nil {
			return err
		}
	} else if err := endCalls(tx, turn, convo.ToolInterrupted, begun); err != nil {
		return err
	}
	return tx.Append(convo.Event{At: now(), Turn: turn, Body: convo.TurnResumed{Rerun: true}})
}

// begun reports whether a call of the server has begun.
func begun(c convo.OpenCall) bool { return c.Runs == convo.RunsServer && c.Started != 0 }

// endCalls ends some of the open calls of a turn.
func endCalls(tx store.Tx, turn string, outcome convo.ToolOutcome, which func(convo.OpenCall) bool) error {
	t := tx.Head().Turn(turn)
	if t == nil {
		return nil
	}
	for _, call := range slices.Clone(t.Calls) {
		if !which(call) {
			continue
		}
		for _, body := range endsOf(call, newID(), outcomeOutput(outcome), outcome) {
			if err := appendAll(tx, []convo.Event{{At: now(), Turn: turn, Body: body}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// closing gives the ends of the message and the model call that were left open.
func (u *unfinished) closing(turn string, at time.Time) []convo.Event {
	var events []convo.Event
	if m := u.message; m != nil {
		ended := convo.MessageEnded{ID: m.ID, Place: m.Place, Type: m.Type, Text: u.text.String(), Incomplete: true, Citations: u.cited}
		events = append(events, convo.Event{At: at, Turn: turn, Body: ended})
	}
	if u.asked == nil {
		return events
	}
	return append(events, convo.Event{At: at, Turn: turn, Body: u.answeredBy(at)})
}

// answeredBy is the end of the open model call.
func (u *unfinished) answeredBy(at time.Time) convo.ModelAnswered {
	if u.answered != nil {
		return *u.answered
	}
	return u.estimate(u.length, at)
}
