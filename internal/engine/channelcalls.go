package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// retryExpiry is after how long a call that has waited for too long is ended
// anew, if that could not be stored.
const retryExpiry = 10 * time.Second

// Errors that send a publication to the next wait.
var (
	errWaitOver = errors.New("nobody waits any more")
	errWaitSoon = errors.New("the wait has not begun")
)

// beginWait registers the wait of a call for the next message of its channel, or
// for its user or a client. It comes before the transaction that says that the call
// has begun, or asks: an answer that follows that finds it.
func (e *Engine) beginWait(key hub.Key, turn string, call convo.OpenCall, since time.Time) {
	limit := e.limits.ChannelWait
	if call.Runs != convo.RunsChannel {
		limit = e.limits.Approval
	}
	e.waits.begin(key, turn, call, since, limit)
}

// endWaits forgets the waits of a turn.
func (e *Engine) endWaits(turn string) { e.waits.end(turn) }

// findWaits registers the waits of turns that were open when the process before
// this one ended.
func (e *Engine) findWaits(ctx context.Context, open []convo.Turn) {
	for _, t := range open {
		key := hub.Key{Tenant: t.Tenant, Conversation: t.Conversation}
		for _, call := range t.Calls {
			switch {
			case call.Started != 0 && outside(call):
				e.beginWait(key, t.ID, call, time.UnixMilli(call.Started))
			case asks(call):
				e.beginWait(key, t.ID, call, e.requestedAt(ctx, key, call))
			}
		}
	}
}

// requestedAt is when a call was requested. If that cannot be read, the call waits
// for longer than it might: a conversation that is damaged is found out later.
func (e *Engine) requestedAt(ctx context.Context, key hub.Key, call convo.OpenCall) time.Time {
	events, err := e.store.Events(ctx, key.Tenant, key.Conversation, call.Seq-1, 1)
	if err != nil || len(events) == 0 {
		return time.Now()
	}
	return events[0].At
}

// awaitMessage waits for the next message of a channel in a turn that has no
// log. It calls begin once a publication would find the wait.
func (e *Engine) awaitMessage(ctx context.Context, tenant, channel string, private bool, begin func() error) (convo.JSON, convo.ToolOutcome, error) {
	w := e.waits.await(tenant, channel, private)
	defer e.waits.remove(w)
	if err := begin(); err != nil {
		return nil, convo.ToolCancelled, err
	}
	timer := time.NewTimer(e.limits.ChannelWait)
	defer timer.Stop()
	for {
		select {
		case end := <-w.answer:
			return end.output, end.outcome, nil
		case <-timer.C:
			if e.waits.claim(w) {
				return timedOut(), convo.ToolFailed, nil
			}
			timer.Reset(retryExpiry) // a message is being stored for it
		case <-ctx.Done():
			return nil, convo.ToolCancelled, context.Cause(ctx)
		}
	}
}

// timedOut is what the model is told of a call that waited for too long.
func timedOut() convo.JSON { return convo.JSON(`{"error":"timed out"}`) }

// expire ends a call that has waited for too long.
func (e *Engine) expire(w *wait) {
	if e.enter(&e.active) != nil {
		return // the next start finds the call
	}
	defer e.active.Done()
	var err error
	if w.channel.channel == "" {
		err = e.expireAsked(w)
	} else {
		err = e.answer(e.over, w, callEnd{timedOut(), convo.ToolFailed}, nil, func(store.Tx) error { return nil })
	}
	switch {
	case err == nil, errors.Is(err, errWaitOver):
		e.waits.remove(w)
	default:
		if !errors.Is(err, errWaitSoon) {
			e.log.Error("a call that waited for too long could not be ended", "turn", w.turn, "conversation", w.key.Conversation, "error", err)
		}
		e.waits.again(w, retryExpiry)
	}
}

