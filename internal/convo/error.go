package convo

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what went wrong in words that every front can translate. Each
// front has one table from Kind to its wire form.
type Kind string

// The kinds of errors. Anything that is not an *Error counts as Internal.
const (
	Invalid          Kind = "invalid"         // the request is malformed or asks for something impossible
	Unauthenticated  Kind = "unauthenticated" // no token, or one that is unknown, revoked or expired
	QuotaReached     Kind = "quota_reached"   // a quota refuses the turn before it costs anything
	Forbidden        Kind = "forbidden"       // a known token that may not do this
	NotFound         Kind = "not_found"       // unknown, or another tenant's: the two look the same
	MethodNotAllowed Kind = "method_not_allowed"
	Conflict         Kind = "conflict"         // the state does not allow it: a full queue, a name in use
	TooLarge         Kind = "too_large"        // a body, text or answer beyond its limit
	Unprocessable    Kind = "unprocessable"    // an idempotency key reused with another body, refused content
	RateLimited      Kind = "rate_limited"     // ours or the provider's; RetryAfter may say how long
	NotImplemented   Kind = "not_implemented"  // a known operation that this server does not have yet
	UpstreamFailed   Kind = "upstream_failed"  // the model provider failed or answered nonsense
	Unavailable      Kind = "unavailable"      // the server is starting, draining or overloaded
	UpstreamTimeout  Kind = "upstream_timeout" // the model provider was silent for too long
	Internal         Kind = "internal"         // everything else; its cause is logged and never shown
)

// Error is the only error type that crosses package borders with a meaning.
// Message is shown to callers, so it says what to do next and holds no secret;
// Cause is for the log and never leaves the server.
type Error struct {
	Kind       Kind
	Message    string
	RetryAfter time.Duration // for RateLimited and Unavailable; 0 = not known
	Cause      error
}

// Error gives the public text, then the private cause: it is meant for logs.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.Cause.Error()
}

// Unwrap gives the private cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an *Error without a cause. The text is public.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// WrapError makes an *Error with a private cause and a public text.
func WrapError(kind Kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), Cause: cause}
}

// ErrorKind gives the kind of the first *Error in err's chain, Internal for
// any other error, and "" for nil.
func ErrorKind(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// PublicError gives the *Error in err's chain, or a bare Internal one: what it
// returns may be shown to a caller.
func PublicError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != Internal {
		return e
	}
	return &Error{Kind: Internal, Message: "internal error", Cause: err}
}
