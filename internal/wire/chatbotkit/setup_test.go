package chatbotkit_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
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
	"github.com/parleyhq/parley/internal/moderate"
	"github.com/parleyhq/parley/internal/outbound"
	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/retrieve/fulltext"
	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/speak"
	"github.com/parleyhq/parley/internal/store/memory"
	"github.com/parleyhq/parley/internal/tool/ability"
	"github.com/parleyhq/parley/internal/wire/chatbotkit"
)

func TestMain(m *testing.M) {
	// net/http waits half a second after a refused body, also in a server that was closed.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// bundle is a running server with the ChatBotKit front, over the memory store
// and a model that plays scripts. It has two tenants.
type bundle struct {
	t       *testing.T
	url     string
	store   *memory.Store
	auth    *auth.Auth
	engine  *engine.Engine
	model   *scripted.Provider
	client  *http.Client
	log     *logged
	secret  string // of the tenant "one"
	foreign string // of the tenant "two"
}

// logged is a log that tests can read.
type logged struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	wrote chan struct{} // there is a new line
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.wrote <- struct{}{}:
	default:
	}
	return l.buf.Write(p)
}

// await waits until the log says something that many times.
func (l *logged) await(t *testing.T, text string, times int) {
	t.Helper()
	for strings.Count(l.String(), text) < times {
		select {
		case <-l.wrote:
		case <-t.Context().Done():
			t.Fatalf("the log does not say %q %d times", text, times)
		}
	}
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func setup(t *testing.T, scripts ...scripted.Script) *bundle {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	return setupOn(t, l, &http.Transport{}, scripts...)
}

// setupOn is setup for a listener of the test's own.
func setupOn(t *testing.T, l net.Listener, transport *http.Transport, scripts ...scripted.Script) *bundle {
	t.Helper()
	b := &bundle{t: t, store: memory.New(), model: scripted.New(scripts...), client: &http.Client{Transport: transport}, log: &logged{wrote: make(chan struct{}, 1)}}
	b.auth = auth.New(b.store, time.Now)
	box, err := seal.New(bytes.Repeat([]byte{7}, 32))
	must(t, err)
	address, err := outbound.ParseRules([]string{"127.0.0.1"})
	must(t, err)
	client := outbound.New(outbound.Options{Allow: address})
	t.Cleanup(client.Close)
	abilities := ability.New(engine.NewObjects(b.store, box), client, nil)
	models, err := model.NewCatalog(model.CatalogConfig{Providers: []model.Configured{
		{Name: "scripted", Kind: "scripted", Provider: b.model, Models: []string{scripted.Name}, Window: 32000},
	}})
	must(t, err)
	log := slog.New(slog.NewTextHandler(b.log, nil))
	texts := fulltext.New(b.store, fulltext.Options{Log: log})
	b.engine = engine.New(engine.Options{
		Store: b.store, Hub: hub.New(), Models: models, Sealer: box, Limits: engine.DefaultLimits(), Log: log, NewSecret: auth.NewSecret,
		Tools: abilities, Abilities: abilities, Moderator: judge{}, Speaker: voice{}, Texts: texts, Fetcher: web{},
		Inline: func(records []convo.Record) func(retrieve.Query) []retrieve.Hit {
			return fulltext.Build(records).Search
		},
	})
	must(t, b.engine.Start(t.Context()))
	b.secret, _, err = b.auth.Create(t.Context(), "one", "test", "", 0)
	must(t, err)
	b.foreign, _, err = b.auth.Create(t.Context(), "two", "test", "", 0)
	must(t, err)
	b.serve(l, log, texts)
	t.Cleanup(models.Close)
	return b
}

// judge flags texts with a certain word in them.
type judge struct{}

func (judge) Judge(_ context.Context, text string) (moderate.Verdict, error) {
	if strings.Contains(text, "unspeakable") {
		return moderate.Verdict{Flagged: true, Categories: []string{"violence"}}, nil
	}
	return moderate.Verdict{}, nil
}

// voice says texts as they are.
type voice struct{}

func (voice) Speak(_ context.Context, text string) (speak.Audio, error) {
	return speak.Audio{MediaType: "audio/mpeg", Extension: "mp3", Data: []byte("sound of " + text)}, nil
}

func (b *bundle) serve(l net.Listener, log *slog.Logger, texts io.Closer) {
	b.t.Helper()
	front, err := chatbotkit.New(chatbotkit.Options{Engine: b.engine, Auth: b.auth, Log: log})
	must(b.t, err)
	server := httpio.NewServer(front, httpio.ServerOptions{Log: log})
	b.url = "http://" + l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	b.t.Cleanup(func() {
		b.client.CloseIdleConnections()
		must(b.t, server.Close())
		must(b.t, <-served)
		now, cancel := context.WithCancel(context.Background())
		cancel()
		b.engine.Drain(now)
		must(b.t, texts.Close())
		must(b.t, b.store.Close())
	})
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
	path   string
	body   string
	token  string // default: the secret of tenant one; "-" sends none
	accept string
	header map[string]string
	ctx    context.Context
}

// start sends a request and returns when the headers of its answer are there.
func (b *bundle) start(q request) *http.Response {
	b.t.Helper()
	if q.method == "" {
		q.method = http.MethodGet
		if q.body != "" {
			q.method = http.MethodPost
		}
	}
	if q.ctx == nil {
		q.ctx = b.t.Context()
	}
	r, err := http.NewRequestWithContext(q.ctx, q.method, b.url+q.path, bytes.NewReader([]byte(q.body)))
	must(b.t, err)
	if q.token == "" {
		q.token = b.secret
	}
	if q.token != "-" {
		r.Header.Set("Authorization", "Bearer "+q.token)
	}
	if q.accept != "" {
		r.Header.Set("Accept", q.accept)
	}
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	res, err := b.client.Do(r)
	must(b.t, err)
	return res
}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// history is a request that asks for some of what was there.
var history = regexp.MustCompile(`"historyLength":[1-9]`)

// do sends a request and reads its answer; of one without an end, the first line.
func (b *bundle) do(q request) answer {
	b.t.Helper()
	res := b.start(q)
	defer func() { _ = res.Body.Close() }()
	var body []byte
	var err error
	switch {
	case q.path == "/v1/event/log/subscribe" && res.StatusCode == http.StatusOK && !history.MatchString(q.body):
		// nothing comes until something happens
	case strings.HasSuffix(q.path, "/subscribe") && res.StatusCode == http.StatusOK:
		body, err = bufio.NewReader(res.Body).ReadBytes('\n')
	default:
		body, err = io.ReadAll(res.Body)
	}
	must(b.t, err)
	a := answer{res.StatusCode, res.Header, string(body)}
	b.check(q, a)
	if strings.Contains(q.header["Content-Type"], "/") {
		q.body = "" // which is no JSON
	}
	if err := contractOf(b.t).check(res.Request.Method, q.path, q.body, a); err != nil {
		b.t.Error(err)
	}
	return a
}

// check holds an answer against what is promised of every one.
func (b *bundle) check(q request, a answer) {
	b.t.Helper()
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin":   "*",
		"Access-Control-Expose-Headers": "Retry-After, RateLimit, RateLimit-Policy, Idempotent-Replayed, X-Request-Id, Content-Disposition",
		"X-Content-Type-Options":        "nosniff",
	} {
		if got := a.header.Get(name); got != want {
			b.t.Errorf("%s %s: %s is %q", q.method, q.path, name, got)
		}
	}
	if a.header.Get("X-Request-Id") == "" {
		b.t.Errorf("%s %s: no X-Request-Id", q.method, q.path)
	}
	switch contentType := a.header.Get("Content-Type"); {
	case contentType == "application/jsonl":
		checkLines(b.t, a.body)
	case a.status >= 400:
		var failed struct{ Message, Code string }
		if err := json.Unmarshal([]byte(a.body), &failed); err != nil || failed.Message == "" || failed.Code == "" || contentType != "application/json" {
			b.t.Errorf("%s %s: %d %s %q is no error body", q.method, q.path, a.status, contentType, a.body)
		}
	}
}

// checkLines holds a stream against the framing that the published client
// needs: ASCII, no blank line, every line an object.
func checkLines(t *testing.T, body string) {
	t.Helper()
	for i, c := range []byte(body) {
		if c >= 0x80 || c == '\r' {
			t.Fatalf("byte %d of the lines is %#x", i, c)
		}
	}
	if body == "" {
		return
	}
	if !strings.HasSuffix(body, "}\n") {
		t.Fatalf("the last line ends with %q", body[max(0, len(body)-20):])
	}
	for line := range strings.Lines(body) {
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if data, ok := object["data"]; ok && data[0] != '{' {
			t.Fatalf("%q: data is no object", line)
		}
	}
}
