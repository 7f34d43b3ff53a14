// Package model is the port to model providers, and the catalogue that finds
// the provider for a model string.
//
// A driver turns a [Request] into one call of its provider and the answer into
// a stream of [Event] values. It promises, and modeltest checks:
//
//   - A stream ends with exactly one [Finish] event, or with an error; a
//     provider's stream that ends without saying why is an error of kind
//     [Incomplete], never a good answer.
//   - Text and reasoning come in the provider's own pieces, as they arrive, and
//     whole characters only.
//   - A tool call is given whole, once, with its arguments as the provider sent
//     them, also when several calls arrive interleaved. The arguments may be
//     malformed: checking them is the caller's part.
//   - Cancelling the context ends the provider's request at once, and the
//     stream ends with the context's error.
//   - A tool that [Request].Force names is the only one that the model may
//     call, as far as the provider can be told; where it cannot, the driver
//     offers that tool alone and says that it is wanted. So a model may fail to
//     call it.
//   - What a provider wants back with a call comes in [Call].Signature. A driver
//     takes there what it gave itself, and ignores anything else.
//   - Nothing is retried. An error says whether trying again can help.
//   - The same Request gives the same bytes on the wire, and a Request whose
//     messages continue another's gives a body whose messages begin with the
//     same bytes, so that providers can reuse what they computed. One that goes on
//     with an image where the other ended may differ there.
package model

import (
	"context"
	"iter"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// Provider is what a driver implements. It may be used by many goroutines.
type Provider interface {
	// Stream asks the model once. The request belongs to the caller, who must
	// not change it while the stream is read. Leaving the loop cancels the
	// provider's request.
	Stream(ctx context.Context, req *Request) iter.Seq2[Event, error]

	// Models lists what the provider offers now. It asks the provider unless
	// the list is fixed.
	Models(ctx context.Context) ([]Info, error)
}

// Info describes a model. Zero limits are not known.
type Info struct {
	Name      string // what Request.Model takes
	Family    string // e.g. "gpt", "claude", "quote"
	MaxInput  int64  // tokens of prompt
	MaxOutput int64  // tokens of answer
}

// Request is one question to a model.
type Request struct {
	Model    string // the provider's own name
	Messages []Message
	Tools    []Tool
	Force    string // the name of the tool that the model has to call, one of Tools; "" = it chooses
	Params   Params
	Context  int64 // tokens that prompt and answer share, for servers that make room for them; 0 = not known
}

// Forced gives the tool that the model has to call, if there is one.
func (r *Request) Forced() (t Tool, ok bool) {
	for _, t = range r.Tools {
		if t.Name == r.Force {
			return t, true
		}
	}
	return Tool{}, false
}

// Role says who speaks in a prompt.
type Role uint8

// The roles. Where a provider has no role like one of them, its driver finds
// the nearest form that keeps the order of messages.
const (
	System      Role = iota + 1 // an order, at the beginning or at this place
	Information                 // facts at this place; not an order
	User
	Assistant
	ToolResult
)

// Message is one message of a prompt. Text may be empty only on an Assistant
// message with Calls and on a ToolResult.
type Message struct {
	Role   Role
	Text   string
	Images []Image // User: what it shows, behind its text
	Calls  []Call  // Assistant: what it called
	Call   string  // ToolResult: the ID of the call that it answers
	Error  bool    // ToolResult: the call failed
}

// Image is a picture. Whether a model takes pictures, and of which types, only its
// provider knows: one that does not refuses the request.
type Image struct {
	MediaType string // image/png, image/jpeg, image/gif or image/webp
	Data      []byte
}

// Tool is a function that the model may call.
type Tool struct {
	Name        string
	Description string
	Parameters  convo.JSON // a JSON schema of type object
}

// Params are the parameters of a model string. nil = the provider's default.
type Params struct {
	MaxTokens        *int64
	Seed             *int64
	Temperature      *float64
	FrequencyPenalty *float64
	PresencePenalty  *float64
}

// EventType says what an Event holds.
type EventType uint8

// The events of a stream.
const (
	Text      EventType = iota + 1 // Event.Text: a piece of the answer
	Reasoning                      // Event.Text: a piece of the model's thinking
	ToolCall                       // Event.Call: a whole call
	Usage                          // Event.Usage: what the call cost, as far as the provider says; the last one counts
	Finish                         // Event.Stop: why the answer ended; the last event
)

// Event is one step of an answer. Only the fields that its type names are set.
type Event struct {
	Type  EventType
	Text  string
	Call  *Call
	Usage *Report
	Stop  StopReason
	// More says that another event, or the stream's error, follows without
	// waiting for the provider. A reader may pass both on together.
	More bool
}

// Call is a call that the model wants to be made.
type Call struct {
	ID        string // the provider's; a driver makes one up where there is none
	Name      string
	Arguments string // JSON, as the model wrote it
	Signature string // what the provider wants back with the call, and only it can read; "" = nothing
}

// Report is what a provider says that a call cost, in tokens. A nil field was
// not reported; none is negative. Cached is a part of Input, Reasoning a part of
// Output.
type Report struct {
	Input, Cached, Reasoning, Output *int64
}

// StopReason says why an answer ended.
type StopReason uint8

// The reasons.
const (
	StopEnd     StopReason = iota + 1 // the model was done
	StopLength                        // a token limit cut it
	StopCalls                         // it wants its calls answered
	StopRefused                       // the provider withheld the answer
)

// ErrorKind says what went wrong with a provider.
type ErrorKind uint8

// The kinds of provider errors.
const (
	Rejected     ErrorKind = iota + 1 // the provider refuses the request as it is (4xx)
	Unauthorized                      // it refuses our key
	Limited                           // 429
	Failed                            // 5xx, a refused or broken connection
	Incomplete                        // the stream ended without a finish reason
	Malformed                         // it sent something that cannot be read
	Silent                            // it sent nothing for too long
)

// Error is what a stream ends with when the provider failed. Message may be
// shown to callers; it names the provider and holds no key.
type Error struct {
	Kind       ErrorKind
	Provider   string
	Message    string
	Status     int           // HTTP status, 0 = none
	RetryAfter time.Duration // 0 = not said
	Cause      error
}

// Error gives the public text, then the cause.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.Cause.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Temporary reports whether the same request may work later.
func (e *Error) Temporary() bool {
	switch e.Kind {
	case Limited, Failed, Incomplete, Malformed, Silent:
		return true
	}
	return false
}
