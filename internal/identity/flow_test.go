package identity_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/parleyhq/parley/internal/auth"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/identity"
)

func TestSomebodySignsInAndStaysSignedIn(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	page := b.send(http.MethodGet, "/identity_/connect/authorize?"+asked(), "")
	if page.status != http.StatusOK || !strings.Contains(page.body, `name="password"`) || strings.Contains(page.body, "<script") {
		t.Fatalf("the page is %d %s", page.status, page.body)
	}
	sent := b.send(http.MethodPost, "/identity_/connect/authorize?"+asked(), login("ANN", "correct horse"),
		"Sec-Fetch-Site", "same-origin", "Origin", b.url)
	to := sent.location(t)
	q := to.Query()
	if to.Host != "app.example" || q.Get("keep") != "1" || q.Get("state") != "a&b=c/ä" || len(q) != 3 {
		t.Errorf("the browser is sent to %s", to)
	}
	if !regexp.MustCompile(`^[A-Za-z0-9\-._~+/]+=*$`).MatchString(q.Get("code")) {
		t.Errorf("the code is %q", q.Get("code"))
	}
	a, first := b.redeem(q.Get("code"))
	if a.status != http.StatusOK || first.Type != "Bearer" || first.Expires != 3600 || first.Scope != "OR.Execution offline_access" ||
		first.Refresh == "" || first.ID != "" {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	actor, err := b.p.Verify(t.Context(), first.Access)
	if err != nil || actor.Tenant != "acme/dev" || actor.Name != "Ann" || actor.Email != "ann@acme.example" || actor.Subject == "" ||
		actor.User != auth.UserID("builtin", actor.Subject) || !actor.Expires.Equal(b.now().Add(time.Hour)) {
		t.Errorf("got %+v, %v", actor, err)
	}
	for range 3 {
		b.pass(30*24*time.Hour - time.Minute)
		a, next := b.renew(first.Refresh)
		if a.status != http.StatusOK || next.Refresh == "" || next.Refresh == first.Refresh || next.Expires != 3600 || next.Scope != first.Scope {
			t.Fatalf("got %d %s", a.status, a.body)
		}
		again, err := b.p.Verify(t.Context(), next.Access)
		if err != nil || again.User != actor.User {
			t.Errorf("got %+v, %v", again, err)
		}
		first = next
	}
	b.pass(30 * 24 * time.Hour)
	if a, got := b.renew(first.Refresh); a.status != http.StatusBadRequest || got.Error != "invalid_grant" {
		t.Errorf("a sign-in that nobody used for a month: %d %s", a.status, a.body)
	}
	for _, secret := range []string{"correct horse", q.Get("code"), first.Refresh, first.Access, verifier} {
		if strings.Contains(b.log.String(), secret) {
			t.Errorf("the log has the secret %q", secret)
		}
	}
}

func TestDevelopmentSignsInWithoutAPage(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *identity.Options) { o.Development, o.Clients = true, nil })
	for _, redirect := range []string{"http://localhost:5173/", "http://127.0.0.1:1/x", "http://[::1]/"} {
		a := b.send(http.MethodGet, "/identity_/connect/authorize?"+asked("client_id", "any-app", "redirect_uri", redirect), "")
		to := a.location(t)
		if !strings.HasPrefix(to.String(), redirect) || to.Query().Get("state") != "a&b=c/ä" {
			t.Errorf("the browser is sent to %s", to)
		}
		a, got := b.exchange("/identity_/connect/token", "grant_type", "authorization_code", "client_id", "any-app",
			"code", to.Query().Get("code"), "redirect_uri", redirect, "code_verifier", verifier)
		if actor, err := b.p.Verify(t.Context(), got.Access); err != nil || actor.Name != "developer" || actor.Tenant != "acme/dev" {
			t.Errorf("%d %s gives %+v, %v", a.status, a.body, actor, err)
		}
	}
	for _, redirect := range []string{"https://evil.example/", "http://localhost.evil.example/", "http://127.0.0.1@evil.example/", "javascript:alert(1)", "http://localhost/#x"} {
		if a := b.send(http.MethodGet, "/identity_/connect/authorize?"+asked("redirect_uri", redirect), ""); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d", redirect, a.status)
		}
	}
	a := b.send(http.MethodGet, "/identity_/connect/authorize?"+asked("redirect_uri", "http://localhost/"), "")
	code := a.location(t).Query().Get("code")
	_, got := b.exchange("/identity_/connect/token", "grant_type", "authorization_code", "client_id", "web",
		"code", code, "redirect_uri", "http://localhost/", "code_verifier", verifier)
	b.serve(nil) // without development
	if b.good(got.Access) {
		t.Error("the developer's token works in production")
	}
	if a, _ := b.renew(got.Refresh); a.status != http.StatusBadRequest {
		t.Error("the developer's sign-in goes on in production")
	}
}

