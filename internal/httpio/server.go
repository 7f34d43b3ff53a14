package httpio

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Receipt is told how the answer to a request arrived, as far as this side can
// know. Exactly one of Delivered and Broken is called.
type Receipt interface {
	// Written says that the last byte went to the connection without an error.
	Written()
	// Delivered says that no error came in the second after that.
	Delivered()
	// Broken says that the connection failed before.
	Broken()
}

// deliveryWindow is how long after the last byte a connection error still says
// that the answer did not arrive.
const deliveryWindow = time.Second

// ServerOptions are the limits of a [Server]. Zero values take the defaults.
type ServerOptions struct {
	Log          *slog.Logger
	Base         context.Context // requests end with it at the latest; default: they do not
	HeaderLimit  int             // bytes of all headers; default 64 KiB
	HeaderTime   time.Duration   // to send them; default 30 s
	IdleTime     time.Duration   // between requests; default 2 min
	WriteTimeout time.Duration   // without progress of a write; default 1 min
}

func (o *ServerOptions) fill() {
	setDefault(&o.HeaderLimit, 64<<10)
	setDefault(&o.HeaderTime, 30*time.Second)
	setDefault(&o.IdleTime, 2*time.Minute)
	setDefault(&o.WriteTimeout, time.Minute)
	if o.Base == nil {
		o.Base = context.Background() // a server has no caller
	}
	setDefault(&o.Log, slog.New(slog.DiscardHandler))
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// Server is an HTTP/1.1 server that watches its connections on behalf of
// receipts. It has no time limit for a whole request or answer, because
// streams may take hours; each read and write has its own.
type Server struct {
	options ServerOptions
	http    *http.Server

	mu      sync.Mutex
	open    map[*delivery]struct{}
	leaving int       // answers between their handler and the end of their flush
	left    sync.Cond // leaving became 0
}

type connKey struct{}

// NewServer makes a server for a handler.
func NewServer(h http.Handler, o ServerOptions) *Server {
	o.fill()
	s := &Server{options: o, open: map[*delivery]struct{}{}}
	s.left.L = &s.mu
	s.http = &http.Server{
		Handler:           withoutBody(h),
		MaxHeaderBytes:    o.HeaderLimit,
		ReadHeaderTimeout: o.HeaderTime,
		IdleTimeout:       o.IdleTime,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
		// net/http's own answer to OPTIONS * would lack the front's headers.
		DisableGeneralOptionsHandler: true,
		ConnState:                    connState,
		BaseContext:                  func(net.Listener) context.Context { return o.Base },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
	}
	return s
}

// withoutBody bounds the time for the bodies that no handler reads. net/http would
// wait without a limit: before it lets the first byte of the answer go, and once
// more to make the connection ready for the next request.
func withoutBody(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 && !hasBody(r.Method) {
			if !drain(newResponse(w, r), r) {
				w.Header().Set("Connection", "close")
			}
		}
		h.ServeHTTP(w, r)
		if r.ContentLength != 0 && r.Context().Err() == nil {
			// For what is left. After a body that was read it counts for nothing.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyPause))
		}
	})
}

// hasBody reports whether requests with a method have bodies that handlers read.
func hasBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

func connState(c net.Conn, state http.ConnState) {
	watched, ok := c.(*conn)
	if !ok {
		return
	}
	switch state {
	case http.StateActive:
		watched.asked()
	case http.StateIdle, http.StateClosed:
		watched.flushed()
	case http.StateHijacked:
		watched.hijacked = true
	}
}

// Serve accepts connections until Shutdown or Close. It closes the listener and
// returns nil after either of them.
func (s *Server) Serve(l net.Listener) error {
	err := s.http.Serve(listener{l, s})
	if err == http.ErrServerClosed {
		return nil
	}
	return err
}

type listener struct {
	net.Listener
	server *Server
}

// Accept wraps the connection.
func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, server: l.server}, nil
}

// Shutdown stops accepting, waits for running requests until ctx ends, then
// cuts those that are left, and settles every receipt.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		return s.Close()
	}
	s.settle()
	return nil
}

// Close cuts all connections and settles what was written without an error.
func (s *Server) Close() error {
	err := s.http.Close()
	s.settle()
	return err
}

// leave counts the answers that are on their way out.
func (s *Server) leave(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leaving += n; s.leaving == 0 {
		s.left.Broadcast()
	}
}

// settle takes what broke in no way so far for delivered: nobody will watch any
// longer. A connection counts as idle a moment before its receipt is told, so
// that one is waited for.
func (s *Server) settle() {
	s.mu.Lock()
	for s.leaving > 0 {
		s.left.Wait()
	}
	open := make([]*delivery, 0, len(s.open))
	for d := range s.open {
		open = append(open, d)
	}
	s.mu.Unlock()
	for _, d := range open {
		d.settle(true)
	}
}

// delivery is an answer in the second after its last byte.
type delivery struct {
	server  *Server
	receipt Receipt
	timer   *time.Timer
	once    sync.Once
}

func (s *Server) deliver(r Receipt) *delivery {
	d := &delivery{server: s, receipt: r}
	s.mu.Lock()
	s.open[d] = struct{}{}
	d.timer = time.AfterFunc(deliveryWindow, func() { d.settle(true) })
	s.mu.Unlock()
	return d
}

func (d *delivery) settle(arrived bool) {
	d.once.Do(func() {
		d.server.mu.Lock()
		d.timer.Stop()
		delete(d.server.open, d)
		d.server.mu.Unlock()
		if arrived {
			d.receipt.Delivered()
		} else {
			d.receipt.Broken()
		}
	})
}
