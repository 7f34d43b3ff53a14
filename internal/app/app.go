// Package app is the composition root: it makes a server out of a
// configuration, and is the only package that knows the drivers.
//
// New opens everything and takes the data folder, Run serves until its context
// ends, Close lets everything go. Run promises that a server that was told to
// stop answers no new turn, lets running ones finish for turns.drain, stops the
// rest, and returns when all answers are written or cut.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/auth"
	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/console"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/document"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/identity"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/outbound"
	"github.com/parleyhq/parley/internal/ratelimit"
	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/sqlite"
	"github.com/parleyhq/parley/internal/telemetry"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/tool/ability"
	"github.com/parleyhq/parley/internal/wire/chatbotkit"
	"github.com/parleyhq/parley/internal/wire/mcp"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

// App is a server. Make one with New, call Run once, then Close.
type App struct {
	cfg    config.Config
	log    *slog.Logger
	store  store.Store
	auth   *auth.Auth
	logins *identity.Provider // nil = not enabled
	models *model.Catalog
	engine *engine.Engine

	documents document.Reader

	outbound  *outbound.Client // for addresses that others chose
	abilities *ability.Set
	tools     tool.MultiSet // what the turns of bots may call

	telemetry *telemetry.Telemetry
	hub       *hub.Hub
	beside    []beside // what is served at addresses of its own

	limiter *ratelimit.Limiter // of the public address

	public net.Listener
	local  net.Listener // the console's socket; nil where there can be none

	agents   *uipath.Front // of the public address
	handler  http.Handler  // the API with the health checks
	commands http.Handler  // the console

	secrets []FirstSecret
	state   state
	ready   chan struct{}
	hurry   chan struct{}
	closers []func() error // in the order in which they were opened
}

// FirstSecret is a secret that was made because its tenant had none. It is to
// be shown once.
type FirstSecret struct{ Tenant, Secret string }

