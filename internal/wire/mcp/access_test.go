package mcp_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/ratelimit"
	"github.com/parleyhq/parley/internal/wire/mcp"
)

func TestOnlyGoodTokensAreLetIn(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for name, secret := range map[string]string{"none": "", "an unknown one": "pk_unknown_0123456789abcdefghij"} {
		status, header, body := b.post(secret, "", initialize)
		if status != http.StatusUnauthorized || header.Get("Www-Authenticate") != "Bearer" || !strings.Contains(body, `"jsonrpc":"2.0"`) {
			t.Errorf("%s: %d %s", name, status, body)
		}
		if header.Get("Mcp-Session-Id") != "" {
			t.Errorf("%s begins a session", name)
		}
	}
	session := b.begin(b.secret)
	must(t, b.auth.Revoke(t.Context(), "one", b.actor(b.secret).Token))
	if status, _, _ := b.post(b.secret, session, ping); status != http.StatusUnauthorized {
		t.Errorf("a revoked token is answered with %d", status)
	}
}

func TestASessionBelongsToItsToken(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	session, second := b.begin(b.secret), b.token("one")
	for name, secret := range map[string]string{"another tenant's": b.foreign, "another one of the tenant": second} {
		for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
			if status, _, body := b.request(method, secret, session, ping); status != http.StatusNotFound {
				t.Errorf("%s %s: %d %s", method, name, status, body)
			}
		}
	}
	if status, _, body := b.post(b.secret, session, ping); status != http.StatusOK {
		t.Errorf("the session is lost: %d %s", status, body)
	}
	t.Run("and no client chooses its id", func(t *testing.T) {
		status, header, _ := b.post(b.secret, "chosen-by-somebody", initialize)
		if status != http.StatusNotFound || header.Get("Mcp-Session-Id") != "" {
			t.Errorf("it is answered with %d and %q", status, header.Get("Mcp-Session-Id"))
		}
	})
}

func TestPagesOfOtherSitesAreKeptOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		host, origin string
		public       string
		proxies      []netip.Prefix
		allowed      bool
	}{
		"its own address":                  {allowed: true},
		"this machine by name":             {host: "localhost:1", allowed: true},
		"IPv6":                             {host: "[::1]:1", allowed: true},
		"a page on this machine":           {origin: "http://localhost:6274", allowed: true},
		"a name that was rebound":          {host: "evil.example", origin: "http://evil.example"},
		"a name that was rebound, no page": {host: "evil.example:80"},
		"a name that begins as ours":       {host: "localhost.evil.example"},
		"no name":                          {host: ":80"},
		"a foreign page":                   {origin: "https://evil.example"},
		"a page without an origin":         {origin: "null"},
		"the public name":                  {public: "https://parley.example/", host: "parley.example", allowed: true},
		"a page of the public name":        {public: "https://parley.example/", host: "PARLEY.example", origin: "https://parley.example", allowed: true},
		"a proxy that is trusted":          {proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, host: "inn.example", origin: "https://inn.example", allowed: true},
		"a foreign page through the proxy": {proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, host: "inn.example", origin: "https://evil.example"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *mcp.Options) { o.PublicURL, o.Proxies = c.public, c.proxies })
			var header []string
			if c.host != "" {
				header = append(header, "Host", c.host)
			}
			if c.origin != "" {
				header = append(header, "Origin", c.origin)
			}
			status, _, body := b.post(b.secret, "", initialize, header...)
			if c.allowed && status != http.StatusOK || !c.allowed && status != http.StatusForbidden {
				t.Errorf("it is answered with %d %s", status, body)
			}
		})
	}
}

func TestLimitsHoldHereToo(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *mcp.Options) { o.Limiter = ratelimit.New(ratelimit.Limits{TokenRate: 3, TokenStreams: 1}) })
	session := b.begin(b.secret) // two requests
	if status, header, _ := b.post(b.secret, session, ping); status != http.StatusOK || header.Get("RateLimit") == "" {
		t.Errorf("the third request: %d, %q", status, header.Get("RateLimit"))
	}
	status, header, body := b.post(b.secret, session, ping)
	if status != http.StatusTooManyRequests || header.Get("Retry-After") == "" || !strings.Contains(body, "requests a minute") {
		t.Errorf("the fourth request: %d %s", status, body)
	}
	if status, _, _ := b.post(b.foreign, "", initialize); status != http.StatusOK {
		t.Errorf("another token is refused: %d", status)
	}
}

