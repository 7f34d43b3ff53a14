package socketio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/engineio"
	"github.com/parleyhq/parley/internal/socketio"
	"github.com/parleyhq/parley/test/npm"
)

// Where the suites are: the commit is of June 2026.
const (
	repository = "https://github.com/socketio/socket.io"
	commit     = "d2d753fed4435015c2d83fe62e676b44e07fa3f7"
)

// suites is a checkout with docs/, and why there is none.
var suites = sync.OnceValues(func() (folder, missing string) {
	if folder := os.Getenv("PARLEY_SOCKETIO_SUITES"); folder != "" {
		return folder, ""
	}
	folder = filepath.Join("node_modules", ".suites-"+commit)
	if _, err := os.Stat(filepath.Join(folder, "docs")); err == nil {
		return folder, ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // outlives the test that comes first
	defer cancel()
	for _, command := range [][]string{
		{"init", "-q", folder},
		{"-C", folder, "fetch", "-q", "--depth", "1", "--filter", "blob:none", repository, commit},
		{"-C", folder, "checkout", "-q", "FETCH_HEAD", "--", "docs"},
	} {
		git := exec.CommandContext(ctx, "git", command...)
		git.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0")
		if out, err := git.CombinedOutput(); err != nil {
			return "", fmt.Sprintf("%s cannot be fetched from here: %v: %s", repository, err, bytes.TrimSpace(out))
		}
	}
	return folder, ""
})

// suite is the folder of one suite. It is not ours to ship, so its test may be
// skipped even with PARLEY_TEST_STRICT=1.
func suite(t *testing.T, path string) string {
	t.Helper()
	npm.Require(t, needs())
	folder, missing := suites()
	if missing != "" {
		t.Skip("SKIPPED, NOT TESTED: " + missing)
	}
	return filepath.Join(folder, "docs", filepath.FromSlash(path))
}

// What the suites expect of the server, but for suiteTimeout: theirs is 200 ms,
// for which a busy machine may well forget a process.
const (
	suitePing    = 300 * time.Millisecond
	suiteTimeout = time.Second
	suitePayload = 1_000_000
)

var suiteOptions = engineio.Options{PingInterval: suitePing, PingTimeout: suiteTimeout, MaxPayload: suitePayload}

func TestThePublishedSuiteOfEngineIOPasses(t *testing.T) {
	t.Parallel()
	folder := suite(t, "engine.io-protocol/v4-test-suite")
	server := engineio.NewServer(func(c *engineio.Conn, _ *http.Request) engineio.Receiver { return &engineEcho{t, c} }, suiteOptions)
	runSuite(t, folder, server, server.Close, 9)
}

func TestThePublishedSuiteOfSocketIOPasses(t *testing.T) {
	t.Parallel()
	folder := suite(t, "socket.io-protocol/v5-test-suite")
	server := socketio.NewServer(&socketEcho{t: t}, socketio.Options{
		Options: suiteOptions, ConnectTimeout: time.Second, Namespaces: []string{"/", "/custom"}, Binary: true,
	})
	runSuite(t, folder, server, server.Close, 22)
}

// runSuite runs what a suite says of WebSocket against a server. The suite's own
// address and its timeout of pings are replaced by the server's; nothing else of it
// is changed.
func runSuite(t *testing.T, folder string, h http.Handler, stop func(context.Context) error, least int) {
	t.Helper()
	web := httptest.NewServer(h)
	defer func() {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := stop(ctx); err != nil {
			t.Error(err)
		}
		web.Close()
	}()
	workshop := t.TempDir()
	for _, name := range []string{"test-suite.js", "node-imports.js", "package.json"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		ours := strings.NewReplacer(
			"http://localhost:3000", web.URL,
			"PING_TIMEOUT = 200;", fmt.Sprintf("PING_TIMEOUT = %d;", suiteTimeout.Milliseconds()),
		).Replace(string(text))
		if err := os.WriteFile(filepath.Join(workshop, name), []byte(ours), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	packages, err := filepath.Abs("node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(packages, filepath.Join(workshop, "node_modules")); err != nil {
		t.Fatal(err)
	}
	out := node(t, nil, filepath.Join(packages, "mocha", "bin", "mocha"), "--exit", "--reporter", "json",
		"--timeout", "20000", "--grep", "long-polling|upgrade", "--invert", filepath.Join(workshop, "test-suite.js"))
	var report struct {
		Stats struct{ Passes, Pending, Failures int }
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("the report: %v\n%s", err, out)
	}
	if s := report.Stats; s.Passes < least || s.Pending > 0 || s.Failures > 0 {
		t.Errorf("%+v, and at least %d should pass\n%s", s, least, out)
	}
	t.Logf("%d tests passed", report.Stats.Passes)
}

// engineEcho sends every message back.
type engineEcho struct {
	t *testing.T
	*engineio.Conn
}

func (e *engineEcho) Text(data []byte) error {
	return e.Send(e.t.Context(), engineio.Message{Data: data})
}

func (e *engineEcho) Binary(data []byte) error {
	return e.Send(e.t.Context(), engineio.Message{Data: data, Binary: true})
}

func (e *engineEcho) Closed(error) {}

// socketEcho is the server that the suite of Socket.IO describes.
type socketEcho struct{ t *testing.T }

func (s *socketEcho) Connect(_ context.Context, h *socketio.Handshake) (*socketio.Accepted, error) {
	return &socketio.Accepted{SID: h.Namespace + "#1", Receiver: &echoing{t: s.t, h: *h}}, nil
}

type echoing struct {
	t      *testing.T
	h      socketio.Handshake
	socket *socketio.Socket
}

// Connected tells the peer what it said of itself.
func (e *echoing) Connected(ctx context.Context, s *socketio.Socket) {
	e.socket = s
	e.emit(ctx, "auth", []json.RawMessage{e.h.Auth})
}

func (e *echoing) Event(ctx context.Context, event *socketio.Event) {
	switch event.Name {
	case "message":
		e.emit(ctx, "message-back", event.Args, event.Attachments...)
	case "message-with-ack":
		if err := e.socket.Ack(ctx, event, event.Args, event.Attachments...); err != nil {
			e.t.Error(err)
		}
	}
}

func (e *echoing) emit(ctx context.Context, name string, args []json.RawMessage, attachments ...[]byte) {
	frame, err := socketio.NewFrame(e.h.Namespace, name, args, attachments...)
	if err == nil {
		err = e.socket.Emit(ctx, frame, nil)
	}
	if err != nil {
		e.t.Error(err)
	}
}

func (e *echoing) Disconnected(error) {}
