package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/ratelimit"
)

// Path is where the protocol is spoken.
const Path = "/mcp"

// frontName is how logs and metrics name this front.
const frontName = "mcp"

// The defaults of [Options].
const (
	bodyLimit     = 8 << 20
	maxSessions   = 1000
	tokenSessions = 32
	idleTime      = 30 * time.Minute
)

// replayBytes is how much of what was sent is kept in memory, of all sessions
// together, for clients that lose their connection and read on.
const replayBytes = 16 << 20

// Options is what the front needs.
type Options struct {
	// Server is what is offered. It belongs to this handler from here on.
	Server *sdk.Server
	Auth   Authenticator
	Log    *slog.Logger // default: none
	// BodyLimit is how many bytes a request may have; default 8 MiB.
	BodyLimit int64
	// Limiter counts requests against their limits; default: there are none.
	Limiter *ratelimit.Limiter
	// Proxies are those whose word is taken for whom they speak for.
	Proxies []netip.Prefix
	// PublicURL is the address that clients see; default: none but the one that
	// they reach.
	PublicURL string
	// Observer is told of each request; default: nobody is.
	Observer httpio.Observer

	Sessions      int           // at once; default 1000
	TokenSessions int           // of one token; default 32
	Idle          time.Duration // after which a session ends; default 30 min
}

// Handler answers requests at [Path]. Make one with New, and Close it when no
// request is served any more.
type Handler struct {
	options  Options
	guard    guard
	sessions *sessions
	protocol http.Handler // the SDK's, for sessions
	single   http.Handler // and for the versions without
	shell    http.Handler // around all of it
}

// New makes the handler.
func New(o Options) *Handler {
	setDefault(&o.BodyLimit, bodyLimit)
	setDefault(&o.Sessions, maxSessions)
	setDefault(&o.TokenSessions, tokenSessions)
	setDefault(&o.Idle, idleTime)
	setDefault(&o.Log, slog.New(slog.DiscardHandler))
	h := &Handler{
		options: o, guard: guard{public: hostOf(o.PublicURL), proxies: o.Proxies},
		sessions: newSessions(o.Sessions, o.TokenSessions, o.Idle),
	}
	o.Server.AddReceivingMiddleware(h.sessions.around)
	events := sdk.NewMemoryEventStore(nil)
	events.SetMaxBytes(replayBytes)
	options := sdk.StreamableHTTPOptions{
		// The guard knows of proxies and public names; the SDK's own check does not.
		DisableLocalhostProtection: true,
		MaxRequestBodyBytes:        o.BodyLimit,
	}
	with, without := options, options
	with.EventStore = events
	without.Stateless, without.PropagateRequestCancellation = true, true
	h.protocol, h.single = protocol(o.Server, &with), protocol(o.Server, &without)
	shell := &httpio.Shell{Log: o.Log, Fail: fail, Observer: o.Observer}
	h.shell = shell.Wrap(h.serve)
	return h
}

// protocol is the SDK's handler, told who asks.
func protocol(server *sdk.Server, o *sdk.StreamableHTTPOptions) http.Handler {
	handler := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return server }, o)
	return auth.RequireBearerToken(known, &auth.RequireBearerTokenOptions{AllowMissingExpiration: true})(handler)
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.shell.ServeHTTP(w, r) }

// Close ends all sessions and what runs in them.
func (h *Handler) Close() { h.sessions.close() }

// serve finds out who asks, and lets the SDK answer.
func (h *Handler) serve(w *httpio.Response, r *http.Request) error {
	w.Route, w.Operation = Path, frontName
	if err := h.guard.check(r); err != nil {
		return err
	}
	actor, err := h.authenticate(r)
	if err != nil {
		return err
	}
	streams := r.Method == http.MethodGet
	if r.Method == http.MethodPost {
		body, err := httpio.ReadBody(w, r, h.options.BodyLimit)
		if err != nil {
			return err
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		streams = mayLast(body)
	}
	pass, err := h.options.Limiter.Admit(actor, streams)
	defer pass.Release()
	pass.SetHeaders(w.Header())
	if err != nil {
		return err
	}
	session := r.Header.Get("Mcp-Session-Id")
	leave, version, err := h.sessions.enter(session, ownerOf(actor))
	if err != nil {
		return err
	}
	defer leave()
	if r.Method == http.MethodDelete && session != "" {
		h.sessions.end(session) // the SDK would wait for what runs in it
		w.NoContent()
		return nil
	}
	own := &asker{actor: actor}
	if streams {
		own.calls.Store(1)
	}
	ctx, cancel := context.WithCancel(context.WithValue(r.Context(), askerKey{}, own))
	defer cancel()
	out := &stream{w: w}
	if streams {
		w.Streaming()
		defer out.keep(ctx, cancel, func() bool { return h.expired(ctx, r) })()
	}
	h.speak(version, r).ServeHTTP(out, r.WithContext(ctx))
	return nil
}

// versionHeader names the version of the protocol that a request speaks.
const versionHeader = "Mcp-Protocol-Version"

// sessionless is the first version without sessions.
const sessionless = "2026-07-28"

// speak gives the handler for the version that a request speaks. In a session
// that is the version which was agreed on, also if a request names another one or
// none, as clients do.
func (h *Handler) speak(agreed string, r *http.Request) http.Handler {
	named := r.Header.Get(versionHeader)
	if agreed == "" && named >= sessionless {
		return h.single
	}
	if agreed != "" && (named == "" || slices.Contains(sdk.SupportedProtocolVersions(), named)) {
		r.Header.Set(versionHeader, agreed)
	}
	return h.protocol
}

// mayLast reports whether a message, or one of several, asks for what may take
// long and counts as a stream: it calls a tool, or listens.
func mayLast(body []byte) bool {
	type message struct {
		Method string `json:"method"`
	}
	var several []message
	if err := json.Unmarshal(body, &several); err != nil {
		several = make([]message, 1)
		if err := json.Unmarshal(body, &several[0]); err != nil {
			return false // the SDK says what is wrong with it
		}
	}
	for _, m := range several {
		if m.Method == "tools/call" || m.Method == "subscriptions/listen" {
			return true
		}
	}
	return false
}

// fail renders an error in the protocol's form, without the id of a request: it
// was not looked at.
func fail(w *httpio.Response, _ *http.Request, err *convo.Error) {
	type rpcError struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	type response struct {
		Version string   `json:"jsonrpc"`
		ID      *string  `json:"id"`
		Error   rpcError `json:"error"`
	}
	status := statusOf(err.Kind)
	if status == http.StatusUnauthorized {
		w.Header().Set("Www-Authenticate", "Bearer")
	}
	httpio.SetRetryAfter(w.Header(), err.RetryAfter)
	w.Header().Set("Cache-Control", "no-store")
	body, _ := json.Marshal(response{Version: "2.0", Error: rpcError{errorCode, err.Message}}) // strings and a number
	_ = w.Send(status, "application/json", body)                                               // a client that is gone needs no answer
}
