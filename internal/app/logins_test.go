package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/convo"
)

// browser signs in as the development mode has it, and gives the access token and
// the refresh token.
func (s *server) browser(base string) (access, refresh string) {
	s.t.Helper()
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // of RFC 7636
	client := &http.Client{Transport: s.client.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(base + "/identity_/connect/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {"http://localhost:5173/"}, "code_challenge": {challenge},
		"code_challenge_method": {"S256"}, "scope": {"x offline_access"}, "state": {"s"},
	}.Encode() + "&acr_values=tenantName:default")
	if err != nil {
		s.t.Fatal(err)
	}
	_ = resp.Body.Close()
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		s.t.Fatal(err)
	}
	return s.tokens(base+"/identity_/connect/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"app"}, "redirect_uri": {"http://localhost:5173/"},
		"code_verifier": {verifier}, "code": {to.Query().Get("code")},
	})
}

func (s *server) tokens(at string, form url.Values) (access, refresh string) {
	s.t.Helper()
	resp, err := s.client.PostForm(at, form)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var got struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || resp.StatusCode != http.StatusOK {
		s.t.Fatalf("%d, %v", resp.StatusCode, err)
	}
	return got.Access, got.Refresh
}

// status asks for a path with a token.
func (s *server) status(path, token string) int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.app.URL()+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func agentsOf(tenant string) string { return "/" + tenant + "/autopilotforeveryone_/api/v1/agent" }

// letsIn checks where a user's token works, and where it does not.
func (s *server) letsIn(token string) {
	s.t.Helper()
	ids := convo.TenancyOf("default/default")
	for path, want := range map[string]int{
		agentsOf("default/default"): http.StatusOK, agentsOf("DEFAULT/" + ids.TenantID): http.StatusOK, agentsOf(ids.OrgID + "/Default"): http.StatusOK,
		agentsOf("default/other"): http.StatusNotFound, "/v1/conversation/list": http.StatusUnauthorized,
	} {
		if got := s.status(path, token); got != want {
			s.t.Errorf("%s: got %d, want %d", path, got, want)
		}
	}
	if got := s.status(agentsOf("default/other"), token+"x"); got != http.StatusUnauthorized {
		s.t.Errorf("a bad token for another tenant: %d", got)
	}
}

func TestADeveloperSignsInAndStaysSoWhenTheKeyChanges(t *testing.T) {
	t.Parallel()
	cfg := configured(t, "PARLEY_OIDC_BUILTIN_ENABLED=true", "PARLEY_OIDC_BUILTIN_DEVELOPMENT=true", "PARLEY_LISTEN="+freeAddress(t))
	s := start(t, cfg)
	access, refresh := s.browser(s.app.URL())
	s.letsIn(access)
	s.end()
	if _, err := app.RotateKey(t.Context(), cfg, ""); err != nil {
		t.Fatal(err)
	}
	s = start(t, cfg)
	s.letsIn(access)
	again, _ := s.tokens(s.app.URL()+"/default/identity_/connect/token", url.Values{
		"grant_type": {"refresh_token"}, "client_id": {"app"}, "refresh_token": {refresh},
	})
	s.letsIn(again)
	for _, secret := range []string{access, refresh} {
		if strings.Contains(s.log.String(), secret) {
			t.Error("a token is in the log")
		}
	}
}

func TestAUserOfAProviderElsewhereIsLetIn(t *testing.T) {
	t.Parallel()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := jose.JSONWebKey{Key: private, KeyID: "k", Algorithm: "ES256"}
	var issuer string
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/openid-configuration") {
			fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, issuer, issuer+"/keys")
			return
		}
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}})
	}))
	t.Cleanup(provider.Close)
	issuer = provider.URL
	s := start(t, configured(t, "PARLEY_OIDC_ISSUERS=[{issuer: "+issuer+", audience: parley}]"))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: issuer, Subject: "alice", Audience: jwt.Audience{"parley"}, Expiry: jwt.NewNumericDate(time.Now().Add(time.Hour)),
	}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	s.letsIn(token)
	if got := s.status("/identity_/.well-known/openid-configuration", ""); got != http.StatusNotFound && got != http.StatusUnauthorized {
		t.Errorf("the built-in provider is there although nobody enabled it: %d", got)
	}
	provider.Close()
	s.letsIn(token)
}