func TestTheOrganisationChoosesTheTenants(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *identity.Options) {
		o.Tenants = []string{"acme/dev", "acme/prod", "other/main"}
		o.Users = append(o.Users, identity.FixedUser{Tenant: "acme/prod", Name: "ann", Password: "battery staple"})
	})
	page := b.send(http.MethodGet, "/identity_/connect/authorize?"+asked(), "")
	if !strings.Contains(page.body, `<option value="acme/prod"`) || strings.Contains(page.body, "other/main") {
		t.Errorf("the page is %s", page.body)
	}
	form := login("ann", "battery staple")
	if a := b.send(http.MethodPost, "/identity_/connect/authorize?"+asked(), form+"&tenant=acme/prod"); a.location(t).Query().Get("code") == "" {
		t.Errorf("got %d", a.status)
	}
	for _, tenant := range []string{"acme/dev", "other/main", "none"} {
		if a := b.send(http.MethodPost, "/identity_/connect/authorize?"+asked(), form+"&tenant="+tenant); a.status != http.StatusForbidden {
			t.Errorf("%s: got %d", tenant, a.status)
		}
	}
	if a := b.send(http.MethodGet, "/ACME/identity_/connect/authorize?"+asked(), ""); a.status != http.StatusOK {
		t.Errorf("with the organisation in the path: %d", a.status)
	}
	org := convo.TenancyOf("acme/dev").OrgID
	byID := strings.ReplaceAll(asked(), "tenantName:acme", "tenant:"+strings.ToUpper(org))
	if a := b.send(http.MethodGet, "/"+org+"/identity_/connect/authorize?"+byID, ""); a.status != http.StatusOK || strings.Contains(a.body, "other/main") {
		t.Errorf("with the organisation's id: %d", a.status)
	}
	for path, acr := range map[string]string{"/other": "", "": "tenantName:nobody", "/nobody": ""} {
		a := b.send(http.MethodGet, path+"/identity_/connect/authorize?"+asked()+"+"+acr, "")
		if q := a.location(t).Query(); q.Get("error") != "invalid_request" || q.Get("state") != "a&b=c/ä" {
			t.Errorf("%s %s: got %v", path, acr, q)
		}
	}
}

func TestAnApplicationThatAsksForItIsToldWhoSignedIn(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	_, got := b.redeem(b.code("scope", "openid offline_access", "nonce", "n1"))
	keys := b.send(http.MethodGet, "/identity_/.well-known/openid-configuration/jwks", "")
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(keys.body), &set); err != nil || len(set.Keys) != 1 || !set.Keys[0].IsPublic() {
		t.Fatalf("the keys are %s, %v", keys.body, err)
	}
	token, err := jwt.ParseSigned(got.ID, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	var claims jwt.Claims
	var own map[string]any
	if err := token.Claims(set, &claims, &own); err != nil {
		t.Fatal(err)
	}
	if claims.Issuer != "https://parley.example/identity_" || !slices.Equal(claims.Audience, jwt.Audience{"web"}) ||
		own["preferred_username"] != "Ann" || own["nonce"] != "n1" {
		t.Errorf("the claims are %v", own)
	}
	if b.good(got.ID) {
		t.Error("a token for the application works here too")
	}
}

