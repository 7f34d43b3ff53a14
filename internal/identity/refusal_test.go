package identity_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/identity"
)

func TestNobodyIsSentToAnAddressThatIsNotRegistered(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for _, redirect := range []string{
		"-", "", "https://evil.example/", "https://app.example/callback", redirectURI + "&x=1", redirectURI + "#x", "HTTPS://app.example/callback?keep=1",
		"https://app.example/callback?keep=1 ", "http://localhost/", "//app.example/callback?keep=1", strings.Repeat("x", 3000),
	} {
		a := b.send(http.MethodGet, "/identity_/connect/authorize?"+asked("redirect_uri", redirect), "")
		if a.status != http.StatusBadRequest || a.header.Get("Location") != "" || !strings.Contains(a.body, "redirectURIs") {
			t.Errorf("%q: got %d, %q", redirect, a.status, a.header.Get("Location"))
		}
	}
	for _, client := range []string{"-", "", "unknown", "WEB"} {
		a := b.send(http.MethodGet, "/identity_/connect/authorize?"+asked("client_id", client), "")
		if a.status != http.StatusBadRequest || a.header.Get("Location") != "" || !strings.Contains(a.body, "clients") {
			t.Errorf("%q: got %d, %q", client, a.status, a.header.Get("Location"))
		}
	}
	twice := asked() + "&redirect_uri=" + url.QueryEscape("https://evil.example/")
	if a := b.send(http.MethodGet, "/identity_/connect/authorize?"+twice, ""); a.status != http.StatusBadRequest {
		t.Errorf("with two addresses: %d", a.status)
	}
}

func TestAnApplicationIsToldWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for _, c := range []struct {
		name  string
		query string
		want  string
	}{
		{"no PKCE", asked("code_challenge", "-", "code_challenge_method", "-"), "invalid_request"},
		{"plain PKCE", asked("code_challenge_method", "plain"), "invalid_request"},
		{"PKCE without a method", asked("code_challenge_method", "-"), "invalid_request"},
		{"a challenge that is none", asked("code_challenge", "short"), "invalid_request"},
		{"a token at once", asked("response_type", "token"), "unsupported_response_type"},
		{"a form", asked("response_mode", "form_post"), "invalid_request"},
		{"a scope that is none", asked("scope", "a\"b"), "invalid_scope"},
		{"the state twice", asked() + "&state=x", "invalid_request"},
		{"without a page", asked("prompt", "none"), "login_required"},
	} {
		q := b.send(http.MethodGet, "/identity_/connect/authorize?"+c.query, "").location(t).Query()
		if q.Get("error") != c.want || q.Get("error_description") == "" || q.Get("state") != "a&b=c/ä" || q.Get("code") != "" {
			t.Errorf("%s: got %v", c.name, q)
		}
	}
	q := b.send(http.MethodGet, "/identity_/connect/authorize?"+asked("state", strings.Repeat("x", 5000)), "").location(t).Query()
	if q.Get("error") != "invalid_request" || q.Has("state") {
		t.Errorf("a long state: got %v", q)
	}
}

func TestAWrongPasswordIsToldAfterThreeTries(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	path := "/identity_/connect/authorize?" + asked()
	var texts []string
	for _, form := range []string{login("ann", "wrong horse"), login("nobody", "correct horse"), login("", ""), login("ann", strings.Repeat("x", 3000)), login("ann", "")} {
		a := b.send(http.MethodPost, path, form)
		if a.status != http.StatusForbidden || !strings.Contains(a.body, `role="alert"`) || !strings.Contains(a.body, `name="tries" value="1"`) || strings.Contains(a.body, "wrong horse") {
			t.Errorf("%.40s: got %d %s", form, a.status, a.body)
		}
		_, alert, _ := strings.Cut(a.body, `role="alert">`)
		alert, _, _ = strings.Cut(alert, "<")
		texts = append(texts, alert)
	}
	for _, text := range texts {
		if text != texts[0] {
			t.Errorf("%q differs from %q", text, texts[0])
		}
	}
	q := b.send(http.MethodPost, path, login("bob", "wrong")+"&tries=2").location(t).Query()
	if q.Get("error") != "access_denied" || q.Get("state") != "a&b=c/ä" {
		t.Errorf("got %v", q)
	}
	q = b.send(http.MethodPost, path, "cancel=yes").location(t).Query()
	if q.Get("error") != "access_denied" || q.Get("state") != "a&b=c/ä" {
		t.Errorf("got %v", q)
	}
	if a := b.send(http.MethodPost, path, login("<b>\"x", "wrong")); strings.Contains(a.body, `<b>"x`) {
		t.Errorf("the name is not escaped: %s", a.body)
	}
	if strings.Contains(b.log.String(), "wrong") || strings.Contains(b.log.String(), "nobody") {
		t.Errorf("the log has what was entered: %s", b.log)
	}
}

