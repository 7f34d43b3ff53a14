package chatbotkit

import (
	"net/http"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

// wireError is how an error looks: callers see only message and code, and
// their clients repeat some statuses by themselves.
type wireError struct {
	Message string `json:"message"`
	Code    string `json:"code"`
}

// statusOf is the one table from kinds of errors to statuses and codes.
func statusOf(k convo.Kind) (status int, code string) {
	switch k {
	case convo.Invalid:
		return http.StatusBadRequest, "BAD_REQUEST"
	case convo.Unauthenticated:
		return http.StatusUnauthorized, "NOT_AUTHENTICATED"
	case convo.QuotaReached:
		return http.StatusPaymentRequired, "LIMITS_REACHED" // not 429, which would be repeated
	case convo.Forbidden:
		return http.StatusForbidden, "NOT_AUTHORIZED"
	case convo.NotFound:
		return http.StatusNotFound, "NOT_FOUND"
	case convo.MethodNotAllowed:
		return http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED"
	case convo.Conflict:
		return http.StatusConflict, "CONFLICT"
	case convo.TooLarge:
		return http.StatusRequestEntityTooLarge, "CONTENT_TOO_LARGE"
	case convo.Unprocessable:
		return http.StatusUnprocessableEntity, "UNPROCESSABLE_ENTITY"
	case convo.RateLimited:
		return http.StatusTooManyRequests, "TOO_MANY_REQUESTS"
	case convo.NotImplemented:
		return http.StatusNotImplemented, "NOT_IMPLEMENTED"
	case convo.UpstreamFailed:
		return http.StatusBadGateway, "BAD_GATEWAY"
	case convo.Unavailable:
		return http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE"
	case convo.UpstreamTimeout:
		return http.StatusGatewayTimeout, "GATEWAY_TIMEOUT"
	}
	return http.StatusInternalServerError, "INTERNAL_SERVER_ERROR"
}

// fail renders an error as JSON, also for those who asked for lines.
func fail(w *httpio.Response, _ *http.Request, err *convo.Error) {
	status, code := statusOf(err.Kind)
	h := w.Header()
	wait := err.RetryAfter
	if status == http.StatusTooManyRequests {
		wait = max(wait, time.Second) // said also where the provider did not say it
	}
	httpio.SetRetryAfter(h, wait)
	if status == http.StatusUnauthorized {
		h.Set("Www-Authenticate", "Bearer")
	}
	h.Set("Cache-Control", "no-store")
	// A client that is gone needs no answer.
	_ = w.Send(status, "application/json", encode(wireError{err.Message, code}))
}
