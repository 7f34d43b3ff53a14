package httpio

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// writeChunk bounds what one write deadline covers, so that a slow but living
// reader of a large answer is not taken for a dead one.
const writeChunk = 64 << 10

// conn is a connection that remembers whether it broke. net/http shows its
// handlers neither: a read error after the answer is lost in its loop, and a
// write error in its buffers.
type conn struct {
	net.Conn
	server *Server

	// armed is when the write deadline was last set. Only the goroutine that
	// writes uses it; net/http has one at a time.
	armed time.Time
	// hijacked says that a handler took the connection, whose deadlines are its
	// owner's then. It is set before the handler has it.
	hijacked bool

	mu      sync.Mutex
	err     error     // the first error
	leaving Receipt   // of the answer that net/http is about to flush
	watched *delivery // of the answer before the next request
}

// Read notes what a broken connection says. The end of input is no break: the
// client may be done after a complete answer. Neither is a deadline, which
// net/http uses to wake its reader, nor our own close.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil && err != io.EOF && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed) {
		c.broke(err)
	}
	return n, err
}

// Write gives each chunk its own deadline.
func (c *conn) Write(p []byte) (written int, err error) {
	if c.hijacked {
		return c.Conn.Write(p)
	}
	for first := true; first || written < len(p); first = false {
		c.arm()
		n, err := c.Conn.Write(p[written:min(len(p), written+writeChunk)])
		written += n
		if err != nil {
			c.broke(err)
			return written, err
		}
	}
	return written, nil
}

// arm moves the write deadline, but not at each token: a quarter of it may be
// used up.
func (c *conn) arm() {
	limit := c.server.options.WriteTimeout
	if now := time.Now(); now.Sub(c.armed) > limit/4 {
		c.armed = now
		// A failure shows in the write that follows.
		_ = c.Conn.SetWriteDeadline(now.Add(limit))
	}
}

// CloseWrite lets net/http end an answer while a client still sends, so that it
// is read before the connection closes.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// SetWriteDeadline is called by net/http after each request, to clear it.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.armed = time.Time{}
	return c.Conn.SetWriteDeadline(t)
}

func (c *conn) broke(err error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
	}
	watched := c.watched
	c.watched = nil
	c.mu.Unlock()
	if watched != nil {
		watched.settle(false)
	}
}

// answered says that the handler is done and net/http will now flush.
func (c *conn) answered(r Receipt) {
	c.server.leave(1)
	c.mu.Lock()
	c.leaving = r
	c.mu.Unlock()
}

// flushed says that all of the answer was handed to the connection.
func (c *conn) flushed() {
	c.mu.Lock()
	r, err := c.leaving, c.err
	c.leaving = nil
	c.mu.Unlock()
	if r == nil {
		return
	}
	defer c.server.leave(-1)
	if err != nil {
		r.Broken()
		return
	}
	r.Written()
	c.watch(r)
}

// watch waits for an error that shows that the answer did not arrive after all.
func (c *conn) watch(r Receipt) {
	d := c.server.deliver(r)
	c.mu.Lock()
	broken := c.err != nil
	if !broken {
		c.watched = d
	}
	c.mu.Unlock()
	if broken {
		d.settle(false)
	}
}

// asked says that the next request has come. A client sends it when it has
// read the answer before, so that one arrived.
func (c *conn) asked() {
	c.mu.Lock()
	watched := c.watched
	c.watched = nil
	c.mu.Unlock()
	if watched != nil {
		watched.settle(true)
	}
}
