package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/parleyhq/parley/client"
	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

// withProvider serves with a fake provider behind it.
func withProvider(t *testing.T) (*fakeprovider.Server, *command, []string) {
	t.Helper()
	provider := fakeprovider.Start(t)
	server, env := serve(t, "OPENAI_BASE_URL="+provider.URL+"/v1", "PARLEY_SECRET=the-secret-of-all-tests")
	return provider, server, env
}

// address is where a server says that it listens.
func address(server *command) string {
	_, rest, _ := strings.Cut(server.out.String(), "Parley listens on ")
	address, _, _ := strings.Cut(rest, "\n")
	return address
}

func TestAChatAnswersOneMessage(t *testing.T) {
	t.Parallel()
	_, _, env := withProvider(t)
	out, noise := run(t, exitFine, env, "chat", "hello there")
	if out != "You said: hello there\n" || noise != "" {
		t.Errorf("got %q and %q", out, noise)
	}
}

func TestAChatWithoutAModelQuotes(t *testing.T) {
	t.Parallel()
	_, env := serve(t)
	out, _ := run(t, exitFine, env, "chat", "When does the inn open?", "--backstory", "The inn opens at noon.")
	if !strings.Contains(out, "“The inn opens at noon.”") {
		t.Errorf("got %q", out)
	}
}

func TestAChatReadsOneMessageALine(t *testing.T) {
	t.Parallel()
	_, _, env := withProvider(t)
	c := begin(t, strings.NewReader("one\n\n  \ntwo"), env, "chat")
	if code := c.end(); code != exitFine {
		t.Errorf("it ends with %d: %s", code, c.err)
	}
	if c.out.String() != "You said: one\nYou said: two\n" {
		t.Errorf("got %q", c.out)
	}
}

func TestAChatGoesOnWithAConversation(t *testing.T) {
	t.Parallel()
	_, server, env := withProvider(t)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	c, err := connect(address(server), "the-secret-of-all-tests", &http.Client{Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	created, err := c.Conversation.Create(t.Context(), client.ConversationCreateRequest{})
	if err != nil {
		t.Fatal(err)
	}
	id := created.ID
	for _, args := range [][]string{
		{"chat", "one", "--conversation", id},
		{"chat", "two", "--conversation", id, "--url", address(server)},
		{"chat", "three", "--conversation", id, "--url", address(server) + "/", "--secret", "the-secret-of-all-tests"},
	} {
		run(t, exitFine, env, args...)
	}
	answers := 0
	for message, err := range c.Conversation.Message.All(t.Context(), id, client.ListRequest{}) {
		if err != nil {
			t.Fatal(err)
		}
		answers += strings.Count(message.Text, "You said: ")
	}
	if answers != 3 {
		t.Errorf("there are %d answers", answers)
	}
	_, refused := run(t, exitFailed, env, "chat", "four", "--conversation", "unknown")
	if refused == "" {
		t.Error("an unknown conversation is no failure")
	}
}

func TestAnAnswerThatFailsIsAFailure(t *testing.T) {
	t.Parallel()
	_, _, env := withProvider(t)
	out, failure := run(t, exitFailed, env, "chat", "fake:cut after=3")
	if out == "\n" || failure == "" {
		t.Errorf("got %q and %q", out, failure)
	}
	_, failure = run(t, exitFailed, env, "chat", "hello", "--url", "http://127.0.0.1:1", "--secret", "x", "--conversation", "y")
	if !strings.Contains(failure, "the server cannot be reached") || !strings.Contains(failure, "refused") || strings.Contains(failure, "/v1/") {
		t.Errorf("got %q", failure)
	}
}

func TestAChatSaysWhatTheModelCalls(t *testing.T) {
	t.Parallel()
	fake, _, env := withProvider(t)
	fake.Push(fakeprovider.Behaviour{Text: []string{"I look."}, Calls: []fakeprovider.Call{{ID: "k", Name: "look_up", Arguments: []string{"{}"}}}})
	out, noise := run(t, exitFine, env, "chat", "Hello")
	if !strings.HasPrefix(out, "I look.\nThe tool said: ") || !strings.HasSuffix(out, "\n") || !strings.Contains(noise, "(look_up)\n") {
		t.Errorf("got %q and %q", out, noise)
	}
}

func TestTheSecretOfAFileIsNotSentElsewhere(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("it was asked with %q", r.Header.Get("Authorization"))
	}))
	t.Cleanup(s.Close)
	file := filepath.Join(t.TempDir(), "parley.yaml")
	if err := os.WriteFile(file, []byte("secret: the-secret-of-this-server\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, said := run(t, exitFailed, nil, "chat", "hello", "--config", file, "--url", s.URL); !strings.Contains(said, "set PARLEY_SECRET") {
		t.Errorf("said %q", said)
	}
}

