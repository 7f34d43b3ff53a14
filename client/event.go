package client

import "encoding/json"

// EventKind says what an [Event] is.
type EventKind string

// The kinds of events. Those from EventTurnBegin on come only from Parley, and
// only from a conversation's log ([ConversationService.EventStream]).
const (
	EventCompleteBegin    EventKind = "completeBegin"
	EventCompleteEnd      EventKind = "completeEnd"
	EventToken            EventKind = "token"
	EventReasoningToken   EventKind = "reasoningToken"
	EventMessage          EventKind = "message"
	EventChannelWaitBegin EventKind = "waitForChannelMessageBegin"
	EventChannelWaitEnd   EventKind = "waitForChannelMessageEnd"
	EventUsage            EventKind = "usage"
	EventAbort            EventKind = "abort"
	EventError            EventKind = "error"
	EventResult           EventKind = "result"
	EventItem             EventKind = "item" // of a list: given as its items, not as events

	EventTurnBegin           EventKind = "turnBegin"
	EventMessageUpdated      EventKind = "messageUpdated"
	EventMessageDeleted      EventKind = "messageDeleted"
	EventRating              EventKind = "rating"
	EventConversationUpdated EventKind = "conversationUpdated"
	EventConversationDeleted EventKind = "conversationDeleted"
	EventRestarted           EventKind = "restarted"
)

// Event is a line of a stream: one of the types of this package whose names end
// in Event. Tell them apart with a type switch, and pass over what you do not
// know: an event of a kind that is new to this package is an [UnknownEvent].
type Event interface {
	// Info is what events of all kinds have.
	Info() EventInfo
}

// EventInfo is what events of all kinds have. Seq, Turn and At are known only
// from Parley.
type EventInfo struct {
	Kind EventKind
	Data json.RawMessage // as it came, with fields that this package does not know
	Seq  int64           // the number in the conversation's log; 0 = none
	Turn string          // the id of the turn, in a log
	At   Time            // when it happened, in a log
}

// Info implements [Event].
func (i EventInfo) Info() EventInfo { return i }

// MarshalJSON implements [json.Marshaler]: an event becomes the line that it
// was, so that a program can pass a stream on.
func (i EventInfo) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Type EventKind       `json:"type"`
		Data json.RawMessage `json:"data"`
		Seq  int64           `json:"seq,omitzero"`
		Turn string          `json:"turn,omitzero"`
		At   Time            `json:"createdAt,omitzero"`
	}{i.Kind, i.Data, i.Seq, i.Turn, i.At})
}

// CompleteBeginEvent begins a turn.
type CompleteBeginEvent struct{ EventInfo }

// CompleteEndEvent stands before the result.
type CompleteEndEvent struct{ EventInfo }

// TokenEvent is a piece of the answer. The pieces together are the text of the
// [MessageEvent] that follows them.
type TokenEvent struct {
	EventInfo `json:"-"`
	Token     string `json:"token"`
}

// ReasoningTokenEvent is a piece of the model's thinking.
type ReasoningTokenEvent struct {
	EventInfo `json:"-"`
	Token     string `json:"token"`
}

// MessageEvent is a finished message: of the bot, its reasoning or an activity,
// and in a log of any type.
type MessageEvent struct {
	EventInfo
	Message Message
}

// ChannelWaitEvent begins or ends the wait for the result of a function that
// somebody publishes on a channel. Its Kind says which.
type ChannelWaitEvent struct {
	EventInfo `json:"-"`
	Channel   string       `json:"channel"`
	Function  FunctionCall `json:"function"`
}

// FunctionCall is a call that the model makes.
type FunctionCall struct {
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"` // an object
}

// UsageEvent is what one call of the model cost, in tokens. The fields from
// CachedTokensUsed on come only from Parley.
type UsageEvent struct {
	EventInfo           `json:"-"`
	Model               string      `json:"model"`
	InputTokensUsed     int64       `json:"inputTokensUsed"`
	OutputTokensUsed    int64       `json:"outputTokensUsed"`
	CachedTokensUsed    int64       `json:"cachedTokensUsed"`
	ReasoningTokensUsed int64       `json:"reasoningTokensUsed"`
	Source              UsageSource `json:"source"`
}

// AbortEvent says that a turn was ended early.
type AbortEvent struct {
	EventInfo    `json:"-"`
	Reason       string `json:"reason"`
	FunctionName string `json:"functionName"`
}

// ErrorEvent says why a turn failed. The stream ends with an [*Error] that says
// it again.
type ErrorEvent struct {
	EventInfo `json:"-"`
	Message   string `json:"message"`
	Code      Code   `json:"code"`
}

