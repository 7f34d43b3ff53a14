package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// errIdle ends a connection on which nothing came for too long.
var errIdle = errors.New("nothing came for too long")

// finishTime is how long the end of an answer may be behind its last line.
const finishTime = time.Second

// connection is one connection of a stream. Who opens it must close it.
type connection struct {
	lines  *lineReader
	parent context.Context // of the stream, which may have several connections
	own    context.Context
	cancel context.CancelCauseFunc
	header http.Header
	body   io.ReadCloser
	idle   time.Duration
	timer  *time.Timer // nil while silence is allowed
}

// open connects for an answer that is read piece by piece, with retries.
func (c *Client) open(ctx context.Context, r *request, options []Option) (*connection, error) {
	s, err := c.with(options)
	if err != nil {
		return nil, err
	}
	return s.open(ctx, s.begin(r))
}

// begin makes a request, with retries, and does not read its answer.
func (s *settings) begin(r *request) func(context.Context) (*http.Response, error) {
	return func(ctx context.Context) (resp *http.Response, err error) {
		err = s.retry(ctx, r, func() error {
			resp, err = s.once(ctx, r)
			return err
		})
		return resp, err
	}
}

// open makes a connection. The timeout bounds it until the answer begins.
func (s *settings) open(ctx context.Context, connect func(context.Context) (*http.Response, error)) (*connection, error) {
	own, cancel := context.WithCancelCause(ctx)
	var timer *time.Timer
	if s.timeout > 0 {
		timer = time.AfterFunc(s.timeout, func() { cancel(errTimeout) })
	}
	resp, err := connect(own)
	if timer != nil {
		timer.Stop() // what it cancelled already shows when the body is read
	}
	if err != nil {
		cancel(nil)
		return nil, err
	}
	c := &connection{parent: ctx, own: own, cancel: cancel, header: resp.Header, body: resp.Body, idle: s.idle}
	c.lines = newLineReader(c)
	return c, nil
}

// close ends the connection, also in the middle of its answer.
func (c *connection) close() {
	c.cancel(nil)
	_ = c.body.Close()
}

// Close implements [io.Closer], for callers who read the answer themselves.
func (c *connection) Close() error {
	c.close()
	return nil
}

// Read implements [io.Reader]. Blanks count as a sign of life, and the time that
// the reader of the stream takes for an event does not count as silence.
func (c *connection) Read(p []byte) (int, error) {
	if c.timer != nil {
		c.timer.Reset(c.idle)
		defer c.timer.Stop()
	}
	n, err := c.body.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = c.ended(err)
	}
	return n, err
}

// watch ends the connection once it is silent for too long. It is for servers
// that break their silence.
func (c *connection) watch() {
	if c.timer == nil {
		c.timer = time.AfterFunc(c.idle, func() { c.cancel(errIdle) })
		c.timer.Stop()
	}
}

// finish reads what stands behind the last line: the end of the answer, without
// which the connection could not be used again. It is there, or comes at once.
func (c *connection) finish() {
	timer := time.AfterFunc(finishTime, func() { c.cancel(nil) })
	defer timer.Stop()
	_, _ = c.lines.next()
}

// ended is why an answer broke off: the cause of the stream's context, or a
// [*cutError].
func (c *connection) ended(err error) error {
	if c.parent.Err() != nil {
		return context.Cause(c.parent)
	}
	if cause := context.Cause(c.own); cause != nil {
		err = cause // it was idle
	}
	return &cutError{err}
}
