package chatbotkit

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/ratelimit"
)

// bodyLimit is how many bytes of JSON a request may have, unless configured.
const bodyLimit = 8 << 20

// maxID is how long an id may be. A longer one is not looked up, nor repeated
// in an error.
const maxID = 256

// Authenticator finds out who holds a secret.
type Authenticator interface {
	// Actor gives the holder; convo.Unauthenticated unless the secret is good.
	Actor(ctx context.Context, secret string) (convo.Actor, error)
	// Remembers reports whether Actor would know the secret without looking it up.
	Remembers(secret string) bool
}

// Options is what the front needs.
type Options struct {
	Engine    *engine.Engine
	Auth      Authenticator
	Log       *slog.Logger // default: none
	BodyLimit int64        // bytes of a JSON body; default 8 MiB
	// Links makes the addresses of files that answers cite; default: they have none.
	Links *httpio.Links
	// PublicURL is where clients see the server, for these addresses; default: where
	// the request says that it went.
	PublicURL string
	// Limiter counts requests against their limits; default: there are none.
	Limiter *ratelimit.Limiter
	// Proxies are those whose word is taken for whom they speak for.
	Proxies []netip.Prefix
	// Observer is told of each request; default: nobody is.
	Observer httpio.Observer
	// Key signs the addresses of uploads; default: one that ends with the process.
	Key []byte
}

// front holds what does not change between requests.
type front struct {
	engine    *engine.Engine
	auth      Authenticator
	bodyLimit int64
	links     *httpio.Links
	publicURL string
	limiter   *ratelimit.Limiter
	proxies   []netip.Prefix
	router    *httpio.Router[operation]
	documents documents
	zones     zones
	blobs     blobKeys
	started   time.Time
}

// New makes the handler for everything under /v1 and /api/v1, and for the pages
// that describe it: /openapi.json and /docs. It answers other paths with 404.
func New(o Options) (http.Handler, error) {
	f := &front{
		engine: o.Engine, auth: o.Auth, bodyLimit: o.BodyLimit, links: o.Links, publicURL: strings.TrimRight(o.PublicURL, "/"),
		limiter: o.Limiter, proxies: o.Proxies, blobs: newBlobKeys(o.Key), started: time.Now(),
	}
	if f.bodyLimit == 0 {
		f.bodyLimit = bodyLimit
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	var routes []httpio.Route[operation]
	for _, op := range append(operations(), laterOperations()...) {
		routes = append(routes, httpio.Route[operation]{Method: op.method, Pattern: op.path, Value: op})
	}
	var err error
	if f.router, err = httpio.NewRouter(routes); err != nil {
		return nil, fmt.Errorf("making the ChatBotKit routes: %w", err)
	}
	f.documents = newDocuments(o.Engine.Limits())
	shell := &httpio.Shell{Log: o.Log, Fail: fail, Observer: o.Observer}
	return shell.Wrap(f.serve), nil
}

// serve finds out who asks for what. A caller without a good token learns
// nothing, not even which paths exist.
func (f *front) serve(w *httpio.Response, r *http.Request) error {
	allowOrigins(w, r)
	if r.Method == http.MethodOptions {
		w.Operation = "preflight"
		w.NoContent()
		return nil
	}
	if _, ok := f.documents[r.URL.Path]; ok {
		w.Operation = "document"
		return f.documents.serve(w, r)
	}
	path, ok := cutPrefix(r.URL.EscapedPath())
	if !ok {
		return convo.Errorf(convo.NotFound, "there is nothing at this path; the API is under /v1, and described at /docs")
	}
	actor, err := f.authenticate(r)
	match, unknown := f.router.Find(r.Method, path)
	stranger := err != nil && match.Value.open && secretOf(r) == ""
	if err != nil && !stranger {
		return err
	}
	lines := httpio.Accepts(r, "application/jsonl")
	var pass ratelimit.Pass
	var refused error
	if !stranger { // else the operation counts, when it knows whose what it is for is
		pass, refused = f.limiter.Admit(actor, lines || match.Value.turn)
	}
	defer func() { pass.Release() }()
	pass.SetHeaders(w.Header())
	if unknown != nil {
		return unknown
	}
	w.Route, w.Operation = match.Pattern, match.Value.name
	if refused != nil && match.Value.request == nil {
		return refused
	}
	for _, name := range []string{
		"conversationId", "messageId", "botId", "skillsetId", "abilityId", "secretId", "datasetId", "recordId", "fileId", "contactId", "memoryId",
	} {
		if len(match.Param(name)) > maxID {
			return convo.Errorf(convo.NotFound, "%s is longer than any id", name)
		}
	}
	if actor.Session() && !match.Value.session {
		return convo.Errorf(convo.Forbidden, "a session token may not do this; use an API secret")
	}
	c := &call{
		front: f, w: w, r: r, actor: actor, match: match, path: path, lines: lines, pass: &pass, refused: refused, known: !stranger,
	}
	if c.zone, err = f.zones.check(r.Header.Get("X-Timezone")); err != nil {
		return err
	}
	if c.query, err = httpio.ParseQuery(r.URL.RawQuery); err != nil {
		return err
	}
	return match.Value.handle(c)
}

// cutPrefix gives the path after /v1, which clients of other bases write as
// /api/v1.
func cutPrefix(path string) (rest string, ok bool) {
	path = strings.TrimPrefix(path, "/api")
	rest, ok = strings.CutPrefix(path, "/v1")
	return rest, ok && strings.HasPrefix(rest, "/")
}

// authenticate finds who asks. A header that asks to act for somebody else is
// refused, never passed over: the caller would see the wrong one's data.
func (f *front) authenticate(r *http.Request) (convo.Actor, error) {
	secret := secretOf(r)
	if secret == "" {
		return convo.Actor{}, errNoToken()
	}
	from := httpio.ClientAddress(r, f.proxies)
	if err := f.limiter.MayTry(from); err != nil && !f.auth.Remembers(secret) {
		return convo.Actor{}, err
	}
	actor, err := f.auth.Actor(r.Context(), secret)
	if convo.ErrorKind(err) == convo.Unauthenticated {
		f.limiter.TriedWrong(from)
	}
	if err != nil {
		return convo.Actor{}, err
	}
	for _, name := range []string{"X-Runas-User-Id", "X-Runas-Child-User-Email"} {
		if r.Header.Get(name) != "" {
			return convo.Actor{}, convo.Errorf(convo.Forbidden, "this token may not act for others; leave the header %s out", name)
		}
	}
	return actor, nil
}

func errNoToken() error {
	return convo.Errorf(convo.Unauthenticated, "send a token as Authorization: Bearer <token>")
}

// secretOf is the token that a request carries, "" if it carries none.
func secretOf(r *http.Request) string {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "Token") {
		return ""
	}
	return strings.TrimSpace(secret)
}
