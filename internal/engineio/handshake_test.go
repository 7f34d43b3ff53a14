package engineio_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/parleyhq/parley/internal/engineio"
)

func TestTheOpeningSaysWhatIsConfigured(t *testing.T) {
	t.Parallel()
	_, address := serve(t, newOwner(), engineio.Options{PingInterval: 30 * time.Second, PingTimeout: 10 * time.Second, MaxPayload: 1234})
	socket, response, err := (&websocket.Dialer{EnableCompression: true}).DialContext(t.Context(), "ws"+address+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if offered := response.Header.Get("Sec-Websocket-Extensions"); offered != "" {
		t.Errorf("compression is taken: %s", offered)
	}
	p := &peer{t, socket}
	opening := p.read()
	_, rest, found := strings.Cut(opening, `"upgrades":[],`)
	if !found || rest != `"pingInterval":30000,"pingTimeout":10000,"maxPayload":1234}` {
		t.Errorf("the opening is %s", opening)
	}
}

func TestAHandshakeIsRefused(t *testing.T) {
	t.Parallel()
	_, address := serve(t, newOwner(), engineio.Options{
		CheckOrigin: func(r *http.Request) bool { return r.Header.Get("Origin") != "https://evil.example" },
		Admit: func(r *http.Request) error {
			if r.URL.Query().Has("later") {
				return errors.New("the server starts")
			}
			return nil
		},
	})
	for name, c := range map[string]struct {
		method, query, origin string
		status                int
		body                  string
	}{
		"without anything":        {"GET", "/", "", 400, `{"code":0,"message":"Transport unknown"}`},
		"for polling":             {"GET", "/?EIO=4&transport=polling", "", 400, `{"code":0,"message":"Transport unknown"}`},
		"of another version":      {"GET", "/?EIO=3&transport=websocket", "", 400, `{"code":5,"message":"Unsupported protocol version"}`},
		"of no version":           {"GET", "/?transport=websocket", "", 400, `{"code":5,"message":"Unsupported protocol version"}`},
		"of a session of polling": {"GET", query + "&sid=x", "", 400, `{"code":1,"message":"Session ID unknown"}`},
		"by POST":                 {"POST", query, "", 400, `{"code":2,"message":"Bad handshake method"}`},
		"that is no WebSocket's":  {"GET", query, "", 400, `{"code":3,"message":"Bad request"}`},
		"from a foreign page":     {"GET", query, "https://evil.example", 403, `{"code":4,"message":"Forbidden"}`},
		"for now":                 {"GET", query + "&later", "", 503, `{"code":3,"message":"the server starts"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), c.method, "http"+address+c.query, nil)
			if err != nil {
				t.Fatal(err)
			}
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			var body json.RawMessage
			if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != c.status || string(body) != c.body || response.Header.Get("Content-Type") != "application/json" {
				t.Errorf("the answer is %d %s", response.StatusCode, body)
			}
		})
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	o := newOwner()
	server, address := serve(t, o, engineio.Options{MaxConnections: 1})
	first := dial(t, address)
	_, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+address+query, nil)
	if err == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("a second connection: %v, %v", response, err)
	}
	if n := server.Len(); n != 1 {
		t.Errorf("there are %d connections", n)
	}
	first.send("1")
	receive(t, o.ends)
	// The first one is gone a moment after its receiver was told.
	for {
		socket, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+address+query, nil)
		if err == nil {
			_ = socket.Close()
			return
		}
		if response == nil || response.StatusCode != http.StatusServiceUnavailable {
			t.Fatal(err)
		}
	}
}
