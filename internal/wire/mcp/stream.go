package mcp

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/httpio"
)

// tokenCheck is how often an open answer looks whether its token still works.
const tokenCheck = 30 * time.Second

// stream is an answer that the SDK writes. In the silence between events it
// sends a comment, which clients pass over: proxies cut a connection on which
// nothing happens, and a client that has gone shows only so.
type stream struct {
	w *httpio.Response

	mu     sync.Mutex // the SDK writes from a goroutine of its own
	events bool       // it is a stream of events, and has begun
	last   time.Time  // when something was sent
}

// Header implements [http.ResponseWriter].
func (s *stream) Header() http.Header { return s.w.Header() }

// WriteHeader implements [http.ResponseWriter].
func (s *stream) WriteHeader(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin()
	s.w.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin()
	return s.w.Write(p)
}

func (s *stream) begin() {
	s.events = strings.HasPrefix(s.w.Header().Get("Content-Type"), "text/event-stream")
	s.last = time.Now()
}

// FlushError sends what was written so far.
func (s *stream) FlushError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.FlushError()
}

// keep watches over an answer until done is called: it breaks the silence, and
// ends the answer when its token has ended or its reader has gone.
func (s *stream) keep(ctx context.Context, end func(), expired func() bool) (done func()) {
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		silence, token := time.NewTicker(httpio.Silence), time.NewTicker(tokenCheck)
		defer silence.Stop()
		defer token.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ctx.Done():
				return
			case <-silence.C:
				if s.comment() != nil {
					end()
				}
			case <-token.C:
				if expired() {
					end()
				}
			}
		}
	})
	return func() {
		close(stop)
		watching.Wait()
	}
}

func (s *stream) comment() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.events || time.Since(s.last) < httpio.Silence {
		return nil
	}
	if _, err := s.w.Write([]byte(": \n\n")); err != nil {
		return err
	}
	s.last = time.Now()
	return s.w.FlushError()
}
