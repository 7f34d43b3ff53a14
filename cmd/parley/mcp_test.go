package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

// bridged runs parley mcp and gives a session of the SDK's client with it.
func bridged(t *testing.T, env []string, args ...string) *sdk.ClientSession {
	t.Helper()
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	p := program{env: env, in: in, out: out, err: newBuffer(), interrupts: make(chan os.Signal)}
	code := make(chan int, 1)
	go func() {
		code <- p.run(context.WithoutCancel(t.Context()), append([]string{"mcp"}, args...))
		_ = out.Close()
	}()
	t.Cleanup(func() {
		_ = toServer.Close()
		if got := <-code; got != exitFine {
			t.Errorf("it ends with %d: %s", got, p.err)
		}
	})
	c := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil)
	session, err := c.Connect(t.Context(), &sdk.IOTransport{Reader: fromServer, Writer: toServer}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// say sends a message and gives the texts of the answer.
func say(t *testing.T, s *sdk.ClientSession, text string) string {
	t.Helper()
	result, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: "send_message", Arguments: map[string]any{"text": text}})
	if err != nil {
		t.Fatal(err)
	}
	said, _ := json.Marshal(result.Content)
	return string(said)
}

func TestMCPReachesTheServerOfThisMachine(t *testing.T) {
	t.Parallel()
	_, _, env := withProvider(t)
	s := bridged(t, env)
	if said := say(t, s, "hello there"); !strings.Contains(said, "You said: hello there") {
		t.Errorf("the answer is %s", said)
	}
}

func TestMCPReachesAServerElsewhere(t *testing.T) {
	t.Parallel()
	_, server, _ := withProvider(t)
	s := bridged(t, []string{"PARLEY_SECRET=the-secret-of-all-tests"}, "--url", address(server))
	if said := say(t, s, "hello there"); !strings.Contains(said, "You said: hello there") {
		t.Errorf("the answer is %s", said)
	}
}

// A host that wants it to end may close its input only afterwards, or never.
func TestMCPEndsWhenItIsToldTo(t *testing.T) {
	t.Parallel()
	_, _, env := withProvider(t)
	in, toServer := io.Pipe()
	t.Cleanup(func() { _ = toServer.Close() })
	interrupts := make(chan os.Signal)
	p := program{env: env, in: in, out: newBuffer(), err: newBuffer(), interrupts: interrupts}
	code := make(chan int, 1)
	go func() { code <- p.run(context.WithoutCancel(t.Context()), []string{"mcp"}) }()
	if _, err := io.WriteString(toServer, "\n"); err != nil { // it reads
		t.Fatal(err)
	}
	interrupts <- os.Interrupt
	select {
	case got := <-code:
		if got != exitFine {
			t.Errorf("it ends with %d: %s", got, p.err)
		}
	case <-time.After(time.Minute):
		t.Error("it goes on")
	}
}

func TestMCPOutlivesTheServer(t *testing.T) {
	t.Parallel()
	provider := fakeprovider.Start(t)
	folder, err := os.MkdirTemp("", "parley")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	env := []string{"PARLEY_DATA=" + folder, "PARLEY_LISTEN=127.0.0.1:0", "PARLEY_FIND_OLLAMA=false", "OPENAI_BASE_URL=" + provider.URL + "/v1"}
	start := func() *command {
		c := begin(t, nil, env, "serve")
		c.out.await(t, "Parley listens on")
		return c
	}
	stop := func(c *command) {
		c.interrupts <- os.Interrupt
		if code := c.end(); code != exitFine {
			t.Errorf("serve ends with %d: %s", code, c.err)
		}
	}
	first := start()
	s := bridged(t, env)
	say(t, s, "one")
	stop(first)
	if _, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: "list_conversations"}); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("without a server: %v", err)
	}
	second := start()
	defer stop(second)
	if said := say(t, s, "two"); !strings.Contains(said, "You said: two") {
		t.Errorf("after the restart the answer is %s", said)
	}
	_ = s.Close() // before the server
}