// New opens the data folder, connects the parts and takes the address. What was
// opened is closed again when it fails.
func New(ctx context.Context, cfg config.Config, log *slog.Logger, options ...Option) (_ *App, err error) {
	a := &App{cfg: cfg, log: log, ready: make(chan struct{}), hurry: make(chan struct{}, 1)}
	for _, option := range options {
		option(a)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if err := a.openTelemetry(ctx); err != nil {
		return nil, err
	}
	box, err := a.openData(ctx)
	if err != nil {
		return nil, err
	}
	if a.models, err = catalog(cfg); err != nil {
		return nil, err
	}
	a.onClose(func() error { a.models.Close(); return nil })
	if err := a.openTools(box); err != nil {
		return nil, err
	}
	limits := engine.DefaultLimits()
	limits.Queue, limits.Text, limits.File = cfg.Turns.Queue, int(cfg.Limits.Text), int64(cfg.Limits.File)
	limits.Turn = engine.TurnLimits{
		Iterations: cfg.Turns.Iterations, Continuations: cfg.Turns.Continuations, Calls: cfg.Turns.Calls,
	}
	limits.ToolTime = cfg.Turns.ToolTimeout
	limits.Background, limits.Compact = cfg.Turns.Background, cfg.Turns.Compact
	limits.Approval = cfg.Approvals.ExpireAfter
	limits.ChannelWait, limits.ChannelKeep = cfg.Channels.WaitFor, cfg.Channels.Keep
	a.hub = hub.New()
	a.engine = engine.New(engine.Options{
		Store: a.store, Hub: a.hub, Observer: a.telemetry, Models: a.models, Sealer: box,
		Limits: limits, Log: log, NewSecret: auth.NewSecret, Tools: a.tools, Abilities: a.abilities,
		Transcriber: a.transcriber(), Speaker: a.speaker(), Embedder: a.embedder(), Moderator: a.moderator(), Texts: a.texts(), Vectors: a.vectors(), Documents: a.documents, Fetcher: fetcher{a.outbound.Reading(limits.File)},
		Inline: inline, BotDatasets: botDatasets(cfg),
		Quotas: quotas(cfg),
	})
	a.limiter = ratelimit.New(rateLimits(cfg.Limits))
	return a, a.openFronts(ctx, box)
}

func quotas(cfg config.Config) (all []engine.Quota) {
	for _, q := range cfg.Quotas {
		all = append(all, engine.Quota{Tenant: q.Tenant, Bot: q.Bot, Tokens: q.Tokens, Per: engine.Period(q.Per)})
	}
	return all
}

func rateLimits(l config.Limits) ratelimit.Limits {
	return ratelimit.Limits{
		TokenRate: l.Rate.Token, TenantRate: l.Rate.Tenant, AddressRate: l.Rate.Address,
		TokenStreams: l.Streams.Token, TenantStreams: l.Streams.Tenant,
	}
}

// openData takes the data folder: its database and its key.
func (a *App) openData(ctx context.Context) (*seal.Box, error) {
	data, err := a.awaitFolder(ctx, sqlite.Options{Committed: a.telemetry.Committed})
	if err != nil {
		return nil, err
	}
	a.onClose(data.Close)
	a.store = a.telemetry.Store(data)
	a.auth = auth.New(a.store, time.Now)
	return openKey(a.cfg, a.log)
}

// lockEvery is how often a start that waits for the data folder tries to have it.
const lockEvery = 50 * time.Millisecond

// awaitFolder opens the store as soon as no other process has it, for which it
// waits as long as dataWait says.
func (a *App) awaitFolder(ctx context.Context, o sqlite.Options) (*sqlite.Store, error) {
	last := time.Now().Add(a.cfg.DataWait)
	for try := 0; ; try++ {
		data, err := openFolder(ctx, a.cfg.Data, o)
		if !errors.Is(err, sqlite.ErrInUse) || time.Now().After(last) {
			return data, err
		}
		if try == 0 {
			a.log.Info("waiting for the data folder, which another server has", "data", a.cfg.Data, "for", a.cfg.DataWait)
		}
		select {
		case <-time.After(lockEvery):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// openFolder opens the store, and says what to do about a folder that cannot be
// used.
func openFolder(ctx context.Context, folder string, o sqlite.Options) (*sqlite.Store, error) {
	data, err := sqlite.Open(ctx, folder, o)
	if err != nil && ctx.Err() == nil && convo.ErrorKind(err) == convo.Internal {
		return nil, fmt.Errorf("the data folder %s cannot be used: %w; let this user write there, or name another folder with --data", folder, err)
	}
	return data, err
}

// openFronts takes the addresses and makes what answers there.
func (a *App) openFronts(ctx context.Context, box *seal.Box) error {
	proxies, err := config.ParseNetworks(a.cfg.TrustedProxies)
	if err != nil {
		return err
	}
	front := chatbotkit.Options{Engine: a.engine, Auth: a.auth, Log: a.log, BodyLimit: int64(a.cfg.Limits.Body), Observer: a.telemetry, Key: box.Derive("addresses of uploads")}
	front.PublicURL, front.Links = a.cfg.PublicURL, httpio.NewLinks(box.Derive("links to sources"), time.Now)
	local, err := chatbotkit.New(front) // who may use the socket owns the server
	if err != nil {
		return err
	}
	front.Limiter, front.Proxies = a.limiter, proxies
	api, err := chatbotkit.New(front)
	if err != nil {
		return err
	}
	public := a.withMCP(api, mcp.Options{Limiter: a.limiter, Proxies: proxies})
	if public, err = a.withAgents(public, box, front.Links, proxies); err != nil {
		return err
	}
	if public, err = a.withLogins(ctx, public, box, proxies); err != nil {
		return err
	}
	a.handler = a.withMetrics(a.withHealth(public))
	sealer := func() (engine.Sealer, error) { return box, nil }
	a.commands = (&console.Server{
		Tokens: a.tokens(), Users: a.users(), Archive: tenantArchive{a.store, a.cfg.AllTenants(), sealer}, Chat: a.chatSecret,
		API: a.withLocalMetrics(a.withHealth(a.withMCP(local, mcp.Options{}))),
	}).Handler()
	var listen net.ListenConfig
	if a.public, err = listen.Listen(ctx, "tcp", a.cfg.Listen); err != nil {
		return fmt.Errorf("the address %s cannot be taken: %w; set --listen to another one", a.cfg.Listen, err)
	}
	a.onClose(closeOnce(a.public))
	if err := a.openBeside(ctx); err != nil {
		return err
	}
	if a.local, err = console.Listen(a.cfg.Data); err != nil {
		// The server is as good without it; only commands need it.
		a.log.Warn("commands cannot reach this server", "error", err)
		return nil
	}
	a.onClose(closeOnce(a.local))
	return nil
}

// closeOnce closes a listener that its server may have closed already.
func closeOnce(l net.Listener) func() error {
	return func() error {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	}
}

func (a *App) onClose(f func() error) { a.closers = append(a.closers, f) }

// Close lets everything go, the last opened first. Run must have returned. It
// waits no longer for the disk than Run does.
func (a *App) Close() error {
	closers := a.closers
	a.closers = nil
	return within(closeTime, "closing the data", func() error {
		var all error
		for _, f := range slices.Backward(closers) {
			all = errors.Join(all, f())
		}
		return all
	})
}

// Ready is closed when the server answers requests.
func (a *App) Ready() <-chan struct{} { return a.ready }

// Secrets are those that were made at this start. They are there once Ready is
// closed, and it is for the caller to show them: nobody else can.
func (a *App) Secrets() []FirstSecret { return a.secrets }

// Models says which models are ready, and which settings would add others.
func (a *App) Models(ctx context.Context) []string { return a.models.Ready(ctx) }

// URL is where clients find the server: publicURL, or the address that it
// listens on.
func (a *App) URL() string {
	if a.cfg.PublicURL != "" {
		return strings.TrimRight(a.cfg.PublicURL, "/")
	}
	host, port, err := net.SplitHostPort(a.public.Addr().String())
	if err != nil {
		return "http://" + a.public.Addr().String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// chatSecret makes a token for a chat on this machine.
func (a *App) chatSecret(r *http.Request, tenant string, lasts time.Duration) (string, error) {
	id, err := a.tokens().tenants.find(tenant)
	if err != nil {
		return "", err
	}
	secret, _, err := a.auth.CreateConsole(r.Context(), id, "chat", lasts)
	return secret, err
}
