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
)

// pipes is a listener whose connections are in memory, so that a server lives
// in a test's own time.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

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
	p.conns <- there
	return here, nil
}

// inOwnTime runs a test with a server whose clock is its own.
func inOwnTime(t *testing.T, test func(*bundle), scripts ...scripted.Script) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
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
