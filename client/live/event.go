package live

import "encoding/json"

// Event is something that happened in a session: one of the types below.
type Event interface{ event() }

// Disconnected says that the connection was lost. The session connects again by
// itself.
type Disconnected struct{ Err error }

// Reconnected says that there is a connection again, on which the session goes
// on. Anew says that the server had forgotten it: what was missed is told all
// the same.
type Reconnected struct{ Anew bool }

// ExchangeStarted is the beginning of an exchange.
type ExchangeStarted struct{ Exchange *ExchangeStream }

// ExchangeEnded is the end of an exchange.
type ExchangeEnded struct {
	Exchange *ExchangeStream
	End      ExchangeEnd
}

// MessageStarted is the beginning of a message.
type MessageStarted struct{ Message *MessageStream }

// MessageEnded is the end of a message.
type MessageEnded struct {
	Message *MessageStream
	End     MessageEnd
}

// ContentPartStarted is the beginning of a part of a message.
type ContentPartStarted struct{ Part *ContentPartStream }

// ContentPartChunk is a piece of a part.
type ContentPartChunk struct {
	Part  *ContentPartStream
	Chunk Chunk
}

// ContentPartEnded is the end of a part.
type ContentPartEnded struct {
	Part *ContentPartStream
	End  ContentPartEnd
}

// ToolCallStarted is a call of a tool.
type ToolCallStarted struct{ Call *ToolCallStream }

// ToolCallConfirmed is the answer to a call that asked first.
type ToolCallConfirmed struct {
	Call    *ToolCallStream
	Confirm ToolCallConfirm
}

// ToolCallExecuting says that a call runs now; one of a tool of this program is
// to be run by it.
type ToolCallExecuting struct {
	Call      *ToolCallStream
	Execution ToolCallExecution
}

// ToolCallEnded is the end of a call.
type ToolCallEnded struct {
	Call *ToolCallStream
	End  ToolCallEnd
}

// InterruptStarted is a question that the exchange waits for.
type InterruptStarted struct {
	Message     *MessageStream
	InterruptID string
	Start       InterruptStart
}

// InterruptEnded is the answer to a question.
type InterruptEnded struct {
	Message     *MessageStream
	InterruptID string
	End         json.RawMessage
}

// MetaReceived is what clients tell each other, or the server of what the model
// thinks. Source is what it belongs to, as with [EventError].
type MetaReceived struct {
	Source any
	Meta   json.RawMessage
}

// ErrorStarted is an error that the server tells.
type ErrorStarted struct{ Err *EventError }

// ErrorEnded says that such an error is over.
type ErrorEnded struct{ Err *EventError }

func (SessionStarted) event()     {}
func (SessionEnding) event()      {}
func (SessionEnd) event()         {}
func (LabelUpdated) event()       {}
func (Disconnected) event()       {}
func (Reconnected) event()        {}
func (ExchangeStarted) event()    {}
func (ExchangeEnded) event()      {}
func (MessageStarted) event()     {}
func (MessageEnded) event()       {}
func (ContentPartStarted) event() {}
func (ContentPartChunk) event()   {}
func (ContentPartEnded) event()   {}
func (ToolCallStarted) event()    {}
func (ToolCallConfirmed) event()  {}
func (ToolCallExecuting) event()  {}
func (ToolCallEnded) event()      {}
func (InterruptStarted) event()   {}
func (InterruptEnded) event()     {}
func (MetaReceived) event()       {}
func (ErrorStarted) event()       {}
func (ErrorEnded) event()         {}

// Reasoning reads what the model thought out of what a message's metaEvent
// says; "" if it says something else.
func (m MetaReceived) Reasoning() string { return reasoningOf(m.Meta) }

func reasoningOf(meta json.RawMessage) string {
	var v struct {
		Reasoning struct {
			Data string `json:"data"`
		} `json:"reasoning"`
	}
	_ = json.Unmarshal(meta, &v) // metadata of another form has none
	return v.Reasoning.Data
}
