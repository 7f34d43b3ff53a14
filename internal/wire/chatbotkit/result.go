package chatbotkit

import (
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/openapi"
)

// turnView remembers of a turn's events what its result says.
type turnView struct {
	conversation string // "" for a stateless turn
	text         string // of the last bot message
	bot          string // id of the last bot message that was stored
	last         string // id of the last message that was stored
	shown        bool   // something of the answer exists
	whole        bool   // it was seen from its beginning
}

// see takes note of an event.
func (v *turnView) see(e *convo.Event) {
	switch b := e.Body.(type) {
	case convo.TurnOpened:
		v.whole = true
	case convo.Delta:
		v.shown = true
	case convo.MessageGiven:
		v.message(b.ID, b.Fields.Type, b.Text)
	case convo.MessageEnded:
		v.shown = true
		v.message(b.ID, b.Type, b.Text)
	case convo.ToolRequested:
		v.shown = true
		v.message(b.Message, convo.Activity, "")
	case convo.ToolEnded:
		v.shown = true
		v.message(b.Message, convo.Activity, "")
	}
}

// message counts a message that the turn stored.
func (v *turnView) message(id string, kind convo.MessageType, text string) {
	v.last = id
	if kind == convo.Bot {
		v.bot, v.text = id, text
	}
}

// turnResult is the last line of a turn, and all of its JSON answer.
type turnResult struct {
	ID    string      `json:"id,omitempty" doc:"The stored bot message, else the last message that the turn stored, else the conversation. Left out without a conversation."`
	Text  string      `json:"text" doc:"The last bot message, or what there is of it. Empty where the turn ended with a call: end.reason activity or iteration."`
	Usage resultUsage `json:"usage"`
	End   resultEnd   `json:"end"`
	Error *wireError  `json:"error,omitempty" doc:"Why the turn failed; with end.reason error."`
}

// resultUsage counts the whole turn. Token is what clients read; the rest is
// ours.
type resultUsage struct {
	Token     int64  `json:"token" doc:"Input and output together."`
	Input     int64  `json:"input"`
	Cached    int64  `json:"cached"`
	Reasoning int64  `json:"reasoning"`
	Output    int64  `json:"output"`
	Source    source `json:"source"`
}

type resultEnd struct {
	Reason reason `json:"reason"`
}

// result sums a turn up. Its id is the bot message, else the last message that
// the turn stored, else the conversation's, so that a caller always has one.
func (v *turnView) result(end convo.TurnEnded) turnResult {
	u := end.Usage
	r := turnResult{
		Text:  v.text,
		Usage: resultUsage{u.Total(), u.Input.N, u.Cached.N, u.Reasoning.N, u.Output.N, sourceOf(u)},
		End:   resultEnd{endReason(end.Reason)},
		Error: turnError(end),
	}
	if end.Reason == convo.EndCaller || end.Reason == convo.EndLimit {
		r.Text = "" // what was said before the call is a message of its own
	}
	if v.conversation != "" {
		r.ID = v.conversation
		for _, id := range []string{v.last, v.bot} {
			if id != "" {
				r.ID = id
			}
		}
	}
	return r
}

// source says whether the provider counted the tokens or we did.
type source string

const (
	reported  source = "reported"
	estimated source = "estimated"
)

func sourceOf(u convo.Usage) source {
	if u.Estimated() {
		return estimated
	}
	return reported
}

// Describe implements [openapi.Describer].
func (*source) Describe(*openapi.Schemas) *openapi.Schema {
	return openapi.OneOf(reported, estimated).With("Who counted the tokens: the model's provider, or this server.")
}

// reason is what this API calls the way in which a turn ended.
type reason string

const (
	endStop      reason = "stop"      // the model finished
	endLength    reason = "length"    // cut by a limit of tokens
	endActivity  reason = "activity"  // a function without a result waits for the caller
	endIteration reason = "iteration" // a limit of the turn was reached
	endAbort     reason = "abort"     // somebody stopped it
	endError     reason = "error"     // it failed, or a crash interrupted it
)

// Describe implements [openapi.Describer].
func (*reason) Describe(*openapi.Schemas) *openapi.Schema {
	return openapi.OneOf(endStop, endLength, endActivity, endIteration, endAbort, endError).
		With("stop: the model finished. length: its answer was cut. activity: it waits for the caller. iteration: a limit was reached. abort: it was stopped. error: it failed.")
}

func endReason(r convo.EndReason) reason {
	switch r {
	case convo.EndDone:
		return endStop
	case convo.EndLength:
		return endLength
	case convo.EndStopped:
		return endAbort
	case convo.EndCaller:
		return endActivity
	case convo.EndLimit:
		return endIteration
	}
	return endError
}

// turnError says why a turn failed, or nil if it did not.
func turnError(end convo.TurnEnded) *wireError {
	switch {
	case end.Reason == convo.EndFailed && end.Failure != nil:
		_, code := statusOf(end.Failure.Kind)
		return &wireError{end.Failure.Message, code}
	case end.Reason == convo.EndFailed:
		_, code := statusOf(convo.Internal)
		return &wireError{"internal error", code}
	case end.Reason == convo.EndInterrupted:
		_, code := statusOf(convo.Unavailable)
		return &wireError{"the server stopped while the model answered; ask again", code}
	}
	return nil
}
