package client_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/client"
)

// cuttingServer answers each subscription with the next of some bodies, and
// breaks the connection after it.
func cuttingServer(t *testing.T, bodies ...string) (server *httptest.Server, asked *[]string) {
	t.Helper()
	asked = new([]string)
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*asked = append(*asked, string(body))
		w.Header().Set("Content-Type", "application/jsonl")
		if len(bodies) == 0 {
			return // a clean end
		}
		_, _ = io.WriteString(w, bodies[0])
		bodies = bodies[1:]
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(server.Close)
	return server, asked
}

// received reads a subscription to its end, as numbers.
func received(t *testing.T, c *client.Client, channel string, in client.ChannelSubscribeRequest) (seqs []int64, err error) {
	t.Helper()
	for m, err := range c.Channel.Subscribe(t.Context(), channel, in) {
		if err != nil {
			return seqs, err
		}
		seqs = append(seqs, m.Seq)
	}
	return seqs, nil
}

func TestASubscriptionGoesOnOverALostConnection(t *testing.T) {
	t.Parallel()
	subscribed := `{"type":"subscribe","data":{"id":"c"}}` + "\n"
	message := func(seq int) string { return fmt.Sprintf(`{"type":"message","data":{},"seq":%d}`+"\n", seq) }
	server, asked := cuttingServer(t, subscribed+message(7)+" "+message(8), subscribed+message(9)+`{"type":"mess`)
	c := connect(t, client.WithBaseURL(server.URL))
	seqs, err := received(t, c, "channel-0123456789", client.ChannelSubscribeRequest{HistoryLength: 2})
	if err != nil || !slices.Equal(seqs, []int64{7, 8, 9}) {
		t.Fatalf("got %v, %v", seqs, err)
	}
	if want := []string{`{"historyLength":2}`, `{"after":8}`, `{"after":9}`}; !slices.Equal(*asked, want) {
		t.Errorf("asked %q, want %q", *asked, want)
	}
}

func TestASubscriptionBehindANumberGoesOnBeforeItsFirstMessage(t *testing.T) {
	t.Parallel()
	subscribed := `{"type":"subscribe","data":{"id":"c"}}` + "\n"
	server, asked := cuttingServer(t, subscribed, subscribed+`{"type":"message","data":{},"seq":5}`+"\n")
	c := connect(t, client.WithBaseURL(server.URL))
	seqs, err := received(t, c, "channel-0123456789", client.ChannelSubscribeRequest{After: client.Set[int64](4)})
	if err != nil || !slices.Equal(seqs, []int64{5}) {
		t.Fatalf("got %v, %v", seqs, err)
	}
	if want := []string{`{"after":4}`, `{"after":4}`, `{"after":5}`}; !slices.Equal(*asked, want) {
		t.Errorf("asked %q, want %q", *asked, want)
	}
}

func TestASubscriptionThatBreaksBeforeItsFirstNumberIsAnError(t *testing.T) {
	t.Parallel()
	server, asked := cuttingServer(t, `{"type":"subscribe","data":{"id":"c"}}`+"\n")
	c := connect(t, client.WithBaseURL(server.URL))
	seqs, err := received(t, c, "channel-0123456789", client.ChannelSubscribeRequest{})
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(seqs) > 0 || len(*asked) != 1 {
		t.Errorf("got %v, %v after %d requests", seqs, err, len(*asked))
	}
}

func TestChannelsRefuseWhatTheyCannotBe(t *testing.T) {
	t.Parallel()
	c := connect(t)
	for _, id := range []string{"", ".", "..", "short", "blank 0123456789abc", strings.Repeat("x", 257)} {
		if _, err := c.Channel.Publish(t.Context(), id, client.ChannelPublishRequest{Message: 1}); err == nil {
			t.Errorf("%q is a channel", id)
		}
		if _, err := received(t, c, id, client.ChannelSubscribeRequest{}); err == nil {
			t.Errorf("%q is a channel", id)
		}
	}
	_, err := c.Channel.Publish(t.Context(), "channel-0123456789", client.ChannelPublishRequest{})
	if refused, ok := errors.AsType[*client.Error](err); !ok || refused.Status != 400 || !strings.Contains(refused.Message, "message") {
		t.Errorf("no message: %v", err)
	}
}

func TestADispatchedTurnIsReadOverLostConnections(t *testing.T) {
	t.Parallel()
	message := func(seq int, inner string) string {
		return fmt.Sprintf(`{"type":"message","data":%s,"seq":%d}`+"\n", inner, seq)
	}
	subscribed := `{"type":"subscribe","data":{"id":"c"}}` + "\n"
	begin, one, two := `{"type":"completeBegin","data":{}}`, `{"type":"token","data":{"token":"One, "}}`, `{"type":"token","data":{"token":"two."}}`
	result := `{"type":"result","data":{"text":"One, two.","usage":{"token":1},"end":{"reason":"stop"}}}`
	server, asked := cuttingServer(t, subscribed, subscribed+message(1, begin)+message(2, one), subscribed+message(3, two)+message(4, result))
	c := connect(t, client.WithBaseURL(server.URL))
	text := ""
	stream := c.Channel.TurnStream(t.Context(), "channel-0123456789")
	for token, err := range stream.Text() {
		if err != nil {
			t.Fatal(err)
		}
		text += token
	}
	if text != "One, two." || stream.Result() == nil || stream.Result().End.Reason != client.EndStop {
		t.Errorf("got %q and %+v", text, stream.Result())
	}
	if want := []string{`{}`, `{}`, `{"after":2}`}; !slices.Equal(*asked, want) {
		t.Errorf("asked %q, want %q", *asked, want)
	}
}

func TestATurnStreamWithoutAResultIsAnError(t *testing.T) {
	t.Parallel()
	server, _ := cuttingServer(t)
	c := connect(t, client.WithBaseURL(server.URL))
	if _, err := c.Channel.TurnStream(t.Context(), "channel-0123456789").Wait(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a turn without an end: %v", err)
	}
	c = connect(t)
	if _, err := c.Channel.TurnStream(t.Context(), "short").Wait(); err == nil {
		t.Error("a channel that cannot be gives no error")
	}
}
