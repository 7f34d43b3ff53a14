package httpio

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// Response is the answer to one request. It is an [http.ResponseWriter] that
// knows what was written, and may be used by one goroutine.
type Response struct {
	// Route is the pattern that was matched, for the log.
	Route string
	// Operation is the name of what was asked for, for metrics: one of few.
	Operation string

	observed Observation // nil = by nobody
	writer   http.ResponseWriter
	control  *http.ResponseController
	ctx      context.Context // of the request
	status   int
	bytes    int64
	receipt  Receipt
	reading  bool // the body was begun to be read
	late     bool // the client had gone before the latest write
}

func newResponse(w http.ResponseWriter, r *http.Request) *Response {
	return &Response{writer: w, control: http.NewResponseController(w), ctx: r.Context()}
}

// Header implements [http.ResponseWriter].
func (w *Response) Header() http.Header { return w.writer.Header() }

// WriteHeader implements [http.ResponseWriter].
func (w *Response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.late = w.ctx.Err() != nil
	w.writer.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *Response) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.late = w.ctx.Err() != nil
	n, err := w.writer.Write(p)
	w.bytes += int64(n)
	return n, err
}

// FlushError sends what was written so far.
func (w *Response) FlushError() error { return w.control.Flush() }

// Streaming tells the observer that the answer is a stream, whose end may be
// far away. It is called once at most.
func (w *Response) Streaming() {
	if w.observed != nil {
		w.observed.Streaming()
	}
}

// Unwrap lets [http.ResponseController] find the server's own writer.
func (w *Response) Unwrap() http.ResponseWriter { return w.writer }

// Started reports whether the status went out, so that an error can no longer
// be rendered.
func (w *Response) Started() bool { return w.status != 0 }

// Expect names who is told how the answer arrived. A later call replaces an
// earlier one.
func (w *Response) Expect(r Receipt) { w.receipt = r }

// Send writes a whole answer with its length.
func (w *Response) Send(status int, contentType string, body []byte) error {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, err := w.Write(body)
	return err
}

// NoContent answers with a status and nothing else.
func (w *Response) NoContent() {
	w.WriteHeader(http.StatusNoContent)
}

// SetRetryAfter says when to try again, in whole seconds and never too early; 0
// says nothing.
func SetRetryAfter(h http.Header, wait time.Duration) {
	if seconds := (wait + time.Second - 1) / time.Second; seconds > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
}
