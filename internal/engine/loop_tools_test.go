package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/tool"
)

// withTools is a bundle whose server has tools.
func withTools(t *testing.T, tools []tool.Tool, scripts ...scripted.Script) *bundle {
	t.Helper()
	b := setup(t, scripts...)
	b.stop()
	b.tools = toolSet(tools)
	b.start()
	return b
}

// gives is a tool with a fixed result.
func gives(name, output string) tool.Tool {
	return toolFunc{name, func(context.Context, tool.Call) (tool.Result, error) {
		return tool.Result{Output: convo.JSON(output)}, nil
	}}
}

// takes is a tool that needs some time.
func takes(name string, d time.Duration) tool.Tool {
	return toolFunc{name, func(ctx context.Context, _ tool.Call) (tool.Result, error) {
		select {
		case <-time.After(d):
			return tool.Result{Output: convo.JSON(`"done"`)}, nil
		case <-ctx.Done():
			return tool.Result{}, ctx.Err()
		}
	}}
}

func TestAToolOfTheServerIsCalledOnceAndItsStartIsLogged(t *testing.T) {
	t.Parallel()
	var calls []tool.Call
	b := withTools(t, []tool.Tool{toolFunc{"look", func(_ context.Context, c tool.Call) (tool.Result, error) {
		calls = append(calls, c)
		return tool.Result{Output: convo.JSON(`{ "seen" : 1 }`)}, nil
	}}}, calling("look", `{"at":"it"}`), answer("I see."))
	id := b.conversation(convo.Fields{})
	events := b.say(id, "look")
	wantActs(t, events, "ask", `#1 look{"at":"it"} server`, "#1 runs", `#1 done {"seen":1}`, "usage 10", "ask", "bot I see.", "usage 10", "done")
	if len(calls) != 1 || calls[0].Tenant != "t" || calls[0].Conversation != id || string(calls[0].Arguments) != `{"at":"it"}` {
		t.Fatalf("the tool was called with %+v", calls)
	}
	requested := events[5].Body.(convo.ToolRequested)
	if calls[0].ID != requested.ID || strings.HasPrefix(requested.ID, "model-") {
		t.Errorf("the call is %q in the log and %q for the tool", requested.ID, calls[0].ID)
	}
}

