package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/client"
)

// handled makes a client of a server that a test writes itself.
func handled(t *testing.T, handle http.HandlerFunc, options ...client.Option) *client.Client {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return connect(t, append([]client.Option{client.WithBaseURL(server.URL)}, options...)...)
}

// flush sends text at once.
func flush(w http.ResponseWriter, text string) {
	_, _ = io.WriteString(w, text)
	_ = http.NewResponseController(w).Flush()
}

const (
	lineBegin  = `{"type":"completeBegin","data":{},"seq":5}` + "\n"
	lineToken  = `{"type":"token","data":{"token":"one "},"seq":6}` + "\n"
	lineResult = `{"type":"result","data":{"id":"m","text":"one two","usage":{"token":3},"end":{"reason":"stop"}},"seq":9}` + "\n"
)

func TestWhoLeavesAStreamEarlyClosesItsConnection(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	c := handled(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		flush(w, lineBegin+lineToken)
		<-r.Context().Done()
		close(gone)
	})
	stream := c.Conversation.CompleteStream(t.Context(), "c1", say("hi"))
	for token, err := range stream.Text() {
		if token != "one " || err != nil {
			t.Errorf("got %q, %v", token, err)
		}
		break
	}
	<-gone
	if stream.Result() != nil {
		t.Error("a stream that was left has a result")
	}
	if _, err := stream.Wait(); !errors.Is(err, client.ErrStreamRead) {
		t.Errorf("a second reader gets %v", err)
	}
}

// One turn after the other needs one connection, and no new greeting of its
// server each time; also where the end of an answer comes behind its last line.
func TestAStreamThatWasReadLeavesItsConnectionToTheNext(t *testing.T) {
	t.Parallel()
	var opened atomic.Int32
	seen := make(chan struct{}, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		flush(w, lineBegin+lineToken+lineResult)
		select {
		case <-seen:
		case <-r.Context().Done():
		}
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	c := connect(t, client.WithBaseURL(server.URL))
	for _, leave := range []bool{false, true, false} { // the result is the end all the same
		for event, err := range c.Conversation.CompleteStream(t.Context(), "c1", say("hi")).Events() {
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := event.(client.ResultEvent); ok {
				seen <- struct{}{}
				if leave {
					break
				}
			}
		}
	}
	if opened.Load() != 1 {
		t.Errorf("three turns took %d connections", opened.Load())
	}
}

// silence is a connection that says nothing more until its request ends.
type silence struct{ done <-chan struct{} }

func (s silence) Read([]byte) (int, error) {
	<-s.done
	return 0, context.Canceled
}

// The result is the last line, so nobody waits long for what stands behind it.
func TestAServerThatDoesNotEndItsAnswerHoldsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		open := func(r *http.Request) (*http.Response, error) {
			resp, err := status(200, "")(r)
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(lineBegin+lineToken+lineResult), silence{r.Context().Done()}))
			return resp, err
		}
		begun := time.Now()
		result, err := scripted(t, &answers{all: []response{open}}).Conversation.CompleteStream(t.Context(), "c1", say("hi")).Wait()
		if err != nil || result.Text != "one two" || time.Since(begun) > 5*time.Second {
			t.Errorf("after %v: %+v, %v", time.Since(begun), result, err)
		}
	})
}

func TestAStreamEndsWithItsContext(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	c := handled(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		flush(w, lineBegin+lineToken)
		<-r.Context().Done()
		close(gone)
	})
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var failed error
	for _, err := range c.Conversation.CompleteStream(ctx, "c1", say("hi")).Text() {
		cancel(why)
		failed = err
	}
	if <-gone; !errors.Is(failed, why) {
		t.Errorf("got %v", failed)
	}
}

// A connection may die without a word. The server would have sent blanks.
func TestAConnectionThatIsSilentCountsAsLost(t *testing.T) {
	t.Parallel()
	var resumed atomic.Int32
	c := handled(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.Method == http.MethodPost {
			flush(w, lineBegin+lineToken)
			<-r.Context().Done()
			return
		}
		if resumed.Add(1) == 1 {
			flush(w, strings.ReplaceAll(lineToken, `"seq"`, `"turn":"t","seq"`))
			<-r.Context().Done()
			return
		}
		if after := r.URL.Query().Get("after"); after != "6" {
			t.Errorf("it goes on after %s", after)
		}
		flush(w, `{"type":"token","data":{"token":"of another"},"seq":7,"turn":"u"}`+"\n"+
			`{"type":"token","data":{"token":"two"},"seq":8,"turn":"t"}`+"\n"+strings.ReplaceAll(lineResult, `"seq"`, `"turn":"t","seq"`))
	}, client.WithIdleTimeout(100*time.Millisecond))
	var text strings.Builder
	for token, err := range c.Conversation.CompleteStream(t.Context(), "c1", say("hi")).Text() {
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString(token)
	}
	if text.String() != "one two" {
		t.Errorf("got %q", &text)
	}
}

func TestAStreamIsGivenUpInTheEnd(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	c := handled(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if asked.Add(1) == 1 {
			flush(w, lineBegin)
		}
		panic(http.ErrAbortHandler)
	}, client.WithResumes(2))
	_, err := c.Conversation.CompleteStream(t.Context(), "c1", say("hi")).Wait()
	if err == nil || asked.Load() < 3 {
		t.Errorf("%d requests, %v", asked.Load(), err)
	}
}

