package engine_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/tool"
)

// toolSet gives every turn the same tools.
type toolSet []tool.Tool

func (s toolSet) Tools(context.Context, string, tool.Want) ([]tool.Tool, error) { return s, nil }

// toolFunc is a tool of the server.
type toolFunc struct {
	name string
	run  func(context.Context, tool.Call) (tool.Result, error)
}

func (t toolFunc) Spec() tool.Spec { return tool.Spec{Name: t.name} }

func (t toolFunc) Call(ctx context.Context, c tool.Call) (tool.Result, error) { return t.run(ctx, c) }

// data is a function with a result.
func data(name, result string) engine.Function {
	return engine.Function{Name: name, Result: &engine.FunctionResult{Data: convo.JSON(result)}}
}

// left is a function without one.
func unanswered(name string) engine.Function { return engine.Function{Name: name} }

// calling is an answer that makes calls, given as name and arguments.
func calling(calls ...string) scripted.Script {
	var s scripted.Script
	for i := 0; i < len(calls); i += 2 {
		s = append(s, scripted.Calls(fmt.Sprint("model-", i), calls[i], calls[i+1]))
	}
	return append(s, scripted.Usage(7, 3))
}

// asker asks for turns in the one or the other way.
type asker struct {
	*bundle
	id       string // of the conversation; "" = turns without one
	messages []engine.NewMessage
}

// bothWays runs a test with stored and with stateless turns.
func bothWays(t *testing.T, test func(t *testing.T, a *asker)) {
	for _, stored := range []bool{true, false} {
		t.Run(map[bool]string{true: "in a conversation", false: "without one"}[stored], func(t *testing.T) {
			t.Parallel()
			a := &asker{bundle: setup(t)}
			if stored {
				a.id = a.conversation(convo.Fields{})
			}
			test(t, a)
		})
	}
}

// tell adds a message to the history.
func (a *asker) tell(m engine.NewMessage) {
	a.t.Helper()
	if a.id == "" {
		a.messages = append(a.messages, m)
	} else if _, err := a.CreateMessage(a.t.Context(), a.actor, a.id, m, nil); err != nil {
		a.t.Fatal(err)
	}
}

// run asks for a turn that goes on from the history, and reads it.
func (a *asker) run(given engine.Given) []convo.Event {
	a.t.Helper()
	var r *engine.Reading
	var err error
	if a.id == "" {
		r, err = a.CompleteStateless(a.t.Context(), a.actor, engine.StatelessInput{Messages: a.messages, Given: given}, nil)
	} else {
		r, err = a.Complete(a.t.Context(), a.actor, a.id, engine.TurnInput{Given: given}, nil)
	}
	if err != nil {
		a.t.Fatal(err)
	}
	return a.read(r)
}

// acts tells the steps of a turn from its start, in short.
func acts(events []convo.Event) string {
	var parts []string
	names := map[string]string{} // of calls
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	name := func(id string) string {
		if names[id] == "" {
			names[id] = fmt.Sprint("#", len(names)+1)
		}
		return names[id]
	}
	for _, e := range events {
		switch b := e.Body.(type) {
		case convo.ModelAsked:
			add("ask")
		case convo.MessageEnded:
			text := string(b.Type) + " " + b.Text
			if b.Incomplete {
				text += "…"
			}
			add("%s", text)
		case convo.ToolRequested:
			add("%s %s%s %s", name(b.ID), b.Name, b.Arguments, b.Runs)
			if b.Asked.Asks != convo.AsksNothing {
				parts[len(parts)-1] += " asks"
			}
		case convo.ToolAnswered:
			add("%s %s", name(b.ID), map[bool]string{true: "approved " + string(b.Input), false: "refused"}[b.Approved])
		case convo.ToolOffered:
			add("%s goes to %s", name(b.ID), b.To)
		case convo.InterruptStarted:
			add("%s interrupts", name(b.Call))
		case convo.InterruptEnded:
			add("%s answered %s", name(b.Call), b.Value)
		case convo.ToolStarted:
			add("%s runs", name(b.ID))
			if b.To != "" {
				parts[len(parts)-1] += " in " + b.To
			}
		case convo.ToolEnded:
			add("%s %s %s", name(b.ID), b.Outcome, b.Output)
		case convo.ModelAnswered:
			add("usage %d", b.Usage.Total())
		case convo.TurnWaiting:
			add("waits")
		case convo.TurnResumed:
			add("resumed")
		case convo.TurnEnded:
			add("%s", b.Reason)
		}
	}
	return strings.Join(parts, " | ")
}

func wantActs(t *testing.T, events []convo.Event, want ...string) {
	t.Helper()
	if got, want := acts(events), strings.Join(want, " | "); got != want {
		t.Errorf("the turn went\n%s\nwant\n%s", strings.ReplaceAll(got, " | ", "\n"), strings.ReplaceAll(want, " | ", "\n"))
	}
}

func TestAFunctionsDataIsItsResult(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		a.model.Add(append(scripted.Script{scripted.Reasoning("hm"), scripted.Text("Let me see.")}, calling("weather", ` {"city": "Paris"} `, "zero", ``)...)...)
		a.model.Add(answer("It is 21 °C.")...)
		a.tell(message(convo.User, "How warm is it?"))
		events := a.run(engine.Given{Functions: []engine.Function{data("weather", `{"celsius": 21}`), data("zero", "")}})
		wantActs(t, events, "ask", "reasoning hm", "bot Let me see.",
			`#1 weather{"city":"Paris"} server`, `#2 zero{} server`, `#1 done {"celsius":21}`, `#2 done null`, "usage 10",
			"ask", "bot It is 21 °C.", "usage 10", "done")
		if e := end(t, events); e.Usage.Total() != 20 {
			t.Errorf("the turn cost %d tokens, want those of both calls", e.Usage.Total())
		}
		offered := a.model.Calls()[0].Request.Tools
		if len(offered) != 2 || offered[0].Name != "weather" || !reflect.DeepEqual(offered, a.model.Calls()[1].Request.Tools) {
			t.Errorf("the model was offered %+v", offered)
		}
	})
}

