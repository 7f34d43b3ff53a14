package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
)

// recorder writes down what it is told, one line each.
type recorder struct {
	mu    sync.Mutex
	lines []string
	grown chan struct{}
}

func newRecorder() *recorder { return &recorder{grown: make(chan struct{})} }

func (r *recorder) add(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
	close(r.grown)
	r.grown = make(chan struct{})
}

// await gives all lines once there is one that begins with a text.
func (r *recorder) await(t *testing.T, prefix string) []string {
	t.Helper()
	for {
		r.mu.Lock()
		lines, grown := slices.Clone(r.lines), r.grown
		r.mu.Unlock()
		if slices.ContainsFunc(lines, func(s string) bool { return strings.HasPrefix(s, prefix) }) {
			return lines
		}
		select {
		case <-grown:
		case <-t.Context().Done():
			t.Fatalf("there is no %q among %q", prefix, lines)
		}
	}
}

type contextKey string

func (r *recorder) Asked(_ context.Context, conversation, turn string) {
	r.add("asked %t %t", conversation != "", turn != "")
}

func (r *recorder) TurnStarted(ctx context.Context, s engine.TurnStart) (context.Context, engine.TurnObservation) {
	r.add("turn stored=%t front=%s", s.Conversation != "" && s.Turn != "", s.Front)
	return context.WithValue(ctx, contextKey("turn"), true), recordedTurn{r}
}

func (r *recorder) ModelAsked(ctx context.Context, s engine.CallStart) (context.Context, engine.CallObservation) {
	r.add("model %s %s messages=%d inTurn=%v", s.Choice.ProviderName, s.Choice.Name, len(s.Messages), ctx.Value(contextKey("turn")))
	return context.WithValue(ctx, contextKey("call"), true), recordedCall{r}
}

func (r *recorder) ToolStarted(ctx context.Context, s engine.ToolStart) (context.Context, engine.ToolObservation) {
	r.add("tool %s stored=%t inTurn=%v", s.Name, s.Conversation != "", ctx.Value(contextKey("turn")))
	return context.WithValue(ctx, contextKey("tool"), true), recordedTool{r}
}

func (r *recorder) Closed(front string, reason convo.EndReason) { r.add("closed %s %s", front, reason) }

type recordedTurn struct{ *recorder }

func (r recordedTurn) Ended(e engine.TurnEnd) {
	r.add("turn ended %s %s output=%d", e.Ended.Reason, e.Choice.ProviderName, e.Ended.Usage.Output.N)
}

type recordedTool struct{ *recorder }

func (r recordedTool) Ended(outcome convo.ToolOutcome) { r.add("tool ended %s", outcome) }

type recordedCall struct{ *recorder }

func (r recordedCall) Failed(err error) { r.add("failed %v", err) }

func (r recordedCall) Said(kind convo.MessageType, text string) { r.add("said %s %q", kind, text) }

func (r recordedCall) Ended(e engine.CallEnd) {
	if e.Left {
		r.add("call ended left=true")
		return
	}
	r.add("call ended stop=%d failed=%t output=%d", e.Stop, e.Err != nil, e.Answered.Usage.Output.N)
}

// observed is a bundle with a recorder.
func observed(t *testing.T, scripts ...scripted.Script) (*bundle, *recorder) {
	t.Helper()
	r := newRecorder()
	b := setup(t, scripts...)
	b.stop()
	b.observer = r
	b.start()
	return b, r
}

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("the observer was told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAnObserverSeesAStoredTurn(t *testing.T) {
	t.Parallel()
	b, r := observed(t, scripted.Script{scripted.Reasoning("hm"), scripted.Text("hello")})
	b.say(b.conversation(convo.Fields{}), "hi")
	wantLines(t, r.await(t, "turn ended"),
		"asked true true",
		"turn stored=true front=test",
		"model test m messages=2 inTurn=true",
		`said reasoning "hm"`,
		`said bot "hello"`,
		"call ended stop=1 failed=false output=2",
		"turn ended done test output=2")
}

