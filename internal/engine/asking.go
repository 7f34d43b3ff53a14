package engine

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// ConfirmInterrupt is the type of the interrupts that ask for the approval of a
// call. Their value is an object {toolCallId, toolName, inputSchema, inputValue}.
const ConfirmInterrupt = "uipath_cas_tool_call_confirmation"

// What is told of calls that a user did not want, or did not answer.
const (
	rejectedOutput = `{"meta":"Cancelled by user"}`
	expiredOutput  = `{"meta":"Expired"}`
)

// asks reports whether a call waits for a word of its user before anything is done
// about it.
func asks(c convo.OpenCall) bool { return c.Asks != convo.AsksNothing && c.Answered == 0 }

// outside reports whether somebody outside of this process carries a call out.
func outside(c convo.OpenCall) bool {
	return c.Runs == convo.RunsChannel || c.Runs == convo.RunsClient || c.Runs == convo.RunsUser
}

// waits reports whether a call is open that somebody outside has to answer.
func waits(calls []convo.OpenCall) bool {
	return slices.ContainsFunc(calls, func(c convo.OpenCall) bool { return outside(c) || asks(c) })
}

// interrupted reports whether an interrupt is open. Clients know of one at a time.
func interrupted(calls []convo.OpenCall) bool {
	return slices.ContainsFunc(calls, func(c convo.OpenCall) bool { return c.Interrupt != "" })
}

// due reports whether the turn itself has something to do about its calls: to begin
// one, or to open the next interrupt.
func due(calls []convo.OpenCall) bool {
	return slices.ContainsFunc(calls, func(c convo.OpenCall) bool {
		if asks(c) {
			return c.Asks == convo.AsksInterrupt && !interrupted(calls)
		}
		return c.Started == 0 && c.Runs != convo.RunsCaller
	})
}

// endsOf are the events that end a call which nobody will answer any more, without a
// place.
func endsOf(call convo.OpenCall, message string, output convo.JSON, outcome convo.ToolOutcome) []convo.Body {
	ended := call.Ended(message, output, outcome)
	if call.Interrupt == "" {
		return []convo.Body{ended}
	}
	return []convo.Body{convo.InterruptEnded{ID: call.Interrupt, Call: call.ID, Message: call.Message}, ended}
}

// startInClient begins a call that a client carries out: the one that opened the
// turn, unless another one has taken its place.
func startInClient(call convo.OpenCall, opener string) convo.ToolStarted {
	start := call.Start()
	start.To = cmp.Or(call.To, opener)
	return start
}

// ask opens the next interrupt, if none is open, and lets the calls that ask expire
// when their time comes.
func (c *calls) ask(bodies []convo.Body) []convo.Body {
	free := !interrupted(c.progress.open)
	for _, call := range c.progress.open {
		if !asks(call) {
			continue
		}
		c.e.beginWait(c.key, c.turn, call, time.Now())
		if call.Asks != convo.AsksInterrupt || !free {
			continue
		}
		if call.Runs == convo.RunsUser && c.kit.interrupt(call.Name) == nil {
			gone := call.Ended(c.sink.messageID(), failureOutput("there is no tool %q any more", call.Name), convo.ToolFailed)
			gone.Place = c.sink.place()
			bodies = append(bodies, gone)
			continue
		}
		bodies = append(bodies, c.interrupt(call))
		free = false
	}
	return bodies
}

// interrupt makes the interrupt by which a call asks.
func (l *loop) interrupt(call convo.OpenCall) convo.InterruptStarted {
	started := convo.InterruptStarted{ID: newID(), Call: call.ID, Message: call.Message, Type: ConfirmInterrupt}
	if own := l.kit.interrupt(call.Name); call.Runs == convo.RunsUser && own != nil {
		started.Type, started.Value = own.Type, own.Value
		if len(own.Value) == 0 {
			started.Value = call.Arguments
		}
		return started
	}
	started.Value = encoded(struct {
		Call   string          `json:"toolCallId"`
		Name   string          `json:"toolName"`
		Schema json.RawMessage `json:"inputSchema"`
		Value  json.RawMessage `json:"inputValue"`
	}{call.ID, call.Name, orEmpty(l.progress.schemas[call.ID]), orEmpty(call.Arguments)})
	return started
}

// orEmpty is an object for one that was left out, or erased.
func orEmpty(object convo.JSON) json.RawMessage {
	if len(object) == 0 {
		return json.RawMessage("{}")
	}
	return json.RawMessage(object)
}
