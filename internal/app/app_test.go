package app_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// configured is a configuration on a folder of the test's own and a free port.
// The folder's path is short enough for a socket.
func configured(t *testing.T, env ...string) config.Config {
	t.Helper()
	folder, err := os.MkdirTemp("", "parley")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	l, err := config.Load(config.Sources{Env: append([]string{
		"PARLEY_DATA=" + filepath.Join(folder, "data"), "PARLEY_LISTEN=127.0.0.1:0", "PARLEY_FIND_OLLAMA=false",
	}, env...)})
	if err != nil {
		t.Fatal(err)
	}
	return l.Config
}

// server is an app that runs.
type server struct {
	t      *testing.T
	app    *app.App
	log    *strings.Builder
	secret string
	client *http.Client

	stop context.CancelFunc
	ran  chan error
	once sync.Once
}

// start runs an app until the test ends, or it is stopped.
func start(t *testing.T, cfg config.Config) *server {
	t.Helper()
	s := &server{t: t, log: &strings.Builder{}, ran: make(chan error, 1), client: &http.Client{Transport: &http.Transport{}}}
	a, err := app.New(t.Context(), cfg, slog.New(slog.NewTextHandler(&lockedWriter{w: s.log}, nil)))
	if err != nil {
		t.Fatal(err)
	}
	s.app = a
	ctx, stop := context.WithCancel(t.Context())
	s.stop = stop
	go func() { s.ran <- a.Run(ctx) }()
	t.Cleanup(s.end)
	select {
	case <-a.Ready():
	case err := <-s.ran:
		t.Fatalf("it did not become ready: %v", err)
	}
	if made := a.Secrets(); len(made) > 0 {
		s.secret = made[0].Secret
	}
	return s
}

// end stops the server and waits until everything is closed.
func (s *server) end() {
	s.once.Do(func() {
		s.stop()
		if err := <-s.ran; err != nil {
			s.t.Errorf("Run: %v", err)
		}
		s.client.CloseIdleConnections()
		if err := s.app.Close(); err != nil {
			s.t.Errorf("Close: %v", err)
		}
	})
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// request sends a request with the server's secret and gives its open answer.
func (s *server) request(method, path, accept, body string) *http.Response {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.app.URL()+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.secret)
	req.Header.Set("Accept", accept)
	resp, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// call sends a JSON request and decodes the answer.
func (s *server) call(method, path, body string) (int, map[string]any) {
	s.t.Helper()
	resp := s.request(method, path, "*/*", body)
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, out
}

// create makes a conversation and gives its id.
func (s *server) create(body string) string {
	s.t.Helper()
	status, out := s.call("POST", "/v1/conversation/create", body)
	id, _ := out["id"].(string)
	if status != http.StatusOK || id == "" {
		s.t.Fatalf("create: %d, %v", status, out)
	}
	return id
}

// text gives the status and the body of a plain GET.
func (s *server) text(path string) (int, string) {
	s.t.Helper()
	resp := s.request("GET", path, "*/*", "")
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestAFreshServerHoldsAConversation(t *testing.T) {
	t.Parallel()
	s := start(t, configured(t))
	if len(s.app.Secrets()) != 1 || s.app.Secrets()[0].Tenant != "default/default" {
		t.Fatalf("the first start made %d secrets", len(s.app.Secrets()))
	}
	id := s.create(`{"backstory":"The inn opens at noon. It has six rooms."}`)
	status, out := s.call("POST", "/v1/conversation/"+id+"/complete", `{"text":"When does the inn open?"}`)
	text, _ := out["text"].(string)
	if status != http.StatusOK || !strings.Contains(text, "The inn opens at noon.") {
		t.Errorf("got %d, %v", status, out)
	}

	resp := s.request("POST", "/api/v1/conversation/"+id+"/complete", "application/jsonl", `{"text":"How many rooms are there?"}`)
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(body)), "\n")
	if len(lines) < 4 || !strings.Contains(lines[0], `"completeBegin"`) || !strings.Contains(lines[len(lines)-1], `"result"`) ||
		!strings.Contains(string(body), `"type":"token"`) {
		t.Errorf("the stream is %s", body)
	}
	if status, out := s.call("GET", "/v1/conversation/"+id+"/message/list", ""); status != http.StatusOK || len(out["items"].([]any)) != 4 {
		t.Errorf("got %d, %v", status, out)
	}
}