func TestAFunctionHidesAToolOfItsName(t *testing.T) {
	t.Parallel()
	b := withTools(t, []tool.Tool{gives("f", `"tool"`), gives("g", `"tool"`)}, calling("f", `{}`))
	id := b.conversation(convo.Fields{})
	text := "go"
	r, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: &text, Given: engine.Given{Functions: []engine.Function{data("f", `"function"`)}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if events := b.read(r); !strings.Contains(acts(events), `#1 done "function"`) {
		t.Errorf("the turn went %s", acts(events))
	}
	if tools := b.model.Calls()[0].Request.Tools; len(tools) != 2 {
		t.Errorf("the model was offered %+v", tools)
	}
}

func TestWhatGoesWrongWithAToolIsToldToTheModel(t *testing.T) {
	t.Parallel()
	failing := func(err error) tool.Tool {
		return toolFunc{"f", func(context.Context, tool.Call) (tool.Result, error) { return tool.Result{}, err }}
	}
	for name, c := range map[string]struct {
		tool tool.Tool
		call string
		want string
	}{
		"an error for others":           {failing(convo.Errorf(convo.UpstreamFailed, "it is down")), "f", `failed {"error":"it is down"}`},
		"an error of ours":              {failing(errors.New("password=123")), "f", `failed {"error":"the tool failed"}`},
		"a panic":                       {toolFunc{"f", func(context.Context, tool.Call) (tool.Result, error) { panic("oh") }}, "f", `failed {"error":"the tool failed"}`},
		"no output":                     {gives("f", ``), "f", `done null`},
		"an output that is no JSON":     {gives("f", `<html>`), "f", `done "<html>"`},
		"an output that is not UTF-8":   {gives("f", "\"a\xffb\""), "f", `done "\"a` + "\uFFFD" + `b\""`},
		"a tool that there is not":      {gives("f", `1`), "g", `failed {"error":"there is no tool \"g\"; the tools are: f"}`},
		"a name that cannot be one":     {gives("f", `1`), "1 é", `failed {"error":"there is no tool \"____\"; the tools are: f"}`},
		"a name that is empty":          {gives("f", `1`), "", `failed {"error":"there is no tool \"_\"; the tools are: f"}`},
		"a name that is a long garbage": {gives("f", `1`), strings.Repeat("x", 10_000), `failed {"error":"there is no tool \"` + strings.Repeat("x", 64) + `\"; the tools are: f"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withTools(t, []tool.Tool{c.tool}, calling(c.call, `{}`), answer("so what"))
			events := b.say(b.conversation(convo.Fields{}), "go")
			if got := acts(events); !strings.Contains(got, "#1 "+c.want+" |") || !strings.HasSuffix(got, "bot so what | usage 10 | done") {
				t.Errorf("the turn went\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestArgumentsThatAreWrongAreToldToTheModel(t *testing.T) {
	t.Parallel()
	schema := convo.JSON(`{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}`)
	for name, c := range map[string]struct{ arguments, logged, told string }{
		"no JSON":          {`{"n":`, `{}`, "JSON"},
		"no object":        {`[1]`, `{}`, "object"},
		"a missing member": {``, `{}`, "n"},
		"a wrong type":     {`{"n":"one"}`, `{"n":"one"}`, "integer"},
		"not UTF-8":        {"{\"n\":\"\xff\"}", "{\"n\":\"\uFFFD\"}", "integer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, calling("f", c.arguments), answer("sorry"))
			a := &asker{bundle: b, id: b.conversation(convo.Fields{}, message(convo.User, "go"))}
			f := data("f", `1`)
			f.Parameters = schema
			got := acts(a.run(engine.Given{Functions: []engine.Function{f}}))
			if !strings.HasPrefix(got, "ask | #1 f"+c.logged+` server | #1 failed {"error":`) || !strings.Contains(got, c.told) || !strings.HasSuffix(got, "done") {
				t.Errorf("the turn went %s", got)
			}
		})
	}
}

func TestToolsOfOneAnswerRunAtTheSameTime(t *testing.T) {
	t.Parallel()
	for _, stored := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			slow := takes("slow", 200*time.Millisecond)
			b := withTools(t, []tool.Tool{slow}, calling("slow", `{}`, "slow", `{}`, "slow", `{}`), answer("ok"))
			a := &asker{bundle: b}
			if stored {
				a.id = b.conversation(convo.Fields{})
			}
			a.tell(message(convo.User, "go"))
			began := time.Now()
			events := a.run(engine.Given{})
			if took := time.Since(began); took > 250*time.Millisecond || end(t, events).Reason != convo.EndDone {
				t.Errorf("three tools of 200 ms took %s: %s", took, acts(events))
			}
			b.stop()
		})
	}
}

func TestNoMoreThanSomeToolsOfATurnRunAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		slow := toolFunc{"slow", func(context.Context, tool.Call) (tool.Result, error) {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			time.Sleep(time.Second) // of the bubble's clock
			return tool.Result{}, nil
		}}
		var script scripted.Script
		for i := range 40 {
			script = append(script, scripted.Calls(fmt.Sprint(i), "slow", `{}`))
		}
		b := withTools(t, []tool.Tool{slow}, script, answer("ok"))
		events := b.say(b.conversation(convo.Fields{}), "go")
		if got := acts(events); most.Load() != 16 || strings.Count(got, " done null") != 40 || strings.Count(got, " runs") != 40 {
			t.Errorf("%d ran at once: %s", most.Load(), got)
		}
		b.stop()
	})
}

// stuckTool gives no answer: it ends with its context if it obeys, else when the
// gate is opened.
func stuckTool(obeys bool, gate <-chan struct{}) toolFunc {
	return toolFunc{"stuck", func(ctx context.Context, _ tool.Call) (tool.Result, error) {
		if obeys {
			<-ctx.Done()
			return tool.Result{}, ctx.Err()
		}
		<-gate
		return tool.Result{}, nil
	}}
}

