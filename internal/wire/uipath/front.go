package uipath

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/ratelimit"
	"github.com/parleyhq/parley/internal/store"
)

// bodyLimit is how many bytes of JSON a request may have.
const bodyLimit = 1 << 20

// maxID is how long an id may be. A longer one is not looked up.
const maxID = 256

// Authenticator finds out who holds a token.
type Authenticator interface {
	// Authenticate gives the holder of a secret or of a user's token;
	// convo.Unauthenticated unless it is good.
	Authenticate(ctx context.Context, token string) (convo.Actor, error)
	// External gives the external user of an application that the value names. The
	// token of a user stays that user's.
	External(actor convo.Actor, value string) (convo.Actor, error)
	// Remembers reports whether Authenticate would know the token without looking it up.
	Remembers(token string) bool
	// Changed is closed when a token may have stopped working; take it anew then.
	Changed() <-chan struct{}
}

// Options is what the front needs. Engine and Auth are required.
type Options struct {
	Engine *engine.Engine
	Auth   Authenticator
	Log    *slog.Logger // default: none
	// Origins are the web pages that may use the server; default: all.
	Origins Origins
	// PublicURL is where clients see the server, for absolute links; default: where
	// the request says that it went.
	PublicURL string
	// Key signs the addresses of files: 32 bytes that nobody else knows. Required.
	Key []byte
	// Links makes the addresses of files that answers cite, and tells them when they
	// are asked for. Required.
	Links *httpio.Links
	// Welcome says what an agent greets its users with, by its tenant and the id of
	// its bot; nil, and default: with nothing.
	Welcome func(tenant, bot string) *Welcome
	// Connectors says what users may choose for an agent, by its tenant and the id of
	// its bot; default: nothing.
	Connectors func(tenant, bot string) []Connector
	// Limiter counts requests against their limits; default: there are none.
	Limiter *ratelimit.Limiter
	// Proxies are those whose word is taken for whom they speak for.
	Proxies []netip.Prefix
	// Observer is told of each request; default: nobody is.
	Observer httpio.Observer
	// Sessions keeps what lets sockets go on after a loss. Without it there are none.
	Sessions store.Sockets
	// Sockets is told what sockets do; default: nobody is.
	Sockets SocketObserver
	// AnnounceEnd has clients told that their connections end, when they are drained,
	// with this as the time that is left. Their sessions are not recovered then.
	// Default: they are not told, and go on with the next process.
	AnnounceEnd time.Duration
}

// Front answers everything that the published client asks for. New makes one.
type Front struct {
	engine    *engine.Engine
	auth      Authenticator
	origins   Origins
	publicURL string
	signer    signer
	links     *httpio.Links
	welcome   func(tenant, bot string) *Welcome
	choices   func(tenant, bot string) []Connector
	limiter   *ratelimit.Limiter
	proxies   []netip.Prefix
	router    *httpio.Router[operation]
	rest      http.Handler
	live      *live // nil without Sessions
}

// New makes the front.
func New(o Options) (*Front, error) {
	f := &Front{
		engine: o.Engine, auth: o.Auth, origins: o.Origins, publicURL: strings.TrimRight(o.PublicURL, "/"),
		signer: signer{key: o.Key, now: time.Now}, links: o.Links, welcome: o.Welcome, choices: o.Connectors, limiter: o.Limiter, proxies: o.Proxies,
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if f.welcome == nil {
		f.welcome = func(string, string) *Welcome { return nil }
	}
	if f.choices == nil {
		f.choices = func(string, string) []Connector { return nil }
	}
	if len(o.Key) == 0 || o.Links == nil {
		return nil, errors.New("the conversational agent API needs a key that signs addresses of files")
	}
	var routes []httpio.Route[operation]
	for _, op := range operations() {
		routes = append(routes, httpio.Route[operation]{Method: op.method, Pattern: op.path, Value: op})
	}
	var err error
	if f.router, err = httpio.NewRouter(routes); err != nil {
		return nil, fmt.Errorf("making the routes of the conversational agent API: %w", err)
	}
	shell := &httpio.Shell{Log: o.Log, Fail: fail, Observer: o.Observer, NewID: newTrace}
	f.rest = shell.Wrap(f.serve)
	if o.Sessions != nil {
		f.live = newLive(f, o)
	}
	return f, nil
}

// newTrace makes the id of a request, in the form of traces.
func newTrace() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // it never fails
	return hex.EncodeToString(id[:])
}

// Serves reports whether an escaped path is the front's.
func (f *Front) Serves(escapedPath string) bool {
	s := segments(escapedPath)
	return len(s) > 2 && s[2] == "autopilotforeveryone_" || len(s) == 2 && s[0] == "files" || f.isSocket(s)
}

// isSocket reports whether a path is that of sockets: clients take the short one for
// servers on their own machine, and the long one for all others.
func (f *Front) isSocket(s []string) bool {
	return f.live != nil && (slices.Equal(s, []string{"socket.io"}) ||
		slices.Equal(s, []string{"autopilotforeveryone_", "websocket_", "socket.io"}))
}

// ServeHTTP implements [http.Handler].
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.isSocket(segments(r.URL.EscapedPath())) {
		f.live.server.ServeHTTP(w, r)
		return
	}
	f.rest.ServeHTTP(w, r)
}

// Drain takes no new sockets, and closes those whose conversations are quiet as they
// become so, until ctx ends. Their clients go on with the next process.
func (f *Front) Drain(ctx context.Context) {
	if f.live != nil {
		f.live.drain(ctx)
	}
}