func TestHealthChecksNeedNoToken(t *testing.T) {
	t.Parallel()
	s := start(t, configured(t))
	s.secret = "wrong"
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := s.text(path); status != http.StatusOK || body != "ok\n" {
			t.Errorf("%s: %d, %q", path, status, body)
		}
	}
	if status, _ := s.text("/v1/conversation/list"); status != http.StatusUnauthorized {
		t.Errorf("the API lets a wrong token in: %d", status)
	}
}

func TestASecondStartFindsEverythingAndMakesNoSecret(t *testing.T) {
	t.Parallel()
	cfg := configured(t)
	first := start(t, cfg)
	id := first.create(`{"name":"kept"}`)
	secret := first.secret
	first.end()

	second := start(t, cfg)
	if len(second.app.Secrets()) != 0 {
		t.Error("the second start made a secret")
	}
	second.secret = secret
	if status, out := second.call("GET", "/v1/conversation/"+id+"/fetch", ""); status != http.StatusOK || out["name"] != "kept" {
		t.Errorf("got %d, %v", status, out)
	}
}

func TestConfiguredSecretsWorkWhileTheyAreConfigured(t *testing.T) {
	t.Parallel()
	cfg := configured(t)
	cfg.Secret = "the-first-tenants-secret"
	cfg.Tenants = []config.Tenant{
		{Org: "acme", Name: "dev", Secrets: []config.Secret{"a-secret-of-acme-dev-1", "a-secret-of-acme-dev-2"}},
		{Org: "acme", Name: "new"},
	}
	s := start(t, cfg)
	if made := s.app.Secrets(); len(made) != 1 || made[0].Tenant != "acme/new" {
		t.Fatalf("secrets were made: %v", made)
	}
	s.secret = "a-secret-of-acme-dev-1"
	id := s.create(`{}`)
	s.secret = "the-first-tenants-secret"
	if status, _ := s.call("GET", "/v1/conversation/"+id+"/fetch", ""); status != http.StatusOK {
		t.Errorf("the first tenant's secret is another's: %d", status)
	}
	s.secret = s.app.Secrets()[0].Secret
	if status, _ := s.call("GET", "/v1/conversation/"+id+"/fetch", ""); status != http.StatusNotFound {
		t.Errorf("another tenant gets %d", status)
	}
	s.end()

	cfg.Tenants[0].Secrets = cfg.Tenants[0].Secrets[:1]
	s = start(t, cfg)
	for secret, want := range map[string]int{"a-secret-of-acme-dev-1": http.StatusOK, "a-secret-of-acme-dev-2": http.StatusUnauthorized} {
		s.secret = secret
		if status, _ := s.call("GET", "/v1/conversation/list", ""); status != want {
			t.Errorf("%s: %d", secret, status)
		}
	}
}

func TestLimitsOfTheConfigurationCount(t *testing.T) {
	t.Parallel()
	cfg := configured(t)
	cfg.Limits.Text, cfg.Limits.Body = 2<<10, 64<<10
	s := start(t, cfg)
	id := s.create(`{}`)
	for size, want := range map[int]int{1 << 10: http.StatusOK, 3 << 10: http.StatusRequestEntityTooLarge, 70 << 10: http.StatusRequestEntityTooLarge} {
		status, out := s.call("POST", "/v1/conversation/"+id+"/send", `{"text":"`+strings.Repeat("x", size)+`"}`)
		if status != want {
			t.Errorf("%d bytes: %d, %v", size, status, out)
		}
	}
}
