package live

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// maxErrorBody bounds what is read of a refusal.
const maxErrorBody = 64 << 10

// Error is a refusal by the server. Find it with [errors.As].
type Error struct {
	Status     int                 // of the answer
	Code       int                 // what a program goes by; 0 = the answer had none
	Message    string              // what a person goes by
	Fields     map[string][]string // what is wrong with which field; may be nil
	TraceID    string              // names the request in the server's log; may be ""
	RetryAfter time.Duration       // how long to wait before the next try; 0 = not said
}

// Error gives the message, the status and the code.
func (e *Error) Error() string { return fmt.Sprintf("%s (%d, code %d)", e.Message, e.Status, e.Code) }

// errorOf reads a refusal and closes its body. What is no error of the API, as
// from a proxy, becomes one.
func errorOf(resp *http.Response) *Error {
	defer func() { _ = resp.Body.Close() }()
	e := &Error{Status: resp.StatusCode}
	if seconds, err := strconv.ParseInt(resp.Header.Get("Retry-After"), 10, 32); err == nil {
		e.RetryAfter = max(0, time.Duration(seconds)*time.Second)
	}
	var body struct {
		Message   string              `json:"message"`
		ErrorCode int                 `json:"errorCode"`
		TraceID   string              `json:"traceId"`
		Errors    map[string][]string `json:"errors"`
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // what came counts
	if json.Unmarshal(text, &body) == nil {
		e.Message, e.Code, e.TraceID, e.Fields = body.Message, body.ErrorCode, body.TraceID, body.Errors
	}
	switch {
	case e.Message != "":
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		e.Message = fmt.Sprintf("the server sends its callers to %q: set the base URL to where it is", resp.Header.Get("Location"))
	default:
		e.Message = "the server answered with status " + resp.Status
	}
	return e
}

// The ids of error events that programs may want to tell apart. A server may
// send others.
const (
	ErrorSessionStart    = "SESSION_START_PROCESSING_FAILED"
	ErrorClientEvent     = "CLIENT_EVENT_PROCESSING_FAILED"
	ErrorAgentNotStarted = "AGENT_COULD_NOT_BE_STARTED"
	ErrorExchangeRefused = "EXCHANGE_COULD_NOT_BE_CREATED"
	ErrorExchangeUnknown = "COULD_NOT_ENSURE_EXCHANGE"
	ErrorMessageRefused  = "MESSAGE_COULD_NOT_BE_CREATED"
	ErrorMessageEmpty    = "MESSAGE_END_PROCESSING_FAILED"
	ErrorPartRefused     = "COULD_NOT_CREATE_CONTENT_PART"
	ErrorFileRefused     = "EXTERNAL_CONTENT_PART_PROCESSING_FAILED"
	ErrorToolFailed      = "TOOL_CALL_END_PROCESSING_FAILED"
	ErrorAgentRuntime    = "AGENT_RUNTIME_ERROR"
)

// EventError is an error that a server tells within a session. It belongs to
// what Source is; the session goes on.
type EventError struct {
	ID      string          // what a program goes by, as [ErrorAgentRuntime]
	Message string          // what a person goes by
	Details json.RawMessage // may be nil; Parley: {"code": "…"}
	Source  any             // *SessionStream, *ExchangeStream, *MessageStream, *ContentPartStream, *ToolCallStream or *InputStream
}

// Error gives the message and the id.
func (e *EventError) Error() string { return fmt.Sprintf("%s (%s)", e.Message, e.ID) }

// ConnectError is the final refusal of a connection, as with a token that is
// not valid.
type ConnectError struct {
	Message string
	Status  int // as of a request; 0 = not said
	Code    int // as of an [Error]; 0 = not said
}

// Error gives the message.
func (e *ConnectError) Error() string { return "the server refuses the session: " + e.Message }
