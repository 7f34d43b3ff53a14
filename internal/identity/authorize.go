package identity

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

// How long what an application sends may be.
const (
	maxClientID = 256
	maxRedirect = 2048
	maxState    = 4096
	maxScope    = 2048
)

// request is what an application asks for on behalf of somebody.
type request struct {
	client, redirect  string
	state             string
	scope, nonce      string
	challenge         string
	tenants           []string // in which the user may be
	silent            bool     // no page may be shown
	clientRedirectURL *url.URL
}

// refusal is an error that goes back to the application (RFC 6749, 4.1.2.1).
type refusal struct{ code, text string }

// Error implements error.
func (r *refusal) Error() string { return r.code + ": " + r.text }

// readRequest reads a query. As long as the application and its address are not
// known to be right, an error is [convo.Invalid], for the person at the browser;
// then it is a *refusal, which the application is told.
func (p *Provider) readRequest(rawQuery, org string) (*request, error) {
	q, err := url.ParseQuery(rawQuery)
	if err != nil {
		return nil, convo.WrapError(convo.Invalid, err, "the address of this page is damaged; go back to the application and try again")
	}
	client, known := p.client(q.Get("client_id"))
	if !known || len(q["client_id"]) != 1 {
		return nil, convo.Errorf(convo.Invalid, "this application is not known here; whoever runs this server adds it to oidc.builtin.clients")
	}
	r := &request{client: client.ID, redirect: q.Get("redirect_uri"), state: q.Get("state"), scope: q.Get("scope"), nonce: q.Get("nonce")}
	if r.clientRedirectURL, err = p.redirect(client, q["redirect_uri"]); err != nil {
		return nil, err
	}
	return r, p.readRest(r, q, org)
}

// redirect finds the address to send the browser back to.
func (p *Provider) redirect(client Client, given []string) (*url.URL, error) {
	const advice = "the application asks to send you to an address that is not registered for it; whoever runs this server adds it to the client's redirectURIs"
	if len(given) != 1 || len(given[0]) > maxRedirect {
		return nil, convo.Errorf(convo.Invalid, advice)
	}
	u, err := url.Parse(given[0])
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || strings.Contains(given[0], "#") {
		return nil, convo.Errorf(convo.Invalid, advice)
	}
	if !slices.Contains(client.RedirectURIs, given[0]) && !(p.o.Development && isLoopback(u.Hostname())) {
		return nil, convo.Errorf(convo.Invalid, advice)
	}
	return u, nil
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.IsLoopback()
}

// readRest reads what is left once the application is known.
func (p *Provider) readRest(r *request, q url.Values, org string) error {
	for _, name := range []string{"response_type", "response_mode", "state", "scope", "nonce", "code_challenge", "code_challenge_method", "prompt", "acr_values"} {
		if len(q[name]) > 1 {
			return &refusal{"invalid_request", name + " is there twice"}
		}
	}
	switch mode, method := q.Get("response_mode"), q.Get("code_challenge_method"); {
	case len(r.state) > maxState || len(r.scope) > maxScope || len(r.nonce) > maxState:
		r.state = "" // what is too long is not sent back either
		return &refusal{"invalid_request", "state, scope or nonce is too long"}
	case q.Get("response_type") != "code":
		return &refusal{"unsupported_response_type", "response_type must be code"}
	case mode != "" && mode != "query":
		return &refusal{"invalid_request", "response_mode must be query"}
	case method != "S256" || !isChallenge(q.Get("code_challenge")):
		return &refusal{"invalid_request", "PKCE is required: send code_challenge, and code_challenge_method=S256"}
	case !isScope(r.scope):
		return &refusal{"invalid_scope", "scope has characters that none may have"}
	}
	r.challenge, r.silent = q.Get("code_challenge"), q.Get("prompt") == "none"
	r.tenants = p.tenantsOf(org, q.Get("acr_values"))
	if len(r.tenants) == 0 {
		return &refusal{"invalid_request", "there is no such organisation"}
	}
	return nil
}