func TestAnOpenStreamCountsAsOne(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *mcp.Options) { o.Limiter = ratelimit.New(ratelimit.Limits{TokenStreams: 1}) })
	session := b.begin(b.secret)
	opened, leave := b.listen(session)
	defer leave()
	<-opened
	if status, _, _ := b.post(b.secret, session, ping); status != http.StatusOK {
		t.Errorf("a ping beside the stream: %d", status)
	}
	call := `{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"list_conversations","arguments":{}}}`
	if status, _, body := b.post(b.secret, session, call); status != http.StatusTooManyRequests {
		t.Errorf("a call beside the stream: %d %s", status, body)
	}
	leave()
}

// What the limits did not see as a call of a tool is none, however it is written.
func TestARequestCallsOneToolAtMost(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	_, header, _ := b.post(b.secret, "", strings.Replace(initialize, "2025-11-25", "2025-03-26", 1))
	session := header.Get("Mcp-Session-Id")
	b.post(b.secret, session, initialized)
	call := `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"create_conversation","arguments":{}}%s}`
	for name, c := range map[string]struct {
		body  string
		calls int
	}{
		"two calls":          {"[" + fmt.Sprintf(call, 5, "") + "," + fmt.Sprintf(call, 6, "") + "]", 1},
		"a call and a ping":  {"[" + fmt.Sprintf(call, 5, "") + "," + ping + "]", 1},
		"another method too": {fmt.Sprintf(call, 5, `,"METHOD":"ping"`), 0},
		"something behind":   {fmt.Sprintf(call, 5, "") + " x", 0},
		"a call":             {fmt.Sprintf(call, 5, ""), 1},
	} {
		_, _, body := b.post(b.secret, session, c.body)
		if got := strings.Count(body, "structuredContent"); got != c.calls {
			t.Errorf("%s: %d calls are carried out, want %d: %s", name, got, c.calls, body)
		}
	}
}

func TestATokenHasItsBoundOfSessions(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *mcp.Options) { o.TokenSessions, o.Sessions = 2, 3 })
	first, second := b.begin(b.secret), b.begin(b.secret)
	opened, leave := b.listen(first)
	defer leave()
	<-opened
	third := b.begin(b.secret) // in the place of the second one, which nobody uses
	for session, want := range map[string]int{first: 200, second: 404, third: 200} {
		if status, _, body := b.post(b.secret, session, ping); status != want {
			t.Errorf("a ping is answered with %d, want %d: %s", status, want, body)
		}
	}
	b.begin(b.foreign)
	if _, header, body := b.post(b.token("three"), "", initialize); !strings.Contains(body, "no room") {
		t.Errorf("a fourth session in all: %q %s", header.Get("Mcp-Session-Id"), body)
	}
	leave()
}

func TestWhatIsNoMessageIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *mcp.Options) { o.BodyLimit = 1000 })
	session := b.begin(b.secret)
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"nothing":           {"", 400},
		"no JSON":           {"{", 400},
		"no message":        {`{"a":1}`, 400},
		"an unknown method": {`{"jsonrpc":"2.0","id":1,"method":"none"}`, 400},
		"too much":          {`{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("x", 1000) + `"}`, 413},
	} {
		if status, _, body := b.post(b.secret, session, c.body); status != c.status {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, _, _ := b.post(b.secret, session, ping); status != http.StatusOK {
		t.Errorf("the session is lost: %d", status)
	}
}

// listen opens the stream of a session, and closes opened when it is there.
func (b *bundle) listen(session string) (opened chan struct{}, leave func()) {
	b.t.Helper()
	opened = make(chan struct{})
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		resp, err := b.open(ctx, http.MethodGet, session, "")
		if err != nil {
			return
		}
		defer resp.Body.Close()
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), ": ok") {
				close(opened)
			}
		}
	}()
	return opened, func() { cancel(); <-done }
}

func (b *bundle) open(ctx context.Context, method, session, body string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, b.url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"Authorization": "Bearer " + b.secret, "Mcp-Session-Id": session, "Mcp-Protocol-Version": "2025-11-25",
		"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
	} {
		r.Header.Set(name, value)
	}
	return b.client.Do(r)
}

// postAndLeave sends a call, leaves when begun is closed, and gives the id of the
// last event that it saw.
func (b *bundle) postAndLeave(session, body string, begun <-chan struct{}) (last string) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	defer cancel()
	resp, err := b.open(ctx, http.MethodPost, session, body)
	must(b.t, err)
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			last = id
			<-begun
			cancel()
		}
	}
	return last
}
