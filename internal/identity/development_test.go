package identity_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/identity"
)

// A page that sends a browser's script to sign in, and back to an address here that
// anybody may read, would find the code in the address that it came to.
func TestNoPageReadsWhereABrowserIsSent(t *testing.T) {
	t.Parallel()
	for _, development := range []bool{true, false} {
		b := setup(t, func(o *identity.Options) { o.Development = development })
		for _, query := range []string{asked(), asked("redirect_uri", "http://127.0.0.1/"), asked("client_id", ""), asked("prompt", "none")} {
			a := b.send(http.MethodGet, "/identity_/connect/authorize?"+query, "", "Origin", "https://evil.example")
			if allowed := a.header.Get("Access-Control-Allow-Origin"); allowed != "" {
				t.Errorf("development %t, %s: %d may be read by %q", development, query, a.status, allowed)
			}
		}
	}
}

// A name that its owner points to this machine makes his page one of this server's.
func TestDevelopmentSignsNobodyInUnderAnotherName(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *identity.Options) { o.Development = true })
	path := b.url + "/identity_/connect/authorize?" + asked("redirect_uri", "http://localhost/")
	for host, want := range map[string]int{
		"evil.example": http.StatusForbidden, "evil.example:8787": http.StatusForbidden, "localhost.evil.example": http.StatusForbidden,
		"127.0.0.1.evil.example": http.StatusForbidden, "localhost:8787": http.StatusSeeOther, "LOCALHOST": http.StatusSeeOther,
		"127.0.0.1": http.StatusSeeOther, "[::1]:8787": http.StatusSeeOther, "[::1]": http.StatusSeeOther,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		resp, err := b.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
		if resp.StatusCode != want || (want == http.StatusForbidden) == strings.Contains(resp.Header.Get("Location"), "code=") {
			t.Errorf("%s: got %d, sent to %q", host, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
}
