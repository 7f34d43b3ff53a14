package crash_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	parley "github.com/parleyhq/parley/client"
	"github.com/parleyhq/parley/client/live"
)

// asking is a scene whose agent has a tool that asks first, and one that runs in the
// client, with a session of it.
type asking struct {
	*scene
	tool    *slowTool
	session *live.SessionStream
	told    chan live.Event
	seen    []string
}

func newAsking(ctx context.Context, t *testing.T) *asking {
	t.Helper()
	a := &asking{scene: newScene(t, "parley"), tool: newSlowTool(t), told: make(chan live.Event, 1000)}
	config := filepath.Join(t.TempDir(), "parley.yaml")
	text := fmt.Sprintf(`
agents:
  - id: payer
    number: 7
    folder: 1
    tools:
      - {name: pay, confirm: true, input: {type: object, properties: {amount: {type: integer}}}, http: {url: "%s/pay"}}
      - {name: locate, client: true}
`, a.tool.URL)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	a.server.Kill()
	a.server.Env = append(a.server.Env, "PARLEY_CONFIG="+config)
	if err := a.server.Start(ctx); err != nil {
		t.Fatal(err)
	}
	c, err := live.New(live.WithBaseURL(a.client.base), live.WithSecret(apiSecret))
	if err != nil {
		t.Fatal(err)
	}
	conversation, err := c.Conversation.Create(ctx, live.ConversationCreateRequest{AgentID: 7, FolderID: 1, AutogenerateLabel: parley.Set(false)})
	if err != nil {
		t.Fatal(err)
	}
	a.session = conversation.StartSession(live.SessionOptions{})
	ctx, stop := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for event, err := range a.session.Events(ctx) {
			if err != nil {
				return
			}
			a.told <- event
		}
	}()
	t.Cleanup(func() { stop(); <-over })
	return a
}

// say begins an exchange.
func (a *asking) say(t *testing.T, text string) *live.ExchangeStream {
	t.Helper()
	exchange, err := a.session.StartExchange(live.ExchangeStart{ClientSideTools: []live.ClientSideTool{{Name: "locate"}}})
	if err == nil {
		err = exchange.SendMessageWithContentPart(live.Content{Data: text})
	}
	if err != nil {
		t.Fatal(err)
	}
	return exchange
}

// word names an event in short; "" for those that do not matter here.
func word(event live.Event) string {
	switch e := event.(type) {
	case live.ToolCallStarted:
		return "asks"
	case live.ToolCallExecuting:
		return "runs"
	case live.ToolCallEnded:
		return "gave " + string(e.End.Output)
	case live.ErrorStarted:
		return "error " + e.Err.ID
	case live.ExchangeEnded:
		return "end"
	case live.Reconnected:
		return "back"
	}
	return ""
}

// until waits for an event, and notes all that come before it.
func (a *asking) until(ctx context.Context, t *testing.T, want string) live.Event {
	t.Helper()
	for {
		select {
		case event := <-a.told:
			got := word(event)
			if got != "" && got != "back" {
				a.seen = append(a.seen, got)
			}
			if got == want {
				return event
			}
		case <-ctx.Done():
			t.Fatalf("%q did not come: %v", want, a.seen)
		}
	}
}

// wantSeen holds what was seen since the last time against what was to be.
func (a *asking) wantSeen(t *testing.T, want ...string) {
	t.Helper()
	if got, want := strings.Join(a.seen, " | "), strings.Join(want, " | "); got != want {
		t.Errorf("the session saw\n%s\nwant\n%s", got, want)
	}
	a.seen = nil
}

func TestAnApprovalThatWaitedThroughAKillIsGivenOnce(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	a := newAsking(ctx, t)
	a.say(t, `fake:calls tool=pay args={"amount":100} n=1 then=Paid.`)
	call := a.until(ctx, t, "asks").(live.ToolCallStarted).Call
	a.restart(ctx, t)
	a.until(ctx, t, "back")
	if n := a.tool.calls.Load(); n != 0 {
		t.Fatalf("the tool was called %d times before anybody had said yes", n)
	}
	for range 3 {
		if err := call.Confirm(json.RawMessage(`{"amount":5}`)); err != nil {
			t.Fatal(err)
		}
	}
	a.tool.awaited(ctx, t)
	close(a.tool.gate)
	a.until(ctx, t, "end")
	a.wantSeen(t, "asks", "runs", `gave {"seen":true}`, "end")
	if n := a.tool.calls.Load(); n != 1 {
		t.Errorf("the tool was called %d times", n)
	}
	a.server.Kill()
	a.mustBeSound(t)
}

// cutShort is what a session sees of a call that had begun when the server was killed.
const cutShort = `asks | runs | error TOOL_CALL_END_PROCESSING_FAILED | gave {"error":"interrupted"} | error AGENT_RUNTIME_ERROR | end`

func TestAToolThatWasApprovedAndRanAtAKillIsNotCalledAgain(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	a := newAsking(ctx, t)
	a.say(t, `fake:calls tool=pay args={"amount":100} n=1`)
	call := a.until(ctx, t, "asks").(live.ToolCallStarted).Call
	if err := call.Confirm(nil); err != nil {
		t.Fatal(err)
	}
	a.tool.awaited(ctx, t)
	a.until(ctx, t, "runs")
	a.restart(ctx, t)
	a.until(ctx, t, "end")
	a.wantSeen(t, strings.Split(cutShort, " | ")...)
	if n := a.tool.calls.Load(); n != 1 {
		t.Errorf("the tool was called %d times", n)
	}
	a.server.Kill()
	a.mustBeSound(t)
}

// The kill comes while the approval is on its way: it counts, or it is given again.
func TestAnApprovalGivenAtAKillCountsOnce(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	a := newAsking(ctx, t)
	close(a.tool.gate)
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	interrupted := 0
	for round := range rounds {
		a.say(t, fmt.Sprintf(`fake:calls tool=pay args={"amount":%d} n=1`, round))
		call := a.until(ctx, t, "asks").(live.ToolCallStarted).Call
		before := a.tool.calls.Load()
		if err := call.Confirm(nil); err != nil {
			t.Fatal(err)
		}
		pause := time.NewTimer(time.Duration(round) * time.Millisecond)
		<-pause.C
		a.restart(ctx, t)
		a.until(ctx, t, "end")
		seen := strings.Join(a.seen, " | ")
		a.seen = nil
		n := a.tool.calls.Load() - before
		switch {
		case seen == `asks | runs | gave {"seen":true} | end` && n == 1:
		case seen == cutShort && n <= 1, seen == `asks | runs | gave {"seen":true} | error AGENT_RUNTIME_ERROR | end` && n == 1:
			interrupted++ // while the tool ran, or the model spoke
		default:
			t.Errorf("round %d: the tool was called %d times, and the session saw\n%s", round, n, seen)
		}
	}
	t.Logf("%d of %d kills interrupted the turn", interrupted, rounds)
	a.server.Kill()
	a.mustBeSound(t)
}

func TestAClientsCallWaitsThroughAKill(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	a := newAsking(ctx, t)
	a.say(t, `fake:calls tool=locate args={} n=1`)
	call := a.until(ctx, t, "runs").(live.ToolCallExecuting).Call
	a.restart(ctx, t)
	a.until(ctx, t, "back")
	if err := call.SendToolCallEnd(live.ToolCallEnd{Output: json.RawMessage(`"Rome"`)}); err != nil {
		t.Fatal(err)
	}
	a.until(ctx, t, "end")
	a.wantSeen(t, "asks", "runs", `gave "Rome"`, "end")
	a.server.Kill()
	a.mustBeSound(t)
}
