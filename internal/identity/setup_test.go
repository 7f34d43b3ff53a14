package identity_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/identity"
	"github.com/parleyhq/parley/internal/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	redirectURI = "https://app.example/callback?keep=1"
	verifier    = "0123456789-._~abcdefghijklmnopqrstuvwxyzABCDEF"
)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// cheap is a hash of "correct horse" that costs next to nothing: with the race
// detector, one at the usual cost takes up to a second.
const cheap = "$argon2id$v=19$m=8,t=1,p=1$YSBzYWx0IGZvciB0ZXN0cw$169a/CgBu1Ns+TBSG/3+IDnvZLtMAzDdJHeACjxwAMw"

// box seals by writing the context in front.
type box struct{ key string }

func (b box) Seal(plain, context []byte) []byte {
	return append([]byte(b.key+string(context)), plain...)
}

func (b box) Open(sealed, context []byte) ([]byte, error) {
	plain, ok := bytes.CutPrefix(sealed, []byte(b.key+string(context)))
	if !ok {
		return nil, errors.New("another key")
	}
	return bytes.Clone(plain), nil
}

// bench is a provider that is served.
type bench struct {
	t       *testing.T
	p       *identity.Provider
	users   *identity.Users
	store   *memory.Store
	url     string
	client  *http.Client
	log     *strings.Builder
	changes int

	mu sync.Mutex // guards at
	at time.Time
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at = b.at.Add(d)
}

// setup serves a provider with one user, ann, and one client, web.
func setup(t *testing.T, change func(*identity.Options)) *bench {
	t.Helper()
	b := &bench{t: t, store: memory.New(), at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), log: &strings.Builder{}}
	b.users = &identity.Users{Store: b.store, Now: b.now, Check: func(string) error { return nil }, Changed: func() { b.changes++ }}
	b.serve(change)
	return b
}

// serve serves another provider on the same store.
func (b *bench) serve(change func(*identity.Options)) {
	b.t.Helper()
	o := identity.Options{
		Store: b.store, Sealer: box{"k"}, Now: b.now, Tenants: []string{"acme/dev"},
		Issuer:  func() string { return "https://parley.example/identity_" },
		Clients: []identity.Client{{ID: "web", RedirectURIs: []string{redirectURI}}, {ID: "other", RedirectURIs: []string{redirectURI}}},
		Users:   []identity.FixedUser{{Tenant: "acme/dev", Name: "Ann", Password: cheap, Email: "ann@acme.example"}},
		Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Changed: func() { b.changes++ },
		Log:     slog.New(slog.NewJSONHandler(&lines{w: b.log}, nil)),
	}
	if change != nil {
		change(&o)
	}
	var err error
	if b.p, err = identity.New(b.t.Context(), o); err != nil {
		b.t.Fatal(err)
	}
	server := httptest.NewServer(b.p)
	b.t.Cleanup(server.Close)
	b.url = server.URL
	b.client = &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// lines is a log that many may write to.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// asked is what an application sends a browser with, changed by pairs of name and
// value; a value of "-" leaves the name out.
func asked(pairs ...string) string {
	q := url.Values{
		"response_type": {"code"}, "client_id": {"web"}, "redirect_uri": {redirectURI}, "code_challenge": {challengeOf(verifier)},
		"code_challenge_method": {"S256"}, "scope": {"OR.Execution offline_access"}, "state": {"a&b=c/ä"},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "-" {
			q.Del(pairs[i])
		}
	}
	return q.Encode() + "&acr_values=tenantName:acme"
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (b *bench) send(method, path, body string, header ...string) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(b.t.Context()), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// location is where the browser is sent.
func (a answer) location(t *testing.T) *url.URL {
	t.Helper()
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil || a.status != http.StatusSeeOther {
		t.Fatalf("the browser is not sent anywhere: %d %q", a.status, a.body)
	}
	return u
}

// login fills in the form.
func login(name, password string) string {
	return url.Values{"name": {name}, "password": {password}}.Encode()
}

// code signs ann in and gives the code.
func (b *bench) code(pairs ...string) string {
	b.t.Helper()
	a := b.send(http.MethodPost, "/identity_/connect/authorize?"+asked(pairs...), login("ann", "correct horse"))
	code := a.location(b.t).Query().Get("code")
	if code == "" {
		b.t.Fatalf("no code: %s", a.header.Get("Location"))
	}
	return code
}

// tokens is what the token endpoint answers.
type tokens struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int    `json:"expires_in"`
	Refresh string `json:"refresh_token"`
	Scope   string `json:"scope"`
	ID      string `json:"id_token"`
	Error   string `json:"error"`
	Text    string `json:"error_description"`
}

// exchange posts to the token endpoint.
func (b *bench) exchange(path string, pairs ...string) (answer, tokens) {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	a := b.send(http.MethodPost, path, form.Encode(), "Origin", "https://app.example")
	var got tokens
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		b.t.Fatalf("%d %q is no JSON: %v", a.status, a.body, err)
	}
	if a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Cache-Control") != "no-store" {
		b.t.Errorf("the headers are %v", a.header)
	}
	return a, got
}

func (b *bench) redeem(code string) (answer, tokens) {
	b.t.Helper()
	return b.exchange("/identity_/connect/token", "grant_type", "authorization_code", "client_id", "web", "code", code,
		"redirect_uri", redirectURI, "code_verifier", verifier)
}

func (b *bench) renew(token string) (answer, tokens) {
	b.t.Helper()
	return b.exchange("/acme/identity_/connect/token", "grant_type", "refresh_token", "client_id", "web", "refresh_token", token)
}

// good reports whether an access token works.
func (b *bench) good(token string) bool {
	_, err := b.p.Verify(b.t.Context(), token)
	return err == nil
}

// fuzzed is a provider without a server around it.
func fuzzed(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, store: memory.New(), at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	p, err := identity.New(t.Context(), identity.Options{
		Store: b.store, Sealer: box{"k"}, Now: b.now, Tenants: []string{"acme/dev"}, Issuer: func() string { return "https://parley.example/identity_" },
		Clients: []identity.Client{{ID: "web", RedirectURIs: []string{redirectURI}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.p = p
	return b
}

// record answers a request without a connection.
func (b *bench) record(method, path, query, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.URL.RawQuery = query
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	b.p.ServeHTTP(w, r)
	return w
}
