package client

import (
	"context"
	"iter"
	"net/http"
)

// CompleteRequest asks for a turn in a stored conversation.
type CompleteRequest struct {
	// Text is the user's new message. Absent, and without attachments, the turn goes
	// on from what is stored.
	Text     Optional[string] `json:"text,omitzero"`
	Entities []Entity         `json:"entities,omitzero"`
	// Attachments are files of the message, up to ten, whose texts and images the
	// model gets.
	Attachments []Attachment `json:"attachments,omitzero"`
	Functions   []Function   `json:"functions,omitzero"`
	Extensions  *Extensions  `json:"extensions,omitzero"`
	Limits      *Limits      `json:"limits,omitzero"`
}

// CompleteStatelessRequest asks for a turn of which nothing is stored: it brings
// all that the model is to know.
type CompleteStatelessRequest struct {
	Messages    []Message        `json:"messages,omitzero"`
	Text        Optional[string] `json:"text,omitzero"` // one more message of the user
	BotID       Optional[string] `json:"botId,omitzero"`
	ContactID   ContactRef       `json:"contactId,omitzero"`
	Model       Optional[string] `json:"model,omitzero"`
	Backstory   Optional[string] `json:"backstory,omitzero"`
	DatasetID   Optional[string] `json:"datasetId,omitzero"`
	SkillsetID  Optional[string] `json:"skillsetId,omitzero"`
	Privacy     Optional[bool]   `json:"privacy,omitzero"`
	Moderation  Optional[bool]   `json:"moderation,omitzero"`
	Entities    []Entity         `json:"entities,omitzero"`
	Attachments []Attachment     `json:"attachments,omitzero"`
	Functions   []Function       `json:"functions,omitzero"`
	Extensions  *Extensions      `json:"extensions,omitzero"`
	Limits      *Limits          `json:"limits,omitzero"`
}

// ReceiveRequest asks for a turn without a new message.
type ReceiveRequest struct {
	Functions  []Function  `json:"functions,omitzero"`
	Extensions *Extensions `json:"extensions,omitzero"`
	Limits     *Limits     `json:"limits,omitzero"`
}

// SendRequest stores a message of the user and asks for no answer.
type SendRequest struct {
	Text       string      `json:"text"`
	Entities   []Entity    `json:"entities,omitzero"`
	Functions  []Function  `json:"functions,omitzero"`
	Extensions *Extensions `json:"extensions,omitzero"`
}

// Complete stores the user's message and gives the answer. A turn that failed
// gives an [*Error] and, beside it, the result with what there is of the
// answer; only then are both not nil.
func (s *ConversationService) Complete(ctx context.Context, id string, in CompleteRequest, options ...Option) (*Result, error) {
	r, err := postConversation(id, in, "complete")
	return s.client.turn(ctx, r, err, options)
}

// CompleteStream is [ConversationService.Complete] as a stream. From Parley it
// goes on over a lost connection without its reader noticing.
func (s *ConversationService) CompleteStream(ctx context.Context, id string, in CompleteRequest, options ...Option) *Stream {
	r, err := postConversation(id, in, "complete")
	return s.client.stream(ctx, r, err, options)
}

// CompleteStateless answers without a stored conversation. The turn ends with
// its caller. It has an idempotency key only if it is given one: for the sake of
// a key the server would keep the answer for a day.
func (s *ConversationService) CompleteStateless(ctx context.Context, in CompleteStatelessRequest, options ...Option) (*Result, error) {
	r, err := statelessRequest(in)
	return s.client.turn(ctx, r, err, options)
}

// CompleteStatelessStream is [ConversationService.CompleteStateless] as a
// stream. A lost connection is an error: the turn is over.
func (s *ConversationService) CompleteStatelessStream(ctx context.Context, in CompleteStatelessRequest, options ...Option) *Stream {
	r, err := statelessRequest(in)
	return s.client.stream(ctx, r, err, options)
}

func statelessRequest(in CompleteStatelessRequest) (*request, error) {
	r, err := post("/conversation/complete", in)
	r.key = ""
	return r, err
}

