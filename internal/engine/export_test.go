package engine

import (
	"context"

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

// Waits counts the calls that wait for messages.
func (e *Engine) Waits() int {
	e.waits.mu.Lock()
	defer e.waits.mu.Unlock()
	n := 0
	for _, list := range e.waits.byChannel {
		n += len(list)
	}
	return n
}

// BoundOutput is what the model is told of a tool's output.
func BoundOutput(output convo.JSON) convo.JSON { return boundOutput(output) }

// MessageEnd says how a message ends the call that waits for it.
func MessageEnd(message convo.JSON) (output convo.JSON, outcome convo.ToolOutcome) {
	end := messageEnd(message)
	return end.output, end.outcome
}
