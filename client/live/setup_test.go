package live_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/client/live"
	"github.com/parleyhq/parley/internal/engineio"
	"github.com/parleyhq/parley/internal/socketio"
)

// patience bounds what a test waits for; it is reached only where it fails.
const patience = 20 * time.Second

// stage is a server that the test plays.
type stage struct {
	t      *testing.T
	url    string
	server *socketio.Server
	peers  chan *peer
	pid    func(auth connectAuth) string // what a socket session is called
	token  string                        // the one that is good

	mu   sync.Mutex
	rest map[string]http.HandlerFunc // by method and path behind …/v1
}

// connectAuth is what a client says when it connects.
type connectAuth struct {
	PID    string `json:"pid"`
	Offset string `json:"offset"`
	Token  string `json:"token"`
}

// newStage starts the server.
func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, peers: make(chan *peer, 8), token: "secret", rest: map[string]http.HandlerFunc{}, pid: func(connectAuth) string { return "" }}
	s.server = socketio.NewServer(s, socketio.Options{Options: engineio.Options{PingInterval: time.Second, PingTimeout: patience}})
	web := httptest.NewServer(http.HandlerFunc(s.serve))
	s.url = web.URL
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience) // the test's has ended
		defer cancel()
		_ = s.server.Close(ctx)
		web.Close()
	})
	return s
}

