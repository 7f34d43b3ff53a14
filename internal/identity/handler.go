package identity

import (
	"encoding/json"
	"fmt"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// root is where the provider is, at the server's root or under an organisation.
const root = "/identity_"

// Serves reports whether a path is the provider's.
func Serves(path string) bool {
	if i := strings.Index(path[min(1, len(path)):], root+"/"); i >= 0 {
		return !strings.Contains(path[1:i+1], "/") // at most the organisation before it
	}
	return strings.HasPrefix(path, root+"/")
}

// formLimit is how many bytes a form may have.
const formLimit = 64 << 10

// call is one request.
type call struct {
	w     *httpio.Response
	r     *http.Request
	org   string // of the path, "" if it names none
	guard *http.CrossOriginProtection
}

type endpoint struct {
	name   string // for metrics
	page   bool   // browsers go there; no script may read what it answers
	handle func(c *call) error
}

func (p *Provider) routes() (http.Handler, error) {
	authorize := endpoint{"identity authorize", true, p.authorize}
	token := endpoint{"identity token", false, p.token}
	configuration := endpoint{"identity configuration", false, p.configuration}
	keys := endpoint{"identity keys", false, p.publishKeys}
	var routes []httpio.Route[endpoint]
	for _, prefix := range []string{root, "/{org}" + root} {
		for _, route := range []httpio.Route[endpoint]{
			{Method: http.MethodGet, Pattern: "/connect/authorize", Value: authorize},
			{Method: http.MethodPost, Pattern: "/connect/authorize", Value: authorize},
			{Method: http.MethodPost, Pattern: "/connect/token", Value: token},
			{Method: http.MethodGet, Pattern: "/.well-known/openid-configuration", Value: configuration},
			{Method: http.MethodGet, Pattern: "/.well-known/openid-configuration/jwks", Value: keys},
		} {
			route.Pattern = prefix + route.Pattern
			routes = append(routes, route)
		}
	}
	router, err := httpio.NewRouter(routes)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	guard := http.NewCrossOriginProtection()
	shell := &httpio.Shell{Log: p.o.Log, Observer: p.o.Observer, Fail: p.fail}
	return shell.Wrap(func(w *httpio.Response, r *http.Request) error {
		match, err := router.Find(r.Method, r.URL.EscapedPath())
		if !match.Value.page {
			p.allowOrigin(w, r)
		}
		if r.Method == http.MethodOptions {
			w.Operation = "preflight"
			w.NoContent()
			return nil
		}
		if err != nil {
			return err
		}
		w.Route, w.Operation = match.Pattern, match.Value.name
		return match.Value.handle(&call{w: w, r: r, org: match.Param("org"), guard: guard})
	}), nil
}

// ServeHTTP implements http.Handler.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// allowOrigin lets applications of other origins read answers. None of them holds
// anything that a cookie has asked for. Where a browser is sent with a code is not
// among them: development gives one to whoever asks, and a script that is let read
// the answers on its way reads the address at its end.
func (p *Provider) allowOrigin(w *httpio.Response, r *http.Request) {
	h := w.Header()
	if p.o.AllowOrigin == nil {
		h.Set("Access-Control-Allow-Origin", "*")
	} else {
		h.Add("Vary", "Origin")
		if origin := r.Header.Get("Origin"); origin != "" && p.o.AllowOrigin(origin) {
			h.Set("Access-Control-Allow-Origin", origin)
		}
	}
	h.Set("Access-Control-Expose-Headers", "x-request-id")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "authorization, content-type, traceparent, x-uipath-traceparent-id")
		h.Set("Access-Control-Max-Age", "600")
	}
}

// form reads the body. What is there twice is refused (RFC 6749, 3.2).
func (c *call) form() (url.Values, error) {
	if kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, convo.Errorf(convo.Invalid, "send the parameters as application/x-www-form-urlencoded")
	}
	body, err := httpio.ReadBody(c.w, c.r, formLimit)
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, convo.WrapError(convo.Invalid, err, "the body is no form")
	}
	for name, given := range values {
		if len(given) > 1 {
			return nil, convo.Errorf(convo.Invalid, "%.40q is there twice", name)
		}
	}
	return values, nil
}

// answer writes an object that nobody may keep.
func (c *call) answer(status int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.w.Header().Set("Cache-Control", "no-store")
	return c.w.Send(status, "application/json", text)
}

// failure is an error of RFC 6749, 5.2.
type failure struct {
	Code string `json:"error"`
	Text string `json:"error_description"`
}

// fail shows an error: on a page to people, else as JSON.
func (p *Provider) fail(w *httpio.Response, r *http.Request, err *convo.Error) {
	httpio.SetRetryAfter(w.Header(), err.RetryAfter)
	status := statusOf(err.Kind)
	if strings.HasSuffix(w.Route, "/authorize") && err.Kind != convo.MethodNotAllowed {
		if err := p.page.fail(w, status, err.Message); err != nil {
			p.o.Log.ErrorContext(r.Context(), "the sign-in page cannot be shown", "error", err)
		}
		return
	}
	code := "invalid_request"
	switch {
	case status >= 500:
		code = "server_error"
	case err.Kind == convo.RateLimited:
		code = "slow_down"
	}
	// A failure means that the client has gone.
	_ = (&call{w: w, r: r}).answer(status, failure{code, err.Message})
}

func statusOf(k convo.Kind) int {
	switch k {
	case convo.Invalid:
		return http.StatusBadRequest
	case convo.Forbidden:
		return http.StatusForbidden
	case convo.NotFound:
		return http.StatusNotFound
	case convo.MethodNotAllowed:
		return http.StatusMethodNotAllowed
	case convo.TooLarge:
		return http.StatusRequestEntityTooLarge
	case convo.RateLimited:
		return http.StatusTooManyRequests
	case convo.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// configuration tells other programs where what is (OpenID Connect Discovery).
func (p *Provider) configuration(c *call) error {
	issuer := p.o.Issuer()
	return c.answer(http.StatusOK, map[string]any{
		"issuer":                                issuer,
		"authorization_endpoint":                issuer + "/connect/authorize",
		"token_endpoint":                        issuer + "/connect/token",
		"jwks_uri":                              issuer + "/.well-known/openid-configuration/jwks",
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query"},
		"grant_types_supported":                 []string{"authorization_code", "refresh_token"},
		"code_challenge_methods_supported":      []string{"S256"},
		"token_endpoint_auth_methods_supported": []string{"none"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"ES256"},
		"scopes_supported":                      []string{"openid", "offline_access"},
	})
}

// publishKeys gives the public keys, the newest first.
func (p *Provider) publishKeys(c *call) error {
	text, err := json.Marshal(p.keys.Load().public())
	if err != nil {
		return err
	}
	c.w.Header().Set("Cache-Control", "public, max-age=300")
	return c.w.Send(http.StatusOK, "application/json", text)
}
