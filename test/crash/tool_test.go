package crash_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// slowTool is a service that an ability asks, and that keeps its own log. It answers
// when it is let go.
type slowTool struct {
	*httptest.Server
	calls atomic.Int64
	asked chan struct{} // gets one for each call
	gate  chan struct{}
}

func newSlowTool(t *testing.T) *slowTool {
	t.Helper()
	s := &slowTool{asked: make(chan struct{}, 100), gate: make(chan struct{})}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		s.asked <- struct{}{}
		select {
		case <-s.gate:
			fmt.Fprint(w, `{"seen":true}`)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// ask is a request for a turn whose model may call the service.
func (s *slowTool) ask(text string) map[string]any {
	look := map[string]any{"name": "look", "description": "Looks.", "instruction": "```fetch\nGET " + s.URL + "/look\n```"}
	skillset := map[string]any{"name": "tools", "abilities": []any{look}}
	return map[string]any{"text": text, "extensions": map[string]any{"skillsets": []any{skillset}}}
}

// awaited waits for the service to be asked.
func (s *slowTool) awaited(ctx context.Context, t *testing.T) {
	t.Helper()
	select {
	case <-s.asked:
	case <-ctx.Done():
		t.Fatal("the tool was not called")
	}
}

// activity is the meta of an activity message.
type activity struct {
	Meta struct {
		Activity struct {
			Type     string
			Function struct{ ID, Name, Result string }
		}
	}
}

// steps tells a turn's lines in short.
func steps(t *testing.T, lines []line) string {
	t.Helper()
	var parts []string
	for _, l := range lines {
		var m message
		var a activity
		var r result
		for _, into := range []any{&m, &a, &r} {
			_ = json.Unmarshal(l.Data, into) // what does not fit is of another line
		}
		f := a.Meta.Activity.Function
		switch {
		case l.Type == "result":
			parts = append(parts, "result "+r.End.Reason)
		case l.Type == "message" && m.Type == "activity":
			parts = append(parts, strings.TrimSpace(a.Meta.Activity.Type+" "+f.Name+" "+f.Result))
		case l.Type == "message" && m.Type == "bot":
			parts = append(parts, "bot")
		}
	}
	return strings.Join(parts, " | ")
}

// ended reads a conversation's log up to the end of its n-th turn.
func (s *scene) ended(ctx context.Context, t *testing.T, conversation string, n int) []line {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var lines []line
	err := s.client.lines(ctx, http.MethodGet, "/v1/conversation/"+conversation+"/events?live=true", "", nil, func(l line) {
		lines = append(lines, l)
		if l.Type == "result" {
			if n--; n == 0 {
				cancel()
			}
		}
	})
	if n > 0 {
		t.Fatalf("the log ends before its turn: %v\n%s", err, steps(t, lines))
	}
	return lines
}

// withTool is a scene whose server may ask the service, with a conversation.
func withTool(ctx context.Context, t *testing.T) (s *scene, tool *slowTool, conversation string) {
	t.Helper()
	s, tool = newScene(t, "parley"), newSlowTool(t)
	s.server.Kill()
	s.server.Env = append(s.server.Env, "PARLEY_OUTBOUND_ALLOW=127.0.0.1")
	if err := s.server.Start(ctx); err != nil {
		t.Fatal(err)
	}
	var made struct{ ID string }
	if err := s.client.object(ctx, http.MethodPost, "/v1/conversation/create", "", struct{}{}, &made); err != nil {
		t.Fatal(err)
	}
	return s, tool, made.ID
}

// restart kills the server and starts it again.
func (s *scene) restart(ctx context.Context, t *testing.T) {
	t.Helper()
	s.server.Kill()
	if err := s.server.Start(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestAToolThatRanWhenTheServerWasKilledIsNotCalledAgain(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s, tool, id := withTool(ctx, t)
	gone := make(chan error, 1)
	go func() {
		gone <- s.client.lines(ctx, http.MethodPost, "/v1/conversation/"+id+"/complete", "", tool.ask("fake:calls tool=look"), func(line) {})
	}()
	tool.awaited(ctx, t)
	s.restart(ctx, t)
	if err := <-gone; err == nil {
		t.Error("the answer was whole although the server was killed")
	}
	want := `request look | response look {"error":"interrupted"} | result error`
	if got := steps(t, s.ended(ctx, t, id, 1)); got != want {
		t.Errorf("after the kill the turn is\n%s\nwant\n%s", got, want)
	}
	close(tool.gate)
	var next result // asked with other words: with the same it would be the first turn's
	err := s.client.object(ctx, http.MethodPost, "/v1/conversation/"+id+"/complete", "", tool.ask("fake:calls tool=look say=Again"), &next)
	if err != nil || next.End.Reason != "stop" {
		t.Errorf("the next turn ended with %+v, %v", next, err)
	}
	if n := tool.calls.Load(); n != 2 {
		t.Errorf("the tool was called %d times, want once in each turn", n)
	}
	s.server.Kill()
	s.mustBeSound(t)
}

func TestADispatchGoesOnOnceBehindAToolThatRan(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s, tool, id := withTool(ctx, t)
	var job struct{ ChannelID string }
	dispatch := func(text string) {
		t.Helper()
		if err := s.client.object(ctx, http.MethodPost, "/v1/conversation/"+id+"/dispatch", "", tool.ask(text), &job); err != nil {
			t.Fatal(err)
		}
		tool.awaited(ctx, t)
	}
	dispatch("fake:calls tool=look")
	s.restart(ctx, t)
	first := `request look | response look {"error":"interrupted"} | bot | result stop`
	if got := steps(t, s.ended(ctx, t, id, 1)); got != first {
		t.Errorf("after the kill the turn is\n%s\nwant\n%s", got, first)
	}
	if n := tool.calls.Load(); n != 1 {
		t.Errorf("the tool was called %d times", n)
	}
	dispatch("fake:calls tool=look rounds=2")
	s.restart(ctx, t)
	tool.awaited(ctx, t)
	s.restart(ctx, t)
	interrupted := `request look | response look {"error":"interrupted"}`
	if got, want := steps(t, s.ended(ctx, t, id, 2)), first+" | "+interrupted+" | "+interrupted+" | result error"; got != want {
		t.Errorf("after two kills the turns are\n%s\nwant\n%s", got, want)
	}
	if n := tool.calls.Load(); n != 3 {
		t.Errorf("the tool was called %d times, want once for each call", n)
	}
	s.server.Kill()
	s.mustBeSound(t)
}
