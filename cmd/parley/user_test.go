package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
)

// typed runs a command with an input.
func typed(t *testing.T, want int, in string, env []string, args ...string) (out, err string) {
	t.Helper()
	c := begin(t, strings.NewReader(in), env, args...)
	if code := c.end(); code != want {
		t.Errorf("parley %v ends with %d; it printed %q and %q", args, code, c.out, c.err)
	}
	return c.out.String(), c.err.String()
}

func TestUsersAreManagedWithAndWithoutAServer(t *testing.T) {
	t.Parallel()
	server, env := serve(t)
	manage := func(t *testing.T) {
		out, note := typed(t, exitFine, "correct horse\n", env, "user", "add", "Ann", "--email", "ann@example.com")
		if !strings.Contains(out, "Ann") || !strings.Contains(note, "oidc.builtin.enabled") || strings.Contains(out+note, "horse") {
			t.Errorf("got %q and %q", out, note)
		}
		list, _ := run(t, exitFine, env, "user", "list")
		if !strings.Contains(list, "Ann") || !strings.Contains(list, "ann@example.com") || strings.Contains(list, "argon2") {
			t.Errorf("the list is %s", list)
		}
		for _, wrong := range [][]string{
			{"add", "ann"}, {"add", "no body"}, {"add", "bob", "--email", "x"}, {"add", "bob", "--tenant", "a/b"}, {"password", "bob"}, {"remove", "bob"},
		} {
			if _, err := typed(t, exitFailed, "correct horse\n", env, append([]string{"user"}, wrong...)...); strings.Contains(err, "horse") {
				t.Errorf("%v: got %s", wrong, err)
			}
		}
		typed(t, exitFailed, "short\n", env, "user", "add", "bob")
		typed(t, exitFailed, "", env, "user", "add", "bob")
		typed(t, exitFailed, strings.Repeat("x", 2000), env, "user", "add", "bob")
		typed(t, exitFine, "battery staple\r\n", env, "user", "password", "ANN")
		run(t, exitFine, env, "user", "remove", "ann")
		if list, _ = run(t, exitFine, env, "user", "list"); strings.Contains(list, "Ann") {
			t.Errorf("the list is %s", list)
		}
	}
	manage(t)
	server.interrupts <- os.Interrupt
	if code := server.end(); code != exitFine {
		t.Fatalf("serve ends with %d: %s", code, server.err)
	}
	server.code <- exitFine // for the cleanup
	manage(t)
}

func TestAnAddedUserSignsInAtTheServer(t *testing.T) {
	t.Parallel()
	const back, verifier = "http://127.0.0.1:1/back", "0123456789012345678901234567890123456789012"
	server, env := serve(t, "PARLEY_OIDC_BUILTIN_ENABLED=true", "PARLEY_OIDC_BUILTIN_CLIENTS=[{id: web, redirectURIs: ["+back+"]}]")
	typed(t, exitFine, "correct horse", env, "user", "add", "ann")
	_, base, _ := strings.Cut(server.out.String(), "listens on ")
	base, _, _ = strings.Cut(base, "\n")
	sum := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {"web"}, "redirect_uri": {back}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "scope": {"offline_access"},
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(client.CloseIdleConnections)
	resp, err := client.PostForm(base+"/identity_/connect/authorize?"+query.Encode(), url.Values{"name": {"ann"}, "password": {"correct horse"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || to.Query().Get("code") == "" {
		t.Fatalf("the browser is sent to %q, %d", to, resp.StatusCode)
	}
	resp, err = client.PostForm(base+"/identity_/connect/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"web"}, "redirect_uri": {back}, "code_verifier": {verifier}, "code": {to.Query().Get("code")},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var got struct {
		Access string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.Access == "" {
		t.Fatalf("got %+v, %v", got, err)
	}
	agents := func() int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/default/default/autopilotforeveryone_/api/v1/agent", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+got.Access)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	if status := agents(); status != http.StatusOK {
		t.Errorf("her token gets %d", status)
	}
	run(t, exitFine, env, "user", "remove", "ann")
	if status := agents(); status != http.StatusUnauthorized {
		t.Errorf("after her removal her token gets %d", status)
	}
}

func TestAPasswordIsHashedForTheConfiguration(t *testing.T) {
	t.Parallel()
	hash, _ := typed(t, exitFine, "correct horse\n", nil, "user", "hash")
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=32768,t=3,p=1$") {
		t.Errorf("got %q", hash)
	}
	if other, _ := typed(t, exitFine, "correct horse\n", nil, "user", "hash"); other == hash {
		t.Error("two hashes have one salt")
	}
}
