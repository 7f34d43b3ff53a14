package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/client"
)

func TestALogTellsAllThatHappenedInAConversation(t *testing.T) {
	t.Parallel()
	c, ctx := connect(t), t.Context()
	id := converse(t, c)
	result, err := c.Conversation.Complete(ctx, id, say("fake:reasoning"))
	if err != nil {
		t.Fatal(err)
	}
	_, e1 := c.Conversation.Update(ctx, id, client.ConversationUpdateRequest{Name: client.Set("Lunch"), Privacy: client.Set(false)})
	_, e2 := c.Conversation.Message.Update(ctx, id, result.ID, client.MessageUpdateRequest{Text: client.Set("Soup."), Meta: client.Set(client.Meta{"a": 1})})
	_, e3 := c.Conversation.Message.Upvote(ctx, id, result.ID, client.VoteRequest{Value: client.Set(7), Reason: "good"})
	_, e4 := c.Conversation.Downvote(ctx, id, client.VoteRequest{})
	_, e5 := c.Conversation.Message.Delete(ctx, id, result.ID)
	if err := errors.Join(e1, e2, e3, e4, e5); err != nil {
		t.Fatal(err)
	}
	page, err := c.Conversation.Events(ctx, id, client.EventsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[client.EventKind]int{}
	var votes []client.RatingEvent
	for _, event := range page.Items {
		info := event.Info()
		seen[info.Kind]++
		if info.At.IsZero() {
			t.Errorf("%s has no time", info.Kind)
		}
		switch e := event.(type) {
		case client.TurnBeginEvent:
			if e.ID == "" || e.ID != info.Turn {
				t.Errorf("got %+v", e)
			}
		case client.ConversationUpdatedEvent:
			if private, ok := e.Conversation.Privacy.Get(); e.Conversation.Name.Or("") != "Lunch" || private || !ok {
				t.Errorf("got %+v", e)
			}
		case client.MessageUpdatedEvent:
			if e.ID != result.ID || e.Type != client.MessageBot {
				t.Errorf("got %+v", e)
			}
		case client.MessageDeletedEvent:
			if e.ID != result.ID {
				t.Errorf("got %+v", e)
			}
		case client.RatingEvent:
			votes = append(votes, e)
		case client.UnknownEvent:
			t.Errorf("%s is unknown: %s", info.Kind, e.Data)
		}
	}
	for _, kind := range []client.EventKind{
		client.EventTurnBegin, client.EventCompleteBegin, client.EventReasoningToken, client.EventToken, client.EventMessage, client.EventUsage,
		client.EventCompleteEnd, client.EventResult, client.EventConversationUpdated, client.EventMessageUpdated, client.EventMessageDeleted,
	} {
		if seen[kind] == 0 {
			t.Errorf("there is no %s", kind)
		}
	}
	if len(votes) != 2 || votes[0].MessageID != result.ID || votes[0].Value != 7 || votes[0].Reason != "good" || votes[1].MessageID != "" || votes[1].Value != -100 {
		t.Errorf("the votes are %+v", votes)
	}
	half, err := c.Conversation.Events(ctx, id, client.EventsRequest{Take: 3})
	if err != nil || half.Cursor >= page.Cursor || half.Cursor == 0 {
		t.Errorf("a page of three ends at %d, %v", half.Cursor, err)
	}
}

// lines answers every request with some.
func lines(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { flush(w, text) }
}

func TestEventsOfAnyKindAreReadAndCanBePassedOn(t *testing.T) {
	t.Parallel()
	const log = `{"type":"restarted","data":{"from":3,"to":1000002},"seq":1000002,"createdAt":1}
{"type":"waitForChannelMessageBegin","data":{"channel":"weather-0123456789","function":{"name":"weather","args":{"at":"sea"}}},"seq":1000003}
{"type":"abort","data":{"reason":"stopped","functionName":"weather"},"seq":1000004}
{"type":"newer","data":[1],"seq":1000005}
{"type":"bare"}
{"type":"conversationDeleted","data":{"id":"c1"}}
`
	c := handled(t, lines(log))
	var got []client.Event
	var passed bytes.Buffer
	for event, err := range c.Conversation.EventStream(t.Context(), "c1", client.EventStreamRequest{Live: true}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, event)
		if err := json.NewEncoder(&passed).Encode(event); err != nil {
			t.Error(err)
		}
	}
	if len(got) != 6 {
		t.Fatalf("got %+v", got)
	}
	if want := strings.Replace(log, `"bare"`, `"bare","data":{}`, 1); passed.String() != want {
		t.Errorf("passed on, it is %s\nwant %s", &passed, want)
	}
	if e, ok := got[0].(client.RestartedEvent); !ok || e.From != 3 || e.To != 1000002 || e.Seq != 1000002 || e.At.UnixMilli() != 1 {
		t.Errorf("got %+v", got[0])
	}
	if e, ok := got[1].(client.ChannelWaitEvent); !ok || e.Kind != client.EventChannelWaitBegin || e.Function.Name != "weather" || string(e.Function.Args) != `{"at":"sea"}` {
		t.Errorf("got %+v", got[1])
	}
	if e, ok := got[2].(client.AbortEvent); !ok || e.Reason != "stopped" || e.FunctionName != "weather" {
		t.Errorf("got %+v", got[2])
	}
	if e, ok := got[3].(client.UnknownEvent); !ok || string(e.Data) != "[1]" || e.Kind != "newer" {
		t.Errorf("got %+v", got[3])
	}
	if e, ok := got[5].(client.ConversationDeletedEvent); !ok || e.ID != "c1" {
		t.Errorf("got %+v", got[5])
	}
}

