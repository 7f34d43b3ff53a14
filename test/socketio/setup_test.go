package socketio_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/engineio"
	"github.com/parleyhq/parley/internal/socketio"
	"github.com/parleyhq/parley/test/npm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// needs makes ready what the tests need, once, and says why it cannot.
var needs = sync.OnceValue(func() (missing string) {
	return npm.Install(context.Background()) // outlives the test that comes first
})

// node runs node with more settings, to its end.
func node(t *testing.T, env []string, arguments ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", arguments...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("node %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
	return out
}

// serve runs a server of sockets until the test ends, and gives its URL.
func serve(t *testing.T, h socketio.Handler, o socketio.Options) string {
	t.Helper()
	server := socketio.NewServer(h, o)
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // the test's has ended
		defer cancel()
		if err := server.Close(ctx); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	return web.URL
}

// scripted is a handler whose sockets do what the events of a script ask for.
type scripted struct {
	t  *testing.T
	mu sync.Mutex
	n  int
}

// Connect accepts by the token, and recovers a session that it is told of.
func (s *scripted) Connect(_ context.Context, h *socketio.Handshake) (*socketio.Accepted, error) {
	var auth struct{ Token, PID, Offset string }
	if err := json.Unmarshal(h.Auth, &auth); err != nil {
		return nil, &socketio.Refusal{Message: "the payload is malformed"}
	}
	switch auth.Token {
	case "bad":
		return nil, &socketio.Refusal{Message: "the token is not valid", Data: json.RawMessage(`{"status":401,"errorCode":4011}`)}
	case "busy once":
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.n++; s.n == 1 {
			return nil, fmt.Errorf("busy")
		}
	}
	accepted := &socketio.Accepted{SID: "sid-new", PID: "pid-1"}
	if auth.PID == "pid-1" {
		accepted.SID = "sid-" + auth.Offset
	}
	accepted.Receiver = &actor{t: s.t, query: h.Request.URL.Query().Get("who")}
	return accepted, nil
}

// actor is a socket of a script.
type actor struct {
	t      *testing.T
	socket *socketio.Socket
	query  string
}

func (a *actor) Connected(ctx context.Context, s *socketio.Socket) {
	a.socket = s
	a.emit(ctx, "hello", fmt.Sprintf("%q", a.query), nil)
}

func (a *actor) emit(ctx context.Context, name, arg string, last json.RawMessage) {
	frame, err := socketio.NewFrame("/", name, []json.RawMessage{json.RawMessage(arg)})
	if err == nil {
		err = a.socket.Emit(ctx, frame, last)
	}
	if err != nil {
		a.t.Log(err) // the script shows what did not come
	}
}

func (a *actor) Event(ctx context.Context, e *socketio.Event) {
	switch e.Name {
	case "echo":
		if !e.WantsAck() {
			a.emit(ctx, "echo", string(e.Args[0]), nil)
		} else if err := a.socket.Ack(ctx, e, e.Args); err != nil {
			a.t.Error(err)
		}
	case "flood":
		for i := range 10_000 {
			a.emit(ctx, "flood", fmt.Sprint(i), nil)
		}
	case "offset":
		a.emit(ctx, "offset", "1", e.Args[0])
	case "close":
		a.socket.Close(engineio.GoingAway, "as asked")
	case "leave":
		a.socket.Disconnect()
	}
}

func (a *actor) Disconnected(error) {}
