package engineio

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
)

const (
	readBuffer  = 1 << 10 // of each connection; longer messages go past it
	writeBuffer = 8 << 10 // of connections that write
)

// Accept makes the owner of a new connection. The peer is told nothing before it
// returns, and r must not be kept longer than it is needed: it is large.
type Accept func(c *Conn, r *http.Request) Receiver

// Server takes connections as an [http.Handler], at whatever path.
type Server struct {
	options   Options
	accept    Accept
	upgrader  websocket.Upgrader
	writers   sync.Pool // of *bufio.Writer
	heartbeat *heartbeat
	stop      chan struct{} // closed by Close: the heartbeat ends

	mu          sync.Mutex
	closed      bool           // and stop is
	connections int            // those that are being made included
	wait        sync.WaitGroup // for them, and for the heartbeat
}

// NewServer makes a server. It must be closed.
func NewServer(accept Accept, o Options) *Server {
	o.fill()
	s := &Server{options: o, accept: accept, heartbeat: newHeartbeat(&o), stop: make(chan struct{})}
	s.upgrader = websocket.Upgrader{
		ReadBufferSize: readBuffer, WriteBufferSize: readBuffer, WriteBufferPool: &sync.Pool{},
		CheckOrigin: func(*http.Request) bool { return true }, // was checked
		Error: func(w http.ResponseWriter, _ *http.Request, status int, _ error) {
			s.refuse(w, &refusal{badRequest, "Bad request", status})
		},
	}
	s.writers.New = func() any { return bufio.NewWriterSize(nil, writeBuffer) }
	s.wait.Go(func() { s.heartbeat.run(s.stop) })
	return s
}

// Len is the number of connections.
func (s *Server) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

// ServeHTTP makes a connection of a request, or answers it with the protocol's
// error: {"code", "message"}.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if why := s.check(r); why != nil {
		s.refuse(w, why)
		return
	}
	if !s.reserve() {
		s.refuse(w, &refusal{badRequest, "no more connections now", http.StatusServiceUnavailable})
		return
	}
	hijacked := &hijacker{ResponseWriter: w}
	socket, err := s.upgrader.Upgrade(hijacked, r, nil)
	if err != nil {
		s.release() // and was answered
		return
	}
	hijacked.wire.upgraded = true
	if err := s.open(hijacked.wire, socket, r); err != nil {
		_ = hijacked.wire.Close()
		s.release()
	}
}

// open starts the connection. Its goroutine is not the request's, which holds
// much more.
func (s *Server) open(w *wire, socket *websocket.Conn, r *http.Request) error {
	c := &Conn{server: s, wire: w, id: rand.Text(), limit: s.options.MaxPayload}
	opening, err := s.options.opening(c.id)
	if err != nil {
		return fmt.Errorf("the opening: %w", err)
	}
	// A connection outlives its request; it ends with Close.
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	c.receiver = s.accept(c, r)
	s.options.Observer.Opened()
	c.control(packetFrame(packetOpen, opening))
	s.heartbeat.add(c)
	if s.isClosed() {
		c.Close(GoingAway, "the server ends")
	}
	c.start(socket)
	return nil
}

func (s *Server) reserve() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.options.MaxConnections > 0 && s.connections >= s.options.MaxConnections {
		return false
	}
	s.connections++
	s.wait.Add(1)
	return true
}

func (s *Server) release() {
	s.mu.Lock()
	s.connections--
	s.mu.Unlock()
	s.wait.Done()
}

func (s *Server) gone(c *Conn) {
	s.heartbeat.remove(c)
	s.release()
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Close takes no more connections and closes those that are there, with what
// waits for their peers written, until ctx ends; then it cuts them. It returns
// when all have ended and their receivers were told.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.stop)
	}
	s.mu.Unlock()
	for _, c := range s.heartbeat.all() {
		c.Close(GoingAway, "the server ends")
	}
	ended := make(chan struct{})
	go func() {
		s.wait.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	for _, c := range s.heartbeat.all() {
		c.abort(context.Cause(ctx))
	}
	<-ended
	return context.Cause(ctx)
}