func TestAToolThatNeverAnswersIsGivenUpOn(t *testing.T) {
	t.Parallel()
	for name, obeys := range map[string]bool{"one that ends with its context": true, "one that does not": false} {
		synctest.Test(t, func(t *testing.T) {
			gate := make(chan struct{})
			stuck := stuckTool(obeys, gate)
			b := withTools(t, []tool.Tool{stuck}, calling("stuck", `{}`), answer("never mind"))
			began := time.Now()
			events := b.say(b.conversation(convo.Fields{}), "go")
			if got := acts(events); !strings.Contains(got, `#1 failed {"error":"the tool did not answer within 1m0s"}`) || time.Since(began) > 61*time.Second {
				t.Errorf("%s: after %s the turn went %s", name, time.Since(began), got)
			}
			close(gate)
			b.stop()
		})
	}
}

func TestAStopEndsRunningToolsAtOnce(t *testing.T) {
	t.Parallel()
	for name, obeys := range map[string]bool{"those that end with their context": true, "those that do not": false} {
		synctest.Test(t, func(t *testing.T) {
			gate := make(chan struct{})
			stuck := stuckTool(obeys, gate)
			b := withTools(t, []tool.Tool{stuck, gives("quick", `1`)}, calling("quick", `{}`, "stuck", `{}`, "stuck", `{}`))
			id := b.conversation(convo.Fields{})
			r := b.complete(id, "go", nil)
			synctest.Wait()
			began := time.Now()
			if n, err := b.Stop(t.Context(), b.actor, id, "", nil); n != 1 || err != nil {
				t.Fatalf("Stop = %d, %v", n, err)
			}
			if took := time.Since(began); took > 100*time.Millisecond {
				t.Errorf("%s: the stop took %s", name, took)
			}
			wantActs(t, b.read(r), "ask", "#1 quick{} server", "#2 stuck{} server", "#3 stuck{} server", "#1 runs", "#2 runs", "#3 runs",
				"#1 done 1", `#2 cancelled {"error":"cancelled"}`, `#3 cancelled {"error":"cancelled"}`, "usage 10", "stopped")
			close(gate)
			b.stop()
		})
	}
}

func TestAnObserverSeesTools(t *testing.T) {
	t.Parallel()
	b, r := observed(t, calling("f", `{}`), answer("ok"))
	b.stop()
	b.tools = toolSet{gives("f", `1`)}
	b.start()
	b.say(b.conversation(convo.Fields{}), "hi")
	lines := strings.Join(r.await(t, "turn ended"), "\n")
	if !strings.Contains(lines, "tool f stored=true inTurn=true\ntool ended done\n") {
		t.Errorf("the observer was told\n%s", lines)
	}
}

func TestOutputsAreBounded(t *testing.T) {
	t.Parallel()
	for name, output := range map[string]string{
		"an object":           `{"a":"` + strings.Repeat("x", 10<<20) + `"}`,
		"a text":              `"` + strings.Repeat("é", 1<<20) + `"`,
		"what is no JSON":     strings.Repeat("<", 300<<10),
		"what has to be long": strings.Repeat("\x00", 256<<10),
		"quotes":              strings.Repeat(`"`, 200<<10),
	} {
		bound := engine.BoundOutput(convo.JSON(output))
		if len(bound) > tool.MaxOutput || len(bound) < tool.MaxOutput/8 || !strings.Contains(string(bound), fmt.Sprintf(`[cut: the output has %d bytes`, len(output))) {
			t.Errorf("%s: %d bytes remain, which end with %q", name, len(bound), bound[len(bound)-80:])
		}
	}
}

