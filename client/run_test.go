package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/client"
)

// caller is a server whose model calls functions: it answers each turn with the
// next list of calls, by their names, and at last with a text.
type caller struct {
	mu     sync.Mutex
	turns  [][]string
	asked  []string // bodies of the turns
	stored []string // bodies of new messages
}

func (c *caller) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	if strings.HasSuffix(r.URL.Path, "/message/create") {
		c.stored = append(c.stored, string(body))
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"m","entities":[]}`)
		return
	}
	c.asked = append(c.asked, string(body))
	w.Header().Set("Content-Type", "application/jsonl")
	flush(w, `{"type":"completeBegin","data":{},"seq":1}`+"\n")
	if len(c.turns) == 0 {
		flush(w, `{"type":"token","data":{"token":"Done."},"seq":2}`+"\n"+
			`{"type":"result","data":{"id":"m","text":"Done.","usage":{"token":3},"end":{"reason":"stop"}},"seq":3}`+"\n")
		return
	}
	for i, name := range c.turns[0] {
		flush(w, fmt.Sprintf(`{"type":"message","data":{"id":"m","type":"activity","text":"","meta":{"activity":{"type":"request","function":{"name":%q,"arguments":{"n":%d},"id":"k%d"}}}},"seq":%d}`+"\n", name, i, i, i+2))
	}
	c.turns = c.turns[1:]
	flush(w, `{"type":"result","data":{"id":"m","text":"","usage":{"token":3},"end":{"reason":"activity"}},"seq":99}`+"\n")
}

func tools() []client.Tool {
	double := client.Typed(func(_ context.Context, in struct{ N int }) (any, error) {
		if in.N == 2 {
			return nil, errors.New("2 is too much")
		}
		return map[string]int{"twice": 2 * in.N}, nil
	})
	return []client.Tool{{Name: "double", Description: "Doubles", Handle: double}}
}

func TestARunCarriesOutItsToolsUntilTheModelIsDone(t *testing.T) {
	t.Parallel()
	server := &caller{turns: [][]string{{"double", "double", "double"}, {"double"}}}
	c := handled(t, server.ServeHTTP)
	in := client.RunRequest{CompleteRequest: say("Go"), Tools: tools()}
	result, err := c.Conversation.Run(t.Context(), "c1", in)
	if err != nil || result.Text != "Done." || result.End.Reason != client.EndStop {
		t.Fatalf("%+v, %v", result, err)
	}
	if len(server.asked) != 3 || !strings.Contains(server.asked[0], `"text":"Go"`) || !strings.Contains(server.asked[0], `"name":"double"`) {
		t.Errorf("asked: %s", server.asked)
	}
	for _, body := range server.asked[1:] {
		if strings.Contains(body, `"text"`) || !strings.Contains(body, `"name":"double"`) {
			t.Errorf("a later turn: %s", body)
		}
	}
	want := []string{`{"twice":0}`, `{"twice":2}`, `{"error":"2 is too much"}`, `{"twice":0}`}
	if len(server.stored) != len(want) {
		t.Fatalf("stored: %s", server.stored)
	}
	for i, body := range server.stored {
		var m client.Message
		if err := json.Unmarshal([]byte(body), &m); err != nil {
			t.Fatal(err)
		}
		a, ok := m.Activity()
		if !ok || a.Type != client.ActivityResponse || a.Function.Result != want[i] || a.Function.ID != fmt.Sprintf("k%d", i%3) {
			t.Errorf("response %d: %s", i, body)
		}
	}
}

func TestARunLeavesFunctionsThatAreNotItsOwnToItsCaller(t *testing.T) {
	t.Parallel()
	server := &caller{turns: [][]string{{"double", "ask"}}}
	c := handled(t, server.ServeHTTP)
	in := client.RunRequest{CompleteRequest: say("Go"), Tools: tools()}
	in.Functions = []client.Function{{Name: "ask"}}
	result, err := c.Conversation.Run(t.Context(), "c1", in)
	if err != nil || result.End.Reason != client.EndActivity || len(server.asked) != 1 || len(server.stored) != 1 {
		t.Errorf("%+v, %v: %s %s", result, err, server.asked, server.stored)
	}
	if len(in.Functions) != 1 {
		t.Error("the request of the caller was changed")
	}
}

func TestARunEndsAfterItsLastRound(t *testing.T) {
	t.Parallel()
	server := &caller{turns: [][]string{{"double"}, {"double"}, {"double"}, {"double"}}}
	c := handled(t, server.ServeHTTP)
	_, err := c.Conversation.Run(t.Context(), "c1", client.RunRequest{CompleteRequest: say("Go"), Tools: tools(), Rounds: 2})
	if !errors.Is(err, client.ErrRounds) || len(server.asked) != 3 {
		t.Errorf("%v after %d turns", err, len(server.asked))
	}
}

func TestARunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	server := &caller{turns: [][]string{{"wait"}}}
	c := handled(t, server.ServeHTTP)
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	_, err := c.Conversation.Run(ctx, "c1", client.RunRequest{CompleteRequest: say("Go"), Tools: []client.Tool{{
		Name: "wait",
		Handle: func(ctx context.Context, _ json.RawMessage) (any, error) {
			cancel(enough)
			<-ctx.Done()
			return nil, ctx.Err()
		},
	}}})
	if !errors.Is(err, enough) || len(server.stored) != 0 {
		t.Errorf("%v, stored %s", err, server.stored)
	}
}

// A function that the model has to call last ends a turn, and so the run.
func TestARunEndsWithTheCallThatEndsItsTurn(t *testing.T) {
	t.Parallel()
	c := connect(t)
	id := converse(t, c)
	calls := 0
	report := client.Tool{Name: "report", Call: &client.FunctionForce{End: true}, Handle: func(context.Context, json.RawMessage) (any, error) {
		calls++
		return "kept", nil
	}}
	result, err := c.Conversation.Run(t.Context(), id, client.RunRequest{CompleteRequest: say("Go"), Tools: []client.Tool{report}})
	if err != nil || result.End.Reason != client.EndActivity || calls != 1 {
		t.Errorf("%+v, %v after %d calls", result, err, calls)
	}
	var kinds []string
	for m, err := range c.Conversation.Message.All(t.Context(), id, client.ListRequest{}) {
		must(t, err)
		a, _ := m.Activity()
		kinds = append(kinds, string(m.Type)+string(a.Type)+a.Function.Result)
	}
	if got := strings.Join(kinds, " "); got != `user bot activityrequest activityresponse"kept"` {
		t.Errorf("the conversation has %s", got)
	}
}

func TestARunHasNoKeyOfItsCallers(t *testing.T) {
	t.Parallel()
	server := &caller{}
	c := handled(t, server.ServeHTTP)
	_, err := c.Conversation.Run(t.Context(), "c1", client.RunRequest{CompleteRequest: say("Go")}, client.WithIdempotencyKey("k"))
	if err == nil || len(server.asked) != 0 {
		t.Errorf("%v, asked %s", err, server.asked)
	}
}

func TestARunDoesNotBeginWithAToolThatNothingCarriesOut(t *testing.T) {
	t.Parallel()
	server := &caller{turns: [][]string{{"idle"}}}
	c := handled(t, server.ServeHTTP)
	_, err := c.Conversation.Run(t.Context(), "c1", client.RunRequest{CompleteRequest: say("Go"), Tools: []client.Tool{{Name: "idle"}}})
	if err == nil || !strings.Contains(err.Error(), `"idle"`) || len(server.asked) != 0 {
		t.Errorf("%v, asked %s", err, server.asked)
	}
}

func TestWhoLeavesARunRunsNoTools(t *testing.T) {
	t.Parallel()
	server := &caller{turns: [][]string{{"double"}}}
	c := handled(t, server.ServeHTTP)
	stream := c.Conversation.RunStream(t.Context(), "c1", client.RunRequest{CompleteRequest: say("Go"), Tools: tools()})
	for event, err := range stream.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := event.(client.ResultEvent); ok {
			break
		}
	}
	if len(server.stored) != 0 || len(server.asked) != 1 {
		t.Errorf("asked %s, stored %s", server.asked, server.stored)
	}
}

func TestOnlyActivitiesAreActivities(t *testing.T) {
	t.Parallel()
	call := client.Activity{Type: client.ActivityRequest, Function: client.ActivityFunction{ID: "k", Name: "f", Arguments: json.RawMessage(`{"n":12345678901234567890}`)}}
	m := call.Message()
	text, err := json.Marshal(m)
	if err != nil || string(text) != `{"type":"activity","text":"","meta":{"activity":{"type":"request","function":{"id":"k","name":"f","arguments":{"n":12345678901234567890}}}}}` {
		t.Errorf("%s, %v", text, err)
	}
	var back client.Message
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if a, ok := back.Activity(); !ok || string(a.Function.Arguments) != `{"n":12345678901234567890}` {
		t.Errorf("%+v, %v", a, ok)
	}
	// Others write a result as the value itself.
	for result, want := range map[string]string{`"[1]"`: `[1]`, `{"a":12345678901234567890}`: `{"a":12345678901234567890}`, `null`: `null`, `false`: `false`} {
		var m client.Message
		if err := json.Unmarshal([]byte(`{"type":"activity","text":"","meta":{"activity":{"type":"response","function":{"name":"f","result":`+result+`}}}}`), &m); err != nil {
			t.Fatal(err)
		}
		if a, ok := m.Activity(); !ok || a.Function.Name != "f" || a.Function.Result != want {
			t.Errorf("the result %s is %q, %v", result, a.Function.Result, ok)
		}
	}
	for _, other := range []string{
		`{"type":"user","text":"x","meta":{"activity":{"type":"request","function":{"name":"f"}}}}`,
		`{"type":"activity","text":""}`,
		`{"type":"activity","text":"","meta":{"activity":7}}`,
		`{"type":"activity","text":"","meta":{"activity":{"type":"login"}}}`,
	} {
		var m client.Message
		if err := json.Unmarshal([]byte(other), &m); err != nil {
			t.Fatal(err)
		}
		if a, ok := m.Activity(); ok {
			t.Errorf("%s is %+v", other, a)
		}
	}
	if _, err := call.Respond(make(chan int)); err == nil {
		t.Error("a channel is a result")
	}
	if got := client.Trigger("f").Message(); got.Type != client.MessageActivity {
		t.Errorf("a trigger is %+v", got)
	}
}