func TestMCPWithoutAServerSaysWhatToDo(t *testing.T) {
	t.Parallel()
	if _, said := run(t, exitFailed, []string{"PARLEY_DATA=" + t.TempDir()}, "mcp"); !strings.Contains(said, "parley serve") {
		t.Errorf("it says %q", said)
	}
	if _, said := run(t, exitFailed, nil, "mcp", "--url", "http://127.0.0.1:1"); !strings.Contains(said, "PARLEY_SECRET") {
		t.Errorf("it says %q", said)
	}
}

// Calls that take long must not keep the bridge from hearing that they are given up.
func TestTheBridgeHearsWhileAllCallsAreOpen(t *testing.T) {
	t.Parallel()
	heard := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "cancelled") {
			close(heard)
			return
		}
		select {
		case <-r.Context().Done():
		case <-heard:
		}
	}))
	t.Cleanup(server.Close)
	in, toBridge := io.Pipe()
	c := begin(t, in, []string{"PARLEY_SECRET=the-secret-of-all-tests"}, "mcp", "--url", server.URL)
	for i := range mcpCalls + 1 {
		fmt.Fprintf(toBridge, `{"jsonrpc":"2.0","id":%d,"method":"ping"}`+"\n", i)
	}
	c.out.await(t, fmt.Sprintf(`"id":%d,"error"`, mcpCalls))
	fmt.Fprint(toBridge, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":0}}`+"\n")
	<-heard
	_ = toBridge.Close()
	if code := c.end(); code != exitFine {
		t.Errorf("it ends with %d: %s", code, c.err)
	}
}

// A server that answers with nonsense must not leave its client without an answer.
func TestTheBridgeAnswersWhateverTheServerSays(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"an error page": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no\x1b[31m", http.StatusBadGateway) },
		"an error": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			fmt.Fprint(w, `{"error":{"message":"no"}}`)
		},
		"nothing":                 func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) },
		"no JSON":                 func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>\n</html>") },
		"another call's answer":   func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"jsonrpc":"2.0","id":99,"result":{}}`) },
		"a connection that ends":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"a stream that is cut":    stream("data: {\"jsonrpc\":\"2.0\",\"method\":\"x\"}\n\ndata: {\"jso", true),
		"a stream without an end": stream(": \n\n", false),
		"a forgotten session":     func(w http.ResponseWriter, _ *http.Request) { http.NotFound(w, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(answer)
			t.Cleanup(server.Close)
			in, toBridge := io.Pipe()
			c := begin(t, in, []string{"PARLEY_SECRET=the-secret-of-all-tests"}, "mcp", "--url", server.URL)
			fmt.Fprint(toBridge, "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"ping\"}\n\nnonsense\n")
			c.out.await(t, `"id":null,"error"`)
			c.out.await(t, `"id":"a","error"`)
			_ = toBridge.Close()
			if code := c.end(); code != exitFine {
				t.Errorf("it ends with %d: %s", code, c.err)
			}
			for lines := bufio.NewScanner(strings.NewReader(c.out.String())); lines.Scan(); {
				if !json.Valid(lines.Bytes()) {
					t.Errorf("it writes %q", lines.Text())
				}
			}
		})
	}
}

func stream(text string, cut bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, text)
		_ = http.NewResponseController(w).Flush()
		if cut {
			panic(http.ErrAbortHandler)
		}
	}
}

func FuzzReadEvents(f *testing.F) {
	for _, seed := range []string{"data: {}\n\n", "event: message\r\ndata: a\r\ndata: b\r\n\r\n", ":\n\n", "data", "data:\n\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		given := 0
		_ = readEvents(strings.NewReader(text), func(data []byte) {
			if given += len(data); given > len(text) {
				t.Errorf("%q gives more than it has", text)
			}
		})
	})
}
