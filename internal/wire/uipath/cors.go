package uipath

import (
	"net/http"
	"slices"
	"strings"

	"github.com/parleyhq/parley/internal/httpio"
)

// Headers that browsers are allowed to send and to read. They are named one by one:
// a browser does not take * for Authorization.
const (
	allowedHeaders = "authorization, content-type, traceparent, x-uipath-traceparent-id, x-uipath-external-user-id, " +
		"x-uipath-conversational-surfacename, x-uipath-conversational-surfaceversion, x-ms-blob-type, idempotency-key"
	allowedMethods = "GET,POST,PUT,PATCH,DELETE,OPTIONS"
	exposedHeaders = "x-request-id, retry-after, ratelimit, ratelimit-policy, idempotent-replayed, content-disposition"
)

// Origins says which web pages may use the server. Tokens are sent by scripts and
// never by the browser itself, so that no page gains anything by being allowed.
// Empty: all may.
type Origins []string

// Allow reports whether a page of that origin may. What is no browser sends none.
func (o Origins) Allow(origin string) bool {
	return origin == "" || len(o) == 0 || slices.Contains(o, "*") || slices.ContainsFunc(o, func(s string) bool {
		return strings.EqualFold(strings.TrimRight(s, "/"), origin)
	})
}

// setHeaders lets pages of allowed origins read the answer, which is also an error:
// a page that may not read it sees a network error.
func (o Origins) setHeaders(w *httpio.Response, r *http.Request) {
	h := w.Header()
	switch origin := r.Header.Get("Origin"); {
	case len(o) == 0 || slices.Contains(o, "*"):
		h.Set("Access-Control-Allow-Origin", "*")
	case origin != "" && o.Allow(origin):
		h.Set("Access-Control-Allow-Origin", origin)
		fallthrough
	default:
		h.Add("Vary", "Origin")
	}
	h.Set("Access-Control-Expose-Headers", exposedHeaders)
	if r.Method != http.MethodOptions {
		return
	}
	h.Set("Access-Control-Allow-Methods", allowedMethods)
	h.Set("Access-Control-Allow-Headers", allowedHeaders)
	h.Set("Access-Control-Max-Age", "600")
}
