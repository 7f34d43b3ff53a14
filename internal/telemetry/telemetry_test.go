package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/memory"
	"github.com/parleyhq/parley/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func made(t *testing.T, o telemetry.Options) *telemetry.Telemetry {
	t.Helper()
	tel, err := telemetry.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tel.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return tel
}

// scrape gives the metrics' text.
func scrape(t *testing.T, tel *telemetry.Telemetry) string {
	t.Helper()
	w := httptest.NewRecorder()
	tel.Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("got %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func want(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("there is no line %s", line)
		}
	}
	if t.Failed() {
		t.Log(own(text))
	}
}

// own are the lines of our own series.
func own(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "parley_") && !strings.Contains(line, "_bucket{") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func choice(id string) model.Choice {
	return model.Choice{ProviderName: "local", ProviderKind: "openai", Name: id, ID: id}
}

// turn observes a turn with one model call.
func turn(tel *telemetry.Telemetry, id string, failed error, reason convo.EndReason) {
	ctx := context.Background()
	tel.Asked(ctx, "conversation-1", "turn-1")
	ctx, observed := tel.TurnStarted(ctx, engine.TurnStart{Conversation: "conversation-1", Turn: "turn-1", Front: "front", Waited: time.Second})
	_, call := tel.ModelAsked(ctx, engine.CallStart{Choice: choice(id), Messages: []model.Message{{Role: model.User, Text: "a secret question"}}})
	if failed != nil {
		call.Failed(failed)
	}
	call.Said(convo.Bot, "a secret answer")
	_, tool := tel.ToolStarted(ctx, engine.ToolStart{Conversation: "conversation-1", ID: "call-1", Name: "a secret tool"})
	tool.Ended(convo.ToolDone)
	usage := convo.Usage{Input: convo.Tokens{N: 10}, Cached: convo.Tokens{N: 4}, Output: convo.Tokens{N: 3, Estimated: true}}
	call.Ended(engine.CallEnd{Answered: convo.ModelAnswered{FirstToken: time.Second, Usage: usage}, Stop: model.StopEnd, Err: failed})
	observed.Ended(engine.TurnEnd{Choice: choice(id), Ended: convo.TurnEnded{Reason: reason}})
}

func TestTurnsAndCallsAreCounted(t *testing.T) {
	t.Parallel()
	tel := made(t, telemetry.Options{Version: "1.2.3"})
	turn(tel, "m", nil, convo.EndDone)
	turn(tel, "m", nil, convo.EndDone)
	turn(tel, "m", &model.Error{Kind: model.Limited, Message: "slow down"}, convo.EndFailed)
	tel.Closed("front", convo.EndStopped)
	text := scrape(t, tel)
	want(t, text,
		`parley_turns_total{front="front",provider="local",reason="done"} 2`,
		`parley_turns_total{front="front",provider="local",reason="failed"} 1`,
		`parley_turns_total{front="front",provider="none",reason="stopped"} 1`,
		`parley_turns_running 0`,
		`parley_turn_duration_seconds_count{provider="local"} 3`,
		`parley_turn_wait_seconds_sum 3`,
		`parley_tool_calls_total{outcome="done"} 3`,
		`parley_tool_call_duration_seconds_count 3`,
		`parley_model_calls_total{model="m",outcome="answered",provider="local"} 2`,
		`parley_model_calls_total{model="m",outcome="limited",provider="local"} 1`,
		`parley_model_errors_total{kind="limited",provider="local"} 1`,
		`parley_model_first_token_seconds_sum{provider="local"} 3`,
		`parley_model_tokens_total{model="m",provider="local",source="reported",type="input"} 30`,
		`parley_model_tokens_total{model="m",provider="local",source="reported",type="cached"} 12`,
		`parley_model_tokens_total{model="m",provider="local",source="estimated",type="output"} 9`,
	)
	for _, never := range []string{"secret", "conversation-1", "turn-1", "call-1", "slow down"} {
		if strings.Contains(text, never) {
			t.Errorf("the metrics hold %q", never)
		}
	}
	if !strings.Contains(text, `version="1.2.3"`) {
		t.Error("the metrics do not say what runs")
	}
}

func TestATurnThatWaitsHasNotEnded(t *testing.T) {
	t.Parallel()
	tel := made(t, telemetry.Options{})
	_, waits := tel.TurnStarted(t.Context(), engine.TurnStart{Front: "front"})
	waits.Ended(engine.TurnEnd{Waits: true})
	_, _ = tel.TurnStarted(t.Context(), engine.TurnStart{Front: "front", Turn: "turn-1", Waited: time.Second, GoesOn: true})
	text := scrape(t, tel)
	want(t, text, `parley_turns_running 1`, `parley_turn_wait_seconds_count 0`)
	if strings.Contains(text, "\nparley_turns_total{") {
		t.Error("it is counted among those that ended")
	}
}

func TestCallersCannotMakeSeriesWithoutBound(t *testing.T) {
	t.Parallel()
	tel := made(t, telemetry.Options{Models: []string{"configured"}})
	for i := range 300 {
		turn(tel, fmt.Sprintf("made-up-%d", i), nil, convo.EndDone)
		turn(tel, fmt.Sprintf("refused-%d", i), &model.Error{Kind: model.Rejected}, convo.EndFailed)
	}
	turn(tel, "configured", nil, convo.EndDone)
	text := scrape(t, tel)
	if n := strings.Count(text, "\nparley_model_calls_total{"); n > 102 {
		t.Errorf("there are %d series", n)
	}
	if strings.Contains(text, "refused-") {
		t.Error("a model that never answered has a label")
	}
	want(t, text,
		`parley_model_calls_total{model="configured",outcome="answered",provider="local"} 1`,
		`parley_model_calls_total{model="other",outcome="answered",provider="local"} 201`,
		`parley_model_calls_total{model="other",outcome="rejected",provider="local"} 300`)
}

