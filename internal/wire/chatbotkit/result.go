package chatbotkit

import "github.com/parleyhq/parley/internal/convo"

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
	ID    string      `json:"id,omitempty"`
	Text  string      `json:"text"`
	Usage resultUsage `json:"usage"`
	End   resultEnd   `json:"end"`
	Error *wireError  `json:"error,omitempty"`
}

// resultUsage counts the whole turn. Token is what clients read; the rest is
// ours.
type resultUsage struct {
	Token     int64  `json:"token"`
	Input     int64  `json:"input"`
	Cached    int64  `json:"cached"`
	Reasoning int64  `json:"reasoning"`
	Output    int64  `json:"output"`
	Source    string `json:"source"`
}

type resultEnd struct {
	Reason string `json:"reason"`
}

// result sums a turn up. Its id is the bot message, else the last message that
// the turn stored, else the conversation's, so that a caller always has one.
func (v *turnView) result(end convo.TurnEnded) turnResult {
	u := end.Usage
	r := turnResult{
		Text:  v.text,
		Usage: resultUsage{u.Total(), u.Input.N, u.Cached.N, u.Reasoning.N, u.Output.N, source(u)},
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
func source(u convo.Usage) string {
	if u.Estimated() {
		return "estimated"
	}
	return "reported"
}

// endReason is what this API calls the way in which a turn ended.
func endReason(r convo.EndReason) string {
	switch r {
	case convo.EndDone:
		return "stop"
	case convo.EndLength:
		return "length"
	case convo.EndStopped:
		return "abort"
	case convo.EndCaller:
		return "activity"
	case convo.EndLimit:
		return "iteration"
	}
	return "error" // failed and interrupted
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
