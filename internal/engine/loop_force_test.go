package engine_test

import (
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model/scripted"
)

// forces names what the model had to call, call by call.
func (b *bundle) forces() string {
	var names []string
	for _, c := range b.model.Calls() {
		names = append(names, c.Request.Force)
	}
	return strings.Join(names, ",")
}

func starting(f engine.Function) engine.Function { f.Start = true; return f }

func ending(f engine.Function) engine.Function { f.End = true; return f }

func functions(list ...engine.Function) engine.Given { return engine.Given{Functions: list} }

func TestAFunctionCanBeForcedAtTheStart(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		given := functions(starting(unanswered("ask")), starting(data("one", `1`)), data("free", `0`), starting(data("two", `2`)))
		a.tell(message(convo.User, "go"))
		a.model.Add(calling("one", `{}`)...)
		a.model.Add(calling("two", `{}`)...)
		a.model.Add(calling("ask", `{}`)...)
		events := a.run(given)
		wantActs(t, events, "ask", "#1 one{} server", "#1 done 1", "usage 10", "ask", "#2 two{} server", "#2 done 2", "usage 10",
			"ask", "#3 ask{} caller", "usage 10", "caller")
		if got := a.forces(); got != "one,two,ask" {
			t.Errorf("the model had to call %s", got)
		}
	})
}

func TestAFunctionThatWasAnsweredSinceTheUserSpokeIsNotForced(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		given := functions(starting(data("one", `1`)), starting(data("two", `2`)))
		a.tell(message(convo.User, "go"))
		a.tell(call("response", "x", "one", `{}`, `"1"`))
		a.model.Add(answer("no")...) // takes no notice of being forced
		wantActs(t, a.run(given), "ask", "bot no", "usage 10", "done")
		if got := a.forces(); got != "two" {
			t.Errorf("the model had to call %q", got)
		}
	})
}

func TestAFunctionCanBeForcedAtTheEnd(t *testing.T) {
	t.Parallel()
	given := functions(ending(data("report", `"ok"`)), data("free", `0`))
	bothWays(t, func(t *testing.T, a *asker) {
		a.tell(message(convo.User, "go"))
		a.model.Add(calling("free", `{}`)...)
		a.model.Add(answer("All done.")...)
		a.model.Add(calling("report", `{"n":1}`)...)
		events := a.run(given)
		wantActs(t, events, "ask", "#1 free{} server", "#1 done 0", "usage 10", "ask", "bot All done.", "usage 10",
			"ask", `#2 report{"n":1} server`, `#2 done "ok"`, "usage 10", "done")
		if got := a.forces(); got != ",,report" {
			t.Errorf("the model had to call %q", got)
		}
		if got := short(a.prompt(2)); !strings.HasSuffix(got, "assistant:All done. | system:Now call report.") {
			t.Errorf("the last prompt is %s", got)
		}
	})
}

func TestAllFunctionsForTheEndAreForced(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		a.tell(message(convo.User, "go"))
		a.model.Add(answer("All done.")...)
		a.model.Add(calling("one", `{}`)...)
		a.model.Add(calling("two", `{}`)...)
		events := a.run(functions(ending(data("one", `1`)), ending(data("two", `2`))))
		wantActs(t, events, "ask", "bot All done.", "usage 10", "ask", "#1 one{} server", "#1 done 1", "usage 10",
			"ask", "#2 two{} server", "#2 done 2", "usage 10", "done")
		if got := a.forces(); got != ",one,two" {
			t.Errorf("the model had to call %q", got)
		}
	})
}

