package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/tool"
)

// followTo reads a conversation's log until the acts of the turn have that text.
func (b *bundle) followTo(conversation, turn, text string) []convo.Event {
	b.t.Helper()
	var own []convo.Event
	err := b.Follow(b.t.Context(), b.actor, conversation, 0, func(events []convo.Event) error {
		for _, e := range events {
			if e.Turn == turn {
				own = append(own, e)
			}
		}
		if strings.HasSuffix(acts(own), text) {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		b.t.Fatalf("%v\n%s", err, acts(own))
	}
	return own
}

// agrees approves a call; its first request made it.
func agrees(r convo.ToolRequested, input string) convo.ToolAnswered {
	return convo.ToolAnswered{ID: r.ID, Message: r.Message, Name: r.Name, Approved: true, Input: convo.JSON(input)}
}

// What a turn does after a crash, at each step of a call that asks, is decided by
// what is in its log, and what was approved runs once.
func TestAfterACrashAnApprovalCountsOnce(t *testing.T) {
	t.Parallel()
	ask := convo.ModelAsked{Model: "test/m", Prompt: 8}
	asks, second := wants("1", 1, convo.RunsServer), wants("2", 2, convo.RunsServer)
	asks.Asked.Asks, second.Asked.Asks = convo.AsksConfirm, convo.AsksConfirm
	plain := wants("3", 3, convo.RunsServer)
	client := wants("4", 4, convo.RunsClient)
	first, other := asks, second
	first.Asked.Asks, other.Asked.Asks = convo.AsksInterrupt, convo.AsksInterrupt
	opened := convo.InterruptStarted{ID: "i", Call: "1", Message: "m1", Type: engine.ConfirmInterrupt, Value: convo.JSON(`{}`)}
	closed := convo.InterruptEnded{ID: "i", Call: "1", Message: "m1", Value: convo.JSON(`{"approved":true}`)}
	yes := engine.SaidAnswer{Call: "1", Approved: true}
	for name, c := range map[string]struct {
		background bool
		log        []convo.Body
		then       []engine.Said // what is said when the turn waits
		calls      int64
		want       string // behind the log
	}{
		"one that was requested waits, and is approved": {
			log: []convo.Body{ask, asks}, then: []engine.Said{yes}, calls: 1,
			want: `waits | #1 approved {} | resumed | #1 runs | #1 done "ran" | usage 8 | ask | bot ok | usage 10 | done`,
		},
		"one that waited waits on": {
			log: []convo.Body{ask, asks, convo.TurnWaiting{}}, then: []engine.Said{yes}, calls: 1,
			want: `#1 approved {} | resumed | #1 runs | #1 done "ran" | usage 8 | ask | bot ok | usage 10 | done`,
		},
		"one that waited is rejected": {
			log: []convo.Body{ask, asks, convo.TurnWaiting{}}, then: []engine.Said{engine.SaidAnswer{Call: "1"}},
			want: `#1 refused | #1 rejected {"meta":"Cancelled by user"} | resumed | usage 8 | ask | bot ok | usage 10 | done`,
		},
		"one that was approved runs": {
			log: []convo.Body{ask, asks, convo.TurnWaiting{}, agrees(asks, `{"n":2}`), convo.TurnResumed{}}, calls: 1,
			want: `#1 runs | #1 done "ran" | usage 8 | ask | bot ok | usage 10 | done`,
		},
		"one that was approved while the server drained runs": {
			log: []convo.Body{ask, asks, convo.TurnWaiting{}, agrees(asks, `{}`)}, calls: 1,
			want: `resumed | #1 runs | #1 done "ran" | usage 8 | ask | bot ok | usage 10 | done`,
		},
		"one that had begun is not begun again": {
			log:  []convo.Body{ask, asks, convo.TurnWaiting{}, agrees(asks, `{}`), convo.TurnResumed{}, starts(asks)},
			want: `#1 interrupted {"error":"interrupted"} | usage 8 | interrupted`,
		},
		"one that had begun beside one that asks": {
			log:  []convo.Body{ask, asks, second, convo.TurnWaiting{}, agrees(second, `{}`), convo.TurnResumed{}, starts(second)},
			then: []engine.Said{engine.SaidAnswer{Call: "1"}},
			want: `#2 interrupted {"error":"interrupted"} | waits | #1 refused | #1 rejected {"meta":"Cancelled by user"} | resumed | usage 8 | ask | bot ok | usage 10 | done`,
		},
		"one that had begun beside one that was approved": {
			log: []convo.Body{ask, asks, second, convo.TurnWaiting{}, agrees(second, `{}`), convo.TurnResumed{}, starts(second), agrees(asks, `{}`)}, calls: 1,
			want: `#2 interrupted {"error":"interrupted"} | #1 runs | #1 done "ran" | usage 8 | ask | bot ok | usage 10 | done`,
		},
		"one that had begun by itself beside one that asks, in the background": {
			background: true, log: []convo.Body{ask, asks, plain, starts(plain)}, then: []engine.Said{yes}, calls: 1,
			want: `#2 interrupted {"error":"interrupted"} | waits | #1 approved {} | resumed | #1 runs | #1 done "ran" | usage 8 | ask | bot ok | usage 10 | done`,
		},
		"an interrupt that is open stays open": {
			log: []convo.Body{ask, first, other, opened, convo.TurnWaiting{}}, calls: 1,
			then: []engine.Said{engine.SaidInterruptEnd{Interrupt: "i", Value: convo.JSON(`{"approved":true}`)}, engine.SaidAnswer{Call: "2"}},
			want: `#1 answered {"approved":true} | #1 approved {} | resumed | #2 interrupts | #1 runs | #1 done "ran" | waits`,
		},
		"the next interrupt follows one that was answered": {
			log:  []convo.Body{ask, first, other, opened, convo.TurnWaiting{}, closed, convo.ToolAnswered{ID: "1", Message: "m1", Name: "f"}, convo.ToolEnded{ID: "1", Message: "e", Place: convo.Place(1, 3), Name: "f", Output: convo.JSON(`1`), Outcome: convo.ToolRejected}},
			want: `resumed | #2 interrupts | waits`,
		},
		"a client's call waits on": {
			log: []convo.Body{ask, client, starts(client)}, then: []engine.Said{engine.SaidOutput{Call: "4", Output: convo.JSON(`7`)}},
			want: `waits | #1 done 7 | resumed | usage 8 | ask | bot ok | usage 10 | done`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, calls := counted("f")
			b := withTools(t, []tool.Tool{f}, answer("ok"))
			id := b.conversation(convo.Fields{})
			opening := asked(1, "go")
			if c.background {
				opening = dispatched("go")
			}
			b.left(id, "turn", append(opening, c.log...)...)
			b.stop()
			before := acts(b.turnSoFar(id, "turn", true))
			b.start()
			waits := " | waits"
			if strings.HasSuffix(before, waits) && !strings.HasPrefix(c.want, "resumed") {
				waits = before
			}
			for i, said := range c.then {
				if i == 0 {
					b.followTo(id, "turn", waits)
				}
				err := b.Answer(t.Context(), "t", id, "turn", "phone", said)
				if i == 0 && err != nil || i > 0 && !errors.Is(err, engine.ErrLate) {
					t.Fatalf("%+v: %v", said, err)
				}
				if err := b.Answer(t.Context(), "t", id, "turn", "desk", said); !errors.Is(err, engine.ErrLate) {
					t.Errorf("once more, it gave %v", err)
				}
			}
			want := before + " | " + c.want
			if got := acts(b.followTo(id, "turn", want[strings.LastIndex(want, " | "):])); got != want {
				t.Errorf("the turn went\n%s\nwant\n%s", strings.ReplaceAll(got, " | ", "\n"), strings.ReplaceAll(want, " | ", "\n"))
			}
			if calls.Load() != c.calls {
				t.Errorf("the tool ran %d times, want %d", calls.Load(), c.calls)
			}
		})
	}
}

func TestACallExpiresAfterARestartWhenItWouldHaveBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := withTools(t, []tool.Tool{pay(convo.AsksConfirm), locate(convo.AsksNothing)}, calling("pay", `{"amount":1}`, "locate", `{}`), answer("ok"))
		a := &asker{bundle: b, id: b.conversation(convo.Fields{}, message(convo.User, "go"))}
		began := time.Now()
		w := &waiting{asker: a, running: a.begin(engine.Given{ClientTools: []string{"locate"}})}
		w.untilStep("waits")
		time.Sleep(23 * time.Hour)
		b.stop()
		<-w.ended
		b.start()
		if b.Waits() != 2 {
			t.Errorf("%d calls wait", b.Waits())
		}
		events := b.turnEvents(a.id, w.events[0].Turn)
		if got := acts(events); strings.Count(got, `expired {"meta":"Expired"}`) != 2 || !strings.HasSuffix(got, "bot ok | usage 10 | done") {
			t.Errorf("the turn went %s", got)
		}
		if took := time.Since(began); took < 24*time.Hour || took > 25*time.Hour {
			t.Errorf("it took %s", took)
		}
	})
}

