package remote

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/model"
)

// maxErrorBody is how much of an error's body is read, maxErrorText how much
// of the message in it is passed on, and maxRetryAfter the longest wait that a
// provider is believed.
const (
	maxErrorBody  = 64 << 10
	maxErrorText  = 300
	maxRetryAfter = 24 * time.Hour
)

// Errorf makes an error of the provider, without the key in its text or cause.
func (c *Client) Errorf(kind model.ErrorKind, status int, cause error, format string, args ...any) *model.Error {
	if cause != nil {
		if text := c.redact(cause.Error()); text != cause.Error() {
			cause = errors.New(text)
		}
	}
	return &model.Error{
		Kind: kind, Provider: c.options.Provider, Status: status, Cause: cause,
		Message: c.redact(fmt.Sprintf(format, args...)),
	}
}

// Reported makes the error that a provider reports inside its stream.
func (c *Client) Reported(kind model.ErrorKind, status int, text string) *model.Error {
	return c.Errorf(kind, status, nil, "%s", describe(c.options.Provider, kind, status, c.public(text)))
}

// NotReadable is the error for an event that is not what the protocol says.
func (c *Client) NotReadable(cause error) *model.Error {
	return c.Errorf(model.Malformed, 0, cause, "provider %s sent something that cannot be read", c.options.Provider)
}

// Broken is the error for a stream that ended without saying why.
func (c *Client) Broken() *model.Error {
	return c.Errorf(model.Incomplete, 0, nil, "the answer of provider %s broke off", c.options.Provider)
}

func (c *Client) redact(s string) string {
	if c.options.Key == "" {
		return s
	}
	return strings.ReplaceAll(s, c.options.Key, "[key]")
}

// refusal is the error for an answer whose status is not 200.
func (k *call) refusal(res *http.Response) error {
	k.hurry() // the status says enough, if need be
	body, err := io.ReadAll(io.LimitReader(k, maxErrorBody))
	if ended := k.parent.Err(); err != nil && ended != nil {
		return ended
	}
	said := readReport(body)
	kind := KindOf(res.StatusCode)
	if said.badKey {
		kind = model.Unauthorized
	}
	failed := k.client.Reported(kind, res.StatusCode, said.text)
	failed.RetryAfter = cmp.Or(retryAfter(res.Header, time.Now()), said.retry)
	return failed
}

// KindOf says what an HTTP status means, also one that stands in a stream.
func KindOf(status int) model.ErrorKind {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return model.Unauthorized
	case status == http.StatusTooManyRequests:
		return model.Limited
	case status == http.StatusRequestTimeout || status >= 500:
		return model.Failed
	}
	return model.Rejected
}

// describe words an error for callers. What a provider says about a key is
// left out, because it likes to quote parts of it.
func describe(name string, kind model.ErrorKind, status int, text string) string {
	code := ""
	if status != 0 {
		code = " (" + strconv.Itoa(status) + ")"
	}
	switch {
	case kind == model.Unauthorized:
		return "provider " + name + " refuses the key" + code + "; check its key in the configuration"
	case kind == model.Limited:
		name = "provider " + name + " takes no more requests for now" + code
	case status >= 300 && status < 400:
		return "provider " + name + " sends its callers elsewhere" + code + "; set its base URL to the final address"
	case kind == model.Failed:
		name = "provider " + name + " failed" + code
	default:
		name = "provider " + name + " refuses the request" + code
	}
	if text == "" {
		return name
	}
	return name + ": " + text
}

// public makes a foreign text fit for showing: one short line, without the key.
// The key goes first, so that no cut leaves a part of it.
func (c *Client) public(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(c.redact(text), "�"))
	text = strings.TrimSpace(text)
	if len(text) <= maxErrorText {
		return text
	}
	cut := maxErrorText
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// retryAfter reads how long to wait: in milliseconds, as OpenAI says it more
// exactly, in seconds, or as a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	var wait time.Duration
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil {
		wait = scaled(ms, time.Millisecond)
	} else if s, err := strconv.ParseFloat(h.Get("Retry-After"), 64); err == nil {
		wait = scaled(s, time.Second)
	} else if at, err := http.ParseTime(h.Get("Retry-After")); err == nil {
		wait = at.Sub(now)
	}
	return max(0, min(wait, maxRetryAfter))
}

// scaled takes care of numbers that no duration can hold, and of NaN.
func scaled(n float64, unit time.Duration) time.Duration {
	if !(n > 0) {
		return 0
	}
	return time.Duration(min(n, float64(maxRetryAfter/unit)) * float64(unit))
}
