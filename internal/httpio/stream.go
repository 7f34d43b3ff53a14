package httpio

import (
	"net/http"
	"sync"
	"time"
)

// Silence is after how much of it a blank is sent to keep a connection alive.
const Silence = 15 * time.Second

// Stream is an answer that grows line by line. Its methods may be called by
// many goroutines. The handler must Close it before it returns.
type Stream struct {
	w *Response

	mu    sync.Mutex
	timer *time.Timer
	last  time.Time // when something was sent
	ended bool
	err   error // of the first write that failed
}

// StreamLines starts a JSON Lines answer: status and headers leave at once. If
// they cannot, the first line says so.
func StreamLines(w *Response) *Stream {
	SetLineHeaders(w.Header())
	w.WriteHeader(http.StatusOK)
	w.Streaming()
	s := &Stream{w: w, last: time.Now(), err: w.FlushError()}
	// Reset starts it, not AfterFunc, so that the field is set when it fires.
	s.timer = time.AfterFunc(time.Hour, s.blank)
	s.timer.Reset(Silence)
	return s
}

// SetLineHeaders says that an answer is JSON Lines, which nobody on the way may
// hold back or change.
func SetLineHeaders(h http.Header) {
	h.Set("Content-Type", "application/jsonl")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no")
}

// Write sends whole lines, each with its line break, and flushes them.
func (s *Stream) Write(lines []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.send(lines)
}

// withEnd is how much of the last lines waits for the end of the answer; it
// must fit into net/http's buffer before chunking, of 2048 bytes.
const withEnd = 1024

// End sends the last lines. Their last bytes leave together with the end of the
// answer, so that a client that stops reading at the last line has seen that
// end too and need not break the connection.
func (s *Stream) End(lines []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
	if n := len(lines) - withEnd; n > 0 {
		_ = s.send(lines[:n]) // kept in s.err
		lines = lines[n:]
	}
	if s.err == nil {
		_, s.err = s.w.Write(lines)
	}
	return s.err
}

// Close ends the keep-alive; nothing is written after it.
func (s *Stream) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
}

func (s *Stream) stop() {
	s.ended = true
	s.timer.Stop()
}

func (s *Stream) send(p []byte) error {
	if s.err != nil {
		return s.err
	}
	if _, s.err = s.w.Write(p); s.err == nil {
		s.err = s.w.FlushError()
	}
	s.last = time.Now()
	return s.err
}

// blank sends a blank if there was silence. Lines do not touch the timer, which
// would cost each token; it finds out by itself how long it was too early.
func (s *Stream) blank() {
	if !s.mu.TryLock() {
		// A line is being written, so there is no silence.
		s.timer.Reset(Silence)
		return
	}
	defer s.mu.Unlock()
	if s.ended || s.err != nil {
		return
	}
	wait := Silence - time.Since(s.last)
	if wait <= 0 {
		_ = s.send([]byte{' '}) // kept in s.err for the next line
		wait = Silence
	}
	s.timer.Reset(wait)
}
