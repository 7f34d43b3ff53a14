package engine

import (
	"context"
	"errors"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// AnswerCall ends a call that waits for somebody outside, as who answers it does.
func (e *Engine) AnswerCall(ctx context.Context, tenant, conversation, turn, call string, output convo.JSON) error {
	var done func(bool)
	err := e.update(ctx, hub.Key{Tenant: tenant, Conversation: conversation}, store.Durable, func(tx store.Tx) (err error) {
		if done != nil {
			done(false)
		}
		done, err = e.answerIn(tx, turn, call, output, convo.ToolDone)
		return err
	})
	if done != nil {
		done(err == nil)
	}
	return err
}

// Answer says something about a call that waits for it, as a client's saying does.
func (e *Engine) Answer(ctx context.Context, tenant, conversation, turn, origin string, said Said) error {
	key := hub.Key{Tenant: tenant, Conversation: conversation}
	r, err := e.prepareAnswer(ctx, key, said)
	if err != nil {
		return err
	}
	done := func(bool) {}
	err = e.update(ctx, key, store.Durable, func(tx store.Tx) error {
		done(false)
		done = func(bool) {}
		told, err := e.answerAsked(tx, turn, r, origin)
		if err == nil {
			done = told
		}
		return err
	})
	done(err == nil)
	if errors.Is(err, errNotOpen) {
		return e.explainAnswer(ctx, key, turn, r)
	}
	return err
}

// Waits counts the calls that wait for somebody outside.
func (e *Engine) Waits() int {
	e.waits.mu.Lock()
	defer e.waits.mu.Unlock()
	n := 0
	for _, list := range e.waits.byChannel {
		n += len(list)
	}
	for _, list := range e.waits.byTurn {
		for _, w := range list {
			if w.channel.channel == "" {
				n++
			}
		}
	}
	return n
}

// IdleInputs counts the exchanges whose input is waited for.
func (e *Engine) IdleInputs() int {
	e.idle.mu.Lock()
	defer e.idle.mu.Unlock()
	return len(e.idle.byTurn)
}

// BoundOutput is what the model is told of a tool's output.
func BoundOutput(output convo.JSON) convo.JSON { return boundOutput(nil, output) }

// MessageEnd says how a message ends the call that waits for it.
func MessageEnd(message convo.JSON) (output convo.JSON, outcome convo.ToolOutcome) {
	end := messageEnd(message)
	return end.output, end.outcome
}

// Idle waits until nothing is done in the background.
func (e *Engine) Idle() { e.active.Wait() }

// FindMemories searches what a tenant has remembered, for those with all of the tags.
func (e *Engine) FindMemories(ctx context.Context, tenant, text string, must ...string) ([]Found, error) {
	return e.findMemories(ctx, tenant, finding{Text: text, Must: must})
}

// FindOutside searches memories for a text of which an embedder sees another one.
func (e *Engine) FindOutside(ctx context.Context, tenant, text, outside string) ([]Found, error) {
	return e.findMemories(ctx, tenant, finding{Text: text, Outside: outside})
}
