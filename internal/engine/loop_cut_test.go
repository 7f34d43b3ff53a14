package engine_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/store/memory"
	"github.com/parleyhq/parley/internal/tool"
)

// stepper is a model that goes by what it is told, like a real one, so that it does
// not matter which process asks it: it makes as many calls as there are rounds,
// and then speaks. If it waits, one of them is for a message.
type stepper struct{ waits bool }

func (stepper) Models(context.Context) ([]model.Info, error) { return nil, nil }

func (s stepper) Stream(_ context.Context, req *model.Request) iter.Seq2[model.Event, error] {
	results := 0
	for _, m := range req.Messages {
		if m.Role == model.ToolResult {
			results++
		}
	}
	return func(yield func(model.Event, error) bool) {
		give := func(events ...model.Event) {
			for _, e := range events {
				if !yield(e, nil) {
					return
				}
			}
		}
		call := func(name string) model.Event {
			return model.Event{Type: model.ToolCall, Call: &model.Call{ID: "same", Name: name, Arguments: `{}`}}
		}
		switch {
		case req.Force == "report":
			give(call("report"), model.Event{Type: model.Finish, Stop: model.StopCalls})
		case results < 2:
			give(model.Event{Type: model.Text, Text: "I look. "}, call("look"), call("know"), call("look"))
			if s.waits {
				give(call("weather"))
			}
			give(model.Event{Type: model.Finish, Stop: model.StopCalls})
		case results < 5:
			give(call("look"), call("nothing"), call("know"), model.Event{Type: model.Finish, Stop: model.StopCalls})
		default:
			give(model.Event{Type: model.Text, Text: "That "}, model.Event{Type: model.Text, Text: "is all."}, model.Event{Type: model.Finish, Stop: model.StopEnd})
		}
	}
}

// witness is a tool that writes down which calls it was given.
type witness struct {
	mu    sync.Mutex
	calls []string
}

func (w *witness) Spec() tool.Spec { return tool.Spec{Name: "look"} }

func (w *witness) Call(_ context.Context, c tool.Call) (tool.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, c.ID)
	return tool.Result{Output: convo.JSON(fmt.Sprint(len(w.calls)))}, nil
}

func TestATurnCanBeCutAtAnyEvent(t *testing.T) {
	t.Parallel()
	for name, waits := range map[string]bool{"with a wait": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, background := range []bool{true, false} {
				given := functions(data("know", `"much"`), ending(data("report", `1`)), on("weather", weather))
				cutAnywhere(t, waits, engine.TurnInput{Text: ptr("go"), Background: background, Given: given})
			}
		})
	}
}

func cutAnywhere(t *testing.T, waits bool, in engine.TurnInput) {
	t.Helper()
	whole := newWitnessed(t, waits)
	id := whole.conversation(convo.Fields{})
	whole.answerWaits(id)
	r, err := whole.Complete(t.Context(), whole.actor, id, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	events := whole.read(r)
	if end(t, events).Reason != convo.EndDone || len(whole.tool.calls) != 3 || waits != strings.Contains(acts(events), "done \"wet\"") {
		t.Fatalf("the turn went %s", acts(events))
	}
	for n := 3; n < len(events); n++ {
		cutAt(t, waits, in, events[:n:n])
	}
}

// witnessed is a bundle with a stepper and a witness.
type witnessed struct {
	*bundle
	tool *witness
}

func newWitnessed(t *testing.T, waits bool) *witnessed {
	t.Helper()
	w := &witnessed{tool: &witness{}}
	w.bundle = &bundle{t: t, store: memory.New(), model: scripted.New(), actor: convo.Actor{Tenant: "t", Token: "token"}, tools: toolSet{w.tool}}
	w.fixed = &fixedModel{provider: stepper{waits}, window: 32_000}
	w.start()
	t.Cleanup(func() { w.stop(); w.store.Close() })
	return w
}

// answerWaits publishes a message for each call of a conversation that waits.
func (w *witnessed) answerWaits(id string) {
	b := *w.bundle // its engine may be another one soon
	ctx := b.t.Context()
	go b.Follow(ctx, b.actor, id, 0, func(events []convo.Event) error {
		for _, e := range events {
			if started, ok := e.Body.(convo.ToolStarted); ok && started.Channel != "" {
				_ = b.Publish(ctx, b.actor, weather, convo.JSON(`"wet"`), nil) // else the turn has no end
			}
		}
		return nil
	})
}

// cutAt starts a server whose log ends with those events of a turn, and looks at
// what becomes of it.
func cutAt(t *testing.T, waits bool, in engine.TurnInput, events []convo.Event) {
	t.Helper()
	w := newWitnessed(t, waits)
	id := w.conversation(convo.Fields{})
	var bodies []convo.Body
	begun := map[string]bool{}
	for _, e := range events {
		bodies = append(bodies, e.Body)
		if s, ok := e.Body.(convo.ToolStarted); ok {
			begun[s.ID] = true
		}
	}
	w.left(id, "turn", bodies...)
	w.give(id, "turn", in.Given)
	w.stop()
	w.start()
	w.answerWaits(id)
	after := w.turnEvents(id, "turn")
	last := acts(events[len(events)-1:])
	reason := end(t, after).Reason
	if reason != convo.EndDone && (in.Background || reason != convo.EndInterrupted) {
		t.Errorf("cut after %q, the turn went %s", last, acts(after))
	}
	if open := strings.Count(acts(after), "} server") + strings.Count(acts(after), "} channel") - len(ends(after)); open != 0 {
		t.Errorf("cut after %q, %d calls have no end in %s", last, open, acts(after))
	}
	for i, call := range w.tool.calls {
		if begun[call] || slices.Contains(w.tool.calls[:i], call) {
			t.Errorf("cut after %q, a call was made twice", last)
		}
	}
	if reason == convo.EndDone && strings.Count(acts(after), "} channel") != strings.Count(acts(after), `done "wet"`) {
		t.Errorf("cut after %q, the turn went %s", last, acts(after))
	}
	said := strings.Count(acts(after), "bot That is all. |")
	switch events[len(events)-1].Body.(type) {
	case convo.MessageEnded, convo.ModelAnswered: // no commit ends with them: turnLog.take
		said = min(said, 1)
	}
	if reason == convo.EndDone && said != 1 {
		t.Errorf("cut after %q, the turn went %s", last, acts(after))
	}
	mustBeSound(t, w.store)
	if t.Failed() {
		t.Fatalf("cut after %q", last)
	}
}

// ends counts the ends of calls, by call.
func ends(events []convo.Event) map[string]int {
	ends := map[string]int{}
	for _, e := range events {
		if ended, ok := e.Body.(convo.ToolEnded); ok {
			ends[ended.ID]++
		}
	}
	return ends
}
