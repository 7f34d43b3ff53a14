package httpio_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

// receipt notes what it is told.
type receipt chan string

func newReceipt() receipt      { return make(receipt, 8) }
func (r receipt) Written()     { r <- "written" }
func (r receipt) Delivered()   { r <- "delivered" }
func (r receipt) Broken()      { r <- "broken" }
func (r receipt) next() string { return <-r }

// logged is a log that tests can read.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// bench is a running server with one handler.
type bench struct {
	addr   string
	log    *logged
	server *httpio.Server
	served chan error
}

func serve(t *testing.T, h httpio.Handler) *bench {
	t.Helper()
	b := &bench{log: &logged{}, served: make(chan error, 1)}
	log := slog.New(slog.NewJSONHandler(b.log, nil))
	shell := &httpio.Shell{Log: log, Fail: func(w *httpio.Response, _ *http.Request, err *convo.Error) {
		text := fmt.Sprintf("%s: %s", err.Kind, err.Message)
		_ = w.Send(map[convo.Kind]int{convo.Internal: 500, convo.TooLarge: 413, convo.MethodNotAllowed: 405}[err.Kind]+400*b2i(err.Kind == convo.Invalid), "text/plain", []byte(text))
	}}
	b.server = httpio.NewServer(shell.Wrap(h), httpio.ServerOptions{Log: log})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.addr = l.Addr().String()
	go func() { b.served <- b.server.Serve(l) }()
	t.Cleanup(func() {
		if err := b.server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-b.served; err != nil {
			t.Error(err)
		}
	})
	return b
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (b *bench) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", b.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.(*net.TCPConn)
}

// ask sends a request and reads the whole answer.
func ask(t *testing.T, c net.Conn, request string) (*http.Response, string) {
	t.Helper()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("after %q: %v", body, err)
	}
	return res, string(body)
}

const plainGet = "GET /secret-path HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer hush\r\n\r\n"

func TestAnErrorIsRenderedAndItsCauseStaysInTheLog(t *testing.T) {
	t.Parallel()
	b := serve(t, func(w *httpio.Response, r *http.Request) error {
		w.Route = "/pattern"
		return fmt.Errorf("reading the disk: %w", errors.New("bad sector 7"))
	})
	res, body := ask(t, b.dial(t), plainGet)
	if res.StatusCode != 500 || body != "internal: internal error" {
		t.Fatalf("got %d %q", res.StatusCode, body)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
		if res.Header.Get(name) != want {
			t.Errorf("%s: %q", name, res.Header.Get(name))
		}
	}
	log := b.log.String()
	if strings.Count(log, "bad sector 7") != 1 || !strings.Contains(log, res.Header.Get("X-Request-Id")) || !strings.Contains(log, "/pattern") {
		t.Errorf("the log says %s", log)
	}
	if strings.Contains(log, "hush") || strings.Contains(log, "secret-path") {
		t.Errorf("the log holds what it must not: %s", log)
	}
}

func TestAPanicIsAnInternalError(t *testing.T) {
	t.Parallel()
	b := serve(t, func(*httpio.Response, *http.Request) error { panic("lost my mind") })
	res, body := ask(t, b.dial(t), plainGet)
	if res.StatusCode != 500 || strings.Contains(body, "mind") {
		t.Fatalf("got %d %q", res.StatusCode, body)
	}
	if strings.Count(b.log.String(), "lost my mind") != 1 {
		t.Errorf("the log says %s", b.log)
	}
}

func TestAnErrorAfterTheFirstByteCutsTheConnection(t *testing.T) {
	t.Parallel()
	r := newReceipt()
	b := serve(t, func(w *httpio.Response, _ *http.Request) error {
		w.Expect(r)
		if _, err := w.Write([]byte("half")); err != nil {
			return err
		}
		return errors.Join(w.FlushError(), errors.New("then it broke"))
	})
	c := b.dial(t)
	if _, err := io.WriteString(c, plainGet); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(res.Body); err == nil {
		t.Fatalf("%q came as a whole answer", body)
	}
	if got := r.next(); got != "broken" {
		t.Errorf("the receipt was told %s", got)
	}
}

