package httpio_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

// pipes is a listener whose connections are in memory, so that they live in a
// test's own time.
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
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{} }

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.conns <- there
	return here
}

// inPipes runs a handler's server inside a synctest bubble.
func inPipes(t *testing.T, h httpio.Handler, test func(c net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		shell := &httpio.Shell{Log: discard(), Fail: func(w *httpio.Response, _ *http.Request, err *convo.Error) {
			_ = w.Send(400, "text/plain", []byte(err.Message))
		}}
		server := httpio.NewServer(shell.Wrap(h), httpio.ServerOptions{})
		l := newPipes()
		served := make(chan error)
		go func() { served <- server.Serve(l) }()
		c := l.dial()
		test(c)
		_ = c.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

func get(t *testing.T, c net.Conn) *http.Response {
	t.Helper()
	if _, err := io.WriteString(c, plainGet); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestBlanksComeBetweenLinesAfterSilence(t *testing.T) {
	t.Parallel()
	handler := func(w *httpio.Response, _ *http.Request) error {
		out := httpio.StreamLines(w)
		defer out.Close()
		for _, pause := range []time.Duration{14 * time.Second, 14 * time.Second, 31 * time.Second} {
			time.Sleep(pause)
			if err := out.Write([]byte("{}\n")); err != nil {
				return err
			}
		}
		if err := out.End([]byte("{\"last\":1}\n")); err != nil {
			return err
		}
		time.Sleep(time.Minute)
		return nil
	}
	inPipes(t, handler, func(c net.Conn) {
		body, err := io.ReadAll(get(t, c).Body)
		if want := "{}\n{}\n  {}\n{\"last\":1}\n"; err != nil || string(body) != want {
			t.Errorf("got %q, %v; want %q", body, err, want)
		}
	})
}

func TestAReaderThatStopsReadingHoldsNobody(t *testing.T) {
	t.Parallel()
	handler := func(w *httpio.Response, _ *http.Request) error {
		out := httpio.StreamLines(w)
		defer out.Close()
		start := time.Now()
		var err error
		for err == nil {
			err = out.Write(bytes.Repeat([]byte("x"), 1000))
		}
		if took := time.Since(start); took > 2*time.Minute {
			t.Errorf("the handler was held for %s", took)
		}
		return err
	}
	inPipes(t, handler, func(c net.Conn) {
		get(t, c)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
	})
}

func TestASlowObjectStartsWithBlanks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		takes time.Duration
		want  string
	}{{29 * time.Second, "{}"}, {31 * time.Second, " {}"}, {61 * time.Second, "   {}"}} {
		handler := func(w *httpio.Response, _ *http.Request) error {
			slow := httpio.StartSlow(w)
			defer slow.Stop()
			time.Sleep(c.takes)
			if slow.Stop() {
				_, err := w.Write([]byte("{}"))
				return err
			}
			return w.Send(200, "application/json", []byte("{}"))
		}
		inPipes(t, handler, func(conn net.Conn) {
			res := get(t, conn)
			body, err := io.ReadAll(res.Body)
			if err != nil || string(body) != c.want || res.Header.Get("Content-Type") != "application/json" {
				t.Errorf("after %s: %q, %v", c.takes, body, err)
			}
		})
	}
}

func TestASlowBodyIsGivenUp(t *testing.T) {
	t.Parallel()
	handler := func(w *httpio.Response, r *http.Request) error {
		_, err := httpio.ReadBody(w, r, 1000)
		return err
	}
	inPipes(t, handler, func(c net.Conn) {
		if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		if _, err := io.WriteString(c, "more"); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		if !strings.Contains(string(body), "too slowly") || time.Since(start) > time.Minute {
			t.Errorf("got %q after %s", body, time.Since(start))
		}
	})
}

// watched notes each write of the server's side.
type watched struct {
	net.Conn
	mu     sync.Mutex
	writes []string
}

func (c *watched) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.writes = append(c.writes, string(p))
	c.mu.Unlock()
	return c.Conn.Write(p)
}

type watchedListener struct {
	net.Listener
	conns chan *watched
}

func (l watchedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	w := &watched{Conn: c}
	l.conns <- w
	return w, nil
}

func TestTheLastLineLeavesWithTheEndOfTheAnswerHoweverLongItIs(t *testing.T) {
	t.Parallel()
	long := `{"text":"` + strings.Repeat("x", 100_000) + `"}` + "\n"
	shell := &httpio.Shell{Log: discard()}
	server := httpio.NewServer(shell.Wrap(func(w *httpio.Response, _ *http.Request) error {
		out := httpio.StreamLines(w)
		defer out.Close()
		return out.End([]byte(long))
	}), httpio.ServerOptions{})
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := watchedListener{inner, make(chan *watched, 1)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	c, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(get(t, c).Body); err != nil || string(body) != long {
		t.Errorf("got %d bytes, %v", len(body), err)
	}
	side := <-l.conns
	side.mu.Lock()
	last := side.writes[len(side.writes)-1]
	side.mu.Unlock()
	if !strings.Contains(last, "}\n") || !strings.HasSuffix(last, "0\r\n\r\n") {
		t.Errorf("the last write is %q", last)
	}
	_ = c.Close()
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
