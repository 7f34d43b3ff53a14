package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool"
)

const (
	// turnTools is how many tools of one turn run at once.
	turnTools = 16
	// allTools is how many tools run at once in the whole server, those included
	// that go on although nobody waits for them any more.
	allTools = 1024
	// lingerTime is how long a tool may go on that was given up on before the
	// operator is told.
	lingerTime = 5 * time.Second
)

// errTooLong is the cause of the end of a tool's context when its time is up.
var errTooLong = errors.New("the tool took too long")

// toolEnd is the end of a call that ran.
type toolEnd struct {
	id      string
	output  convo.JSON
	outcome convo.ToolOutcome
}

// callTool carries out one call and gives its end, at the latest when ctx ends
// or its time is up: a tool that takes no notice of that goes on alone.
func (e *Engine) callTool(ctx context.Context, t tool.Tool, c tool.Call) toolEnd {
	limit := e.limits.ToolTime
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errTooLong)
	defer cancel()
	name := t.Spec().Name
	ctx, observed := e.observer.ToolStarted(ctx, ToolStart{Conversation: c.Conversation, ID: c.ID, Name: name})
	end := toolEnd{id: c.ID}
	select {
	case e.toolSlots <- struct{}{}:
		end.output, end.outcome = e.awaitTool(ctx, t, c)
	case <-ctx.Done():
		end.output, end.outcome = e.toolOver(ctx, context.Cause(ctx), name)
	}
	observed.Ended(end.outcome)
	return end
}

// awaitTool runs a tool in a slot that it has, and frees the slot when the tool
// has really ended.
func (e *Engine) awaitTool(ctx context.Context, t tool.Tool, c tool.Call) (convo.JSON, convo.ToolOutcome) {
	type result struct {
		output convo.JSON
		err    error
	}
	results, gone := make(chan result, 1), make(chan struct{})
	go func() {
		defer func() { <-e.toolSlots; close(gone) }()
		output, err := e.tryTool(ctx, t, c)
		results <- result{output, err}
	}()
	var r result
	select {
	case r = <-results:
	case <-ctx.Done():
		select {
		case r = <-results:
		default:
			e.watchTool(t.Spec().Name, c.ID, gone)
			return e.toolOver(ctx, context.Cause(ctx), t.Spec().Name)
		}
	}
	if r.err != nil {
		return e.toolOver(ctx, r.err, t.Spec().Name)
	}
	return boundOutput(nil, r.output), convo.ToolDone
}

// watchTool tells the operator of a tool that goes on although it was given up
// on: it holds a slot until it ends.
func (e *Engine) watchTool(name, call string, gone <-chan struct{}) {
	time.AfterFunc(lingerTime, func() {
		select {
		case <-gone:
		default:
			e.log.Warn("a tool does not end although its call was given up on", "tool", name, "call", call)
		}
	})
}

// tryTool calls a tool, which may panic.
func (e *Engine) tryTool(ctx context.Context, t tool.Tool, c tool.Call) (output convo.JSON, err error) {
	defer func() {
		if p := recover(); p != nil {
			e.log.Error("a tool panicked", "tool", t.Spec().Name, "call", c.ID, "panic", told(t, p), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", told(t, p))
		}
	}()
	result, err := t.Call(ctx, c)
	return result.Output, err
}

// toolOver is the end of a call that failed, was stopped or took too long.
func (e *Engine) toolOver(ctx context.Context, err error, name string) (convo.JSON, convo.ToolOutcome) {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errTooLong):
		return failureOutput("the tool did not answer within %s", e.limits.ToolTime), convo.ToolFailed
	case cause != nil:
		return cancelledOutput(), convo.ToolCancelled
	}
	if kind := convo.ErrorKind(err); kind != convo.Internal {
		// What it says is for the model, and may be what another server answered.
		e.log.Info("a tool failed", "tool", name, "kind", kind)
	} else {
		e.log.Warn("a tool failed", "tool", name, "error", err)
	}
	return toolFailure(err), convo.ToolFailed
}