func TestAStopEndsWhatATurnWaitsFor(t *testing.T) {
	t.Parallel()
	w := approvals(t, []tool.Tool{pay(convo.AsksInterrupt), locate(convo.AsksConfirm)}, engine.Given{ClientTools: []string{"locate"}}, "waits",
		calling("pay", `{"amount":1}`, "pay", `{"amount":2}`, "locate", `{}`))
	if n, err := w.Stop(t.Context(), w.actor, w.id, "", nil); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	wantActs(t, w.end(), "ask", `#1 pay{"amount":1} server asks`, `#2 pay{"amount":2} server asks`, `#3 locate{} client asks`, "#1 interrupts", "waits",
		"#1 answered ", `#1 cancelled {"error":"cancelled"}`, `#2 cancelled {"error":"cancelled"}`, `#3 cancelled {"error":"cancelled"}`, "usage 10", "stopped")
	for _, said := range []engine.Said{
		engine.SaidAnswer{Call: w.call(2).ID, Approved: true}, engine.SaidInterruptEnd{Interrupt: w.interrupt().ID, Value: convo.JSON(`{"approved":true}`)},
	} {
		if err := w.say(said); !errors.Is(err, engine.ErrLate) {
			t.Errorf("afterwards %+v gave %v", said, err)
		}
	}
	if w.Waits() != 0 {
		t.Errorf("%d calls wait", w.Waits())
	}
	w.model.Add(answer("Again.")...)
	if got := acts(w.asker.run(engine.Given{})); !strings.HasSuffix(got, "bot Again. | usage 10 | done") {
		t.Errorf("the next turn went %s", got)
	}
}