func TestWhatCannotBeResumedIsAnError(t *testing.T) {
	t.Parallel()
	for name, log := range map[string]string{
		"the conversation is gone":   `{"type":"conversationDeleted","data":{"id":"c1"}}`,
		"the token works no more":    `{"type":"error","data":{"message":"no more","code":"NOT_AUTHENTICATED"}}`,
		"the log does not name it":   strings.TrimSpace(lineToken),
		"the log begins behind it":   `{"type":"token","data":{"token":"x"},"seq":7,"turn":"t"}`,
		"the log cannot be read":     `<html>`,
		"the event cannot be read":   `{"type":"token","data":{"token":"one "},"seq":6,"turn":"t"}` + "\n" + `{"type":"token","data":[],"seq":7,"turn":"t"}`,
		"the result cannot be read":  `{"type":"token","data":{"token":"one "},"seq":6,"turn":"t"}` + "\n" + `{"type":"result","data":7,"seq":7,"turn":"t"}`,
		"the message cannot be read": `{"type":"token","data":{"token":"one "},"seq":6,"turn":"t"}` + "\n" + `{"type":"message","data":7,"seq":7,"turn":"t"}` + "\n<",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := handled(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if r.Method == http.MethodPost {
					flush(w, lineBegin+lineToken)
					panic(http.ErrAbortHandler)
				}
				flush(w, log+"\n"+lineToken)
			})
			var text strings.Builder
			var failed error
			for token, err := range c.Conversation.CompleteStream(t.Context(), "c1", say("hi")).Text() {
				text.WriteString(token)
				failed = err
			}
			if failed == nil || text.String() != "one " {
				t.Errorf("got %q, %v", &text, failed)
			}
		})
	}
}

func TestATurnThatFailsIsAnErrorAndLeavesWhatThereIs(t *testing.T) {
	t.Parallel()
	c := connect(t)
	id := converse(t, c)
	check := func(result *client.Result, err error) {
		t.Helper()
		failed, ok := errors.AsType[*client.Error](err)
		if !ok || failed.Status != http.StatusOK || failed.Code == "" || failed.Message == "" {
			t.Errorf("the error is %#v", err)
		}
		if result == nil || result.Text == "" || result.End.Reason != client.EndError {
			t.Errorf("the result is %+v", result)
		}
	}
	check(c.Conversation.Complete(t.Context(), id, say("fake:cut after=3")))
	check(c.Conversation.CompleteStream(t.Context(), id, say("fake:cut after=3")).Wait())
}

// A server of older days ends a failed stream with the error.
func TestAnErrorLineWithoutAResultIsTheError(t *testing.T) {
	t.Parallel()
	c := handled(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		flush(w, `{"type":"error","data":{"message":"out of luck","code":"BAD_GATEWAY"}}`+"\n")
	})
	_, err := c.Conversation.CompleteStream(t.Context(), "c1", say("hi")).Wait()
	if failed, ok := errors.AsType[*client.Error](err); !ok || failed.Code != client.CodeBadGateway || failed.Message != "out of luck" {
		t.Errorf("got %v", err)
	}
}

// The server begins a slow answer before it has one, so it can break.
func TestAnAnswerThatIsCutJoinsItsTurn(t *testing.T) {
	t.Parallel()
	c, cutter := cutting(t, baseURL, `"usage"`, 1)
	id := converse(t, c)
	result, err := c.Conversation.Complete(t.Context(), id, say("hello"))
	if err != nil || result.Text != "You said: hello" {
		t.Errorf("got %+v, %v", result, err)
	}
	page, err := c.Conversation.Message.List(t.Context(), id, client.ListRequest{})
	if err != nil || len(page.Items) != 2 || cutter.cuts.Load() > 0 {
		t.Errorf("there are %d messages, %v; %d cuts are left", len(page.Items), err, cutter.cuts.Load())
	}
}

func TestALogIsFollowedOverCutConnections(t *testing.T) {
	t.Parallel()
	plain := connect(t)
	id := converse(t, plain)
	if _, err := plain.Conversation.Complete(t.Context(), id, say("fake:slow n=20 rate=0")); err != nil {
		t.Fatal(err)
	}
	read := func(c *client.Client, live bool) (seen []string) {
		for event, err := range c.Conversation.EventStream(t.Context(), id, client.EventStreamRequest{Live: live}) {
			if err != nil {
				t.Fatal(err)
			}
			info := event.Info()
			seen = append(seen, fmt.Sprintf("%d %s", info.Seq, info.Kind))
			if info.Kind == client.EventResult {
				break
			}
		}
		return seen
	}
	want := read(plain, false)
	if len(want) < 7 {
		t.Fatalf("the log is %q", want)
	}
	for _, live := range []bool{false, true} {
		for _, after := range []string{"turnBegin", "word", "completeEnd"} {
			c, cutter := cutting(t, baseURL, after, 3)
			if got := read(c, live); strings.Join(got, "\n") != strings.Join(want, "\n") || cutter.cuts.Load() == 3 {
				t.Errorf("cut after %s: got %q\nwant %q", after, got, want)
			}
		}
	}
}
