package ratelimit_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/ratelimit"
)

func one(token string) convo.Actor { return convo.Actor{Tenant: "t", Token: token} }

// refused holds an error against what a refusal promises, and gives its wait.
func refused(t *testing.T, err error) time.Duration {
	t.Helper()
	if convo.ErrorKind(err) != convo.RateLimited {
		t.Fatalf("the error is %v", err)
	}
	e := convo.PublicError(err)
	if e.RetryAfter <= 0 || e.Message == "" {
		t.Fatalf("the refusal is %+v", e)
	}
	return e.RetryAfter
}

func admitted(t *testing.T, p ratelimit.Pass, err error) ratelimit.Pass {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func headers(p ratelimit.Pass) (policy, left string) {
	h := http.Header{}
	p.SetHeaders(h)
	return h.Get("RateLimit-Policy"), h.Get("RateLimit")
}

func TestARate(t *testing.T) {
	t.Parallel()
	t.Run("lets a minute's worth in at once and the rest as time goes by", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := ratelimit.New(ratelimit.Limits{TokenRate: 60})
			for range 60 {
				p, err := l.Admit(one("a"), false)
				admitted(t, p, err)
			}
			for range 5 { // what is refused costs nothing
				_, err := l.Admit(one("a"), false)
				if wait := refused(t, err); wait > time.Second {
					t.Errorf("the wait is %v", wait)
				}
			}
			_, err := l.Admit(one("a"), false)
			time.Sleep(refused(t, err) + time.Microsecond)
			p, err := l.Admit(one("a"), false)
			admitted(t, p, err)
			_, err = l.Admit(one("a"), false)
			refused(t, err)
			if n := l.Counts().TokenRate; n != 7 {
				t.Errorf("%d refusals are counted", n)
			}
		})
	})
	t.Run("is one token's, and its tenant's is shared by all of its tokens", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := ratelimit.New(ratelimit.Limits{TokenRate: 2, TenantRate: 3})
			for _, token := range []string{"a", "a", "b"} {
				p, err := l.Admit(one(token), false)
				admitted(t, p, err)
			}
			_, err := l.Admit(one("b"), false)
			refused(t, err)
			p, err := l.Admit(convo.Actor{Tenant: "other", Token: "b"}, false)
			admitted(t, p, err)
			if c := l.Counts(); c.TenantRate != 1 || c.TokenRate != 0 {
				t.Errorf("the counts are %+v", c)
			}
		})
	})
	t.Run("may be overdrawn by repeats, but not without end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := ratelimit.New(ratelimit.Limits{TokenRate: 2})
			for range 2 {
				p, err := l.Admit(one("a"), false)
				admitted(t, p, err)
			}
			for range 2 {
				p, err := l.AdmitRepeat(one("a"), false)
				admitted(t, p, err)
			}
			_, err := l.AdmitRepeat(one("a"), false)
			refused(t, err)
			_, err = l.Admit(one("a"), false)
			if wait := refused(t, err); wait < time.Minute {
				t.Errorf("the debt is forgotten after %v", wait)
			}
		})
	})
}