func TestAnObserverSeesEachAttempt(t *testing.T) {
	t.Parallel()
	b, r := observed(t,
		scripted.Script{scripted.Fail(&model.Error{Kind: model.Failed, Message: "broken"})},
		scripted.Script{scripted.Text("hello")})
	b.say(b.conversation(convo.Fields{}), "hi")
	lines := r.await(t, "turn ended")
	if !slices.Contains(lines, "failed broken") || !slices.Contains(lines, "turn ended done test output=2") {
		t.Errorf("the observer was told %q", lines)
	}
}

func TestAnObserverSeesAFailure(t *testing.T) {
	t.Parallel()
	b, r := observed(t, scripted.Script{scripted.Text("part"), scripted.Fail(&model.Error{Kind: model.Incomplete, Message: "cut"})})
	b.say(b.conversation(convo.Fields{}), "hi")
	wantLines(t, r.await(t, "turn ended")[3:],
		"failed cut",
		`said bot "part"`,
		"call ended stop=0 failed=true output=1",
		"turn ended failed test output=1")
}

func TestAnObserverSeesATurnWithoutAModel(t *testing.T) {
	t.Parallel()
	b, r := observed(t)
	b.left("c", "", convo.ConversationCreated{Fields: convo.Fields{Config: convo.Config{Model: new("unknown")}}})
	b.left("c", "left", asked(1, "hi")...)
	b.stop()
	b.start()
	wantLines(t, r.await(t, "turn ended"), "turn stored=true front=test", "turn ended failed  output=0")
}

func TestAnObserverSeesWhatIsClosedWithoutRunning(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	b, r := observed(t, scripted.Script{scripted.Wait(hold), scripted.Text("done")})
	id := b.conversation(convo.Fields{})
	first := b.complete(id, "one", nil)
	second := b.complete(id, "two", nil)
	if n, err := b.Stop(t.Context(), b.actor, id, second.Turn, nil); n != 1 || err != nil {
		t.Fatalf("Stop: %d, %v", n, err)
	}
	b.read(second)
	lines := r.await(t, "closed test stopped")
	if slices.ContainsFunc(lines, func(s string) bool { return strings.HasPrefix(s, "turn ended") }) {
		t.Errorf("a turn ended: %q", lines)
	}
	close(hold)
	b.read(first)
	r.await(t, "turn ended done")
}

func TestAnObserverSeesWhatADeletionStops(t *testing.T) {
	t.Parallel()
	b, r := observed(t, scripted.Script{scripted.Wait(nil)})
	id := b.conversation(convo.Fields{})
	b.complete(id, "one", nil)
	b.complete(id, "two", nil)
	if err := b.DeleteConversation(t.Context(), b.actor, id, nil); err != nil {
		t.Fatal(err)
	}
	r.await(t, "turn ended stopped")
	r.await(t, "closed test stopped")
}

func TestAnObserverSeesAStatelessTurn(t *testing.T) {
	t.Parallel()
	b, r := observed(t, scripted.Script{scripted.Text("hello")})
	if _, err := b.stateless(convo.Config{}, message(convo.User, "hi")); err != nil {
		t.Fatal(err)
	}
	wantLines(t, r.await(t, "turn ended"),
		"turn stored=false front=",
		"model test m messages=2 inTurn=true",
		`said bot "hello"`,
		"call ended stop=1 failed=false output=2",
		"turn ended done test output=2")
}

func TestAnObserverSeesAStatelessTurnThatItsReaderLeaves(t *testing.T) {
	t.Parallel()
	b, r := observed(t, scripted.Script{scripted.Text("hello"), scripted.Text("again")})
	in := engine.StatelessInput{Messages: []engine.NewMessage{message(convo.User, "hi")}}
	reading, err := b.CompleteStateless(t.Context(), b.actor, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	gone := fmt.Errorf("gone")
	err = reading.Each(t.Context(), func(events []convo.Event) error {
		if events[0].Body.Kind() == convo.KindDelta {
			return gone
		}
		return nil
	})
	if err == nil {
		t.Error("the reader was not told that it left")
	}
	lines := r.await(t, "turn ended")
	if !slices.Contains(lines, "turn ended stopped test output=0") || !slices.Contains(lines, "call ended left=true") || slices.Contains(lines, "failed gone") {
		t.Errorf("the observer was told %q", lines)
	}
}
