package engine

import (
	"context"
	"errors"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// stoppedBy is the cause of a turn that somebody stopped: a client, whom its end is
// not sent to, or "" = anybody else.
type stoppedBy struct{ client string }

func (stoppedBy) Error() string { return "stopped" }

// stopper is the client that stopped what runs under a context, or "".
func stopper(ctx context.Context) string {
	cause, _ := errors.AsType[stoppedBy](context.Cause(ctx))
	return cause.client
}

// errRuns sends a stop back to a turn that has started or gone on meanwhile.
var errRuns = errors.New("the turn runs")

// Stop ends a turn, or the active one if turn is "". It returns how many it
// ended, after they have ended: the provider's request is cancelled, the
// partial text is stored. A turn that has ended already counts as none.
func (e *Engine) Stop(ctx context.Context, actor convo.Actor, conversation, turn string, ask *Ask) (int, error) {
	key, err := within(actor, conversation)
	if err != nil {
		return 0, err
	}
	stopped, id := 0, ""
	var closed []convo.Turn
	err = e.once(ctx, key, actor, ask, func(tx store.Tx) (_ any, err error) {
		closed = nil // the transaction may run again
		if stopped, id, err = target(tx, conversation, turn); err != nil || stopped == 0 {
			return stopped, err
		}
		if r := e.running(id); r != nil {
			r.cancel(stoppedBy{}) // before the commit, which may wait for a disk
		}
		if t := *tx.Head().Turn(id); t.State == convo.StateQueued {
			// With the record of the request: it must not run after a kill.
			closed = append(closed, t)
			err = closeTurn(tx, t, convo.TurnEnded{Reason: convo.EndStopped}, "")
		}
		return stopped, err
	})
	if err != nil || stopped == 0 || ask.replayed() {
		return stopped, err
	}
	e.noteStopped(closed)
	return stopped, e.explain(key, e.stop(ctx, key, id, ""))
}

// target finds the turn that a stop means. It is chosen in the transaction that
// records the request, so that a repeat does not stop the turn after it.
func target(tx store.Tx, conversation, turn string) (stopped int, id string, err error) {
	head := tx.Head()
	switch {
	case head == nil:
		return 0, "", unknownConversation(conversation)
	case turn == "" && head.Active() == nil:
		return 0, "", nil
	case turn == "":
		return 1, head.Active().ID, nil
	case head.Turn(turn) == nil:
		_, err := tx.Turn(turn) // it has ended, or never was
		return 0, turn, err
	}
	return 1, turn, nil
}

// stop ends an open turn. It is on record that it did, so it does, whether the
// caller waits for it or not. A run may end without its turn: one that has just
// left it to wait, or to the next start.
func (e *Engine) stop(ctx context.Context, key hub.Key, id, by string) error {
	steady := context.WithoutCancel(ctx)
	for {
		head, err := e.store.Head(steady, key.Tenant, key.Conversation)
		if err != nil || head.Turn(id) == nil {
			return err // it ended by itself
		}
		if e.runs(id) {
			if err := e.halt(ctx, id, stoppedBy{by}); err != nil {
				return err
			}
			continue
		}
		if err = e.closeIdleTurn(steady, key, id, convo.EndStopped, by); !errors.Is(err, errRuns) {
			return err
		}
	}
}

// halt cancels a turn that runs in this process and waits for its end.
func (e *Engine) halt(ctx context.Context, turn string, cause error) error {
	r := e.running(turn)
	if r == nil {
		return nil
	}
	r.cancel(cause)
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// closeIdleTurn ends a turn that does not run in this process: a queued or
// waiting one, or one whose end could not be written.
func (e *Engine) closeIdleTurn(ctx context.Context, key hub.Key, turn string, reason convo.EndReason, by string) error {
	next, err := e.closeUnfinished(ctx, key, turn, nil, convo.TurnEnded{Reason: reason}, by)
	if next != nil {
		go e.run(key, next)
	}
	return err
}

// closeUnfinished ends a turn from outside, with the message, the calls and the
// model call that it left open, and starts the next one. A turn that runs in this
// process, or has run since it was looked at, is left alone (errRuns), unless its own
// run asks.
func (e *Engine) closeUnfinished(ctx context.Context, key hub.Key, turn string, own *run, end convo.TurnEnded, by string) (*run, error) {
	rest, err := e.unfinished(ctx, key, turn)
	if err != nil {
		return nil, err
	}
	var closed convo.Turn
	next, err := e.handOver(key, func(tx store.Tx) error {
		closed = convo.Turn{} // the transaction may run again
		if tx.Head() == nil || tx.Head().Turn(turn) == nil {
			return nil
		}
		t := *tx.Head().Turn(turn)
		if r := e.running(turn); r != nil && r != own || own == nil && rest.old(t) {
			return errRuns
		}
		usage, err := rest.close(tx, turn, outcomeOf(end.Reason))
		if err != nil {
			return err
		}
		t.Usage, closed = usage, t
		return closeCounted(tx, t, end, by, rest.model, rest.messages)
	})
	if err == nil {
		e.endWaits(turn)
	}
	if err == nil && own == nil && closed.ID != "" {
		e.observer.Closed(closed.Front, end.Reason)
	}
	return next, err
}

// outcomeOf is how the open calls of a turn end that ends early.
func outcomeOf(reason convo.EndReason) convo.ToolOutcome {
	if reason == convo.EndInterrupted {
		return convo.ToolInterrupted
	}
	return convo.ToolCancelled
}
