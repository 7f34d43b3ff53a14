package console_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/console"
	"github.com/parleyhq/parley/internal/convo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tokens remembers what it was asked for.
type tokens struct {
	created, revoked, listed string
	lasts                    time.Duration
	err                      error
}

var born = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func (s *tokens) Create(_ context.Context, tenant, name, app string, lasts time.Duration) (string, convo.Token, error) {
	s.created, s.lasts = tenant+" "+name+" "+app, lasts
	return "pk_secret", convo.Token{ID: "id", Tenant: tenant, Name: name, App: app, Source: "api", Created: born, Expires: born.Add(lasts)}, s.err
}

func (s *tokens) List(_ context.Context, tenant string) ([]convo.Token, error) {
	s.listed = tenant
	return []convo.Token{{ID: "a", Tenant: tenant, Created: born}, {ID: "b", Tenant: tenant, Created: born, Revoked: born}}, s.err
}

func (s *tokens) Revoke(_ context.Context, tenant, id string) error {
	s.revoked = tenant + " " + id
	return s.err
}

// users remembers what it was asked for.
type users struct {
	asked string
	err   error
}

func (u *users) AddUser(_ context.Context, tenant, name, email, password string) (convo.Member, error) {
	u.asked = "add " + tenant + " " + name + " " + email + " " + password
	return convo.Member{ID: "id", Tenant: tenant, Name: name, Email: email, Password: "hash", Created: born, Changed: born}, u.err
}

func (u *users) ListUsers(_ context.Context, tenant string) ([]convo.Member, error) {
	return []convo.Member{{ID: "a", Tenant: tenant, Name: "ann", Created: born, Changed: born.Add(1e9)}}, u.err
}

func (u *users) SetPassword(_ context.Context, tenant, name, password string) error {
	u.asked = "password " + tenant + " " + name + " " + password
	return u.err
}

func (u *users) RemoveUser(_ context.Context, tenant, name string) error {
	u.asked = "remove " + tenant + " " + name
	return u.err
}

func TestCommandsReachTheUsersOfAServer(t *testing.T) {
	t.Parallel()
	u := &users{}
	c := serve(t, &console.Server{Users: u})
	m, err := c.AddUser(t.Context(), "org/x", "ann", "a@example.com", "pass word")
	want := convo.Member{ID: "id", Tenant: "org/x", Name: "ann", Email: "a@example.com", Created: born, Changed: born}
	if err != nil || m != want || u.asked != "add org/x ann a@example.com pass word" {
		t.Errorf("got %+v, %v; the server was asked to %s", m, err, u.asked)
	}
	list, err := c.ListUsers(t.Context(), "org/x&y")
	if err != nil || len(list) != 1 || list[0] != (convo.Member{ID: "a", Tenant: "org/x&y", Name: "ann", Created: born, Changed: born.Add(1e9)}) {
		t.Errorf("got %+v, %v", list, err)
	}
	if err := c.SetPassword(t.Context(), "", "ann", "other"); err != nil || u.asked != "password  ann other" {
		t.Errorf("%v; the server was asked to %s", err, u.asked)
	}
	u.err = convo.Errorf(convo.NotFound, "no such user")
	if err := c.RemoveUser(t.Context(), "org/x", "bob"); convo.ErrorKind(err) != convo.NotFound || u.asked != "remove org/x bob" {
		t.Errorf("%v; the server was asked to %s", err, u.asked)
	}
	if _, err := c.AddUser(t.Context(), "", "", "", ""); convo.ErrorKind(err) != convo.NotFound {
		t.Error(err)
	}
	if _, err := c.ListUsers(t.Context(), ""); convo.ErrorKind(err) != convo.NotFound {
		t.Error(err)
	}
}

// setup serves a console with tokens.
func setup(t *testing.T, s *tokens) *console.Client {
	t.Helper()
	return serve(t, &console.Server{
		Tokens: s,
		Chat: func(_ *http.Request, tenant string, lasts time.Duration) (string, error) {
			return "chat " + tenant + " " + lasts.String(), s.err
		},
		API: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "api "+r.URL.EscapedPath())
		}),
	})
}