func TestTheFormIsTakenFromItsOwnPageOnly(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	path, form := "/identity_/connect/authorize?"+asked(), login("ann", "correct horse")
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
	} {
		if a := b.send(http.MethodPost, path, form, headers...); a.status != http.StatusForbidden || a.header.Get("Location") != "" {
			t.Errorf("%v: got %d", headers, a.status)
		}
	}
	if a := b.send(http.MethodPost, path, form, "Origin", b.url); a.status != http.StatusSeeOther {
		t.Errorf("from its own page: %d", a.status)
	}
	if a := b.send(http.MethodPost, path, form, "Content-Type", "text/plain"); a.status != http.StatusBadRequest {
		t.Errorf("another type: %d", a.status)
	}
	if a := b.send(http.MethodPost, path, form+"&x="+strings.Repeat("x", 70<<10)); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a large form: %d", a.status)
	}
	six := identity.Client{ID: "six", RedirectURIs: []string{"http://[::1]:5173/"}}
	b.serve(func(o *identity.Options) { o.Clients = append(o.Clients, six) })
	page := b.send(http.MethodGet, "/identity_/connect/authorize?"+asked("client_id", "six", "redirect_uri", six.RedirectURIs[0]), "")
	if policy := page.header.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "form-action 'self' http:") {
		t.Errorf("back to an IPv6 address: %q", policy)
	}
	page = b.send(http.MethodGet, path, "")
	policy := page.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self' https://app.example", "style-src 'sha256-"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %q", policy, want)
		}
	}
	if page.header.Get("X-Frame-Options") != "DENY" || page.header.Get("Cache-Control") != "no-store" || page.header.Get("Referrer-Policy") != "same-origin" {
		t.Errorf("the headers are %v", page.header)
	}
}

func TestPasswordsCannotBeTriedOut(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	path := "/identity_/connect/authorize?" + asked()
	// Time gives some tries back meanwhile, more of them on a slow machine.
	refused := func(try func() answer) answer {
		t.Helper()
		for range 100 {
			if a := try(); a.status == http.StatusTooManyRequests {
				return a
			}
		}
		t.Fatal("a hundred tries were let in")
		return answer{}
	}
	for range 8 {
		b.send(http.MethodPost, path, login("Ann", "wrong"))
	}
	a := refused(func() answer { return b.send(http.MethodPost, path, login("aNN", "wrong")) })
	if a.header.Get("Retry-After") == "" || !strings.Contains(a.body, "Wait a minute") {
		t.Errorf("too many tries for a name: %v %s", a.header, a.body)
	}
	if a := b.send(http.MethodPost, path, login("bob", "wrong")); a.status != http.StatusForbidden {
		t.Errorf("another name: %d", a.status)
	}
	const guess = "grant_type=refresh_token&client_id=web&refresh_token=rt_x"
	a = refused(func() answer {
		return b.send(http.MethodPost, "/identity_/connect/token", guess, "X-Forwarded-For", "192.0.2.7")
	})
	if a.header.Get("Retry-After") == "" || !strings.Contains(a.body, `"error"`) || a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("too many guesses of an address: %v %s", a.header, a.body)
	}
	a = refused(func() answer {
		return b.send(http.MethodPost, path, login("carl", "wrong"), "X-Forwarded-For", "192.0.2.7")
	})
	if !strings.Contains(a.body, "Wait a minute") {
		t.Errorf("that address at the page: %s", a.body)
	}
	if a := b.send(http.MethodPost, path, login("carl", "wrong"), "X-Forwarded-For", "192.0.2.8"); a.status != http.StatusForbidden {
		t.Errorf("another address: %d", a.status)
	}
}