// isChallenge reports whether that is a SHA-256 in base64url.
func isChallenge(s string) bool { return len(s) == 43 && isUnreserved(s) }

// isUnreserved reports whether a text has only the characters of a verifier (RFC
// 7636, 4.1).
func isUnreserved(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._~", r)
	})
}

// isScope reports whether a text has only the characters of scopes (RFC 6749, 3.3).
func isScope(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' })
}

// tenantsOf gives the tenants of the organisation that the path or acr_values
// name, by its name or its id; all if neither does.
func (p *Provider) tenantsOf(org, acr string) []string {
	var orgs []string
	if org != "" {
		orgs = append(orgs, org)
	}
	for _, value := range strings.Fields(acr) {
		for _, prefix := range []string{"tenantName:", "tenant:"} {
			if name, ok := strings.CutPrefix(value, prefix); ok {
				orgs = append(orgs, name)
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(p.o.Tenants), func(tenant string) bool {
		t := convo.TenancyOf(tenant)
		return slices.ContainsFunc(orgs, func(org string) bool { return !t.IsOrg(org) })
	})
}

// authorize answers a browser that an application sent here: with a page, or by
// sending it back.
func (p *Provider) authorize(c *call) error {
	r, err := p.readRequest(c.r.URL.RawQuery, c.org)
	if refused, ok := err.(*refusal); ok {
		return back(c.w, r, "error", refused.code, "error_description", refused.text)
	}
	switch {
	case err != nil:
		return err
	case p.o.Development:
		return p.develop(c, r)
	case r.silent:
		return back(c.w, r, "error", "login_required", "error_description", "nobody is signed in")
	case c.r.Method == http.MethodPost:
		return p.submitted(c, r)
	}
	return p.page.show(c.w, r, http.StatusOK, form{})
}

// develop signs the developer in, for whoever knows this server by a name of this
// machine: another name that leads here makes a stranger's page one of this server's,
// which may read everything.
func (p *Provider) develop(c *call, r *request) error {
	host, _, err := net.SplitHostPort(c.r.Host)
	if err != nil {
		host = strings.Trim(c.r.Host, "[]") // without a port
	}
	if !isLoopback(host) {
		return convo.Errorf(convo.Forbidden, "oidc.builtin.development signs nobody in at this address; go to localhost or 127.0.0.1")
	}
	return p.grantCode(c.w, r, developerOf(r.tenants[0]))
}

// grantCode sends the browser back with a code.
func (p *Provider) grantCode(w *httpio.Response, r *request, a account) error {
	code, err := p.codes.put(grant{
		client: r.client, redirect: r.redirect, challenge: r.challenge, scope: r.scope, nonce: r.nonce,
		account: a, stamp: p.keys.Load().stamp(a), signIn: uuid.NewString(),
	})
	if convo.ErrorKind(err) == convo.Unavailable {
		return back(w, r, "error", "temporarily_unavailable", "error_description", err.Error())
	}
	if err != nil {
		return err
	}
	return back(w, r, "code", code)
}

// back sends the browser to the application, with names and values in the query
// behind what the address has already, and the state as it came.
func back(w *httpio.Response, r *request, pairs ...string) error {
	u, answer := *r.clientRedirectURL, url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		answer.Set(pairs[i], pairs[i+1])
	}
	if r.state != "" {
		answer.Set("state", r.state)
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += answer.Encode()
	w.Header().Set("Location", u.String())
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// origin is the address without what stands behind the host.
func (r *request) origin() string {
	return fmt.Sprintf("%s://%s", r.clientRedirectURL.Scheme, r.clientRedirectURL.Host)
}

// source is the origin as policies have it: they know no IPv6 addresses.
func (r *request) source() string {
	if strings.Contains(r.clientRedirectURL.Host, "[") {
		return r.clientRedirectURL.Scheme + ":"
	}
	return r.origin()
}
