package chatbotkit_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/ratelimit"
	"github.com/parleyhq/parley/internal/wire/chatbotkit"
)

// limited sends the bundle's requests to a second address of the same server,
// which has limits.
func (b *bundle) limited(limits ratelimit.Limits) *ratelimit.Limiter {
	b.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(b.t, err)
	return b.limitedOn(l, limits)
}

// limitedOn is limited for a listener of the test's own.
func (b *bundle) limitedOn(l net.Listener, limits ratelimit.Limits) *ratelimit.Limiter {
	b.t.Helper()
	limiter := ratelimit.New(limits)
	front, err := chatbotkit.New(chatbotkit.Options{
		Engine: b.engine, Auth: b.auth, Log: slog.New(slog.NewTextHandler(b.log, nil)), Limiter: limiter,
		Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	})
	must(b.t, err)
	server := httpio.NewServer(front, httpio.ServerOptions{})
	b.url = "http://" + l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	b.t.Cleanup(func() {
		b.client.CloseIdleConnections()
		must(b.t, server.Close())
		must(b.t, <-served)
	})
	return limiter
}

// wantRefused holds an answer against what a limit's refusal promises.
func (b *bundle) wantRefused(a answer) {
	b.t.Helper()
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	if a.status != http.StatusTooManyRequests || err != nil || wait < 1 || !strings.Contains(a.body, `"TOO_MANY_REQUESTS"`) {
		b.t.Errorf("%d, Retry-After %q: %s", a.status, a.header.Get("Retry-After"), a.body)
	}
}

// stored is how many events a conversation's log has.
func (b *bundle) stored(id string) int64 {
	b.t.Helper()
	head, err := b.store.Head(b.t.Context(), "one", id)
	must(b.t, err)
	return head.LastSeq
}

func TestARequestOverTheRateHasNoEffect(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	before := b.stored(id)
	b.limited(ratelimit.Limits{TokenRate: 1})
	fetch := request{path: "/v1/conversation/" + id + "/fetch"}
	first := b.do(fetch)
	if first.status != 200 || first.header.Get("RateLimit-Policy") != `"token";q=1;w=60` || first.header.Get("RateLimit") != `"token";r=0;t=60` {
		t.Errorf("%d %v", first.status, first.header)
	}
	for _, q := range []request{
		fetch,
		{path: "/v1/conversation/" + id + "/complete", body: `{"text":"Hi"}`},
		{path: "/v1/conversation/" + id + "/complete", body: `{"text":"Hi"}`, accept: jsonl},
		{path: "/v1/conversation/" + id + "/complete", body: `{"text":"Hi"}`, header: map[string]string{"Idempotency-Key": "k"}},
		{path: "/v1/conversation/complete", body: `{"text":"Hi"}`},
		{path: "/v1/conversation/" + id + "/send", body: `{"text":"Hi"}`},
		{path: "/v1/conversation/" + id + "/complete", body: `this is not decoded`},
		{path: "/v1/conversation/list"},
	} {
		a := b.do(q)
		b.wantRefused(a)
		if got := a.header.Get("RateLimit"); !strings.HasPrefix(got, `"token";r=0;t=`) {
			t.Errorf("%s: RateLimit is %q", q.path, got)
		}
	}
	if got := b.stored(id); got != before {
		t.Errorf("%d events were stored", got-before)
	}
	if n := len(b.model.Calls()); n != 0 {
		t.Errorf("the model was asked %d times", n)
	}
	if a := b.do(request{path: "/v1/platform/model/list", token: b.foreign}); a.status != 200 {
		t.Errorf("the other tenant got %d", a.status)
	}
}

func TestARepeatOverTheRateGetsItsAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{scripted.Text("one")}, scripted.Script{scripted.Text("two")})
	id := b.conversation()
	b.limited(ratelimit.Limits{TokenRate: 3, TokenStreams: 100})
	keyed := map[string]string{"Idempotency-Key": "k"}
	for _, q := range []request{
		{path: "/v1/conversation/" + id + "/complete", body: `{"text":"Hi"}`, header: keyed},
		{path: "/v1/conversation/" + id + "/send", body: `{"text":"Hi"}`, header: keyed},
		{path: "/v1/conversation/complete", body: `{"text":"Hi"}`, header: keyed},
	} {
		if a := b.do(q); a.status != 200 {
			t.Fatalf("%s: %d %s", q.path, a.status, a.body)
		}
		defer func() {
			again := b.do(q)
			if again.status != 200 || again.header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("the repeat of %s: %d %s", q.path, again.status, again.body)
			}
		}()
	}
	b.wantRefused(b.do(request{path: "/v1/conversation/" + id + "/send", body: `{"text":"Hi"}`}))
	b.wantRefused(b.do(request{path: "/v1/conversation/" + id + "/send", body: `{"text":"Hi"}`, header: map[string]string{"Idempotency-Key": "other"}}))
}

