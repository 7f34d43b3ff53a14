package engine

import (
	"context"
	"errors"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// errStopped is the cause of a turn that somebody stopped.
var errStopped = errors.New("stopped")

// errRuns sends a stop back to a turn that has started meanwhile.
var errRuns = errors.New("the turn runs")

// Stop ends a turn, or the active one if turn is "". It returns how many it
// ended, after they have ended: the provider's request is cancelled, the
// partial text is stored. A turn that has ended already counts as none.
func (e *Engine) Stop(ctx context.Context, actor convo.Actor, conversation, turn string) (int, error) {
	key, err := within(actor, conversation)
	if err != nil {
		return 0, err
	}
	for {
		head, err := e.store.Head(ctx, key.Tenant, key.Conversation)
		if err != nil {
			return 0, err
		}
		id := turn
		if id == "" && head.Active() != nil {
			id = head.Active().ID
		}
		if id == "" {
			return 0, nil
		}
		if head.Turn(id) == nil {
			_, err := e.store.Turn(ctx, key.Tenant, key.Conversation, id)
			return 0, err
		}
		if e.runs(id) && head.Turn(id).State == convo.StateRunning {
			return 1, e.halt(ctx, id, errStopped)
		}
		err = e.closeIdleTurn(ctx, key, id, convo.EndStopped)
		if !errors.Is(err, errRuns) {
			return 1, err
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
func (e *Engine) closeIdleTurn(ctx context.Context, key hub.Key, turn string, reason convo.EndReason) error {
	next, err := e.closeUnfinished(ctx, key, turn, nil, convo.TurnEnded{Reason: reason})
	if next != nil {
		go e.run(key, next)
	}
	return err
}

// closeUnfinished ends a turn from outside, with the message and the model
// call that it left open, and starts the next one. A turn that runs in this
// process is left alone (errRuns), unless its own run asks.
func (e *Engine) closeUnfinished(ctx context.Context, key hub.Key, turn string, own *run, end convo.TurnEnded) (*run, error) {
	rest, err := e.unfinished(ctx, key, turn)
	if err != nil {
		return nil, err
	}
	return e.handOver(key, func(tx store.Tx) error {
		if tx.Head() == nil || tx.Head().Turn(turn) == nil {
			return nil
		}
		t := *tx.Head().Turn(turn)
		started := t.State == convo.StateRunning && rest.state != convo.StateRunning // since it was looked at
		if r := e.running(turn); started || r != nil && r != own {
			return errRuns
		}
		usage, err := rest.close(tx, turn)
		if err != nil {
			return err
		}
		t.Usage = usage
		return closeTurn(tx, t, end)
	})
}