func TestPromptsContinueEachOtherThroughCallsAndTurns(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		given := engine.Given{Functions: []engine.Function{data("a", `1`), data("b", `2`)}, Limits: engine.TurnLimits{Continuations: 1}}
		a.model.Add(append(scripted.Script{scripted.Text("first")}, calling("a", `{}`, "b", `{"x":1}`)...)...)
		a.model.Add(calling("a", `{}`)...)
		a.model.Add(calling("b", `{}`)...)
		a.model.Add(scripted.Text("cut"), scripted.Finish(model.StopLength))
		a.model.Add(answer("off")...)
		a.tell(message(convo.User, "go"))
		a.run(given)
		if a.id != "" {
			a.model.Add(calling("a", `{}`)...)
			a.tell(message(convo.User, "again"))
			a.run(given)
		}
		calls := a.model.Calls()
		for i := 1; i < len(calls); i++ {
			before, after := a.prompt(i-1), a.prompt(i)
			if len(after) < len(before) || !reflect.DeepEqual(before, after[:len(before)]) {
				t.Errorf("prompt %d does not continue the last one:\n%s\n%s", i, short(before), short(after))
			}
		}
		for _, m := range a.prompt(1) {
			if len(m.Calls) == 1 || m.Role == model.Assistant && m.Text != "first" {
				t.Errorf("the text and the calls of one answer are not one message: %s", short(a.prompt(1)))
			}
		}
	})
}

func TestWithoutAResultTheTurnEndsForItsCaller(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		given := engine.Given{Functions: []engine.Function{unanswered("ask"), data("know", `true`)}}
		a.model.Add(calling("ask", `{"q":1}`, "know", `{}`)...)
		a.model.Add(answer("thanks")...)
		a.tell(message(convo.User, "go"))
		events := a.run(given)
		wantActs(t, events, "ask", `#1 know{} server`, `#1 done true`, `#2 ask{"q":1} caller`, "usage 10", "caller")
		var id string
		for _, e := range events {
			if r, ok := e.Body.(convo.ToolRequested); ok {
				if id = r.ID; a.id == "" {
					a.tell(activity(string(r.Activity())))
				}
			}
			if r, ok := e.Body.(convo.ToolEnded); ok && a.id == "" {
				a.tell(activity(string(r.Activity())))
			}
		}
		a.tell(call("response", id, "ask", `{"q":1}`, `"\"blue\""`))
		wantActs(t, a.run(given), "ask", "bot thanks", "usage 10", "done")
		got := short(a.prompt(1))
		if strings.Contains(got, "no result") || !strings.Contains(got, `result:"blue"<-`+id) {
			t.Errorf("the prompt is %s", got)
		}
	})
}

func TestLimitsEndATurn(t *testing.T) {
	t.Parallel()
	again := engine.Given{Functions: []engine.Function{data("more", `1`)}}
	bothWays(t, func(t *testing.T, a *asker) {
		a.tell(message(convo.User, "go"))
		given := again
		given.Limits = engine.TurnLimits{Iterations: 2}
		for range 2 {
			a.model.Add(calling("more", `{}`)...)
		}
		wantActs(t, a.run(given), "ask", "#1 more{} server", "#1 done 1", "usage 10", "ask", "#2 more{} server", "#2 done 1", "usage 10", "limit")

		given.Limits = engine.TurnLimits{Iterations: 1}
		a.model.Add(answer("plain")...)
		wantActs(t, a.run(given), "ask", "bot plain", "usage 10", "done")

		given.Limits = engine.TurnLimits{Calls: 1}
		a.model.Add(calling("more", `{}`, "more", `{}`)...)
		wantActs(t, a.run(given), "ask", "#1 more{} server", "#2 more{} server", "#1 done 1",
			`#2 failed {"error":"not called: this turn may make 1 calls"}`, "usage 10", "limit")

		given.Limits = engine.TurnLimits{Iterations: 100_000, Calls: 100_000}
		for range 200 {
			a.model.Add(calling("more", `{}`)...)
		}
		if events := a.run(given); end(t, events).Reason != convo.EndLimit || strings.Count(acts(events), "ask") != 100 {
			t.Errorf("a model that calls for ever was asked %d times", strings.Count(acts(events), "ask"))
		}
	})
}

func TestAnAnswerThatWasCutIsContinued(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		for _, text := range []string{"one ", "two ", "three "} {
			a.model.Add(scripted.Text(text), scripted.Usage(7, 3), scripted.Finish(model.StopLength))
		}
		a.tell(message(convo.User, "count"))
		events := a.run(engine.Given{Limits: engine.TurnLimits{Continuations: 2, Iterations: 1}})
		wantActs(t, events, "ask", "bot one ", "usage 10", "ask", "bot two ", "usage 10", "ask", "bot three ", "usage 10", "length")
		if got := short(a.prompt(1)); !strings.HasPrefix(got, "user:count | now | assistant:one  | system:Your answer was cut off.") {
			t.Errorf("the model was asked to go on with %s", got)
		}
		a.model.Add(scripted.Text("x"), scripted.Finish(model.StopLength))
		if events := a.run(engine.Given{}); end(t, events).Reason != convo.EndLength || strings.Count(acts(events), "ask") != 1 {
			t.Errorf("without continuations the turn went %s", acts(events))
		}
	})
}