// Whoever holds a session token may write activities. The tools of the server
// are for the model to call: what they are guarded by is written for it.
func TestASessionCarriesOutNoToolWithoutTheModel(t *testing.T) {
	t.Parallel()
	var refunds atomic.Int64
	running, release := make(chan struct{}), make(chan struct{})
	b := withTools(t, []tool.Tool{
		toolFunc{"refund", func(context.Context, tool.Call) (tool.Result, error) {
			refunds.Add(1)
			return tool.Result{Output: convo.JSON("1")}, nil
		}},
		toolFunc{"hold", func(context.Context, tool.Call) (tool.Result, error) {
			close(running)
			<-release
			return tool.Result{Output: convo.JSON("2")}, nil
		}},
	})
	id := b.conversation(convo.Fields{}, message(convo.User, "hello"))
	session := convo.Actor{Tenant: b.actor.Tenant, Token: "session", Conversation: id}
	begin := func(actor convo.Actor, function string, given ...engine.Function) *engine.Reading {
		t.Helper()
		if _, err := b.CreateMessage(t.Context(), actor, id, call("request", "", function, `{"amount":1000}`, ""), nil); err != nil {
			t.Fatal(err)
		}
		r, err := b.Complete(t.Context(), actor, id, engine.TurnInput{Given: engine.Given{Functions: given}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, text := range []string{"No.", "Own.", "Yes.", "Held.", "Still no."} {
		b.model.Add(answer(text)...)
	}
	if went := acts(b.read(begin(session, "refund"))); refunds.Load() != 0 || !strings.Contains(went, "bot No.") {
		t.Errorf("the session called the tool: %s", went)
	}
	if went := acts(b.read(begin(session, "own", data("own", `2`)))); !strings.Contains(went, "#1 done 2") {
		t.Errorf("the session's own function was not carried out: %s", went)
	}
	if went := acts(b.read(begin(b.actor, "refund"))); refunds.Load() != 1 || !strings.Contains(went, "#1 done 1") {
		t.Errorf("the account's call was not carried out: %s", went)
	}
	held := begin(b.actor, "hold")
	<-running
	queued := begin(session, "refund") // what it was given is read when it starts
	close(release)
	b.read(held)
	if went := acts(b.read(queued)); refunds.Load() != 1 || !strings.Contains(went, "bot Still no.") {
		t.Errorf("the session called the tool from the queue: %s", went)
	}
}

func TestTheLogKeepsNothingOfWhatAnotherServerAnswered(t *testing.T) {
	t.Parallel()
	b := withTools(t, []tool.Tool{
		toolFunc{"refused", func(context.Context, tool.Call) (tool.Result, error) {
			return tool.Result{}, convo.Errorf(convo.UpstreamFailed, "status 404: no account of ann@example.com")
		}},
		toolFunc{"broken", func(context.Context, tool.Call) (tool.Result, error) {
			return tool.Result{}, errors.New("the disk is full")
		}},
	}, calling("refused", `{}`, "broken", `{}`), answer("Sorry."))
	b.stop()
	var log strings.Builder
	b.log = slog.New(slog.NewTextHandler(&log, nil))
	b.start()
	events := b.say(b.conversation(convo.Fields{}), "go")
	if went := acts(events); !strings.Contains(went, "ann@example.com") {
		t.Errorf("the model is not told: %s", went)
	}
	b.stop()
	if text := log.String(); strings.Contains(text, "ann@") || !strings.Contains(text, "tool=refused kind=upstream") || !strings.Contains(text, "the disk is full") {
		t.Errorf("the log is %s", text)
	}
}

// asking is a set without tools that tells what is asked of it.
type asking func(tool.Want)

func (a asking) Tools(_ context.Context, _ string, want tool.Want) ([]tool.Tool, error) {
	a(want)
	return nil, nil
}

func TestABotHasItsToolsByItsAliasToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	guide := bot(convo.Config{})
	guide.Alias = new("guide")
	id := b.object(engine.Bots(), guide).ID
	b.stop()
	var asked []string
	b.tools = asking(func(w tool.Want) { asked = append(asked, w.BotID) })
	b.start()
	in := engine.StatelessInput{BotID: new("guide"), Messages: []engine.NewMessage{message(convo.User, "hello")}}
	b.model.Add(answer("Hi.")...)
	r, err := b.CompleteStateless(t.Context(), b.actor, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.read(r)
	b.model.Add(answer("Hi.")...)
	channel, err := b.DispatchStateless(t.Context(), b.actor, in, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	b.readTurn(channel)
	if len(asked) < 2 || strings.Join(asked, "") != strings.Repeat(id, len(asked)) {
		t.Errorf("the bot %s was asked for its tools as %q", id, asked)
	}
}