// Receive is [ConversationService.Complete] without a new message.
func (s *ConversationService) Receive(ctx context.Context, id string, in ReceiveRequest, options ...Option) (*Result, error) {
	r, err := postConversation(id, in, "receive")
	return s.client.turn(ctx, r, err, options)
}

// ReceiveStream is [ConversationService.Receive] as a stream.
func (s *ConversationService) ReceiveStream(ctx context.Context, id string, in ReceiveRequest, options ...Option) *Stream {
	r, err := postConversation(id, in, "receive")
	return s.client.stream(ctx, r, err, options)
}

// turn makes a request for a turn and waits for its result.
func (c *Client) turn(ctx context.Context, r *request, err error, options []Option) (*Result, error) {
	result, err := call[Result](ctx, c, r, err, options)
	if err != nil {
		return nil, err
	}
	return result, result.Err()
}

// Send stores a message of the user and generates nothing.
func (s *ConversationService) Send(ctx context.Context, id string, in SendRequest, options ...Option) (*StoredMessage, error) {
	r, err := postConversation(id, in, "send")
	return call[StoredMessage](ctx, s.client, r, err, options)
}

// SendStream is [ConversationService.Send] as a stream, of one result.
func (s *ConversationService) SendStream(ctx context.Context, id string, in SendRequest, options ...Option) iter.Seq2[StoredMessage, error] {
	r, err := postConversation(id, in, "send")
	return streamLines[StoredMessage](ctx, s.client, r, err, EventResult, options)
}

// StopRequest names the turn to be stopped; without one it is the running one.
type StopRequest struct {
	Turn string `json:"turn,omitzero"`
}

// Stopped says how many turns were stopped: 0 where nothing ran.
type Stopped struct {
	ID      string `json:"id"`
	Stopped int    `json:"stopped"`
}

// Stop ends the running turn, or the one that is named, also while it waits.
// What there is of the answer is kept. It works only with Parley.
func (s *ConversationService) Stop(ctx context.Context, id string, in StopRequest, options ...Option) (*Stopped, error) {
	r, err := postConversation(id, in, "stop")
	return call[Stopped](ctx, s.client, r, err, options)
}

// EndReason says why a turn ended.
type EndReason string

// The reasons.
const (
	EndStop      EndReason = "stop"      // the model had finished
	EndLength    EndReason = "length"    // the answer was cut at the model's limit
	EndActivity  EndReason = "activity"  // a function waits for the caller's result
	EndIteration EndReason = "iteration" // a limit of [Limits] was reached
	EndAbort     EndReason = "abort"     // it was stopped
	EndError     EndReason = "error"     // it failed
)

// End says how a turn ended. A server of older days leaves the reason out.
type End struct {
	Reason EndReason `json:"reason"`
}

// UsageSource says who counted the tokens.
type UsageSource string

// The sources.
const (
	UsageReported  UsageSource = "reported"  // by the provider
	UsageEstimated UsageSource = "estimated" // by the server
)

// Usage is what a turn cost, in tokens. All but Token come only from Parley.
type Usage struct {
	Token     int64       `json:"token"` // in and out, of all calls of the model
	Input     int64       `json:"input"`
	Cached    int64       `json:"cached"`
	Reasoning int64       `json:"reasoning"`
	Output    int64       `json:"output"`
	Source    UsageSource `json:"source"`
}

// Result is the outcome of a turn.
type Result struct {
	ID    string       `json:"id"`   // of the bot's message; "" without a conversation
	Text  string       `json:"text"` // the last message of the bot
	Usage Usage        `json:"usage"`
	End   End          `json:"end"`
	Error *ResultError `json:"error"` // why a turn failed; nil if it did not
}

// ResultError says why a turn failed.
type ResultError struct {
	Message string `json:"message"`
	Code    Code   `json:"code"`
}

// Err is the failure of the turn as an [*Error], or nil if it did not fail. A
// turn that was stopped or cut has not failed.
func (r *Result) Err() error {
	if r.Error == nil && r.End.Reason != EndError {
		return nil
	}
	e := &Error{Status: http.StatusOK, Code: CodeGeneric, Message: "the turn failed"}
	if r.Error != nil {
		e.Code, e.Message = r.Error.Code, r.Error.Message
	}
	return e
}