func TestStreams(t *testing.T) {
	t.Parallel()
	l := ratelimit.New(ratelimit.Limits{TokenStreams: 2, TenantStreams: 3})
	first, err := l.Admit(one("a"), true)
	admitted(t, first, err)
	second, err := l.Admit(one("a"), true)
	admitted(t, second, err)
	_, err = l.Admit(one("a"), true)
	refused(t, err)
	p, err := l.Admit(one("a"), false)
	admitted(t, p, err) // no stream
	third, err := l.Admit(one("b"), true)
	admitted(t, third, err)
	_, err = l.Admit(one("c"), true)
	refused(t, err)
	if c := l.Counts(); c.Streams != 3 || c.TokenStreams != 1 || c.TenantStreams != 1 {
		t.Errorf("the counts are %+v", c)
	}
	first.Release()
	first.Release() // does nothing
	again, err := l.Admit(one("a"), true)
	admitted(t, again, err)
	for _, p := range []ratelimit.Pass{second, third, again} {
		p.Release()
	}
	if n := l.Counts().Streams; n != 0 {
		t.Errorf("%d streams are left", n)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(ratelimit.Limits{TokenRate: 60, TenantRate: 120, TokenStreams: 2, TenantStreams: 4})
		p, err := l.Admit(one("a"), true)
		policy, left := headers(admitted(t, p, err))
		if want := `"token";q=60;w=60, "tenant";q=120;w=60, "token-streams";q=2;qu="concurrent-requests", "tenant-streams";q=4;qu="concurrent-requests"`; policy != want {
			t.Errorf("RateLimit-Policy: %s", policy)
		}
		if want := `"token";r=59;t=1, "tenant";r=119;t=1, "token-streams";r=1, "tenant-streams";r=3`; left != want {
			t.Errorf("RateLimit: %s", left)
		}
		p, err = l.Admit(convo.Actor{Tenant: "t", Token: "s", Conversation: "c"}, false)
		policy, left = headers(admitted(t, p, err))
		if policy != `"token";q=60;w=60, "token-streams";q=2;qu="concurrent-requests"` || left != `"token";r=59;t=1, "token-streams";r=2` {
			t.Errorf("a session sees %s and %s", policy, left)
		}
	})
	t.Run("are absent without limits", func(t *testing.T) {
		t.Parallel()
		for _, l := range []*ratelimit.Limiter{nil, ratelimit.New(ratelimit.Limits{AddressRate: 1})} {
			p, err := l.Admit(one("a"), true)
			if policy, left := headers(admitted(t, p, err)); policy != "" || left != "" {
				t.Errorf("%q, %q", policy, left)
			}
			p.Release()
			if l.Counts() != (ratelimit.Counts{}) {
				t.Error("something was counted")
			}
		}
	})
}

func TestWrongSecretsAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(ratelimit.Limits{AddressRate: 3})
		bad, good := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8:0:1::1")
		for range 9 {
			l.TriedWrong(bad)
		}
		err := l.MayTry(netip.MustParseAddr("2001:db8::ffff")) // of the same network
		wait := refused(t, err)
		if wait > 20*time.Second {
			t.Errorf("the wait is %v: what came too late is counted", wait)
		}
		for _, other := range []netip.Addr{good, {}, netip.MustParseAddr("192.0.2.1")} {
			if err := l.MayTry(other); err != nil {
				t.Errorf("%v: %v", other, err)
			}
		}
		time.Sleep(wait + time.Microsecond)
		if err := l.MayTry(bad); err != nil {
			t.Errorf("after the wait: %v", err)
		}
		for range 9 {
			l.TriedWrong(netip.MustParseAddr("::ffff:192.0.2.1"))
			l.TriedWrong(netip.Addr{})
		}
		refused(t, l.MayTry(netip.MustParseAddr("192.0.2.1")))
		if err := l.MayTry(netip.Addr{}); err != nil {
			t.Errorf("nobody's address: %v", err)
		}
	})
}

func TestManyTokensAtOnceGetTheTenantsRateAndNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // so that no time goes by
		l := ratelimit.New(ratelimit.Limits{TokenRate: 1000, TenantRate: 500, TenantStreams: 1 << 20})
		var in atomic.Int64
		var wg sync.WaitGroup
		for token := range 8 {
			wg.Go(func() {
				for range 200 {
					p, err := l.Admit(one(fmt.Sprint(token)), true)
					if err == nil {
						in.Add(1)
					}
					p.Release()
				}
			})
		}
		wg.Wait()
		if c := l.Counts(); in.Load() != 500 || c.TenantRate != 1100 || c.Streams != 0 {
			t.Errorf("%d were let in; %+v", in.Load(), c)
		}
	})
}

func BenchmarkAdmit(b *testing.B) {
	l := ratelimit.New(ratelimit.Limits{TokenRate: 1_000_000, TenantRate: 1_000_000, TokenStreams: 100})
	b.ReportAllocs()
	for b.Loop() {
		p, _ := l.Admit(one("a"), true)
		p.Release()
	}
}