// ResultEvent is the last event of a turn.
type ResultEvent struct {
	EventInfo
	Result Result
}

// TurnBeginEvent says that a turn was asked for. The user's message follows, and
// a [CompleteBeginEvent] when it starts.
type TurnBeginEvent struct {
	EventInfo `json:"-"`
	ID        string `json:"id"`
}

// MessageUpdatedEvent is a message as it is after a change. Text is absent
// unless it was changed.
type MessageUpdatedEvent struct {
	EventInfo   `json:"-"`
	ID          string           `json:"id"`
	Type        MessageType      `json:"type"`
	Text        Optional[string] `json:"text"`
	Name        Optional[string] `json:"name"`
	Description Optional[string] `json:"description"`
	Meta        Optional[Meta]   `json:"meta"`
}

// MessageDeletedEvent names a message that is gone.
type MessageDeletedEvent struct {
	EventInfo `json:"-"`
	ID        string `json:"id"`
}

// RatingEvent is a vote on the conversation, or on one of its messages.
type RatingEvent struct {
	EventInfo `json:"-"`
	ID        string `json:"id"`
	MessageID string `json:"messageId"`
	Value     int    `json:"value"`
	Reason    string `json:"reason"`
}

// ConversationUpdatedEvent is a conversation as it is after a change, without
// its times.
type ConversationUpdatedEvent struct {
	EventInfo
	Conversation Conversation
}

// ConversationDeletedEvent is the last event of a conversation.
type ConversationDeletedEvent struct {
	EventInfo `json:"-"`
	ID        string `json:"id"`
}

// RestartedEvent says that the log has no events with the numbers from From to
// To, because the server's machine went down.
type RestartedEvent struct {
	EventInfo `json:"-"`
	From      int64 `json:"from"`
	To        int64 `json:"to"`
}

// UnknownEvent is an event of a kind that this package does not know, as it
// came.
type UnknownEvent struct{ EventInfo }

// event makes an event of a line. Data that is missing counts as empty.
func (l *line) event() (Event, error) {
	if len(l.Data) == 0 {
		l.Data = json.RawMessage("{}")
	}
	event, err := l.decode(EventInfo{Kind: l.Type, Data: l.Data, Seq: l.Seq, Turn: l.Turn, At: l.At})
	if err != nil {
		return nil, &malformedError{err}
	}
	return event, nil
}

func (l *line) decode(i EventInfo) (Event, error) {
	switch l.Type {
	case EventToken:
		return fill(l, TokenEvent{EventInfo: i})
	case EventReasoningToken:
		return fill(l, ReasoningTokenEvent{EventInfo: i})
	case EventCompleteBegin:
		return CompleteBeginEvent{i}, nil
	case EventCompleteEnd:
		return CompleteEndEvent{i}, nil
	case EventMessage:
		e := MessageEvent{EventInfo: i}
		err := json.Unmarshal(l.Data, &e.Message)
		return e, err
	case EventChannelWaitBegin, EventChannelWaitEnd:
		return fill(l, ChannelWaitEvent{EventInfo: i})
	case EventUsage:
		return fill(l, UsageEvent{EventInfo: i})
	case EventAbort:
		return fill(l, AbortEvent{EventInfo: i})
	case EventError:
		return fill(l, ErrorEvent{EventInfo: i})
	case EventResult:
		e := ResultEvent{EventInfo: i}
		err := json.Unmarshal(l.Data, &e.Result)
		return e, err
	}
	return l.decodeLogged(i)
}

// decodeLogged decodes what only a log holds.
func (l *line) decodeLogged(i EventInfo) (Event, error) {
	switch l.Type {
	case EventTurnBegin:
		return fill(l, TurnBeginEvent{EventInfo: i})
	case EventMessageUpdated:
		return fill(l, MessageUpdatedEvent{EventInfo: i})
	case EventMessageDeleted:
		return fill(l, MessageDeletedEvent{EventInfo: i})
	case EventRating:
		return fill(l, RatingEvent{EventInfo: i})
	case EventConversationUpdated:
		e := ConversationUpdatedEvent{EventInfo: i}
		err := json.Unmarshal(l.Data, &e.Conversation)
		return e, err
	case EventConversationDeleted:
		return fill(l, ConversationDeletedEvent{EventInfo: i})
	case EventRestarted:
		return fill(l, RestartedEvent{EventInfo: i})
	}
	return UnknownEvent{i}, nil
}

// fill decodes the data of a line into an event.
func fill[E Event](l *line, e E) (Event, error) {
	err := json.Unmarshal(l.Data, &e)
	return e, err
}
