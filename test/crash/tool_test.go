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

// skillset offers the service to the model.
func (s *slowTool) skillset() map[string]any {
	instruction := "```fetch\nGET " + s.URL + "/look\n```"
	return map[string]any{"skillsets": []any{map[string]any{"name": "tools", "abilities": []any{
		map[string]any{"name": "look", "description": "Looks.", "instruction": instruction},
	}}}}
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

func TestAToolThatRanWhenTheServerWasKilledIsNotCalledAgain(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tool := newSlowTool(t)
	s := newScene(t, "parley")
	s.server.Kill()
	s.server.Env = append(s.server.Env, "PARLEY_OUTBOUND_ALLOW=127.0.0.1")
	if err := s.server.Start(ctx); err != nil {
		t.Fatal(err)
	}
	var made struct{ ID string }
	if err := s.client.object(ctx, http.MethodPost, "/v1/conversation/create", "", struct{}{}, &made); err != nil {
		t.Fatal(err)
	}
	path := "/v1/conversation/" + made.ID
	gone := make(chan error, 1)
	go func() {
		gone <- s.client.lines(ctx, http.MethodPost, path+"/complete", "",
			map[string]any{"text": "fake:calls tool=look", "extensions": tool.skillset()}, func(line) {})
	}()
	tool.awaited(ctx, t)
	s.server.Kill()
	if err := <-gone; err == nil {
		t.Error("the answer was whole although the server was killed")
	}
	if err := s.server.Start(ctx); err != nil {
		t.Fatal(err)
	}
	want := `request look | response look {"error":"interrupted"} | result error`
	if got := steps(t, s.ended(ctx, t, made.ID, 1)); got != want {
		t.Errorf("after the kill the turn is\n%s\nwant\n%s", got, want)
	}
	close(tool.gate)
	var next result // asked with other words: with the same it would be the first turn's
	if err := s.client.object(ctx, http.MethodPost, path+"/complete", "",
		map[string]any{"text": "fake:calls tool=look say=Again", "extensions": tool.skillset()}, &next); err != nil || next.End.Reason != "stop" {
		t.Errorf("the next turn ended with %+v, %v", next, err)
	}
	if n := tool.calls.Load(); n != 2 {
		t.Errorf("the tool was called %d times, want once in each turn", n)
	}
	s.server.Kill()
	s.mustBeSound(t)
}
