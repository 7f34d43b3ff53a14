package uipath

import (
	"encoding/json"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
)

// shownCall is a call of a tool as clients know it.
type shownCall struct {
	id        string
	message   *shownMessage
	start     callStart
	asks      convo.Asks
	runs      convo.Runner
	to        string // the session that carries it out, of a client's call
	announced bool
	answered  *confirmation
	runsWith  *executing
	fault     *errorEvent
	end       *callEnd
	ended     bool
}

// shownInterrupt is an interrupt that waits for its answer.
type shownInterrupt struct {
	id    string
	start interruptStart
	ended bool
}

// called takes the events of calls.
func (r *renderer) called(x *shownExchange, e *convo.Event) {
	switch b := e.Body.(type) {
	case convo.ToolRequested:
		r.requested(x, b)
	case convo.ToolAnswered:
		if c := x.call(b.ID); c != nil && c.asks == convo.AsksConfirm {
			c.answered = &confirmation{Approved: b.Approved}
			if b.Approved {
				c.answered.Input = given(b.Input)
			}
			r.tellCall(x, c, callEvent{ConfirmToolCall: c.answered})
		}
	case convo.ToolStarted:
		if c := x.call(b.ID); c != nil {
			r.startedCall(x, c, b)
		}
	case convo.ToolOffered:
		if c := x.call(b.ID); c != nil {
			c.to = b.To
			if c.runsWith != nil {
				r.hide(x, c, callEvent{ExecutingToolCall: c.runsWith})
			}
		}
	case convo.InterruptStarted:
		r.interrupted(x, b)
	case convo.InterruptEnded:
		r.resumed(x, b)
	case convo.ToolEnded:
		if c := x.call(b.ID); c != nil {
			r.endedCall(x, c, b)
		}
	}
}

func (x *shownExchange) call(id string) *shownCall {
	for _, m := range slices.Backward(x.messages) {
		for _, c := range m.calls {
			if c.id == id {
				return c
			}
		}
	}
	return nil
}

// requested makes a call known. It is announced now if somebody has to answer it,
// and else together with what becomes of it: a client may answer in the handler of
// its start, and what is told after that would come behind its end.
func (r *renderer) requested(x *shownExchange, b convo.ToolRequested) {
	m := x.open
	if m == nil {
		m = r.answer(x, b.Message)
	}
	c := &shownCall{id: b.ID, message: m, asks: b.Asked.Asks, runs: b.Runs, start: callStart{
		ToolName: b.Name, Input: given(b.Arguments), Timestamp: clock(r.at.At),
	}}
	if c.asks == convo.AsksConfirm {
		c.start.RequireConfirmation, c.start.InputSchema = true, json.RawMessage(b.Asked.Input)
	}
	if b.Runs == convo.RunsClient {
		c.start.IsClientSideTool, c.start.OutputSchema = true, json.RawMessage(b.Asked.Output)
	}
	m.calls = append(m.calls, c)
	if r.keeps {
		m.items = append(m.items, c)
	}
	switch {
	case c.asks != convo.AsksNothing:
		c.announced = true
		r.tellCall(x, c, callEvent{StartToolCall: &c.start})
	case c.runs == convo.RunsCaller:
		r.finish(x, c, callEnd{Cancelled: true, Output: json.RawMessage(`{"meta":"Left to the caller"}`), Timestamp: clock(r.at.At)})
	}
}

// tellCall adds a move of a call.
func (r *renderer) tellCall(x *shownExchange, c *shownCall, e callEvent) *move {
	e.ToolCallID = c.id
	return r.tellIn(x, c.message, messageEvent{ToolCall: &e})
}

// hide adds a move of a call for the session that carries it out, and for no other.
func (r *renderer) hide(x *shownExchange, c *shownCall, e callEvent) {
	m := r.tellCall(x, c, e)
	m.to, m.own, m.hidden = c.to, m.event, true
	m.event = event{}
}

func (r *renderer) startedCall(x *shownExchange, c *shownCall, b convo.ToolStarted) {
	c.runsWith = &executing{Input: given(b.Input), Timestamp: clock(r.at.At)}
	if b.To != "" {
		c.to = b.To
	}
	e := callEvent{ExecutingToolCall: c.runsWith}
	if !c.announced {
		c.announced, e.StartToolCall = true, &c.start
	}
	switch {
	case c.runs != convo.RunsClient:
		r.tellCall(x, c, e)
	case e.StartToolCall == nil:
		r.hide(x, c, e)
	default:
		m := r.tellCall(x, c, e)
		m.to, m.own = c.to, m.event
		m.event = withoutExecuting(m.event)
	}
}

// withoutExecuting copies the start of a call for those who do not carry it out.
func withoutExecuting(e event) event {
	x, m, c := *e.Exchange, *e.Exchange.Message, *e.Exchange.Message.ToolCall
	c.ExecutingToolCall = nil
	m.ToolCall, x.Message = &c, &m
	e.Exchange = &x
	return e
}

func (r *renderer) endedCall(x *shownExchange, c *shownCall, b convo.ToolEnded) {
	if c.ended {
		return
	}
	failed := b.Outcome == convo.ToolFailed || b.Outcome == convo.ToolInterrupted
	end := callEnd{Output: json.RawMessage(b.Output), Timestamp: clock(r.at.At)}
	switch b.Outcome {
	case convo.ToolCancelled:
		end.Cancelled, end.Output = true, nil
	case convo.ToolRejected, convo.ToolExpired:
		end.Cancelled = true
	default:
		end.IsError = &failed
	}
	if b.Outcome == convo.ToolInterrupted {
		c.fault = &errorEvent{ErrorID: errToolCallEnd, StartError: &errorStart{Message: "the server died while the tool ran"}}
	}
	r.finish(x, c, end)
}

// finish ends a call.
func (r *renderer) finish(x *shownExchange, c *shownCall, end callEnd) {
	e := callEvent{EndToolCall: &end, ToolCallError: c.fault}
	if !c.announced {
		c.announced, e.StartToolCall = true, &c.start
	}
	c.ended, c.end = true, &end
	r.tellCall(x, c, e)
}

// abandon ends a call that a message leaves behind.
func (r *renderer) abandon(x *shownExchange, c *shownCall) {
	if !c.ended {
		r.finish(x, c, callEnd{Cancelled: true, Timestamp: clock(r.at.At)})
	}
}

func (r *renderer) interrupted(x *shownExchange, b convo.InterruptStarted) {
	c := x.call(b.Call)
	if c == nil {
		return
	}
	i := &shownInterrupt{id: b.ID, start: interruptStart{Type: b.Type, Value: json.RawMessage(b.Value)}}
	if r.keeps {
		c.message.items = append(c.message.items, i)
	}
	r.tellIn(x, c.message, messageEvent{Interrupt: &interruptEvent{InterruptID: i.id, StartInterrupt: &i.start}})
}

func (r *renderer) resumed(x *shownExchange, b convo.InterruptEnded) {
	c := x.call(b.Call)
	if c == nil {
		return
	}
	for _, item := range c.message.items {
		if i, ok := item.(*shownInterrupt); ok && i.id == b.ID {
			i.ended = true
		}
	}
	r.tellIn(x, c.message, messageEvent{Interrupt: &interruptEvent{InterruptID: b.ID, EndInterrupt: given(b.Value)}})
}

// given is a value that has to be there: {} stands for one that is not, or was
// erased.
func given(raw convo.JSON) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("{}")
	}
	return json.RawMessage(raw)
}