func TestARepeatOfABrokenRequestJoinsOverTheRate(t *testing.T) {
	t.Parallel()
	more := make(chan struct{})
	b := setup(t, scripted.Script{scripted.Text("one "), scripted.Wait(more), scripted.Text("two")})
	id := b.conversation()
	b.limited(ratelimit.Limits{TokenRate: 1})
	q := request{path: "/v1/conversation/" + id + "/complete", body: `{"text":"Hi"}`}
	b.breakOff(q)
	b.wantRefused(b.do(request{path: q.path, body: `{"text":"Something else"}`}))
	close(more)
	if a := b.do(q); a.status != 200 || !strings.Contains(a.body, `"text":"one two"`) {
		t.Errorf("%d: %s", a.status, a.body)
	}
	if got := len(b.model.Calls()); got != 1 {
		t.Errorf("the model was asked %d times", got)
	}
}

func TestStreamsAreCountedUntilTheirReaderLeaves(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{scripted.Text("one "), scripted.Wait(nil)})
	id, idle := b.conversation(), b.conversation()
	limiter := b.limited(ratelimit.Limits{TokenStreams: 2, TenantStreams: 3})
	ctx, leave := context.WithCancel(t.Context())
	turn := b.stream(request{path: "/v1/conversation/" + id + "/complete", body: `{"text":"Hi"}`, ctx: ctx})
	turn.until("token")
	if got := turn.res.Header.Get("RateLimit"); got != `"token-streams";r=1, "tenant-streams";r=2` {
		t.Errorf("RateLimit is %q", got)
	}
	b.stream(request{path: "/v1/conversation/" + idle + "/events?live=true", ctx: ctx})
	for _, q := range []request{
		{path: "/v1/conversation/" + idle + "/events?live=true", accept: jsonl},
		{path: "/v1/conversation/" + idle + "/complete", body: `{"text":"Hi"}`},
	} {
		b.wantRefused(b.do(q))
	}
	if a := b.do(request{path: "/v1/conversation/" + idle + "/fetch"}); a.status != 200 {
		t.Errorf("what is no stream got %d", a.status)
	}
	second, _, err := b.auth.Create(t.Context(), "one", "second", "", 0)
	must(t, err)
	b.stream(request{path: "/v1/conversation/" + idle + "/events?live=true", ctx: ctx, token: second})
	b.wantRefused(b.do(request{path: "/v1/conversation/" + idle + "/events?live=true", accept: jsonl, token: second}))
	leave()
	b.log.await(t, "gone=true", 3)
	if a := b.do(request{path: "/v1/conversation/" + idle + "/complete", body: `{"text":"Hi"}`}); a.status != 200 {
		t.Errorf("after they left: %d %s", a.status, a.body)
	}
	if c := limiter.Counts(); c.Streams != 0 || c.TokenStreams != 2 || c.TenantStreams != 1 {
		t.Errorf("the counts are %+v", c)
	}
}

func TestASessionsTokenHasLimitsOfItsOwnAndItsTenants(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	session := func() string {
		var s struct{ Token string }
		unmarshal(t, b.post("/v1/conversation/"+id+"/session/create", `{}`).body, &s)
		return s.Token
	}
	one, two := session(), session()
	b.limited(ratelimit.Limits{TokenRate: 2, TenantRate: 3})
	list := request{path: "/v1/conversation/" + id + "/message/list"}
	for _, c := range []struct {
		token string
		limit string // that refuses it
	}{{one, ""}, {one, ""}, {one, "this token"}, {two, ""}, {two, "tenant"}, {b.secret, "tenant"}} {
		list.token = c.token
		a := b.do(list)
		if c.limit == "" {
			if a.status != 200 || strings.Contains(a.header.Get("RateLimit"), "tenant") {
				t.Errorf("%d %s", a.status, a.header.Get("RateLimit"))
			}
			continue
		}
		b.wantRefused(a)
		if !strings.Contains(a.body, c.limit) {
			t.Errorf("not refused by the limit of %s: %s", c.limit, a.body)
		}
	}
}

func TestWrongTokensAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	limiter := b.limited(ratelimit.Limits{AddressRate: 3})
	from := func(address, token string) answer {
		return b.do(request{path: "/v1/platform/model/list", token: token, header: map[string]string{"X-Forwarded-For": address}})
	}
	for range 3 {
		if a := from("192.0.2.1", "wrong-wrong-wrong-wrong"); a.status != 401 {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	b.wantRefused(from("192.0.2.1", "wrong-wrong-wrong-wrong"))
	b.wantRefused(from("192.0.2.1", b.secret)) // it might be a guess
	if a := from("192.0.2.2", b.secret); a.status != 200 || a.header.Get("RateLimit") != "" {
		t.Errorf("another address: %d, RateLimit %q", a.status, a.header.Get("RateLimit"))
	}
	if a := from("192.0.2.1", b.secret); a.status != 200 { // it is known now
		t.Errorf("a token that was good a moment ago: %d", a.status)
	}
	if a := b.do(request{path: "/v1/platform/model/list", token: "-", header: map[string]string{"X-Forwarded-For": "192.0.2.1"}}); a.status != 401 {
		t.Errorf("without a token: %d", a.status)
	}
	if c := limiter.Counts(); c.AddressRate != 3 {
		t.Errorf("the counts are %+v", c)
	}
}
