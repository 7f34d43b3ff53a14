package uipath

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

// The codes of errors. Clients may tell errors apart by them, so they are stable.
const (
	codeBody         = 4001 // no JSON object, or a member of the wrong type
	codeExternalUser = 4002
	codeCursor       = 4003
	codeLimit        = 4004
	codeChoice       = 4005 // a value that is not in its list
	codeNoToken      = 4010
	codeToken        = 4011
	codeSignature    = 4030
	codeConversation = 4040
	codePath         = 4041
	codeAgent        = 4042
	codeExchange     = 4043
	codeMessage      = 4044
	codePart         = 4045
	codeFile         = 4046
	codeMethod       = 4050
	codeConflict     = 4090
	codeTooLarge     = 4130
	codeRepeated     = 4220
	codeRate         = 4290
	codeLabel        = 4101
	codeInput        = 4102
	codeInputSize    = 4103
	codeNumber       = 4104
	codeSearch       = 4105
	codeFileName     = 4106
	codeRating       = 4107
	codeComment      = 4108
	codeSetting      = 4110
	codeEmail        = 4111
	codeInternal     = 5000
	codeUnavailable  = 5030
)

// fault is the cause of an error that has a code of its own, and perhaps names the
// member of the request that is wrong.
type fault struct {
	code  int
	field string
}

// Error implements error. It is for logs only.
func (f fault) Error() string { return "code " + strconv.Itoa(f.code) }

// refuse makes an error with a code.
func refuse(kind convo.Kind, code int, format string, args ...any) error {
	return convo.WrapError(kind, fault{code: code}, format, args...)
}

// refuseField makes an error about a member of a request or a parameter.
func refuseField(code int, field, format string, args ...any) error {
	return convo.WrapError(convo.Invalid, fault{code, field}, format, args...)
}

// unknown gives an error that says that something was not found the code of what
// that was. Others stay as they are.
func unknown(err error, code int) error {
	if convo.ErrorKind(err) != convo.NotFound {
		return err
	}
	if _, ok := errors.AsType[fault](err); ok {
		return err
	}
	return convo.WrapError(convo.NotFound, fault{code: code}, "%s", convo.PublicError(err).Message)
}

// statusOf is the one table from kinds of errors to statuses, and to the codes of
// those that have none of their own.
func statusOf(k convo.Kind) (status, code int) {
	switch k {
	case convo.Invalid:
		return http.StatusBadRequest, codeBody
	case convo.Unauthenticated:
		return http.StatusUnauthorized, codeToken
	case convo.Forbidden:
		return http.StatusForbidden, codeSignature
	case convo.NotFound:
		return http.StatusNotFound, codePath
	case convo.MethodNotAllowed:
		return http.StatusMethodNotAllowed, codeMethod
	case convo.Conflict:
		return http.StatusConflict, codeConflict
	case convo.TooLarge:
		return http.StatusRequestEntityTooLarge, codeTooLarge
	case convo.Unprocessable:
		return http.StatusUnprocessableEntity, codeRepeated
	case convo.RateLimited, convo.QuotaReached:
		return http.StatusTooManyRequests, codeRate
	case convo.Unavailable:
		return http.StatusServiceUnavailable, codeUnavailable
	}
	return http.StatusInternalServerError, codeInternal
}

// wireError is how an error looks. Without a numeric code the published client
// loses the message.
type wireError struct {
	Message string              `json:"message"`
	Code    int                 `json:"errorCode"`
	Trace   string              `json:"traceId"`
	Errors  map[string][]string `json:"errors,omitempty"`
}

// fail renders an error.
func fail(w *httpio.Response, _ *http.Request, err *convo.Error) {
	status, code := statusOf(err.Kind)
	out := wireError{Message: err.Message, Code: code, Trace: w.Header().Get("X-Request-Id")}
	if own, ok := errors.AsType[fault](err); ok {
		if own.code != 0 {
			out.Code = own.code
		}
		if own.field != "" {
			out.Errors = map[string][]string{own.field: {err.Message}}
		}
	}
	h := w.Header()
	wait := err.RetryAfter
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		wait = max(wait, time.Second)
	}
	httpio.SetRetryAfter(h, wait)
	if status == http.StatusUnauthorized {
		h.Set("Www-Authenticate", "Bearer")
	}
	h.Set("Cache-Control", "no-store")
	// A client that is gone needs no answer.
	_ = w.Send(status, "application/json", encode(out))
}