func TestALogWhoseTokenEndsIsAnError(t *testing.T) {
	t.Parallel()
	c := handled(t, lines(`{"type":"error","data":{"message":"no more","code":"NOT_AUTHENTICATED"}}`+"\n"))
	for _, err := range c.Conversation.EventStream(t.Context(), "c1", client.EventStreamRequest{Live: true}) {
		if refused, ok := errors.AsType[*client.Error](err); !ok || refused.Code != client.CodeNotAuthenticated {
			t.Errorf("got %v", err)
		}
	}
}

func TestAListThatDoesNotEndWellIsAnError(t *testing.T) {
	t.Parallel()
	item := `{"type":"item","data":{"id":"c1"}}` + "\n"
	for name, handle := range map[string]http.HandlerFunc{
		"an error line":   lines(item + `{"type":"error","data":{"message":"out of luck","code":"BAD_GATEWAY"}}` + "\n"),
		"half a line":     lines(item + `{"type":"item"`),
		"another item":    lines(item + `{"type":"item","data":7}` + "\n"),
		"no line":         lines(item + "<html>\n"),
		"a cut":           func(w http.ResponseWriter, _ *http.Request) { flush(w, item); panic(http.ErrAbortHandler) },
		"a line to pass":  lines(item + `{"type":"hint","data":{}}` + "\n" + "<\n"),
		"a last bad line": lines(item + "{}x"),
	} {
		c := handled(t, handle)
		var ids []string
		var failed error
		for item, err := range c.Conversation.ListStream(t.Context(), client.ListRequest{}) {
			if failed = err; err == nil {
				ids = append(ids, item.ID)
			}
		}
		if failed == nil || !slices.Equal(ids, []string{"c1"}) {
			t.Errorf("%s: got %q, %v", name, ids, failed)
		}
	}
}

func TestAPageThatPointsToItselfEndsTheList(t *testing.T) {
	t.Parallel()
	c := handled(t, lines(`{"items":[{"id":"c1"}],"cursor":"x"}`))
	var failed error
	n := 0
	for _, err := range c.Conversation.All(t.Context(), client.ListRequest{}) {
		failed = err
		n++
	}
	if failed == nil || n != 3 {
		t.Errorf("%d items, %v", n, failed)
	}
}

func TestATableIsReadAsItComes(t *testing.T) {
	t.Parallel()
	c := handled(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept") != "text/csv" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		flush(w, "id\nc1\n")
	})
	table, err := c.Conversation.ExportCSV(t.Context(), client.ListRequest{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(table)
	if err := errors.Join(err, table.Close()); err != nil || !strings.HasSuffix(string(text), "c1\n") {
		t.Errorf("got %q, %v", text, err)
	}
	if _, err := connect(t, client.WithSecret("wrong")).Conversation.ExportCSV(t.Context(), client.ListRequest{}); err == nil {
		t.Error("a wrong token gets a table")
	}
}