func TestATurnEndsWhenTheModelCallsItsLastFunction(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		a.tell(message(convo.User, "go"))
		a.model.Add(calling("report", `{}`)...)
		wantActs(t, a.run(functions(ending(data("report", `1`)))), "ask", "#1 report{} server", "#1 done 1", "usage 10", "caller")

		a.model.Add(append(scripted.Script{scripted.Text("Bye.")}, calling("report", `{}`)...)...)
		wantActs(t, a.run(functions(ending(data("report", `1`)))), "ask", "bot Bye.", "#1 report{} server", "#1 done 1", "usage 10", "done")

		a.model.Add(append(scripted.Script{scripted.Text("Bye.")}, calling("report", `{}`)...)...)
		wantActs(t, a.run(functions(ending(unanswered("report")))), "ask", "bot Bye.", "#1 report{} caller", "usage 10", "caller")

		a.tell(message(convo.User, "again"))
		a.model.Add(calling("report", `[]`)...)
		a.model.Add(calling("report", `{}`)...)
		if got := acts(a.run(functions(ending(data("report", `1`))))); strings.Count(got, "ask") != 2 || !strings.HasSuffix(got, "#2 done 1 | usage 10 | caller") {
			t.Errorf("after wrong arguments the turn went %s", got)
		}
	})
}

func TestAnEndThatTheModelRefusesToCallEndsTheTurnAllTheSame(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		a.tell(message(convo.User, "go"))
		a.model.Add(answer("Hi.")...)
		a.model.Add(scripted.Usage(7, 3))
		wantActs(t, a.run(functions(ending(data("report", `1`)))), "ask", "bot Hi.", "usage 10", "ask", "usage 10", "done")
	})
}

func TestATriggerForcesItsFunction(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		a.tell(message(convo.User, "go"))
		a.tell(activity(`{"activity":{"type":"trigger","function":{"name":"f"}}}`))
		a.model.Add(calling("f", `{}`)...)
		wantActs(t, a.run(functions(data("f", `1`))), "ask", "#1 f{} server", "#1 done 1", "usage 10", "ask", "bot You said: go", "usage 15", "done")
		a.tell(activity(`{"activity":{"type":"trigger","function":{"name":"unknown"}}}`))
		a.run(functions(data("f", `1`)))
		if got := a.forces(); got != "f,," {
			t.Errorf("the model had to call %q", got)
		}
	})
}

func TestARequestOfTheCallerIsCarriedOutWithoutAskingTheModel(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]string{"with an id": "mine", "without": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T, a *asker) {
				a.tell(message(convo.User, "go"))
				a.tell(call("request", id, "f", `{"x":1}`, ""))
				events := a.run(functions(data("f", `"done"`)))
				wantActs(t, events, `#1 f{"x":1} server`, `#1 done "done"`, "ask", "bot You said: go", "usage 15", "done")
				prompt := short(a.prompt(0))
				if strings.Count(prompt, "f{") != 1 || strings.Contains(prompt, "no result") || !strings.Contains(prompt, `result:"done"<-`) {
					t.Errorf("the prompt is %s", prompt)
				}
				for _, e := range events {
					if r, ok := e.Body.(convo.ToolRequested); ok && id != "" && r.ID != id {
						t.Errorf("the call has the id %q, not the caller's", r.ID)
					}
				}
			})
		})
	}
	t.Run("again, when it has no result", func(t *testing.T) {
		t.Parallel()
		bothWays(t, func(t *testing.T, a *asker) {
			a.tell(message(convo.User, "go"))
			a.tell(call("request", "mine", "f", `{}`, ""))
			for range 2 {
				wantActs(t, a.run(functions(unanswered("f"))), `#1 f{} caller`, "usage 0", "caller")
			}
			a.tell(call("response", "mine", "f", `{}`, `"7"`))
			wantActs(t, a.run(functions(unanswered("f"))), "ask", "bot You said: go", "usage 15", "done")
			if got := short(a.prompt(0)); strings.Count(got, "f{}") != 1 || !strings.Contains(got, "result:7<-mine") {
				t.Errorf("the prompt is %s", got)
			}
		})
	})
	t.Run("to a function that there is not", func(t *testing.T) {
		t.Parallel()
		bothWays(t, func(t *testing.T, a *asker) {
			a.tell(message(convo.User, "go"))
			a.tell(call("request", "mine", "f", `{}`, ""))
			if got := acts(a.run(engine.Given{})); !strings.HasPrefix(got, `#1 f{} server | #1 failed {"error":"there is no tool \"f\"; there are no tools; answer without one"} | ask`) {
				t.Errorf("the turn went %s", got)
			}
		})
	})
}
