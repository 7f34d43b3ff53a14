package engine

import (
	"context"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
)

// Observer is told what turns do, for metrics and traces. It is asked once for
// each turn and once for each model call, never for a token.
//
// Its methods are called by many goroutines, on the way of the turn: they must
// not block. What they are given belongs to the engine and is read only while
// the method, or the call that is observed, lasts.
type Observer interface {
	// Asked says that the request with this context asks for a stored turn. The
	// turn may start much later, on another goroutine, or never.
	Asked(ctx context.Context, conversation, turn string)

	// TurnStarted begins to observe a turn that runs in this process. The turn
	// works under the context that is returned, which is ctx or derived from it.
	TurnStarted(ctx context.Context, t TurnStart) (context.Context, TurnObservation)

	// ModelAsked begins to observe one model call with all its attempts, in the
	// same way.
	ModelAsked(ctx context.Context, c CallStart) (context.Context, CallObservation)

	// ToolStarted begins to observe one call of a tool of the server, in the same
	// way.
	ToolStarted(ctx context.Context, t ToolStart) (context.Context, ToolObservation)

	// Closed says that a stored turn ended without running here: it was stopped
	// while it was queued, or its process had died.
	Closed(front string, reason convo.EndReason)
}

// TurnObservation is one turn that runs.
type TurnObservation interface {
	// Ended is called once, when the turn's end is stored, or given up on, or when
	// it waits.
	Ended(TurnEnd)
}

// CallObservation is one model call.
type CallObservation interface {
	// Failed says that the provider failed one attempt, or that it was
	// cancelled; another may follow.
	Failed(err error)

	// Said gives a message of the answer, whole or as far as it came.
	Said(kind convo.MessageType, text string)

	// Ended is called once, after the others.
	Ended(CallEnd)
}

// ToolObservation is one call of a tool.
type ToolObservation interface {
	// Ended is called once.
	Ended(outcome convo.ToolOutcome)
}

// ToolStart is a call of a tool that begins.
type ToolStart struct {
	Conversation string // "" for a stateless turn
	ID           string // the call's
	Name         string // the tool's
}

// TurnStart is a turn that starts to run.
type TurnStart struct {
	Conversation string // "" for a stateless turn
	Turn         string // "" for a stateless turn
	Front        string
	Waited       time.Duration // from its admission to its start
	GoesOn       bool          // it has run before: it waited, or its process died
}

// TurnEnd is how a turn ended.
type TurnEnd struct {
	Choice model.Choice // the zero value: no model was found for it
	Ended  convo.TurnEnded
	Waits  bool // it has not ended: it waits for somebody outside, and starts again when he has answered
}

// CallStart is a model call that begins.
type CallStart struct {
	Conversation string // "" for a stateless turn
	Choice       model.Choice
	Messages     []model.Message
}

// CallEnd is how a model call ended.
type CallEnd struct {
	Answered convo.ModelAnswered
	Stop     model.StopReason // 0 = it did not end by itself
	Err      error            // why not; the call's context says whether it was stopped
	Left     bool             // nobody read it any more
}

// unobserved is the observer of an engine that was given none.
type unobserved struct{}

func (unobserved) Asked(context.Context, string, string) {}

func (unobserved) TurnStarted(ctx context.Context, _ TurnStart) (context.Context, TurnObservation) {
	return ctx, unobservedTurn{}
}

func (unobserved) ModelAsked(ctx context.Context, _ CallStart) (context.Context, CallObservation) {
	return ctx, unobservedCall{}
}

func (unobserved) ToolStarted(ctx context.Context, _ ToolStart) (context.Context, ToolObservation) {
	return ctx, unobservedTool{}
}

func (unobserved) Closed(string, convo.EndReason) {}

type unobservedTurn struct{}

func (unobservedTurn) Ended(TurnEnd) {}

type unobservedTool struct{}

func (unobservedTool) Ended(convo.ToolOutcome) {}

type unobservedCall struct{}

func (unobservedCall) Failed(error)                   {}
func (unobservedCall) Said(convo.MessageType, string) {}
func (unobservedCall) Ended(CallEnd)                  {}