// answerer is how a transaction is carried out: by itself, or as the effect of a
// request.
type answerer func(ctx context.Context, key hub.Key, fn func(store.Tx) error) error

// answer ends the call of a wait with a conversation, in one transaction with
// what also writes. errWaitOver and errWaitSoon had no effect.
func (e *Engine) answer(ctx context.Context, w *wait, end callEnd, carryOut answerer, also func(store.Tx) error) error {
	if carryOut == nil {
		carryOut = func(ctx context.Context, key hub.Key, fn func(store.Tx) error) error {
			return e.update(ctx, key, store.Durable, fn)
		}
	}
	done := func(bool) {}
	answered := false
	err := carryOut(ctx, w.key, func(tx store.Tx) (err error) {
		done(false) // the transaction runs again
		done, answered = func(bool) {}, false
		if err := stillWaits(tx, w); err != nil {
			return err
		}
		if err := also(tx); err != nil {
			return err
		}
		told, err := e.answerIn(tx, w.turn, w.call, end.output, end.outcome)
		if err == nil {
			done, answered = told, true
		}
		return err
	})
	done(err == nil && answered)
	return err
}

// stillWaits looks whether a call waits in fact.
func stillWaits(tx store.Tx, w *wait) error {
	head := tx.Head()
	if head == nil || head.Turn(w.turn) == nil || head.Turn(w.turn).Call(w.call) == nil {
		return errWaitOver
	}
	if head.Turn(w.turn).Call(w.call).Started == 0 {
		return errWaitSoon
	}
	return nil
}

// publishTo publishes a message that ends the call of a wait. done is false if
// that one does not wait, and nothing was published.
func (e *Engine) publishTo(ctx context.Context, actor convo.Actor, w *wait, message convo.JSON, ask *Ask) (done bool, err error) {
	end := messageEnd(message)
	if w.answer != nil {
		return e.publishToStateless(ctx, actor, w, end, message, ask)
	}
	carryOut := func(ctx context.Context, key hub.Key, fn func(store.Tx) error) error {
		return e.once(ctx, key, actor, ask, func(tx store.Tx) (any, error) { return nil, fn(tx) })
	}
	err = e.answer(ctx, w, end, carryOut, func(tx store.Tx) error {
		_, err := tx.Publish(w.channel.channel, message, now())
		return err
	})
	switch {
	case errors.Is(err, errWaitOver):
		e.waits.remove(w)
		return false, nil
	case errors.Is(err, errWaitSoon):
		return false, nil
	case err == nil && !ask.replayed():
		e.waits.remove(w)
	}
	return true, err
}

func (e *Engine) publishToStateless(ctx context.Context, actor convo.Actor, w *wait, end callEnd, message convo.JSON, ask *Ask) (done bool, err error) {
	if !e.waits.claim(w) {
		return false, nil
	}
	kept := message
	if w.private {
		var err error
		if kept, err = e.sealMessage(w.channel, message); err != nil {
			e.waits.putBack(w)
			return true, err
		}
	}
	if err := e.publish(ctx, actor, w.channel, kept, ask); err != nil || ask.replayed() {
		e.waits.putBack(w)
		return true, err
	}
	w.answer <- end
	return true, nil
}

// messageEnd says how a message ends the call that waits for it: an object with
// nothing but an error is an error, one with nothing but data is that value, and
// everything else is the result as it is.
func messageEnd(message convo.JSON) callEnd {
	var object map[string]json.RawMessage
	if json.Unmarshal(message, &object) == nil && len(object) == 1 {
		if data, ok := object["data"]; ok {
			return callEnd{compact(data), convo.ToolDone}
		}
		if _, ok := object["error"]; ok {
			return callEnd{compact(message), convo.ToolFailed}
		}
	}
	return callEnd{compact(message), convo.ToolDone}
}

// compact leaves out the blanks between the tokens of a JSON text.
func compact(text []byte) convo.JSON {
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		return text
	}
	return b.Bytes()
}
