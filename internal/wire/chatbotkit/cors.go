package chatbotkit

import (
	"net/http"
	"strings"

	"github.com/parleyhq/parley/internal/httpio"
)

// allowedHeaders are named one by one: a browser does not take * for
// Authorization.
const allowedHeaders = "authorization, content-type, accept, x-timezone, x-runas-user-id, x-runas-child-user-email, idempotency-key"

// allowOrigins lets browsers of every origin read every answer, errors
// included; a browser that may not read an error sees a network error, and its
// client sends the request again. Tokens are sent by scripts, never by the
// browser itself, so no origin gains anything by being allowed.
func allowOrigins(w *httpio.Response, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Retry-After, RateLimit, RateLimit-Policy, Idempotent-Replayed, X-Request-Id, Content-Disposition")
	if r.Method != http.MethodOptions {
		return
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", allowedHeaders+askedHeaders(r))
	h.Set("Access-Control-Max-Age", "600")
	h.Add("Vary", "Access-Control-Request-Headers")
}

// askedHeaders are those that the caller adds on its own.
func askedHeaders(r *http.Request) string {
	var more strings.Builder
	seen := map[string]bool{}
	for name := range strings.SplitSeq(allowedHeaders, ", ") {
		seen[name] = true
	}
	for name := range strings.SplitSeq(r.Header.Get("Access-Control-Request-Headers"), ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if isToken(name) && !seen[name] {
			seen[name] = true
			more.WriteString(", " + name)
		}
	}
	return more.String()
}

// isToken reports whether s can be the name of a header.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0 {
			continue
		}
		return false
	}
	return s != "" && len(s) <= 128
}
