package live

import "encoding/json"

// ToolCallStream is a call of a tool by the model.
type ToolCallStream struct {
	message *MessageStream // nil for a call at the level of the conversation
	session *SessionStream
	id      string

	// Guarded by the session's mutex.
	told      bool
	confirmed bool
	executing bool
	ended     bool
	start     ToolCallStart

	onConfirm   handlers[ToolCallConfirm]
	onExecuting handlers[ToolCallExecution]
	onEnd       handlers[ToolCallEnd]
	onCompleted handlers[CompletedToolCall]
	onMeta      handlers[json.RawMessage]
	onError     handlers[*EventError]
	onErrorEnd  handlers[*EventError]
}

// CompletedToolCall is a call as a whole.
type CompletedToolCall struct {
	Call  *ToolCallStream
	Start ToolCallStart
	End   ToolCallEnd
}

// ID names the call.
func (c *ToolCallStream) ID() string { return c.id }

// Message is the message that the call belongs to, or nil.
func (c *ToolCallStream) Message() *MessageStream { return c.message }

// StartEvent is how it began: the tool, its input, and what it waits for.
func (c *ToolCallStream) StartEvent() ToolCallStart {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	return c.start
}

// ToolName is the name of the tool.
func (c *ToolCallStream) ToolName() string { return c.StartEvent().ToolName }

// RequiresConfirmation reports whether the call waits for
// [ToolCallStream.Confirm] or [ToolCallStream.Reject]. Any session of the
// conversation may answer; the first one counts.
func (c *ToolCallStream) RequiresConfirmation() bool { return c.StartEvent().RequireConfirmation }

// Ended reports whether it has ended.
func (c *ToolCallStream) Ended() bool {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	return c.ended
}

// OnToolCallConfirm is called when somebody has answered a call that asks first.
func (c *ToolCallStream) OnToolCallConfirm(f func(ToolCallConfirm)) {
	handle(c.session, &c.onConfirm, f)
}

// OnExecuting is called when the call runs. A call of a tool that the exchange
// offered ([ExchangeStart.ClientSideTools]) is then to be run by this program,
// which answers with [ToolCallStream.SendToolCallEnd].
func (c *ToolCallStream) OnExecuting(f func(ToolCallExecution)) {
	handle(c.session, &c.onExecuting, f)
}

// OnToolCallEnd is called when the call has ended.
func (c *ToolCallStream) OnToolCallEnd(f func(ToolCallEnd)) { handle(c.session, &c.onEnd, f) }

// OnCompleted is called with the whole call when it has ended.
func (c *ToolCallStream) OnCompleted(f func(CompletedToolCall)) {
	handle(c.session, &c.onCompleted, f)
}

// OnMetaEvent is called with what clients tell each other of this call.
func (c *ToolCallStream) OnMetaEvent(f func(json.RawMessage)) { handle(c.session, &c.onMeta, f) }

// OnErrorStart is called with errors of this call.
func (c *ToolCallStream) OnErrorStart(f func(*EventError)) { handle(c.session, &c.onError, f) }

// OnErrorEnd is called when such an error is over.
func (c *ToolCallStream) OnErrorEnd(f func(*EventError)) { handle(c.session, &c.onErrorEnd, f) }

// say says something of the call.
func (c *ToolCallStream) say(e *toolCallEvent, how outgoing) error {
	if c.Ended() {
		return ErrEnded
	}
	e.ToolCallID = c.id
	if c.message == nil {
		return c.session.say(&envelope{AsyncToolCall: e}, how)
	}
	return c.message.say(&messageEvent{ToolCall: e}, how)
}

// Confirm lets the call run: with another input, or with nil as proposed.
func (c *ToolCallStream) Confirm(input json.RawMessage) error {
	if input == nil {
		input = c.StartEvent().Input
	}
	return c.say(&toolCallEvent{ConfirmToolCall: &ToolCallConfirm{Approved: true, Input: input}}, outgoing{})
}

// Reject keeps the call from running. The agent is told.
func (c *ToolCallStream) Reject() error {
	return c.say(&toolCallEvent{ConfirmToolCall: &ToolCallConfirm{}}, outgoing{})
}

// SendToolCallEnd gives the result of a call that this program ran.
func (c *ToolCallStream) SendToolCallEnd(in ToolCallEnd) error {
	return c.say(&toolCallEvent{EndToolCall: &in}, outgoing{})
}

// SendMetaEvent tells the other clients something of this call: a JSON object.
func (c *ToolCallStream) SendMetaEvent(meta json.RawMessage) error {
	return c.say(&toolCallEvent{MetaEvent: meta}, outgoing{fleeting: true})
}