func TestACutAnswerIsNotRendered(t *testing.T) {
	t.Parallel()
	r := newReceipt()
	b := serve(t, func(w *httpio.Response, _ *http.Request) error {
		w.Expect(r)
		return httpio.Cut(errors.New("cannot go on"))
	})
	c := b.dial(t)
	if _, err := io.WriteString(c, plainGet); err != nil {
		t.Fatal(err)
	}
	if all, _ := io.ReadAll(c); len(all) != 0 {
		t.Errorf("got %q", all)
	}
	if got := r.next(); got != "broken" {
		t.Errorf("the receipt was told %s", got)
	}
}

func TestARequestThatTheServerGivesUpIsCut(t *testing.T) {
	t.Parallel()
	b := serve(t, func(_ *httpio.Response, r *http.Request) error {
		ctx, cancel := context.WithCancel(r.Context())
		cancel()
		*r = *r.WithContext(ctx)
		return ctx.Err()
	})
	c := b.dial(t)
	if _, err := io.WriteString(c, plainGet); err != nil {
		t.Fatal(err)
	}
	if all, _ := io.ReadAll(c); len(all) != 0 {
		t.Errorf("got %q", all)
	}
}

func TestABodyBeyondItsLimitIsDrainedBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	b := serve(t, func(w *httpio.Response, r *http.Request) error {
		_, err := httpio.ReadBody(w, r, 1000)
		return err
	})
	const size = 3 << 20
	for _, head := range []string{"Content-Length: 3145728\r\n", "Transfer-Encoding: chunked\r\n"} {
		c := b.dial(t)
		body := strings.Repeat("x", size)
		if strings.HasPrefix(head, "Transfer") {
			body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", size, body)
		}
		res, text := ask(t, c, "POST / HTTP/1.1\r\nHost: x\r\n"+head+"\r\n"+body)
		if res.StatusCode != 413 || res.Close || !strings.Contains(text, "at most 1000 bytes") {
			t.Errorf("%s: %d, close %v, %q", head, res.StatusCode, res.Close, text)
		}
		if res, _ := ask(t, c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"); res.StatusCode != 200 {
			t.Errorf("%s: the connection is no good any more: %d", head, res.StatusCode)
		}
	}
}

func TestABodyThatIsCutOffIsInvalid(t *testing.T) {
	t.Parallel()
	b := serve(t, func(w *httpio.Response, r *http.Request) error {
		_, err := httpio.ReadBody(w, r, 1000)
		return err
	})
	c := b.dial(t)
	if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf of it"); err != nil {
		t.Fatal(err)
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(res.Body)
	if res.StatusCode != 400 || !strings.Contains(string(text), "cut off") {
		t.Errorf("got %d %q", res.StatusCode, text)
	}
}

func TestTheWrongMethodIsToldTheRightOnes(t *testing.T) {
	t.Parallel()
	router := routes(t)
	b := serve(t, func(_ *httpio.Response, r *http.Request) error {
		_, err := router.Find(r.Method, r.URL.EscapedPath())
		return err
	})
	res, _ := ask(t, b.dial(t), "DELETE /a/list HTTP/1.1\r\nHost: x\r\n\r\n")
	if res.StatusCode != 405 || res.Header.Get("Allow") != "GET, OPTIONS" {
		t.Errorf("got %d, Allow %q", res.StatusCode, res.Header.Get("Allow"))
	}
	if log := b.log.String(); strings.Contains(log, "request failed") {
		t.Errorf("the caller's mistake is logged as ours: %s", log)
	}
}

func TestHeadersHaveALimit(t *testing.T) {
	t.Parallel()
	b := serve(t, func(*httpio.Response, *http.Request) error { return nil })
	c := b.dial(t)
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 100<<10)+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %d", res.StatusCode)
	}
}

func TestTheAccessLogIsComplete(t *testing.T) {
	t.Parallel()
	b := serve(t, func(w *httpio.Response, _ *http.Request) error {
		w.Route = "/a/{id}"
		return w.Send(201, "text/plain", []byte("hello"))
	})
	ask(t, b.dial(t), plainGet)
	if err := b.server.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	var line struct {
		Method, Route string
		Status, Bytes int
		Took          time.Duration
	}
	if err := json.Unmarshal([]byte(b.log.String()), &line); err != nil {
		t.Fatal(err)
	}
	if line.Method != "GET" || line.Route != "/a/{id}" || line.Status != 201 || line.Bytes != 5 || line.Took <= 0 {
		t.Errorf("got %+v", line)
	}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
