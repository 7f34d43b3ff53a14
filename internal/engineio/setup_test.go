package engineio_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/engineio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const query = "/?EIO=4&transport=websocket"

// owner receives for all connections of a server, and tells a test.
type owner struct {
	opened   chan *engineio.Conn
	messages chan string
	ends     chan error
}

func newOwner() *owner {
	return &owner{opened: make(chan *engineio.Conn, 1000), messages: make(chan string, 1000), ends: make(chan error, 1000)}
}

func (o *owner) accept(c *engineio.Conn, _ *http.Request) engineio.Receiver {
	o.opened <- c
	return o
}

func (o *owner) Text(data []byte) error {
	o.messages <- string(data)
	return nil
}

func (o *owner) Binary(data []byte) error {
	o.messages <- "binary " + string(data)
	return nil
}

func (o *owner) Closed(cause error) { o.ends <- cause }

// serve runs a server until the test ends, and gives its address without the
// scheme.
func serve(t *testing.T, o *owner, options engineio.Options) (*engineio.Server, string) {
	t.Helper()
	server := engineio.NewServer(o.accept, options)
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second) // the test's has ended
		defer cancel()
		_ = server.Close(ctx) // of a stalled peer: the time is up
		web.Close()
	})
	return server, strings.TrimPrefix(web.URL, "http")
}

type peer struct {
	t *testing.T
	*websocket.Conn
}

// dial connects, and reads the opening.
func dial(t *testing.T, address string) *peer {
	t.Helper()
	socket, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+address+query, nil)
	if err != nil {
		t.Fatal(err, response)
	}
	t.Cleanup(func() { _ = socket.Close() })
	p := &peer{t, socket}
	text, found := strings.CutPrefix(p.read(), "0")
	var opening map[string]any
	if err := json.Unmarshal([]byte(text), &opening); err != nil || !found {
		t.Fatalf("the opening is %s", text)
	}
	return p
}

func (p *peer) send(text string) {
	p.t.Helper()
	if err := p.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) next() (string, error) {
	if err := p.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	_, data, err := p.ReadMessage()
	return string(data), err
}

func (p *peer) read() string {
	p.t.Helper()
	text, err := p.next()
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

func (p *peer) expect(want string) {
	p.t.Helper()
	if got := p.read(); got != want {
		p.t.Fatalf("got %.100s, want %.100s", got, want)
	}
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func text(s string) engineio.Message { return engineio.Message{Data: []byte(s)} }

// pipes is a listener whose connections hold no bytes: a write waits for the
// reader, so that a peer that does not read is stalled at once.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.accepted:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error {
	close(l.closed)
	return nil
}

func (l *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// servePipes runs a server as serve does, and gives the way to connect to it.
func servePipes(t *testing.T, o *owner, options engineio.Options) func() *peer {
	t.Helper()
	return servePipesOf(t, engineio.NewServer(o.accept, options))
}

func servePipesOf(t *testing.T, server *engineio.Server) func() *peer {
	t.Helper()
	listener := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
	web := &http.Server{Handler: server}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	t.Cleanup(func() {
		_ = web.Close()
		<-served
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond) // the test's has ended
		defer cancel()
		_ = server.Close(ctx) // the peers may be stalled
	})
	dialer := websocket.Dialer{NetDialContext: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		listener.accepted <- theirs
		return ours, nil
	}}
	return func() *peer {
		t.Helper()
		socket, response, err := dialer.DialContext(t.Context(), "ws://pipe"+query, nil)
		if err != nil {
			t.Fatal(err, response)
		}
		t.Cleanup(func() { _ = socket.Close() })
		p := &peer{t, socket}
		p.read()
		return p
	}
}

// idle waits until the opening is written: its reader may know it before the
// queue does.
func idle(c *engineio.Conn) *engineio.Conn {
	for {
		if frames, _ := c.Buffered(); frames == 0 {
			return c
		}
		runtime.Gosched()
	}
}