func TestWhoSharesAnAddressWithAGuesserStaysSignedIn(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	const address, endpoint = "192.0.2.7", "/identity_/connect/token"
	_, first := b.redeem(b.code())
	code := b.code()
	for n := 0; b.send(http.MethodPost, endpoint, "grant_type=refresh_token&client_id=web&refresh_token=rt_x", "X-Forwarded-For", address).status != http.StatusTooManyRequests; n++ {
		if n == 100 {
			t.Fatal("a hundred tries were let in")
		}
	}
	for what, form := range map[string]url.Values{
		"a refresh token": {"grant_type": {"refresh_token"}, "client_id": {"web"}, "refresh_token": {first.Refresh}},
		"a code": {
			"grant_type": {"authorization_code"}, "client_id": {"web"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {verifier},
		},
	} {
		if a := b.send(http.MethodPost, endpoint, form.Encode(), "X-Forwarded-For", address); a.status != http.StatusOK {
			t.Errorf("%s: got %d %s", what, a.status, a.body)
		}
	}
}

func TestACodeIsForOneUseByOneApplication(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	good := func(code string) []string {
		return []string{"grant_type", "authorization_code", "client_id", "web", "code", code, "redirect_uri", redirectURI, "code_verifier", verifier}
	}
	for name, change := range map[string][2]string{
		"another client":        {"client_id", "other"},
		"another address":       {"redirect_uri", "https://app.example/callback"},
		"a wrong verifier":      {"code_verifier", strings.Repeat("x", 43)},
		"no verifier":           {"code_verifier", ""},
		"the challenge instead": {"code_verifier", challengeOf(verifier)},
	} {
		code := b.code()
		form := good(code)
		for i := 0; i < len(form); i += 2 {
			if form[i] == change[0] {
				form[i+1] = change[1]
			}
		}
		if a, got := b.exchange("/identity_/connect/token", form...); a.status != http.StatusBadRequest || got.Error != "invalid_grant" || got.Access != "" {
			t.Errorf("%s: got %d %s", name, a.status, a.body)
		}
		if a, _ := b.redeem(code); a.status != http.StatusBadRequest {
			t.Errorf("%s: the code was not burned", name)
		}
	}
	late := b.code()
	b.pass(time.Minute)
	if a, _ := b.redeem(late); a.status != http.StatusBadRequest {
		t.Errorf("a code of a minute ago: %d", a.status)
	}
	code := b.code()
	_, got := b.redeem(code)
	if !b.good(got.Access) {
		t.Fatal("the first use does not work")
	}
	if a, again := b.redeem(code); a.status != http.StatusBadRequest || again.Error != "invalid_grant" {
		t.Errorf("the second use: %d %s", a.status, a.body)
	}
	if a, _ := b.renew(got.Refresh); b.good(got.Access) || a.status != http.StatusBadRequest || b.changes == 0 {
		t.Error("what the first use began goes on although somebody else has the code")
	}
}

func TestOneOfManyUsesOfACodeWins(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	code := b.code()
	var mu sync.Mutex
	var won int
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			w := b.record(http.MethodPost, "/identity_/connect/token", "", url.Values{
				"grant_type": {"authorization_code"}, "client_id": {"web"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {verifier},
			}.Encode())
			mu.Lock()
			defer mu.Unlock()
			if w.Code == http.StatusOK {
				won++
			}
		})
	}
	group.Wait()
	if won > 1 {
		t.Errorf("%d uses of one code worked", won)
	}
}

func TestTheTokenEndpointSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for want, form := range map[string][]string{
		"invalid_client":         {"grant_type", "refresh_token", "client_id", "unknown"},
		"unsupported_grant_type": {"grant_type", "password", "client_id", "web"},
		"invalid_grant":          {"grant_type", "refresh_token", "client_id", "web", "refresh_token", "rt_x"},
		"invalid_request":        {"grant_type", "refresh_token", "grant_type", "password"},
	} {
		if a, got := b.exchange("/identity_/connect/token", form...); a.status != http.StatusBadRequest || got.Error != want || got.Text == "" {
			t.Errorf("%s: got %d %s", want, a.status, a.body)
		}
	}
	if a := b.send(http.MethodPost, "/identity_/connect/token", `{"grant_type":"x"}`, "Content-Type", "application/json"); a.status != http.StatusBadRequest || !strings.Contains(a.body, "invalid_request") {
		t.Errorf("JSON: got %d %s", a.status, a.body)
	}
	if a := b.send(http.MethodPost, "/identity_/connect/token", strings.Repeat("x", 70<<10)); a.status != http.StatusRequestEntityTooLarge || a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("a large body: got %d", a.status)
	}
}

func TestAHashThatIsNoneIsToldAtTheStart(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	hash, err := identity.HashPassword("battery staple")
	if err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{hash[:40], "$argon2id$v=19$m=99999999,t=3,p=1$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3VtLg", "$argon2id$"} {
		_, err := identity.New(t.Context(), identity.Options{
			Store: b.store, Sealer: box{"k"}, Tenants: []string{"a/b"}, Users: []identity.FixedUser{{Tenant: "a/b", Name: "bob", Password: password}},
		})
		if err == nil || !strings.Contains(err.Error(), "bob") || strings.Contains(err.Error(), password) {
			t.Errorf("%s: got %v", password, err)
		}
	}
	b.serve(func(o *identity.Options) {
		o.Users = append(o.Users, identity.FixedUser{Tenant: "acme/dev", Name: "bob", Password: hash})
	})
	path := "/identity_/connect/authorize?" + asked()
	if a := b.send(http.MethodPost, path, login("bob", "battery staple")); a.status != http.StatusSeeOther {
		t.Errorf("with the password: %d", a.status)
	}
	if a := b.send(http.MethodPost, path, login("bob", hash)); a.status != http.StatusForbidden {
		t.Errorf("with the hash: %d", a.status)
	}
}

// FuzzHash reads hashes of the configuration.
func FuzzHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=32768,t=3,p=1$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3VtLg")
	f.Add("$argon2id$$$$")
	f.Fuzz(func(t *testing.T, hash string) {
		b := fuzzed(t)
		_, _ = identity.New(t.Context(), identity.Options{ // may be refused, and must not cost more than that
			Store: b.store, Sealer: box{"k"}, Tenants: []string{"a/b"}, Users: []identity.FixedUser{{Tenant: "a/b", Name: "bob", Password: "$argon2id$" + hash}},
		})
	})
}
