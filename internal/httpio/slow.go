package httpio

import (
	"net/http"
	"sync"
	"time"
)

// Patience is how long a JSON answer may take before it is started with a
// blank. Clients give up after some minutes without a byte.
const Patience = 30 * time.Second

// Slow is a JSON answer that may take long. When Patience is over it sends the
// status 200 and then a blank at each [Silence]; blanks before an object are
// legal JSON.
type Slow struct {
	w *Response

	mu      sync.Mutex
	timer   *time.Timer
	started bool
	stopped bool
}

// StartSlow begins to wait. The handler must Stop it before it writes or
// returns.
func StartSlow(w *Response) *Slow {
	s := &Slow{w: w}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = time.AfterFunc(Patience, s.blank)
	return s
}

func (s *Slow) blank() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	if !s.started {
		s.started = true
		s.w.Header().Set("Content-Type", "application/json")
		s.w.WriteHeader(http.StatusOK)
	}
	// A failed write has ended the request's context too.
	if _, err := s.w.Write([]byte{' '}); err != nil || s.w.FlushError() != nil {
		return
	}
	s.timer.Reset(Silence)
}

// Stop ends the wait and reports whether the answer has been started as a 200.
// It may be called more than once.
func (s *Slow) Stop() (started bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	s.timer.Stop()
	return s.started
}
