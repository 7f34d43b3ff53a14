package remote_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/modeltest"
	"github.com/parleyhq/parley/internal/model/remote"
)

// serve runs a handler over HTTP/1.1, or over HTTP/2, until the test ends.
func serve(t *testing.T, http2 bool, handler http.HandlerFunc) (*httptest.Server, *remote.Client) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = http2
	if http2 {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	options := remote.Options{Provider: "fake", BaseURL: server.URL, Key: modeltest.Key, Header: http.Header{"X-Api-Key": {modeltest.Key}}}
	if http2 {
		options.Transport = server.Client().Transport
	}
	client := remote.New(options)
	t.Cleanup(client.Close)
	return server, client
}

func wantKind(t *testing.T, err error, kind model.ErrorKind, text string) {
	t.Helper()
	failed, ok := errors.AsType[*model.Error](err)
	if !ok || failed.Kind != kind || !strings.Contains(failed.Message, text) {
		t.Errorf("got %v, want kind %d and %q", err, kind, text)
	}
}

func TestARedirectionDoesNotGetTheKey(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	other, _ := serve(t, false, func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	for _, status := range []int{301, 302, 303, 307, 308} {
		_, client := serve(t, false, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL+"/steal", status) })
		_, err := client.Stream(t.Context(), "x", nil, []byte("{}"))
		wantKind(t, err, model.Rejected, "sends its callers elsewhere")
		wantKind(t, client.Get(t.Context(), "models", nil, new(any)), model.Rejected, "elsewhere")
		wantKind(t, client.Post(t.Context(), "show", []byte("{}"), new(any)), model.Rejected, "elsewhere")
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("the other host got %d requests", n)
	}
}

func TestACompressedAnswerIsRefused(t *testing.T) {
	t.Parallel()
	_, client := serve(t, false, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "" {
			t.Errorf("asked for %q", got)
		}
		w.Header().Set("Content-Encoding", "gzip")
		packer := gzip.NewWriter(w)
		_, _ = packer.Write([]byte("data: {}\n\n"))
		_ = packer.Close()
	})
	_, err := client.Stream(t.Context(), "x", nil, []byte("{}"))
	wantKind(t, err, model.Malformed, "compresses its answers")
}

// next reads one event, and wants it to be what it should.
func next(t *testing.T, s *remote.Stream, want string) {
	t.Helper()
	if data, err := s.Next(); err != nil || string(data) != want {
		t.Errorf("got %q, %v; want %q", data, err, want)
	}
}

func TestAConnectionThatSaysGoodbyeFinishesItsAnswers(t *testing.T) {
	t.Parallel()
	begun, goOn := make(chan struct{}), make(chan struct{})
	server, client := serve(t, true, func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("it speaks %s", r.Proto)
		}
		_, _ = io.WriteString(w, "data: a\n\n")
		if r.URL.Path == "/another" {
			return
		}
		_ = http.NewResponseController(w).Flush()
		close(begun)
		<-goOn
		_, _ = io.WriteString(w, ": still there\n\ndata: b\n\n")
	})
	s, err := client.Stream(t.Context(), "x", nil, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	next(t, s, "a")
	<-begun
	down := make(chan error, 1)
	go func() { down <- server.Config.Shutdown(context.WithoutCancel(t.Context())) }() // sends GOAWAY
	// Once the goodbye is here, a new call takes another connection, which nobody
	// accepts any more.
	for {
		another, err := client.Stream(t.Context(), "another", nil, []byte("{}"))
		if err != nil {
			wantKind(t, err, model.Failed, "cannot be reached")
			break
		}
		another.Close()
	}
	close(goOn)
	next(t, s, "b")
	if _, err := s.Next(); err != io.EOF {
		t.Errorf("got %v at the end", err)
	}
	if err := <-down; err != nil {
		t.Error(err)
	}
}

func TestAStreamThatIsResetIsAnError(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		_, client := serve(t, http2, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "data: a\n\n")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		})
		s, err := client.Stream(t.Context(), "x", nil, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		next(t, s, "a")
		_, err = s.Next()
		wantKind(t, err, model.Failed, "the connection to provider fake broke")
		s.Close()
	}
}

func TestALongLineIsTakenWhole(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 500_000)
	_, client := serve(t, false, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "data: %s\n\ndata: b\n\n", long) })
	s, err := client.Stream(t.Context(), "x", nil, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	data, err := s.Next()
	if err != nil || !bytes.Equal(data, []byte(long)) {
		t.Errorf("got %d bytes and %v", len(data), err)
	}
	next(t, s, "b")
}

func TestLinesAreReadOneByOne(t *testing.T) {
	t.Parallel()
	client := remote.New(remote.Options{Provider: "fake", BaseURL: "http://fake", Transport: modeltest.Canned("\ufeff{\"a\":1}\r\n\r\n \n[2]\n{\"a\":3}")})
	s, err := client.Lines(t.Context(), "x", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, want := range []string{`{"a":1}`, "[2]", `{"a":3}`} {
		next(t, s, want)
	}
	if _, err := s.Next(); err != io.EOF {
		t.Errorf("got %v at the end", err)
	}
}

// pulse is an answer that goes on without an end, and says something every now
// and then. Its clock is the test's own.
type pulse struct {
	status int
	first  string
	every  time.Duration
	ctx    context.Context
}

// RoundTrip implements http.RoundTripper.
func (p *pulse) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := modeltest.Canned("").RoundTrip(r)
	if err == nil {
		p.ctx, res.Body, res.StatusCode = r.Context(), io.NopCloser(p), p.status
		res.Header.Set("Retry-After", "7")
	}
	return res, err
}

// Read implements io.Reader.
func (p *pulse) Read(b []byte) (int, error) {
	if p.first != "" {
		n := copy(b, p.first)
		p.first = p.first[n:]
		return n, nil
	}
	timer := time.NewTimer(p.every)
	defer timer.Stop()
	select {
	case <-timer.C:
		return copy(b, ": still there\n"), nil
	case <-p.ctx.Done():
		return 0, p.ctx.Err()
	}
}

func TestTheRestOfAnAnswerIsNotWaitedForForLong(t *testing.T) {
	t.Parallel()
	for _, every := range []time.Duration{40 * time.Millisecond, 4 * time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			c := remote.New(remote.Options{Provider: "fake", BaseURL: "http://fake", Transport: &pulse{status: 200, first: "data: a\n\n", every: every}})
			for _, wait := range []bool{true, false} {
				s, err := c.Stream(t.Context(), "x", nil, []byte("{}"))
				if err != nil {
					t.Fatal(err)
				}
				if wait {
					next(t, s, "a")
				}
				s.Tail()
				began := time.Now()
				if wait {
					_, err = s.Next()
					wantKind(t, err, model.Silent, "sent nothing")
				}
				s.Close()
				if took := time.Since(began); took > 15*time.Second {
					t.Errorf("a sign of life every %s held the end for %s", every, took)
				}
			}
		})
	}
}

func TestAnErrorIsNotHeldByItsBody(t *testing.T) {
	t.Parallel()
	for _, every := range []time.Duration{time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			c := remote.New(remote.Options{Provider: "fake", BaseURL: "http://fake", Transport: &pulse{status: 429, first: `{"error":`, every: every}})
			began := time.Now()
			_, err := c.Stream(t.Context(), "x", nil, []byte("{}"))
			failed, ok := errors.AsType[*model.Error](err)
			if !ok || failed.Kind != model.Limited || failed.RetryAfter != 7*time.Second || time.Since(began) > 15*time.Second {
				t.Errorf("got %v after %s, want what the status says", err, time.Since(began))
			}
		})
	}
}