func TestWhatAServerSaysCannotSteerATerminal(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"message":"no\u001b]0;title\u0007 such\u009b2J model","code":"BAD_REQUEST"}`)
	}))
	t.Cleanup(s.Close)
	_, said := run(t, exitFailed, nil, "chat", "hello", "--url", s.URL, "--secret", "s")
	if said != "parley: no]0;title such2J model\n" {
		t.Errorf("got %q", said)
	}
}

func TestFlagsThatWouldDoNothingAreRefused(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"chat hi --secret s": "--url",
		"chat hi --url http://127.0.0.1:1 --secret s --tenant a/b": "--tenant",
		"chat hi --url 127.0.0.1:8787 --secret s":                  "http://",
		"chat hi --url ftp://127.0.0.1 --secret s":                 "http://",
	} {
		if _, err := run(t, exitFailed, nil, strings.Fields(line)...); !strings.Contains(err, want) {
			t.Errorf("parley %s says %q", line, err)
		}
	}
	if _, err := run(t, exitFailed, nil, "chat", " "); !strings.Contains(err, "empty") {
		t.Errorf("an empty message: %q", err)
	}
}

// mute is a server that takes every request and answers none.
func mute(t *testing.T, asked chan<- string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // then the server sees the caller go
		asked <- r.URL.Path
		<-r.Context().Done()
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestAnInterruptEndsTheWaitForAServerThatHangs(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 1)
	c := begin(t, strings.NewReader(""), nil, "chat", "--url", mute(t, asked), "--secret", "s")
	<-asked
	c.interrupts <- os.Interrupt
	if code := c.end(); code != exitFine || c.err.String() != "" {
		t.Errorf("it ends with %d: %s", code, c.err)
	}
}

func TestWhoLeavesAtOnceHasAskedForTheStop(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 2)
	c := begin(t, nil, nil, "chat", "hello", "--conversation", "x", "--url", mute(t, asked), "--secret", "s")
	<-asked
	c.interrupts <- os.Interrupt
	c.interrupts <- os.Interrupt
	if path := <-asked; path != "/api/v1/conversation/x/stop" {
		t.Errorf("it asked for %s", path)
	}
	c.interrupts <- os.Interrupt // the server does not answer this either
	if code := c.end(); code != exitFine {
		t.Errorf("it ends with %d: %s", code, c.err)
	}
}

func TestAnInterruptStopsTheAnswerAndAnotherLeaves(t *testing.T) {
	t.Parallel()
	provider, _, env := withProvider(t)
	hold := make(chan struct{})
	defer close(hold)
	provider.Push(
		fakeprovider.Behaviour{Text: []string{"first ", "never"}, After: 1, Hold: hold},
		fakeprovider.Behaviour{Text: []string{"second ", "never"}, After: 1, Hold: hold},
	)
	in, write := io.Pipe()
	c := begin(t, in, env, "chat")
	if _, err := io.WriteString(write, "go\n"); err != nil {
		t.Fatal(err)
	}
	c.out.await(t, "first")
	c.interrupts <- os.Interrupt
	c.err.await(t, "(stopped)")
	request, err := provider.Await(t.Context(), 1)
	if err != nil || !request.Cancelled(t.Context()) {
		t.Errorf("the provider was not told: %v", err)
	}
	if _, err := io.WriteString(write, "go on\n"); err != nil {
		t.Fatal(err)
	}
	c.out.await(t, "second")
	c.interrupts <- os.Interrupt
	c.interrupts <- os.Interrupt
	if code := c.end(); code != exitFine {
		t.Errorf("it ends with %d: %s", code, c.err)
	}
	if err := write.Close(); err != nil {
		t.Error(err)
	}
}

func TestAnInterruptBetweenAnswersLeaves(t *testing.T) {
	t.Parallel()
	_, _, env := withProvider(t)
	in, write := io.Pipe()
	c := begin(t, in, env, "chat")
	c.interrupts <- os.Interrupt
	if code := c.end(); code != exitFine {
		t.Errorf("it ends with %d: %s", code, c.err)
	}
	if err := write.Close(); err != nil {
		t.Error(err)
	}
}

// cutter is a proxy that breaks the connections of streams after some lines.
type cutter struct {
	proxy *httputil.ReverseProxy
	cuts  atomic.Int32 // how many are left
	after string       // the text after which a stream is cut
}

type cutWriter struct {
	http.ResponseWriter
	cutter *cutter
}

func (w *cutWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	if strings.Contains(string(p), w.cutter.after) && w.cutter.cuts.Add(-1) >= 0 {
		w.Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

func (w *cutWriter) Flush() { w.ResponseWriter.(http.Flusher).Flush() }

func (c *cutter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.proxy.ServeHTTP(&cutWriter{w, c}, r)
}

func TestACutConnectionCostsNoToken(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]string{
		"in the middle":       "word",
		"before any token":    "completeBegin",
		"just before the end": "completeEnd",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, server, env := withProvider(t)
			target, err := url.Parse(address(server))
			if err != nil {
				t.Fatal(err)
			}
			proxy := httputil.NewSingleHostReverseProxy(target)
			proxy.FlushInterval = -1
			transport := &http.Transport{}
			proxy.Transport = transport
			c := &cutter{proxy: proxy, after: after}
			c.cuts.Store(3)
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			front := &http.Server{Handler: c}
			served := make(chan error, 1)
			go func() { served <- front.Serve(listener) }()
			defer func() {
				_ = front.Close()
				<-served
				transport.CloseIdleConnections()
			}()

			plain, _ := run(t, exitFine, env, "chat", "fake:slow n=40 rate=200")
			out, noise := run(t, exitFine, env, "chat", "fake:slow n=40 rate=200", "--url", "http://"+listener.Addr().String())
			if out != plain || noise != "" || len(strings.Fields(out)) != 40 {
				t.Errorf("got %q and %q\nwant %q", out, noise, plain)
			}
			if c.cuts.Load() >= 3 {
				t.Error("nothing was cut")
			}
		})
	}
}

func TestAChatNamesTheSourcesOfAnAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/create") {
			_, _ = io.WriteString(w, `{"id":"c9"}`)
			return
		}
		_, _ = io.WriteString(w, `{"type":"token","data":{"token":"At noon [2], at ten [1][2]."}}`+"\n"+
			`{"type":"message","data":{"id":"m","type":"bot","text":"At noon [2], at ten [1][2].","meta":{"citations":[`+
			`{"number":2,"title":"Hours > Evening","source":"inn.md","offset":8,"length":3},{"number":1,"title":"inn\u001b[2J.md","source":"inn\u001b[2J.md"},{"number":2,"title":"Hours > Evening","source":"inn.md"}]}}}`+"\n"+
			`{"type":"message","data":{"id":"n","type":"bot","text":"","meta":{"citations":"none"}}}`+"\n"+
			`{"type":"result","data":{"text":"At noon [2], at ten [1][2].","end":{"reason":"stop"}}}`+"\n")
	}))
	t.Cleanup(server.Close)
	out, noise := run(t, exitFine, nil, "chat", "--url", server.URL, "--secret", "s", "hello")
	if out != "At noon [2], at ten [1][2].\n" || noise != "[1] inn[2J.md\n[2] Hours > Evening (inn.md)\n" {
		t.Errorf("%q and %q", out, noise)
	}
}
