package client_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/parleyhq/parley/client"
	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

// cutter is a proxy before the shared server that breaks connections: after
// each write that holds its text, as often as it may.
type cutter struct {
	proxy *httputil.ReverseProxy
	after string
	cuts  atomic.Int32 // how many are left
	posts atomic.Int32
}

type cutWriter struct {
	http.ResponseWriter
	*cutter
}

func (w *cutWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	if strings.Contains(string(p), w.after) && w.cuts.Add(-1) >= 0 {
		w.Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

func (w *cutWriter) Flush() { w.ResponseWriter.(http.Flusher).Flush() }

func (c *cutter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/complete") {
		c.posts.Add(1)
	}
	c.proxy.ServeHTTP(&cutWriter{w, c}, r)
}

// cutting makes a client whose connections to a server break after a text, n
// times.
func cutting(t *testing.T, server, after string, n int32, options ...client.Option) (*client.Client, *cutter) {
	t.Helper()
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{proxy: httputil.NewSingleHostReverseProxy(target), after: after}
	transport := &http.Transport{}
	c.proxy.Transport, c.proxy.FlushInterval, c.proxy.ErrorLog = transport, -1, log.New(io.Discard, "", 0)
	c.cuts.Store(n)
	front := httptest.NewServer(c)
	t.Cleanup(func() {
		front.Close()
		transport.CloseIdleConnections()
	})
	return connect(t, append([]client.Option{client.WithBaseURL(front.URL)}, options...)...), c
}

// script is a stream as lines that can be compared: its kinds and texts.
// Pieces are joined, for a log may hold several in one.
func script(t *testing.T, s *client.Stream) (lines []string) {
	t.Helper()
	for event, err := range s.Events() {
		if err != nil {
			t.Fatal(err)
		}
		switch e := event.(type) {
		case client.TokenEvent:
			if n := len(lines) - 1; n >= 0 && strings.HasPrefix(lines[n], "token ") {
				lines[n] += e.Token
				continue
			}
			lines = append(lines, "token "+e.Token)
		case client.MessageEvent:
			lines = append(lines, fmt.Sprintf("message %s %s", e.Message.Type, e.Message.Text))
		case client.ResultEvent:
			lines = append(lines, fmt.Sprintf("result %s %s", e.Result.End.Reason, e.Result.Text))
		default:
			lines = append(lines, string(e.Info().Kind))
		}
	}
	return lines
}

func TestACutStreamGoesOnAndGivesEachPieceOnce(t *testing.T) {
	t.Parallel()
	const ask = "fake:slow n=40 rate=400"
	plain := connect(t)
	want := script(t, plain.Conversation.CompleteStream(t.Context(), converse(t, plain), say(ask)))
	if len(want) != 6 || strings.Count(want[1], "word") != 40 {
		t.Fatalf("an uncut stream is %q", want)
	}
	for name, after := range map[string]string{
		"at its beginning":       "completeBegin",
		"in the middle":          "word",
		"behind the message":     `"type":"bot"`,
		"before the last line":   "completeEnd",
		"behind the last number": "usage",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, cutter := cutting(t, baseURL, after, 5)
			id := converse(t, c)
			got := script(t, c.Conversation.CompleteStream(t.Context(), id, say(ask)))
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("got %q\nwant %q", got, want)
			}
			if cutter.cuts.Load() >= 5 || cutter.posts.Load() != 1 {
				t.Errorf("%d cuts are left, and it was asked %d times", cutter.cuts.Load(), cutter.posts.Load())
			}
			page, err := c.Conversation.Message.List(t.Context(), id, client.ListRequest{})
			if err != nil || len(page.Items) != 2 {
				t.Errorf("there are %d messages, %v", len(page.Items), err)
			}
		})
	}
}

// What other people do in the conversation meanwhile is not part of the turn.
func TestAResumedStreamHoldsNothingOfOtherTurns(t *testing.T) {
	t.Parallel()
	server, provider := serve(t)
	c, cutter := cutting(t, server, "one", 1)
	plain := connect(t, client.WithBaseURL(server))
	id := converse(t, c)
	hold := make(chan struct{})
	provider.Push(fakeprovider.Behaviour{Text: []string{"one ", "two"}, After: 1, Hold: hold})
	var text strings.Builder
	for event, err := range c.Conversation.CompleteStream(t.Context(), id, say("first")).Events() {
		if err != nil {
			t.Fatal(err)
		}
		switch e := event.(type) {
		case client.MessageEvent:
			if e.Message.Type != client.MessageBot {
				t.Errorf("got a message of %s", e.Message.Type)
			}
		case client.TokenEvent:
			if text.WriteString(e.Token); e.Token != "one " {
				continue
			}
			if _, err := plain.Conversation.Send(t.Context(), id, client.SendRequest{Text: "by the way"}); err != nil {
				t.Error(err)
			}
			if _, err := plain.Conversation.Update(t.Context(), id, client.ConversationUpdateRequest{Name: client.Set("one")}); err != nil {
				t.Error(err)
			}
			close(hold)
		case client.CompleteBeginEvent, client.CompleteEndEvent, client.UsageEvent, client.ResultEvent:
		default:
			t.Errorf("got %T", e)
		}
	}
	if cutter.cuts.Load() > 0 {
		t.Error("nothing was cut")
	}
	if text.String() != "one two" {
		t.Errorf("got %q", &text)
	}
}

// A queued turn has shown nothing yet, so its request can be made again.
func TestAStreamThatIsCutBeforeItsFirstLineJoinsItsTurn(t *testing.T) {
	t.Parallel()
	var cuts atomic.Int32
	target, err := url.Parse(baseURL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	transport := &http.Transport{}
	proxy.Transport, proxy.FlushInterval, proxy.ErrorLog = transport, -1, log.New(io.Discard, "", 0)
	proxy.ModifyResponse = func(r *http.Response) error {
		if strings.HasSuffix(r.Request.URL.Path, "/complete") && cuts.Add(1) == 1 {
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(strings.NewReader(" "), broken{}), r.Body}
		}
		return nil
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(func() { server.Close(); transport.CloseIdleConnections() })
	c := connect(t, client.WithBaseURL(server.URL))
	id := converse(t, c)
	result, err := c.Conversation.CompleteStream(t.Context(), id, say("hello")).Wait()
	if err != nil || result.Text != "You said: hello" || cuts.Load() != 2 {
		t.Errorf("got %v, %v after %d requests", result, err, cuts.Load())
	}
	page, err := c.Conversation.Message.List(t.Context(), id, client.ListRequest{})
	if err != nil || len(page.Items) != 2 {
		t.Errorf("there are %d messages, %v", len(page.Items), err)
	}
}

func TestWithoutResumesACutIsAnError(t *testing.T) {
	t.Parallel()
	c, _ := cutting(t, baseURL, "word", 1, client.WithResumes(0))
	_, err := c.Conversation.CompleteStream(t.Context(), converse(t, c), say("fake:slow n=40 rate=400")).Wait()
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}
