package engine_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/tool"
)

// counted is a tool that counts its calls.
func counted(name string) (tool.Tool, *atomic.Int64) {
	var n atomic.Int64
	return toolFunc{name, func(context.Context, tool.Call) (tool.Result, error) {
		n.Add(1)
		return tool.Result{Output: convo.JSON(`"ran"`)}, nil
	}}, &n
}

// dispatched is a turn in the background that has started.
func dispatched(text string) []convo.Body {
	bodies := asked(1, text)
	bodies[0] = convo.TurnOpened{Front: "test", Background: true}
	return bodies
}

// wants is a call of a turn's slot 1 that was requested.
func wants(id string, index int64, runs convo.Runner) convo.ToolRequested {
	r := convo.ToolRequested{ID: id, Message: "m" + id, Place: convo.Place(1, index), Name: "f", Arguments: convo.JSON(`{}`), Runs: runs}
	if runs == convo.RunsChannel {
		r.Channel = "0123456789abcdef"
	}
	return r
}

// starts is its start.
func starts(r convo.ToolRequested) convo.ToolStarted {
	return convo.ToolStarted{ID: r.ID, Message: r.Message, Name: r.Name, Channel: r.Channel, Input: r.Arguments}
}

// What a turn does after a crash is decided by what is in its log.
func TestAfterACrashAToolIsCalledAtMostOnce(t *testing.T) {
	t.Parallel()
	one, two, channel := wants("1", 1, convo.RunsServer), wants("2", 2, convo.RunsServer), wants("3", 2, convo.RunsChannel)
	half := []convo.Body{
		convo.ModelAsked{Model: "test/m", Prompt: 8},
		convo.MessageStarted{ID: "b", Place: convo.Place(1, 1), Type: convo.Bot}, convo.Delta{Message: "b", Type: convo.Bot, Text: "half "},
	}
	ask := convo.ModelAsked{Model: "test/m", Prompt: 8}
	for name, c := range map[string]struct {
		background bool
		log        []convo.Body
		script     scripted.Script
		calls      int64
		want       []string
	}{
		"one that was requested runs": {
			log: []convo.Body{ask, one}, script: answer("ok"), calls: 1,
			want: []string{"ask", "#1 f{} server", "#1 runs", `#1 done "ran"`, "usage 8", "ask", "bot ok", "usage 10", "done"},
		},
		"one that ran ends its turn": {
			log:  []convo.Body{ask, one, starts(one)},
			want: []string{"ask", "#1 f{} server", "#1 runs", `#1 interrupted {"error":"interrupted"}`, "usage 8", "interrupted"},
		},
		"those that had ended are kept, and the turn goes on": {
			log:    []convo.Body{ask, one, starts(one), convo.ToolEnded{ID: "1", Message: "e", Place: convo.Place(1, 2), Name: "f", Output: convo.JSON(`1`), Outcome: convo.ToolDone}},
			script: answer("ok"),
			want:   []string{"ask", "#1 f{} server", "#1 runs", "#1 done 1", "usage 8", "ask", "bot ok", "usage 10", "done"},
		},
		"one that ran beside one that waits is told, and the turn waits on": {
			log:  []convo.Body{ask, one, channel, starts(one), starts(channel)},
			want: []string{"ask", "#1 f{} server", "#2 f{} channel", "#1 runs", "#2 runs", `#1 interrupted {"error":"interrupted"}`, "waits"},
		},
		"a turn in the background goes on behind one that ran": {
			background: true, log: []convo.Body{ask, one, two, starts(one)}, script: answer("ok"), calls: 1,
			want: []string{"ask", "#1 f{} server", "#2 f{} server", "#1 runs", `#1 interrupted {"error":"interrupted"}`, "resumed",
				"#2 runs", `#2 done "ran"`, "usage 8", "ask", "bot ok", "usage 10", "done"},
		},
		"a turn in the background goes on behind its partial text": {
			background: true, log: half, script: answer("the rest"),
			want: []string{"ask", "bot half …", "usage 10", "resumed", "ask", "bot the rest", "usage 10", "done"},
		},
		"a turn in the background does so once": {
			background: true, log: append([]convo.Body{convo.TurnResumed{Rerun: true}}, half...),
			want: []string{"resumed", "ask", "bot half …", "usage 10", "interrupted"},
		},
		"a wait is none of a background turn's crashes": {
			background: true, log: []convo.Body{ask, channel, starts(channel), convo.TurnWaiting{}, convo.ToolEnded{ID: "3", Message: "e", Place: convo.Place(1, 3), Name: "f", Output: convo.JSON(`1`), Outcome: convo.ToolDone},
				convo.TurnResumed{}}, script: answer("ok"),
			want: []string{"ask", "#1 f{} channel", "#1 runs", "waits", "#1 done 1", "resumed", "usage 8", "ask", "bot ok", "usage 10", "done"},
		},
		"a turn that was answered when the server drained goes on": {
			log: []convo.Body{ask, channel, starts(channel), convo.TurnWaiting{Left: []convo.ToolRequested{wants("4", 0, convo.RunsCaller)}},
				convo.ToolEnded{ID: "3", Message: "e", Place: convo.Place(1, 3), Name: "f", Output: convo.JSON(`1`), Outcome: convo.ToolDone}},
			want: []string{"ask", "#1 f{} channel", "#1 runs", "waits", "#1 done 1", "resumed", "#2 f{} caller", "usage 8", "caller"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, calls := counted("f")
			b := withTools(t, []tool.Tool{f})
			if c.script != nil {
				b.model.Add(c.script...)
			}
			id := b.conversation(convo.Fields{})
			opening := asked(1, "go")
			if c.background {
				opening = dispatched("go")
			}
			b.left(id, "turn", append(opening, c.log...)...)
			b.stop()
			b.start()
			events := b.turnSoFar(id, "turn", c.want[len(c.want)-1] == "waits")
			wantActs(t, events, c.want...)
			if calls.Load() != c.calls {
				t.Errorf("the tool was called %d times, want %d", calls.Load(), c.calls)
			}
		})
	}
}

