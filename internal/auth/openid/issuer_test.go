package openid_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/auth"
	"github.com/parleyhq/parley/internal/auth/openid"
	"github.com/parleyhq/parley/internal/convo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// provider is an OpenID provider that may misbehave.
type provider struct {
	t   *testing.T
	url string

	mu      sync.Mutex // guards what follows
	keys    []jose.JSONWebKey
	extra   string // keys that nobody knows
	down    bool
	claimed string        // the issuer that discovery names; "" = the right one
	hold    chan struct{} // what answers wait for; nil = nothing
	asked   int           // for keys
	at      time.Time
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{t: t, at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	server := httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func (p *provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	hold := p.hold
	p.mu.Unlock()
	if hold != nil {
		<-hold
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case p.down:
		w.WriteHeader(http.StatusBadGateway)
	case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
		issuer := p.url
		if p.claimed != "" {
			issuer = p.claimed
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": issuer, "jwks_uri": p.url + "/keys"})
	default:
		p.asked++
		var list []string
		for _, k := range p.keys {
			public := k.Public()
			text, _ := public.MarshalJSON()
			list = append(list, string(text))
		}
		if p.extra != "" {
			list = append(list, p.extra)
		}
		_, _ = w.Write([]byte(`{"keys":[` + strings.Join(list, ",") + `]}`))
	}
}

// set changes the provider.
func (p *provider) set(change func(*provider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

func (p *provider) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

func (p *provider) pass(d time.Duration) { p.set(func(p *provider) { p.at = p.at.Add(d) }) }

// key makes a key; the provider publishes it at once if it is to.
func (p *provider) key(id string, publish bool) jose.JSONWebKey {
	p.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	k := jose.JSONWebKey{Key: private, KeyID: id, Algorithm: "ES256", Use: "sig"}
	if publish {
		p.set(func(p *provider) { p.keys = append(p.keys, k) })
	}
	return k
}

// claims are those of a good token, changed by pairs of name and value; nil takes
// a claim out.
func (p *provider) claims(pairs ...any) map[string]any {
	now := p.now()
	c := map[string]any{
		"iss": p.url, "sub": "alice", "aud": []string{"other", "parley"}, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"name": "Alice A.", "email": "alice@example.com",
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		c[pairs[i].(string)] = pairs[i+1]
	}
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func sign(t *testing.T, alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// es256 signs with a key of the provider.
func es256(t *testing.T, k jose.JSONWebKey, claims map[string]any) string {
	t.Helper()
	return sign(t, jose.ES256, k, claims)
}

func (p *provider) issuer(change func(*openid.Options)) *openid.Issuer {
	o := openid.Options{Issuer: p.url, Audience: "parley", Tenant: "acme/dev", Now: p.now}
	if change != nil {
		change(&o)
	}
	return openid.New(o)
}

func refusedAs(t *testing.T, i *openid.Issuer, token string, want convo.Kind) {
	t.Helper()
	if actor, err := i.Verify(t.Context(), token); convo.ErrorKind(err) != want || actor != (convo.Actor{}) {
		t.Errorf("got %+v, %v", actor, err)
	}
}

func TestAUserOfAProviderIsKnown(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	k := p.key("one", true)
	i := p.issuer(nil)
	if p.count() != 0 {
		t.Error("the provider was asked before anybody came")
	}
	for range 3 {
		actor, err := i.Verify(t.Context(), es256(t, k, p.claims()))
		want := convo.Actor{
			Tenant: "acme/dev", User: auth.UserID(p.url, "alice"), Subject: "alice", Name: "Alice A.", Email: "alice@example.com",
			Expires: p.now().Add(time.Hour),
		}
		if err != nil || actor != want {
			t.Fatalf("got %+v, %v", actor, err)
		}
	}
	if p.count() != 1 {
		t.Errorf("the provider was asked %d times for its keys", p.count())
	}
	if actor, err := i.Verify(t.Context(), es256(t, k, p.claims("name", nil, "preferred_username", "al", "aud", "parley"))); err != nil || actor.Name != "al" {
		t.Errorf("got %+v, %v", actor, err)
	}
	if actor, err := i.Verify(t.Context(), es256(t, k, p.claims("name", strings.Repeat("x", 256), "email", 7))); err != nil || actor.Name != "" || actor.Email != "" {
		t.Errorf("got %+v, %v", actor, err)
	}
	if !i.Issues(p.url) || i.Issues(p.url+"/") || i.Issues("") {
		t.Error("it issues others' tokens, or not its own")
	}
}

func TestATokenThatLiesIsRefused(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	k := p.key("one", true)
	i := p.issuer(nil)
	now := p.now()
	for name, claims := range map[string]map[string]any{
		"for others":      p.claims("aud", "other"),
		"for nobody":      p.claims("aud", nil),
		"another issuer":  p.claims("iss", "https://evil.example"),
		"expired":         p.claims("exp", now.Add(-61*time.Second).Unix()),
		"without an end":  p.claims("exp", nil),
		"not yet valid":   p.claims("nbf", now.Add(2*time.Minute).Unix()),
		"from the future": p.claims("iat", now.Add(2*time.Minute).Unix()),
		"of no one":       p.claims("sub", ""),
		"of a long one":   p.claims("sub", strings.Repeat("x", 256)),
		"nbf is no time":  p.claims("nbf", "soon"),
	} {
		t.Run(name, func(t *testing.T) {
			refusedAs(t, i, es256(t, k, claims), convo.Unauthenticated)
		})
	}
	late := es256(t, k, p.claims("exp", now.Add(-59*time.Second).Unix(), "iat", now.Add(-time.Hour).Unix(), "nbf", now.Add(59*time.Second).Unix()))
	if _, err := i.Verify(t.Context(), late); err != nil {
		t.Errorf("clocks may be a minute apart: %v", err)
	}
}

func TestATokenThatTheProviderDidNotSignIsRefused(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	k := p.key("one", true)
	i := p.issuer(nil)
	good := es256(t, k, p.claims())
	if _, err := i.Verify(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	stranger := p.key("one", false)
	der, err := x509.MarshalPKIXPublicKey(&k.Key.(*ecdsa.PrivateKey).PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := k.Public()
	asJSON, err := public.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"one"}`))
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{
		"signed by another":                  es256(t, stranger, p.claims()),
		"not signed":                         header + "." + parts[1] + ".",
		"without its signature":              parts[0] + "." + parts[1] + ".",
		"with the public key as a secret":    sign(t, jose.HS256, jose.JSONWebKey{Key: der, KeyID: "one"}, p.claims()),
		"with the public key's JSON as such": sign(t, jose.HS256, jose.JSONWebKey{Key: asJSON, KeyID: "one"}, p.claims()),
		"changed":                            parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"bob"}`)) + "." + parts[2],
		"as JSON":                            `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"nothing":                            "",
	} {
		t.Run(name, func(t *testing.T) { refusedAs(t, i, token, convo.Unauthenticated) })
	}
}

func TestOtherAlgorithmsAndTokensWithoutAKeyIDWork(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p.set(func(p *provider) {
		p.extra = `{"kty":"AKP","alg":"XY","kid":"new"},7,{"kty":"oct","k":"c2VjcmV0","kid":"oct"}`
		p.keys = append(p.keys, jose.JSONWebKey{Key: private, KeyID: "rsa"}, jose.JSONWebKey{Key: private, KeyID: "enc", Use: "enc"})
	})
	p.key("ec", true)
	i := p.issuer(nil)
	for _, alg := range []jose.SignatureAlgorithm{jose.RS256, jose.PS384} {
		for _, key := range []any{private, jose.JSONWebKey{Key: private, KeyID: "rsa"}} {
			if _, err := i.Verify(t.Context(), sign(t, alg, key, p.claims())); err != nil {
				t.Errorf("%s: %v", alg, err)
			}
		}
	}
	p.pass(time.Minute)
	for _, id := range []string{"enc", "new", "oct"} {
		refusedAs(t, i, sign(t, jose.RS256, jose.JSONWebKey{Key: private, KeyID: id}, p.claims()), convo.Unauthenticated)
		p.pass(time.Minute)
	}
	refusedAs(t, i, sign(t, jose.HS256, jose.JSONWebKey{Key: []byte("secretsecretsecretsecretsecretse"), KeyID: "oct"}, p.claims()), convo.Unauthenticated)
}

func TestKeysAreRotated(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	old := p.key("old", true)
	i := p.issuer(nil)
	verify := func(k jose.JSONWebKey) error {
		_, err := i.Verify(t.Context(), es256(t, k, p.claims()))
		return err
	}
	if err := verify(old); err != nil {
		t.Fatal(err)
	}
	p.pass(11 * time.Second)
	fresh := p.key("fresh", true)
	if err := verify(fresh); err != nil || p.count() != 2 {
		t.Errorf("%v after %d questions", err, p.count())
	}
	if err := verify(old); err != nil || p.count() != 2 {
		t.Errorf("%v after %d questions", err, p.count())
	}
	p.set(func(p *provider) { p.keys = p.keys[1:] })
	if err := verify(old); err != nil {
		t.Errorf("within the hour: %v", err)
	}
	p.pass(time.Hour)
	if err := verify(fresh); err != nil || p.count() != 3 {
		t.Errorf("%v after %d questions", err, p.count())
	}
	p.pass(11 * time.Second)
	if err := verify(old); convo.ErrorKind(err) != convo.Unauthenticated {
		t.Errorf("the key that was taken back: %v", err)
	}
}

func TestStrangersCannotMakeTheProviderBeAsked(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	good := p.key("one", true)
	stranger := p.key("strange", false)
	i := p.issuer(nil)
	refusedAs(t, i, es256(t, stranger, p.claims()), convo.Unauthenticated)
	p.pass(time.Second)
	for range 20 {
		refusedAs(t, i, es256(t, stranger, p.claims()), convo.Unavailable)
		if _, err := i.Verify(t.Context(), es256(t, good, p.claims())); err != nil {
			t.Errorf("others are kept out: %v", err)
		}
	}
	if p.count() != 1 {
		t.Errorf("the provider was asked %d times", p.count())
	}
	p.pass(10 * time.Second)
	refusedAs(t, i, es256(t, stranger, p.claims()), convo.Unauthenticated)
	if p.count() != 2 {
		t.Errorf("the provider was asked %d times", p.count())
	}
}

func TestAProviderThatCannotBeReachedIsNoRefusal(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	p := newProvider(t)
	k := p.key("one", true)
	i := p.issuer(func(o *openid.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	token := es256(t, k, p.claims("exp", p.now().Add(100*time.Hour).Unix()))
	p.set(func(p *provider) { p.down = true })
	refusedAs(t, i, token, convo.Unavailable)
	if !strings.Contains(log.String(), p.url) || strings.Contains(log.String(), token) {
		t.Errorf("the log says %s", log.String())
	}
	p.set(func(p *provider) { p.down = false })
	refusedAs(t, i, token, convo.Unavailable) // it is not asked again so soon
	p.pass(10 * time.Second)
	if _, err := i.Verify(t.Context(), token); err != nil {
		t.Error(err)
	}
	p.set(func(p *provider) { p.down = true })
	p.pass(23 * time.Hour)
	if _, err := i.Verify(t.Context(), token); err != nil {
		t.Errorf("within a day the keys are trusted: %v", err)
	}
	p.pass(2 * time.Hour)
	refusedAs(t, i, token, convo.Unavailable)

	p.set(func(p *provider) { p.down, p.claimed = false, "https://evil.example" })
	p.pass(time.Minute)
	refusedAs(t, i, token, convo.Unavailable)
}

func TestManyWaitForOneQuestion(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	k := p.key("one", true)
	hold := make(chan struct{})
	p.set(func(p *provider) { p.hold = hold })
	i := p.issuer(nil)
	token := es256(t, k, p.claims())
	gone, leave := context.WithCancel(t.Context())
	leave()
	var group sync.WaitGroup
	for n := range 20 {
		group.Go(func() {
			ctx := t.Context()
			if n == 0 {
				ctx = gone // whoever leaves does not take the others' answer along
			}
			if _, err := i.Verify(ctx, token); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		})
	}
	close(hold)
	group.Wait()
	if p.count() != 1 {
		t.Errorf("the provider was asked %d times", p.count())
	}
}

func TestAClaimNamesTheTenant(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	k := p.key("one", true)
	i := p.issuer(func(o *openid.Options) {
		o.Tenant, o.TenantClaim, o.Tenants = "", "https://acme.example/tenant", []string{"acme/dev", "acme/prod", "other/dev"}
	})
	for value, want := range map[string]string{
		"acme/dev": "acme/dev", "Other/Dev": "other/dev", "prod": "acme/prod", convo.TenancyOf("acme/prod").TenantID: "acme/prod",
	} {
		actor, err := i.Verify(t.Context(), es256(t, k, p.claims("https://acme.example/tenant", value)))
		if err != nil || actor.Tenant != want {
			t.Errorf("%s: got %+v, %v", value, actor, err)
		}
	}
	for _, value := range []any{nil, "", "dev", "acme", "none/none", 7, []string{"acme/dev"}} {
		refusedAs(t, i, es256(t, k, p.claims("https://acme.example/tenant", value)), convo.Unauthenticated)
	}
}

// FuzzVerify reads what strangers show as tokens.
func FuzzVerify(f *testing.F) {
	for _, token := range []string{"", "..", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJFUzI1NiIsImtpZCI6IngifQ.e30.AAAA", `{"payload":""}`} {
		f.Add(token)
	}
	i := openid.New(openid.Options{Issuer: "http://127.0.0.1:1", Audience: "parley", Tenant: "a/b"})
	f.Fuzz(func(t *testing.T, token string) {
		_, err := i.Verify(t.Context(), token)
		if kind := convo.ErrorKind(err); kind != convo.Unauthenticated && kind != convo.Unavailable {
			t.Errorf("got %v", err)
		}
	})
}
