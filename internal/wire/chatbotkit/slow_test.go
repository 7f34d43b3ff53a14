package chatbotkit_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/ratelimit"
)

// pipes is a listener whose connections are in memory, so that a server lives
// in a test's own time.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	p.conns <- local{there}
	return here, nil
}

// local is a connection from this machine.
type local struct{ net.Conn }

func (local) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2} }

// inOwnTime runs a test with a server whose clock is its own.
func inOwnTime(t *testing.T, test func(*bundle), scripts ...scripted.Script) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		test(setupOn(t, l, &http.Transport{DialContext: l.dial}, scripts...))
	})
}

func TestALongTurnIsStartedWithBlanks(t *testing.T) {
	t.Parallel()
	inOwnTime(t, func(b *bundle) {
		a := b.post("/v1/conversation/"+b.conversation()+"/complete", `{"text":"Hi"}`)
		if a.status != 200 || !strings.HasPrefix(a.body, `  {"id":`) || !strings.Contains(a.body, `"text":"late"`) {
			b.t.Errorf("%d %q", a.status, a.body)
		}
		if a.header.Get("Content-Type") != "application/json" {
			b.t.Errorf("Content-Type is %q", a.header.Get("Content-Type"))
		}
	}, scripted.Script{scripted.Delay(50 * time.Second), scripted.Text("late")})
}

func TestAFailureAfterTheStartIsAnAnswer(t *testing.T) {
	t.Parallel()
	failed := scripted.Fail(&model.Error{Kind: model.Rejected, Message: "no"})
	inOwnTime(t, func(b *bundle) {
		late := b.post("/v1/conversation/complete", `{"text":"Hi"}`)
		if late.status != 200 || !strings.HasPrefix(late.body, ` {"text":"",`) || !strings.Contains(late.body, `"error":{"message":"no","code":"BAD_REQUEST"}`) {
			b.t.Errorf("late: %d %q", late.status, late.body)
		}
		early := b.post("/v1/conversation/complete", `{"text":"Hi"}`)
		if early.status != 400 || early.body != `{"message":"no","code":"BAD_REQUEST"}` {
			b.t.Errorf("early: %d %q", early.status, early.body)
		}
	}, scripted.Script{scripted.Delay(31 * time.Second), failed}, scripted.Script{scripted.Delay(29 * time.Second), failed})
}

func TestASilentStreamIsKeptAlive(t *testing.T) {
	t.Parallel()
	inOwnTime(t, func(b *bundle) {
		a := b.do(request{path: "/v1/conversation/complete", body: `{"text":"Hi"}`, accept: jsonl})
		if first, rest, _ := strings.Cut(a.body, "\n"); first != `{"type":"completeBegin","data":{}}` || !strings.HasPrefix(rest, `   {"type":"token"`) || strings.HasSuffix(a.body, " ") {
			b.t.Errorf("got %q", a.body)
		}
	}, scripted.Script{scripted.Delay(50 * time.Second), scripted.Text("late")})
}

func TestALiveStreamEndsWithItsToken(t *testing.T) {
	t.Parallel()
	inOwnTime(t, func(b *bundle) {
		m := b.make()
		secret, token, err := b.auth.Create(b.t.Context(), "one", "short", "", 0)
		must(b.t, err)
		time.AfterFunc(time.Minute, func() { _ = b.auth.Revoke(context.Background(), "one", token.ID) })
		for _, c := range []struct {
			token string
			lasts time.Duration
		}{{secret, time.Minute}, {m.session, 58 * time.Minute}} {
			start := time.Now()
			a := b.do(request{path: "/v1/conversation/" + m.conversation + "/events?live=true", accept: jsonl, token: c.token})
			if took := time.Since(start); a.status != 200 || !strings.Contains(a.body, "NOT_AUTHENTICATED") || took < c.lasts || took > c.lasts+2*time.Minute {
				b.t.Errorf("%d: it lasted %s, the token %s", a.status, took, c.lasts)
			}
		}
	})
}

func TestALiveStreamEndsWithItsTokenWhereWrongOnesComeFrom(t *testing.T) {
	t.Parallel()
	inOwnTime(t, func(b *bundle) {
		id := b.conversation()
		secret, token, err := b.auth.Create(b.t.Context(), "one", "short", "", 0)
		must(b.t, err)
		l := newPipes()
		b.client.CloseIdleConnections()
		b.client = &http.Client{Transport: &http.Transport{DialContext: l.dial}}
		b.limitedOn(l, ratelimit.Limits{AddressRate: 1})
		from := map[string]string{"X-Forwarded-For": "192.0.2.1"}
		live := b.stream(request{path: "/v1/conversation/" + id + "/events?live=true", token: secret, header: from})
		must(b.t, b.auth.Revoke(b.t.Context(), "one", token.ID))
		start := time.Now()
		for _, want := range []int{401, 429} {
			if a := b.do(request{path: "/v1/platform/model/list", token: "wrong-wrong-wrong-wrong", header: from}); a.status != want {
				b.t.Errorf("%d, want %d", a.status, want)
			}
		}
		lines := live.rest()
		if took := time.Since(start); took > 31*time.Second || !strings.Contains(string(lines[len(lines)-1].Data), "NOT_AUTHENTICATED") {
			b.t.Errorf("after %s: %s", took, types(lines))
		}
	})
}