// Close ends all sockets, and returns when what they said has been handled. The
// engine and the store have to outlive it.
func (f *Front) Close(ctx context.Context) error {
	if f.live == nil {
		return nil
	}
	return f.live.close(ctx)
}

// segments are those of a path that are not empty, still escaped. Clients double
// slashes where their base URL ends with one.
func segments(escapedPath string) []string {
	return strings.FieldsFunc(escapedPath, func(c rune) bool { return c == '/' })
}

// serve finds out who asks for what.
func (f *Front) serve(w *httpio.Response, r *http.Request) error {
	f.origins.setHeaders(w, r)
	if r.Method == http.MethodOptions {
		w.Operation = "preflight"
		w.NoContent()
		return nil
	}
	c := &call{front: f, w: w, r: r, path: "/" + strings.Join(segments(r.URL.EscapedPath()), "/"), pass: &ratelimit.Pass{}}
	var unrouted error
	if c.match, unrouted = f.router.Find(r.Method, c.path); unrouted == nil {
		w.Route, w.Operation = c.match.Pattern, c.match.Value.name
	}
	wrong, _ := errors.AsType[*httpio.NotAllowed](unrouted)
	if open := c.match.Value.open || wrong != nil && wrong.Pattern == filePath; !open {
		if err := f.authorize(c); err != nil {
			return err
		}
		defer func() { c.pass.Release() }()
	}
	if unrouted != nil {
		return unrouted
	}
	var err error
	if c.query, err = httpio.ParseQuery(r.URL.RawQuery); err != nil {
		return err
	}
	return c.match.Value.handle(c)
}

// authorize holds a request against token, path, limits and ids, in this order.
func (f *Front) authorize(c *call) error {
	actor, err := f.authenticate(c.r)
	if err != nil {
		return err
	}
	if err := checkTenant(actor, c.path); err != nil {
		return err
	}
	if actor, err = f.speaksFor(c.r, actor); err != nil {
		return err
	}
	c.actor = actor
	pass, refused := f.limiter.Admit(actor, false)
	*c.pass = pass
	c.pass.SetHeaders(c.w.Header())
	if c.refused = refused; refused != nil && !c.match.Value.repeats() {
		return refused
	}
	return checkIDs(c.match)
}

// authenticate finds who asks.
func (f *Front) authenticate(r *http.Request) (convo.Actor, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return convo.Actor{}, refuse(convo.Unauthenticated, codeNoToken, "send a token as Authorization: Bearer <token>")
	}
	from := httpio.ClientAddress(r, f.proxies)
	if err := f.limiter.MayTry(from); err != nil && !f.auth.Remembers(token) {
		return convo.Actor{}, err
	}
	actor, err := f.auth.Authenticate(r.Context(), token)
	if convo.ErrorKind(err) == convo.Unauthenticated {
		f.limiter.TriedWrong(from)
	}
	actor.Own = true
	return actor, err
}

// speaksFor gives whom an application speaks for, who else is the actor himself.
func (f *Front) speaksFor(r *http.Request, actor convo.Actor) (convo.Actor, error) {
	values := r.Header.Values("X-Uipath-External-User-Id")
	if len(values) == 0 {
		return actor, nil
	}
	return f.external(actor, values[0])
}

// external gives the external user whom an application speaks for.
func (f *Front) external(actor convo.Actor, value string) (convo.Actor, error) {
	actor, err := f.auth.External(actor, value)
	if convo.ErrorKind(err) == convo.Invalid {
		err = convo.WrapError(convo.Invalid, fault{code: codeExternalUser}, "%s", convo.PublicError(err).Message)
	}
	actor.Own = true
	return actor, err
}

// admit is the whole order of checks for those who do not come with a request of
// their own: token, tenant, external user. org and tenant are "" where the client
// named none; external is nil where it speaks for nobody.
func (f *Front) admit(ctx context.Context, token, org, tenant string, external *string) (convo.Actor, error) {
	actor, err := f.auth.Authenticate(ctx, token)
	if err != nil {
		return convo.Actor{}, err
	}
	actor.Own = true
	if named := org != "" || tenant != ""; named && !convo.TenancyOf(actor.Tenant).Is(org, tenant) {
		return convo.Actor{}, errTenant()
	}
	if external == nil {
		return actor, nil
	}
	return f.external(actor, *external)
}

// base is where the client sees the server, for absolute links.
func (f *Front) base(r *http.Request) string {
	if f.publicURL != "" {
		return f.publicURL
	}
	return httpio.BaseURL(r, f.proxies)
}

// checkTenant refuses a path of another tenant than the token's.
func checkTenant(actor convo.Actor, path string) error {
	s := segments(path)
	if len(s) < 2 {
		return errTenant()
	}
	org, orgErr := url.PathUnescape(s[0])
	tenant, tenantErr := url.PathUnescape(s[1])
	if orgErr != nil || tenantErr != nil || !convo.TenancyOf(actor.Tenant).Is(org, tenant) {
		return errTenant()
	}
	return nil
}

func errTenant() error {
	return refuse(convo.NotFound, codePath, "the token's tenant is not the one that was named: check the organisation and the tenant")
}

// checkIDs spares the store ids that are longer than any. They are simply unknown.
func checkIDs(m httpio.Match[operation]) error {
	for name, code := range map[string]int{
		"conversationId": codeConversation, "exchangeId": codeExchange, "messageId": codeMessage, "contentPartId": codePart,
	} {
		if len(m.Param(name)) > maxID {
			return refuse(convo.NotFound, code, "%s is longer than any id", name)
		}
	}
	return nil
}