// slow is a tool that runs until it may end, beside calls that ask.
func slow(name string, began, gate chan struct{}) tool.Tool {
	return toolFunc{name, func(ctx context.Context, _ tool.Call) (tool.Result, error) {
		close(began)
		select {
		case <-gate:
			return tool.Result{Output: convo.JSON(`"slow"`)}, nil
		case <-ctx.Done():
			return tool.Result{}, ctx.Err()
		}
	}}
}

func TestAnswersReachATurnThatRuns(t *testing.T) {
	t.Parallel()
	began, gate := make(chan struct{}), make(chan struct{})
	p := pay(convo.AsksConfirm)
	w := approvals(t, []tool.Tool{slow("slow", began, gate), p, locate(convo.AsksNothing)}, engine.Given{ClientTools: []string{"locate"}, Functions: []engine.Function{on("weather", weather)}}, "#4 runs",
		calling("slow", `{}`, "pay", `{"amount":1}`, "locate", `{}`, "weather", `{}`, "pay", `{"amount":2}`), answer("ok"))
	<-began
	w.approve(1, "")
	w.untilStep(`#2 done {"amount":1}`)
	w.must(engine.SaidOutput{Call: w.call(2).ID, Output: convo.JSON(`"Rome"`)})
	w.publish(`"wet"`)
	w.must(engine.SaidAnswer{Call: w.call(4).ID})
	close(gate)
	got := acts(w.end())
	for _, want := range []string{`#1 done "slow"`, `#2 done {"amount":1}`, `#3 done "Rome"`, `#4 done "wet"`, `#5 rejected`} {
		if strings.Count(got, want) != 1 {
			t.Errorf("the turn has %s not once: %s", want, got)
		}
	}
	if !strings.HasSuffix(got, "ask | bot ok | usage 10 | done") || p.calls() != `{"amount":1}` {
		t.Errorf("the turn went %s", got)
	}
	told := w.model.Calls()[1].Request.Messages
	if n := len(told); told[n-1].Text != `{"meta":"Cancelled by user"}` || told[n-3].Text != `"Rome"` {
		t.Errorf("the model is told %+v", told)
	}
}