func (s *stage) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/socket.io/") {
		s.server.ServeHTTP(w, r)
		return
	}
	_, path, _ := strings.Cut(r.URL.Path, "/autopilotforeveryone_/api/v1")
	s.mu.Lock()
	answer := s.rest[r.Method+" "+path]
	s.mu.Unlock()
	if answer == nil {
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"message":"there is no such thing","errorCode":4041,"traceId":"t"}`))
		return
	}
	answer(w, r)
}

// answers says what the server answers to a request.
func (s *stage) answers(request, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest[request] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	}
}

// Connect implements [socketio.Handler].
func (s *stage) Connect(_ context.Context, h *socketio.Handshake) (*socketio.Accepted, error) {
	var auth connectAuth
	if err := json.Unmarshal(h.Auth, &auth); err != nil {
		return nil, err
	}
	if auth.Token != s.token {
		return nil, &socketio.Refusal{Message: "the token is not valid", Data: json.RawMessage(`{"status":401,"errorCode":4011}`)}
	}
	p := &peer{stage: s, auth: auth, query: h.Request.URL.RawQuery, events: make(chan heard, 256), gone: make(chan struct{}), acks: true}
	return &socketio.Accepted{SID: "sid", PID: s.pid(auth), Receiver: p}, nil
}

// peer is the server's end of a connection.
type peer struct {
	stage  *stage
	auth   connectAuth
	query  string
	socket *socketio.Socket
	events chan heard
	gone   chan struct{}
	acks   bool
}

// heard is an event from the client.
type heard struct {
	body  map[string]any
	event *socketio.Event
}

func (p *peer) Connected(_ context.Context, socket *socketio.Socket) {
	p.socket = socket
	p.stage.peers <- p
}

func (p *peer) Event(_ context.Context, e *socketio.Event) {
	var body map[string]any
	if len(e.Args) == 1 && json.Unmarshal(e.Args[0], &body) == nil {
		p.events <- heard{body, e}
	}
}

func (p *peer) Disconnected(error) { close(p.gone) }

// accept waits for the next connection.
func (s *stage) accept() *peer {
	s.t.Helper()
	select {
	case p := <-s.peers:
		return p
	case <-time.After(patience):
		s.t.Fatal("nobody connects")
		return nil
	}
}

// hear waits for the next event of the client, and gives it without the id of
// the conversation.
func (p *peer) hear() heard {
	p.stage.t.Helper()
	select {
	case h := <-p.events:
		if h.body["conversationId"] != "c1" {
			p.stage.t.Fatalf("an event of the conversation %v", h.body["conversationId"])
		}
		delete(h.body, "conversationId")
		return h
	case <-time.After(patience):
		p.stage.t.Fatal("the client says nothing")
		return heard{}
	}
}

// expect waits for an event, acknowledges it, and compares it.
func (p *peer) expect(want string) {
	p.stage.t.Helper()
	p.compare(p.ack(p.hear()), want)
}

// ack acknowledges an event.
func (p *peer) ack(h heard) heard {
	if h.event.WantsAck() {
		_ = p.socket.Ack(context.Background(), h.event, []json.RawMessage{json.RawMessage(`{"ok":true}`)})
	}
	return h
}

func (p *peer) compare(h heard, want string) {
	p.stage.t.Helper()
	var value map[string]any
	if err := json.Unmarshal([]byte(want), &value); err != nil {
		p.stage.t.Fatal(err)
	}
	if !reflect.DeepEqual(h.body, value) {
		got, _ := json.Marshal(h.body)
		p.stage.t.Fatalf("the client says\n%s\nand not\n%s", got, want)
	}
}

// tell sends events, which are written without the id of the conversation; the
// last argument of one may be an offset, behind a blank.
func (p *peer) tell(events ...string) {
	p.stage.t.Helper()
	for _, e := range events {
		body, offset, ok := strings.Cut(e, "} @")
		var last json.RawMessage
		if ok {
			body, last = body+"}", json.RawMessage(`"`+offset+`"`)
		}
		body = `{"conversationId":"c1",` + strings.TrimPrefix(body, "{")
		frame, err := socketio.NewFrame("/", "ConversationEvent", []json.RawMessage{json.RawMessage(body)})
		if err != nil {
			p.stage.t.Fatal(err)
		}
		if err := p.socket.TryEmit(frame, last); err != nil {
			p.stage.t.Fatal(err)
		}
	}
}

// open answers the start of a session, by a server that numbers its events or
// one that does not.
func (p *peer) open(numbers bool) {
	p.stage.t.Helper()
	p.compare(p.hear(), `{"startSession":{"capabilities":{"resume":true}}}`)
	if numbers {
		p.tell(`{"sessionStarted":{"capabilities":{"resume":true}}}`)
	} else {
		p.tell(`{"sessionStarted":{}}`)
	}
}

// cut closes the transport and waits until it is closed.
func (p *peer) cut() {
	p.stage.t.Helper()
	p.socket.Close(engineio.GoingAway, "")
	select {
	case <-p.gone:
	case <-time.After(patience):
		p.stage.t.Fatal("the connection stays open")
	}
}

// connect makes a client of the stage.
func (s *stage) connect(options ...live.Option) *live.Client {
	s.t.Helper()
	transport := &http.Transport{}
	s.t.Cleanup(transport.CloseIdleConnections)
	own := []live.Option{live.WithBaseURL(s.url), live.WithSecret("secret"), live.WithHTTPClient(&http.Client{Transport: transport})}
	c, err := live.New(append(own, options...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// session starts a session in the conversation c1.
func (s *stage) session(options ...live.Option) *live.SessionStream {
	s.t.Helper()
	return s.connect(options...).Conversation.StartSession("c1", live.SessionOptions{})
}

// run runs a session until the test ends, and gives what it ends with.
func (s *stage) run(session *live.SessionStream) (ended <-chan error) {
	ctx, cancel := context.WithCancel(context.Background()) // ended by the cleanup
	result := make(chan error, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		result <- session.Run(ctx)
	}()
	s.t.Cleanup(func() {
		cancel()
		<-done
	})
	return result
}

// wait waits for something that is sent once.
func wait[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatal("it does not come")
	}
	return v
}

// front puts another handler before the stage, and makes a client of it.
func (s *stage) front(h http.Handler) *live.Client {
	s.t.Helper()
	web := httptest.NewServer(h)
	s.t.Cleanup(web.Close)
	return s.connect(live.WithBaseURL(web.URL))
}
