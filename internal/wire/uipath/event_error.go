package uipath

import (
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// The kinds of errors on the socket, as the published client lists them;
// AGENT_RUNTIME_ERROR is ours.
const (
	errSessionStart   = "SESSION_START_PROCESSING_FAILED"
	errClientEvent    = "CLIENT_EVENT_PROCESSING_FAILED"
	errNoExchange     = "COULD_NOT_ENSURE_EXCHANGE"
	errExchangeCreate = "EXCHANGE_COULD_NOT_BE_CREATED"
	errMessageCreate  = "MESSAGE_COULD_NOT_BE_CREATED"
	errMessageEnd     = "MESSAGE_END_PROCESSING_FAILED"
	errPartCreate     = "COULD_NOT_CREATE_CONTENT_PART"
	errFile           = "EXTERNAL_CONTENT_PART_PROCESSING_FAILED"
	errAgentStart     = "AGENT_COULD_NOT_BE_STARTED"
	errAgentRuntime   = "AGENT_RUNTIME_ERROR"
	errToolCallEnd    = "TOOL_CALL_END_PROCESSING_FAILED"
)

// errorOf is the error that an exchange ends with, or nil. One that was closed
// before its turn began has none: nothing went wrong.
func errorOf(b convo.TurnEnded, started bool) *errorEvent {
	switch {
	case b.Reason == convo.EndFailed && b.Failure != nil:
		return failureOf(b.Failure)
	case b.Reason == convo.EndInterrupted && started:
		return &errorEvent{ErrorID: errAgentRuntime, StartError: &errorStart{Message: "the server died while the agent answered"}}
	}
	return nil
}

// failureOf tells a failure by its code; without one it came while the agent worked.
func failureOf(f *convo.Failure) *errorEvent {
	id, code := whyOf(f.Code)
	return (&refusal{id, f.Message, code}).event()
}

// clockLayout is the form in which JavaScript prints times.
const clockLayout = "2006-01-02T15:04:05.000Z"

// clock is a time in an event.
func clock(t time.Time) string { return t.UTC().Format(clockLayout) }
