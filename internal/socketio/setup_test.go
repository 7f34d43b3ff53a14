package socketio_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/parleyhq/parley/internal/engineio"
	"github.com/parleyhq/parley/internal/socketio"
)

// owner is a handler, and the receiver of its sockets, that tells a test what it
// is told.
type owner struct {
	connect func(ctx context.Context, h *socketio.Handshake) error // nil = all may
	event   func(ctx context.Context, s *socketio.Socket, e *socketio.Event)

	sockets chan *socketio.Socket
	events  chan *socketio.Event
	ends    chan error
}

func newOwner() *owner {
	return &owner{sockets: make(chan *socketio.Socket, 1000), events: make(chan *socketio.Event, 1000), ends: make(chan error, 1000)}
}

func (o *owner) Connect(ctx context.Context, h *socketio.Handshake) (*socketio.Accepted, error) {
	if o.connect != nil {
		if err := o.connect(ctx, h); err != nil {
			return nil, err
		}
	}
	return &socketio.Accepted{SID: "s1", PID: "p1", Receiver: &receiver{owner: o}}, nil
}

type receiver struct {
	*owner
	socket *socketio.Socket
}

func (r *receiver) Connected(_ context.Context, s *socketio.Socket) {
	r.socket = s
	r.sockets <- s
}

func (r *receiver) Event(ctx context.Context, e *socketio.Event) {
	if r.event != nil {
		r.event(ctx, r.socket, e)
	}
	r.events <- e
}

func (r *receiver) Disconnected(cause error) { r.ends <- cause }

// serve runs a server until the test ends, and gives the address of its sockets.
func serve(t *testing.T, o *owner, options socketio.Options) (*socketio.Server, string) {
	t.Helper()
	server := socketio.NewServer(o, options)
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // the test's has ended
		defer cancel()
		if err := server.Close(ctx); err != nil {
			t.Errorf("the server did not close: %v", err)
		}
		web.Close()
	})
	return server, "ws" + strings.TrimPrefix(web.URL, "http") + "/socket.io/?EIO=4&transport=websocket"
}

// peer is the other side, by raw frames.
type peer struct {
	t *testing.T
	*websocket.Conn
}

// dial connects up to the opening.
func dial(t *testing.T, address string) *peer {
	t.Helper()
	socket, response, err := websocket.DefaultDialer.DialContext(t.Context(), address, nil)
	if err != nil {
		t.Fatal(err, response)
	}
	t.Cleanup(func() { _ = socket.Close() })
	p := &peer{t, socket}
	if opening := p.read(); !strings.HasPrefix(opening, `0{"sid":"`) {
		t.Fatalf("the opening is %s", opening)
	}
	return p
}

// join connects to the root namespace too.
func join(t *testing.T, address string) *peer {
	t.Helper()
	p := dial(t, address)
	p.send(`40{"token":"good"}`)
	p.expect(`40{"sid":"s1","pid":"p1"}`)
	return p
}

func (p *peer) send(text string) {
	p.t.Helper()
	if err := p.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

// read reads a message that is no ping.
func (p *peer) read() string {
	p.t.Helper()
	if err := p.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		p.t.Fatal(err)
	}
	for {
		_, data, err := p.ReadMessage()
		if err != nil {
			p.t.Fatal(err)
		}
		if string(data) == "2" {
			p.send("3")
			continue
		}
		return string(data)
	}
}

func (p *peer) expect(want string) {
	p.t.Helper()
	if got := p.read(); got != want {
		p.t.Fatalf("got %s, want %s", got, want)
	}
}

// expectClose reads to the end, which must be the next thing.
func (p *peer) expectClose(code int) {
	p.t.Helper()
	if err := p.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		p.t.Fatal(err)
	}
	kind, data, err := p.ReadMessage()
	if !websocket.IsCloseError(err, code) {
		p.t.Fatalf("got %d %s %v, want the end with %d", kind, data, err, code)
	}
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(10 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func raw(texts ...string) []json.RawMessage {
	var list []json.RawMessage
	for _, text := range texts {
		list = append(list, json.RawMessage(text))
	}
	return list
}

func frame(t *testing.T, name string, args ...string) *socketio.Frame {
	t.Helper()
	f, err := socketio.NewFrame("/", name, raw(args...))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// closedWith reports whether the cause of an end is a close with a code.
func closedWith(cause error, code int, byPeer bool) bool {
	closed, ok := errors.AsType[*engineio.CloseError](cause)
	return ok && closed.Code == code && closed.ByPeer == byPeer
}