func TestADrainLeavesCallsThatAskToTheNextStart(t *testing.T) {
	t.Parallel()
	p := pay(convo.AsksConfirm)
	w := approvals(t, []tool.Tool{p}, engine.Given{}, "waits", calling("pay", `{"amount":1}`), answer("ok"))
	w.stop()
	<-w.ended
	w.approve(0, "") // is kept, though nothing runs any more
	if p.calls() != "" {
		t.Error("the tool ran")
	}
	w.start()
	events := w.turnEvents(w.id, w.turn)
	wantActs(t, events, "ask", `#1 pay{"amount":1} server asks`, "waits", `#1 approved {"amount":1}`, "resumed",
		"#1 runs", `#1 done {"amount":1}`, "usage 10", "ask", "bot ok", "usage 10", "done")
}

func TestACallWhoseRequestWasDeletedIsNotCarriedOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]*userTool{
		"on the server": pay(convo.AsksConfirm), "in the client": locate(convo.AsksConfirm), "by an interrupt": pay(convo.AsksInterrupt),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := approvals(t, []tool.Tool{c}, engine.Given{ClientTools: []string{"locate"}}, "waits", calling(c.spec.Name, `{"amount":1}`), answer("ok"))
			if err := w.DeleteMessage(t.Context(), w.actor, w.id, w.call(0).Message, nil); err != nil {
				t.Fatal(err)
			}
			if c.spec.Asks == convo.AsksInterrupt {
				w.must(engine.SaidInterruptEnd{Interrupt: w.interrupt().ID, Value: convo.JSON(`{"approved":true,"input":{"amount":7}}`)})
			} else {
				w.approve(0, `{"amount":7}`)
			}
			if got := acts(w.end()); strings.Contains(got, "7}") || !strings.Contains(got, `#1 cancelled {"error":"cancelled"}`) || c.calls() != "" {
				t.Errorf("the turn went %s, and the tool ran with %q", got, c.calls())
			}
		})
	}
}

func TestOnlyThoseWhoCanAnswerAreOfferedWhatAsks(t *testing.T) {
	t.Parallel()
	choose := &userTool{spec: tool.Spec{Name: "choose", Interrupt: &tool.Interrupt{Type: "choice"}}}
	tools := []tool.Tool{pay(convo.AsksConfirm), locate(convo.AsksNothing), choose, gives("look", `1`)}
	offered := func(t *testing.T, a *asker, given engine.Given) string {
		t.Helper()
		a.run(given)
		var names []string
		for _, o := range a.model.Calls()[len(a.model.Calls())-1].Request.Tools {
			names = append(names, o.Name)
		}
		return strings.Join(names, " ")
	}
	b := withTools(t, tools)
	stored := &asker{bundle: b, id: b.conversation(convo.Fields{}, message(convo.User, "go"))}
	stateless := &asker{bundle: b, messages: []engine.NewMessage{message(convo.User, "go")}}
	for _, c := range []struct {
		asker *asker
		given engine.Given
		want  string
	}{
		{stored, engine.Given{}, "pay choose look"},
		{stored, engine.Given{ClientTools: []string{"locate", "none"}}, "pay locate choose look"},
		{stored, engine.Given{Alone: true, ClientTools: []string{"locate"}}, "look"},
		{stateless, engine.Given{ClientTools: []string{"locate"}}, "look"},
	} {
		if got := offered(t, c.asker, c.given); got != c.want {
			t.Errorf("%+v is offered %s, not %s", c.given, got, c.want)
		}
	}
	channel := stateless.sendOff(engine.Given{})
	stateless.readTurn(channel)
	if last := b.model.Calls()[len(b.model.Calls())-1].Request.Tools; len(last) != 1 || last[0].Name != "look" {
		t.Errorf("a dispatch without a conversation is offered %+v", last)
	}
}