// turnSoFar reads a turn to its end, or to where it waits.
func (b *bundle) turnSoFar(conversation, turn string, waits bool) []convo.Event {
	b.t.Helper()
	if !waits {
		return b.turnEvents(conversation, turn)
	}
	events, _, err := b.Events(b.t.Context(), b.actor, conversation, 0, 1000)
	if err != nil {
		b.t.Fatal(err)
	}
	return events
}

func TestATurnThatGoesOnAsksWithTheSamePrompt(t *testing.T) {
	t.Parallel()
	f, _ := counted("f")
	b := withTools(t, []tool.Tool{f}, scripted.Script{scripted.Text("I look."), scripted.Calls("x", "f", `{}`)}, scripted.Script{scripted.Wait(nil)})
	id := b.conversation(convo.Fields{}, message(convo.Backstory, "told"))
	text := "go"
	in := engine.TurnInput{Text: &text, Background: true, Given: engine.Given{Backstory: "given", Functions: []engine.Function{data("g", `1`)}}}
	r, err := b.Complete(t.Context(), b.actor, id, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.model.Await(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	b.stop() // leaves a turn in the background to the next start
	b.model.Add(answer("done")...)
	b.start()
	events := b.turnEvents(id, r.Turn)
	if e := end(t, events); e.Reason != convo.EndDone || strings.Contains(acts(events), "resumed") {
		t.Errorf("the turn went %s", acts(events))
	}
	before, after := b.prompt(1), b.prompt(2)
	if got, want := short(after), short(before); got != want {
		t.Errorf("after the restart the prompt is\n%s\nwant\n%s", got, want)
	}
	if tools := b.model.Calls()[2].Request.Tools; len(tools) != 2 || tools[0].Name != "g" {
		t.Errorf("after the restart the model is offered %+v", tools)
	}
	if sealed, err := b.store.Input(t.Context(), "t", id, r.Turn); err != nil || sealed != nil {
		t.Errorf("what the turn was given is still there: %q, %v", sealed, err)
	}
}

func TestADrainLeavesATurnInTheBackgroundBehindItsTools(t *testing.T) {
	t.Parallel()
	began := make(chan struct{})
	stuck := toolFunc{"stuck", func(ctx context.Context, _ tool.Call) (tool.Result, error) {
		close(began) // fails if it is called twice
		<-ctx.Done()
		return tool.Result{}, ctx.Err()
	}}
	b := withTools(t, []tool.Tool{stuck}, calling("stuck", `{}`))
	id := b.conversation(convo.Fields{})
	text := "go"
	r, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: &text, Background: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	<-began
	b.stop()
	b.model.Add(answer("ok")...)
	b.start()
	wantActs(t, b.turnEvents(id, r.Turn), "ask", "#1 stuck{} server", "#1 runs", `#1 interrupted {"error":"interrupted"}`, "usage 10", "ask", "bot ok", "usage 10", "done")
}

func TestAQueuedTurnHasWhatItWasGiven(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := setup(t, scripted.Script{scripted.Wait(gate), scripted.Finish(model.StopEnd)}, calling("f", `{}`), answer("ok"))
	id := b.conversation(convo.Fields{})
	one := b.complete(id, "1", nil)
	text := "2"
	two, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: &text, Given: functions(data("f", `7`))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	close(gate)
	b.read(one)
	wantActs(t, b.read(two), "ask", "#1 f{} server", "#1 done 7", "usage 10", "ask", "bot ok", "usage 10", "done")
}

// Nobody knows any more what it was to do.
func TestAfterACrashACallThatWasDeletedIsNotMade(t *testing.T) {
	t.Parallel()
	tool1, calls := counted("f")
	b := withTools(t, []tool.Tool{tool1}, answer("ok"))
	id := b.conversation(convo.Fields{})
	call := wants("1", 1, convo.RunsServer)
	b.left(id, "turn", append(dispatched("go"), convo.ModelAsked{Model: "test/m", Prompt: 8}, call, convo.MessageDeleted{ID: call.Message})...)
	b.stop()
	b.start()
	events := b.turnEvents(id, "turn")
	if calls.Load() != 0 || end(t, events).Reason != convo.EndDone || !strings.Contains(acts(events), `#1 cancelled {"error":"cancelled"}`) {
		t.Errorf("the tool was called %d times: %s", calls.Load(), acts(events))
	}
}
