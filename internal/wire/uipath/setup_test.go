package uipath_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/auth"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/store/memory"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

func TestMain(m *testing.M) {
	// net/http waits half a second after a refused body, also in a server that was closed.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// The tenants of a bundle, and the API of the first one.
const (
	tenantOne = "acme/dev"
	tenantTwo = "other/dev"
	api       = "/acme/dev/autopilotforeveryone_/api/v1"
)

// bundle is a running server with the front, over the memory store and a model that
// plays scripts. Its tenants have an agent each, with the number 1 in the folder 7.
type bundle struct {
	t       *testing.T
	url     string
	store   *memory.Store
	auth    *auth.Auth
	engine  *engine.Engine
	front   *uipath.Front
	model   *scripted.Provider
	client  *http.Client
	secret  string // of the first tenant
	foreign string // of the second one
}

func setup(t *testing.T, scripts ...scripted.Script) *bundle {
	t.Helper()
	return setupWith(t, func(*uipath.Options) {}, scripts...)
}

// setupWith is setup for a front with options of its own.
func setupWith(t *testing.T, change func(*uipath.Options), scripts ...scripted.Script) *bundle {
	t.Helper()
	return setupAll(t, engine.DefaultLimits(), change, scripts...)
}

// setupLimited is setup for files of so many bytes.
func setupLimited(t *testing.T, file int64) *bundle {
	t.Helper()
	limits := engine.DefaultLimits()
	limits.File = file
	return setupAll(t, limits, func(*uipath.Options) {})
}

func setupAll(t *testing.T, limits engine.Limits, change func(*uipath.Options), scripts ...scripted.Script) *bundle {
	t.Helper()
	return setupEngine(t, func(o *engine.Options) { o.Limits, o.Tools = limits, agentTools(t) }, change, scripts...)
}

// setupEngine is setup for an engine and a front with options of their own.
func setupEngine(t *testing.T, adjust func(*engine.Options), change func(*uipath.Options), scripts ...scripted.Script) *bundle {
	t.Helper()
	b := &bundle{t: t, store: memory.New(), model: scripted.New(scripts...), client: &http.Client{Transport: &http.Transport{}}}
	b.auth = auth.New(b.store, time.Now)
	t.Cleanup(func() { must(t, b.store.Close()) })
	b.begin(adjust, change)
	var err error
	b.secret, _, err = b.auth.Create(t.Context(), tenantOne, "test", "", 0)
	must(t, err)
	b.foreign, _, err = b.auth.Create(t.Context(), tenantTwo, "test", "", 0)
	must(t, err)
	return b
}

// begin starts a server on the bundle's store, which may hold what another one left.
func (b *bundle) begin(adjust func(*engine.Options), change func(*uipath.Options)) {
	t := b.t
	t.Helper()
	box, err := seal.New(bytes.Repeat([]byte{7}, 32))
	must(t, err)
	models, err := model.NewCatalog(model.CatalogConfig{Providers: []model.Configured{
		{Name: "scripted", Kind: "scripted", Provider: b.model, Models: []string{scripted.Name}, Window: 32000},
	}})
	must(t, err)
	t.Cleanup(models.Close)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	served := engine.Options{
		Store: b.store, Hub: hub.New(), Models: models, Sealer: box, Limits: engine.DefaultLimits(), Log: log, NewSecret: auth.NewSecret,
	}
	adjust(&served)
	b.engine = engine.New(served)
	for _, tenant := range []string{tenantOne, tenantTwo} {
		must(t, b.engine.DeclareBots(t.Context(), tenant, []engine.DeclaredBot{{
			ID: "support", Number: 1, Folder: 7, Name: new("Support"), Description: new("Answers questions"),
		}}))
	}
	must(t, b.engine.Start(t.Context()))
	o := uipath.Options{Engine: b.engine, Auth: b.auth, Log: log, Sessions: b.store, Key: []byte("a key of tests"), Links: httpio.NewLinks([]byte("links of tests"), time.Now)}
	change(&o)
	b.serve(o, log)
}

func (b *bundle) serve(o uipath.Options, log *slog.Logger) {
	b.t.Helper()
	front, err := uipath.New(o)
	must(b.t, err)
	b.front = front
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(b.t, err)
	server := httpio.NewServer(front, httpio.ServerOptions{Log: log})
	b.url = "http://" + l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	b.t.Cleanup(func() {
		b.client.CloseIdleConnections()
		now, cancel := context.WithCancel(context.Background())
		must(b.t, front.Close(b.ending()))
		must(b.t, server.Close())
		must(b.t, <-served)
		cancel()
		must(b.t, o.Engine.Drain(now))
	})
}

// ending bounds what a test waits for at its end.
func (b *bundle) ending() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	b.t.Cleanup(cancel)
	return ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// request is one that tests send; the zero value of a field takes a default.
type request struct {
	method string // GET without a body, else POST
	path   string // below the API of the first tenant, or whole if it begins with two slashes
	body   string
	token  string // default: the secret of the first tenant; "-" sends none
	header map[string]string
}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request and reads its answer.
func (b *bundle) do(q request) answer {
	b.t.Helper()
	if q.method == "" {
		q.method = http.MethodGet
		if q.body != "" {
			q.method = http.MethodPost
		}
	}
	url, whole := strings.CutPrefix(q.path, "//")
	if whole {
		url = b.url + "/" + url
	} else {
		url = b.url + api + q.path
	}
	r, err := http.NewRequestWithContext(b.t.Context(), q.method, url, strings.NewReader(q.body))
	must(b.t, err)
	if q.token == "" {
		q.token = b.secret
	}
	if q.token != "-" {
		r.Header.Set("Authorization", "Bearer "+q.token)
	}
	r.Header.Set("Content-Type", "application/json")
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	res, err := b.client.Do(r)
	must(b.t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	must(b.t, err)
	a := answer{res.StatusCode, res.Header, string(body)}
	b.check(q, a)
	return a
}

// check holds an answer against what is promised of every one.
func (b *bundle) check(q request, a answer) {
	b.t.Helper()
	if a.header.Get("X-Request-Id") == "" || a.header.Get("X-Content-Type-Options") != "nosniff" {
		b.t.Errorf("%s %s: the headers of every answer are missing: %v", q.method, q.path, a.header)
	}
	if a.status < 400 {
		return
	}
	var failed struct {
		Message   string
		ErrorCode int
		TraceID   string
	}
	err := json.Unmarshal([]byte(a.body), &failed)
	if err != nil || failed.Message == "" || failed.ErrorCode == 0 || failed.TraceID != a.header.Get("X-Request-Id") ||
		len(failed.TraceID) != 32 || a.header.Get("Content-Type") != "application/json" {
		b.t.Errorf("%s %s: %d %q is no error body", q.method, q.path, a.status, a.body)
	}
}

// want is do for an answer with that status.
func (b *bundle) want(status int, q request) answer {
	b.t.Helper()
	a := b.do(q)
	if a.status != status {
		b.t.Fatalf("%s %s: got %d, want %d: %s", q.method, q.path, a.status, status, a.body)
	}
	return a
}

// refused is do for an error with that code.
func (b *bundle) refused(code int, q request) {
	b.t.Helper()
	a := b.do(q)
	var failed struct{ ErrorCode int }
	if err := json.Unmarshal([]byte(a.body), &failed); err != nil || failed.ErrorCode != code || a.status != code/10 && code/100 != 41 {
		b.t.Errorf("%s %s: got %d %s, want the code %d", q.method, q.path, a.status, a.body, code)
	}
}

// object decodes an answer.
func (a answer) object(t *testing.T) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(a.body), &o); err != nil {
		t.Fatalf("%q: %v", a.body, err)
	}
	return o
}

// conversation makes one and gives its id.
func (b *bundle) conversation() string {
	b.t.Helper()
	a := b.want(http.StatusCreated, request{path: "/conversation", body: `{"agentReleaseId":1,"folderId":7,"autogenerateLabel":false}`})
	id, _ := a.object(b.t)["conversationId"].(string)
	return id
}

// actor is who holds a secret, as the front sees him.
func (b *bundle) actor(secret string) convo.Actor {
	b.t.Helper()
	actor, err := b.auth.Authenticate(b.t.Context(), secret)
	must(b.t, err)
	actor.Own = true
	return actor
}