func TestAStoppedCallIsNoFailureOfItsProvider(t *testing.T) {
	t.Parallel()
	tel := made(t, telemetry.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	ctx, call := tel.ModelAsked(ctx, engine.CallStart{Choice: choice("m")})
	cancel()
	call.Failed(ctx.Err())
	call.Ended(engine.CallEnd{Err: ctx.Err()})
	text := scrape(t, tel)
	want(t, text, `parley_model_calls_total{model="other",outcome="stopped",provider="local"} 1`)
	if strings.Contains(text, "parley_model_errors_total{") {
		t.Error("the provider is blamed")
	}
}

func TestRequestsAreCounted(t *testing.T) {
	t.Parallel()
	tel := made(t, telemetry.Options{})
	start := func() httpio.Observation {
		_, o := tel.RequestStarted(httptest.NewRequest("POST", "/v1/conversation/an-id/complete", nil))
		return o
	}
	stream := start()
	stream.Streaming()
	want(t, scrape(t, tel), `parley_http_requests_in_flight 1`, `parley_http_streams 1`)
	stream.Ended(httpio.RequestEnd{Operation: "complete", Status: 200, Cut: true})
	start().Ended(httpio.RequestEnd{Operation: "complete", Status: 200})
	start().Ended(httpio.RequestEnd{Status: 401})
	want(t, scrape(t, tel), `parley_http_requests_in_flight 0`, `parley_http_streams 0`,
		`parley_http_requests_total{operation="complete",status="cut"} 1`,
		`parley_http_requests_total{operation="complete",status="200"} 1`,
		`parley_http_requests_total{operation="unknown",status="401"} 1`,
		`parley_http_request_duration_seconds_count{operation="complete"} 2`)
}

// failing is a store whose heads cannot be read.
type failing struct {
	store.Store
}

func (failing) Head(context.Context, string, string) (convo.Head, error) {
	return convo.Head{}, errors.New("disk full")
}

func TestTheStoreIsMeasured(t *testing.T) {
	t.Parallel()
	tel := made(t, telemetry.Options{})
	inner := memory.New()
	defer inner.Close()
	s := tel.Store(failing{inner})
	if err := tel.Watch(hub.New(), s); err != nil {
		t.Fatal(err)
	}
	_, err := s.Update(t.Context(), "t", "c", store.Durable, func(tx store.Tx) error {
		for _, b := range []convo.Body{convo.ConversationCreated{}, convo.TurnOpened{}, convo.TurnQueued{}} {
			if err := tx.Append(convo.Event{At: time.Now(), Turn: "turn", Body: b}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Conversation(t.Context(), "t", "unknown"); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("got %v", err)
	}
	if _, err := s.Head(t.Context(), "t", "c"); err == nil {
		t.Error("the failure was lost")
	}
	tel.Committed(3)
	want(t, scrape(t, tel),
		`parley_store_update_duration_seconds_count{sync="durable"} 1`,
		`parley_store_update_duration_seconds_count{sync="buffered"} 0`,
		`parley_store_read_duration_seconds_count{operation="conversation"} 1`,
		`parley_store_read_duration_seconds_count{operation="head"} 1`,
		`parley_store_errors_total{operation="conversation"} 0`,
		`parley_store_errors_total{operation="head"} 1`,
		`parley_store_commit_updates_sum 3`,
		`parley_turns_open{state="queued"} 1`,
		`parley_turns_open{state="running"} 0`,
		`parley_turns_open{state="waiting"} 0`,
		`parley_hub_subscribers 0`,
	)
}

func TestMeasuringAnUpdateCostsNoMemory(t *testing.T) {
	tel := made(t, telemetry.Options{})
	s := tel.Store(still{})
	fn := func(store.Tx) error { return nil }
	n := testing.AllocsPerRun(1000, func() {
		_, _ = s.Update(context.Background(), "t", "c", store.Buffered, fn)
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// still is a store that does nothing.
type still struct{ store.Store }

func (still) Update(context.Context, string, string, store.Sync, func(store.Tx) error) ([]convo.Event, error) {
	return nil, nil
}

func TestGuardedMetricsWantTheToken(t *testing.T) {
	t.Parallel()
	h := made(t, telemetry.Options{}).Guarded("the-token-of-metrics")
	for header, want := range map[string]int{
		"": 401, "Bearer": 401, "Bearer wrong": 401, "Basic the-token-of-metrics": 401, "Bearer the-token-of-metrics": 200, "bearer the-token-of-metrics": 200,
	} {
		r, w := httptest.NewRequest("GET", "/metrics", nil), httptest.NewRecorder()
		r.Header.Set("Authorization", header)
		h.ServeHTTP(w, r)
		if w.Code != want || want == 401 && strings.Contains(w.Body.String(), "parley_") {
			t.Errorf("%q: %d", header, w.Code)
		}
	}
}

// BenchmarkTurn measures what a turn with one model call costs, without traces.
func BenchmarkTurn(b *testing.B) {
	tel, err := telemetry.New(b.Context(), telemetry.Options{Models: []string{"m"}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		turn(tel, "m", nil, convo.EndDone)
	}
}