func TestOtherProgramsFindTheEndpoints(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for _, path := range []string{"/identity_", "/acme/identity_"} {
		a := b.send(http.MethodGet, path+"/.well-known/openid-configuration", "", "Origin", "https://app.example")
		var c map[string]any
		if err := json.Unmarshal([]byte(a.body), &c); err != nil || c["issuer"] != "https://parley.example/identity_" ||
			c["token_endpoint"] != "https://parley.example/identity_/connect/token" || a.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%d %s, %v", a.status, a.body, err)
		}
	}
	if a := b.send(http.MethodOptions, "/identity_/connect/token", ""); a.status != http.StatusNoContent || a.header.Get("Access-Control-Allow-Methods") == "" {
		t.Errorf("preflight: %d %v", a.status, a.header)
	}
	if a := b.send(http.MethodGet, "/identity_/connect/token", ""); a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "POST, OPTIONS" {
		t.Errorf("GET: %d %v", a.status, a.header)
	}
	if a := b.send(http.MethodGet, "/identity_/connect/nothing", ""); a.status != http.StatusNotFound || !strings.Contains(a.body, `"error"`) {
		t.Errorf("nothing: %d %s", a.status, a.body)
	}
}

func TestOnlyListedOriginsReadAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *identity.Options) {
		o.AllowOrigin = func(origin string) bool { return origin == "https://app.example" }
	})
	for origin, want := range map[string]string{"https://app.example": "https://app.example", "https://evil.example": "", "": ""} {
		a := b.send(http.MethodGet, "/identity_/.well-known/openid-configuration", "", "Origin", origin)
		if got := a.header.Get("Access-Control-Allow-Origin"); got != want || a.header.Get("Vary") != "Origin" {
			t.Errorf("%q: got %q", origin, got)
		}
	}
}

func TestServesKnowsItsPaths(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/identity_/connect/token": true, "/acme/identity_/connect/token": true, "/identity_/": true, "/identity_": false, "": false, "/": false,
		"/identity_x/y": false, "/a/b/identity_/connect/token": false, "/v1/conversation/identity_/message": false, "identity_/x": false,
	} {
		if got := identity.Serves(path); got != want {
			t.Errorf("%q: got %v", path, got)
		}
	}
}

// FuzzAuthorize reads what browsers are sent with.
func FuzzAuthorize(f *testing.F) {
	for _, query := range []string{"", asked(), asked("redirect_uri", "http://localhost"), asked("state", "\x00\r\nX: y"), "a=%zz", "client_id=web&redirect_uri=x;y"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		b := fuzzed(t)
		w := b.record(http.MethodGet, "/identity_/connect/authorize", query, "")
		switch w.Code {
		case http.StatusOK, http.StatusBadRequest:
		case http.StatusSeeOther:
			to, err := url.Parse(w.Header().Get("Location"))
			if err != nil || to.Host != "app.example" || to.Query().Get("code") != "" {
				t.Errorf("the browser is sent to %q", w.Header().Get("Location"))
			}
		default:
			t.Errorf("got %d", w.Code)
		}
	})
}

// FuzzToken reads what applications send for tokens.
func FuzzToken(f *testing.F) {
	for _, body := range []string{
		"", "grant_type=refresh_token&client_id=web&refresh_token=rt_", "grant_type=authorization_code&client_id=web&code=x&code_verifier=" + verifier,
		"grant_type=x&grant_type=y", "%zz", "client_id=web",
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := fuzzed(t).record(http.MethodPost, "/identity_/connect/token", "", body)
		var got tokens
		if err := json.Unmarshal(w.Body.Bytes(), &got); w.Code < 400 || w.Code >= 500 || err != nil || got.Error == "" || got.Access != "" {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	})
}

// FuzzVerify reads what strangers show as tokens.
func FuzzVerify(f *testing.F) {
	f.Add("")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.AAAA")
	f.Fuzz(func(t *testing.T, token string) {
		if fuzzed(t).good(token) {
			t.Error("it works")
		}
	})
}