// serve serves a console.
func serve(t *testing.T, s *console.Server) *console.Client {
	t.Helper()
	return serveHandler(t, s.Handler())
}

// serveHandler serves on a socket in a folder with a short path, and dials it.
func serveHandler(t *testing.T, h http.Handler) *console.Client {
	t.Helper()
	folder, err := os.MkdirTemp("", "console")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	l, err := console.Listen(folder)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(folder, "parley.sock"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket has mode %v, %v", info.Mode(), err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	server.Start()
	t.Cleanup(server.Close)
	c, err := console.Dial(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestCommandsReachTheTokensOfAServer(t *testing.T) {
	t.Parallel()
	s := &tokens{}
	c := setup(t, s)
	secret, token, err := c.Create(t.Context(), "org/x", "web site", "shop", time.Hour)
	if err != nil || secret != "pk_secret" || token.Name != "web site" || token.App != "shop" || !token.Expires.Equal(born.Add(time.Hour)) || !token.Revoked.IsZero() {
		t.Errorf("got %q, %+v, %v", secret, token, err)
	}
	list, err := c.List(t.Context(), "org/x&y")
	if err != nil || len(list) != 2 || list[1].ID != "b" || !list[1].Revoked.Equal(born) || !list[0].Revoked.IsZero() {
		t.Errorf("got %+v, %v", list, err)
	}
	if err := c.Revoke(t.Context(), "org/x", "b"); err != nil {
		t.Error(err)
	}
	if s.created != "org/x web site shop" || s.lasts != time.Hour || s.listed != "org/x&y" || s.revoked != "org/x b" {
		t.Errorf("the server was asked for %+v", s)
	}
	if chat, err := c.Chat(t.Context(), "org/x"); err != nil || chat != "chat org/x 24h0m0s" {
		t.Errorf("got %q, %v", chat, err)
	}
}

func TestEverythingElseIsTheAPI(t *testing.T) {
	t.Parallel()
	c := setup(t, &tokens{})
	for _, path := range []string{"/v1/x", "/", "/a//b/../c", "/consoles"} {
		resp, err := c.HTTP().Get(console.BaseURL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || string(body) != "api "+path {
			t.Errorf("%s gives %q, %v", path, body, err)
		}
	}
}

func TestErrorsKeepTheirKindAndText(t *testing.T) {
	t.Parallel()
	s := &tokens{err: convo.Errorf(convo.NotFound, "no such token")}
	c := setup(t, s)
	if err := c.Revoke(t.Context(), "", "x"); convo.ErrorKind(err) != convo.NotFound || err.Error() != "no such token" {
		t.Errorf("got %v", err)
	}
	s.err = errors.New("the disk is full")
	if _, err := c.List(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("the owner of the server is not told: %v", err)
	}
}

func TestARequestThatIsNotUnderstoodIsRefused(t *testing.T) {
	t.Parallel()
	c := setup(t, &tokens{})
	for name, body := range map[string]string{"no JSON": "{", "wrong type": `{"tenant": 3}`, "too large": `{"tenant": "` + strings.Repeat("x", 70<<10) + `"}`} {
		resp, err := c.HTTP().Post(console.BaseURL+"/console/token/create", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: status %d", name, resp.StatusCode)
		}
	}
}

func TestWithoutAServerThereIsNobodyToTalkTo(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if _, err := console.Dial(t.Context(), folder); !errors.Is(err, console.ErrNoServer) {
		t.Errorf("an empty folder: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := console.Dial(cancelled, folder); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled dial: %v", err)
	}
}

func TestTheSocketOfADeadServerIsReplaced(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "console")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if err := os.WriteFile(filepath.Join(folder, "parley.sock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := console.Dial(t.Context(), folder); !errors.Is(err, console.ErrNoServer) {
		t.Errorf("got %v", err)
	}
	l, err := console.Listen(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestAPathThatIsTooLongForASocketIsNamed(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), strings.Repeat("x", 120))
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := console.Listen(folder); err == nil || !strings.Contains(err.Error(), "shorter path") {
		t.Errorf("got %v", err)
	}
}
