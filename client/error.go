package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Code says what kind of error an [Error] is. Codes are stable; a server may
// have others than these.
type Code string

// The codes of the API, with the status that each comes with.
const (
	CodeBadRequest          Code = "BAD_REQUEST"           // 400
	CodeNotAuthenticated    Code = "NOT_AUTHENTICATED"     // 401
	CodeLimitsReached       Code = "LIMITS_REACHED"        // 402
	CodeNotAuthorized       Code = "NOT_AUTHORIZED"        // 403
	CodeNotFound            Code = "NOT_FOUND"             // 404
	CodeMethodNotAllowed    Code = "METHOD_NOT_ALLOWED"    // 405
	CodeConflict            Code = "CONFLICT"              // 409
	CodeContentTooLarge     Code = "CONTENT_TOO_LARGE"     // 413
	CodeUnprocessableEntity Code = "UNPROCESSABLE_ENTITY"  // 422
	CodeTooManyRequests     Code = "TOO_MANY_REQUESTS"     // 429
	CodeInternalServerError Code = "INTERNAL_SERVER_ERROR" // 500
	CodeNotImplemented      Code = "NOT_IMPLEMENTED"       // 501
	CodeBadGateway          Code = "BAD_GATEWAY"           // 502
	CodeServiceUnavailable  Code = "SERVICE_UNAVAILABLE"   // 503
	CodeGatewayTimeout      Code = "GATEWAY_TIMEOUT"       // 504
	CodeGeneric             Code = "GENERIC_ERROR"         // the answer had none
)

// maxErrorBody bounds what is read of a refusal.
const maxErrorBody = 64 << 10

// Error is a refusal by the server, or the failure of a turn. Find it with
// [errors.As].
type Error struct {
	Status     int           // of the answer; 200 where a turn failed after it had begun
	Code       Code          // what a program goes by
	Message    string        // what a person goes by
	RequestID  string        // names the request in the server's log; may be ""
	RetryAfter time.Duration // how long to wait before the next try; 0 = not said
}

// Error gives the message, the status and the code.
func (e *Error) Error() string { return fmt.Sprintf("%s (%d %s)", e.Message, e.Status, e.Code) }

// errorOf reads a refusal and closes its body. What is no error of the API,
// as from a proxy, becomes one.
func errorOf(resp *http.Response, now time.Time) *Error {
	defer func() { _ = resp.Body.Close() }()
	e := &Error{
		Status: resp.StatusCode, RequestID: resp.Header.Get("X-Request-Id"),
		RetryAfter: retryAfter(resp.Header.Get("Retry-After"), now),
	}
	var body struct {
		Message string `json:"message"`
		Code    Code   `json:"code"`
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // what came counts
	if json.Unmarshal(text, &body) == nil {
		e.Message, e.Code = body.Message, body.Code
	}
	if e.Code == "" {
		e.Code = codeOf(resp.StatusCode)
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

// codeOf is the code for a status whose answer has none.
func codeOf(status int) Code {
	if status == http.StatusRequestEntityTooLarge {
		return CodeContentTooLarge
	}
	return CodeGeneric
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}

// ErrStreamRead says that a [Stream] was already read. Its connection is gone;
// ask again for another one.
var ErrStreamRead = errors.New("this stream was read before: a stream can be read once")

// cutError is an answer that broke off after its beginning, so that something
// may have happened.
type cutError struct{ cause error }

func (e *cutError) Error() string {
	return "the connection was lost before the answer was complete: " + e.cause.Error()
}

// broken is the error of an answer that broke off.
func broken(err error) error {
	if _, ok := errors.AsType[*cutError](err); ok {
		return err
	}
	return &cutError{err}
}

// Unwrap lets callers find a broken answer as [io.ErrUnexpectedEOF], however it
// broke.
func (e *cutError) Unwrap() []error { return []error{io.ErrUnexpectedEOF, e.cause} }
