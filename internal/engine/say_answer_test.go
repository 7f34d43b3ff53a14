package engine_test

import (
	"errors"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/tool"
)

func TestAnAnswerThatIsSaidCountsOnce(t *testing.T) {
	t.Parallel()
	p := pay(convo.AsksConfirm)
	w := approvals(t, []tool.Tool{p}, engine.Given{}, "waits", calling("pay", `{"amount":100}`), answer("Paid."))
	say := func(exchange, call, input string) engine.Said {
		return engine.SaidAnswer{Exchange: exchange, Call: call, Approved: true, Input: convo.JSON(input)}
	}
	id := w.call(0).ID
	errs := w.tryAs("phone", w.id,
		say("none", id, `{"amount":1}`), say(w.turn, "none", `{"amount":2}`), say(w.turn, id, `{"amount":"much"}`),
		say(w.turn, id, `{"amount":4}`), say(w.turn, id, `{"amount":5}`))
	wantWhy(t, errs[0], engine.UnknownExchange)
	wantWhy(t, errs[1], engine.UnknownCall)
	wantWhy(t, errs[2], engine.BadAnswer)
	if errs[3] != nil || !errors.Is(errs[4], engine.ErrLate) {
		t.Errorf("the answers: %v, %v", errs[3], errs[4])
	}
	w.untilStep("usage 10 | done")
	if got := p.calls(); got != `{"amount":4}` {
		t.Errorf("it ran with %s", got)
	}
	if errs := w.tryAs("phone", w.id, say(w.turn, id, `{"amount":6}`)); !errors.Is(errs[0], engine.ErrLate) {
		t.Errorf("an answer to an exchange that has ended: %v", errs[0])
	}
}

func TestAStopThatIsSaidEndsAnExchangeThatWaits(t *testing.T) {
	t.Parallel()
	w := approvals(t, []tool.Tool{pay(convo.AsksConfirm)}, engine.Given{}, "waits", calling("pay", `{"amount":100}`))
	w.utter(w.id, engine.SaidStop{Exchange: w.turn})
	w.untilStep("stopped")
	last := w.events[len(w.events)-1]
	if e := end(t, w.events); e.Reason != convo.EndStopped || last.Origin != "s1" {
		t.Errorf("it ended as %+v by %q", e, last.Origin)
	}
}

func TestAToolOfTheClientIsOfferedToTheExchangeThatNamesIt(t *testing.T) {
	t.Parallel()
	a := &asker{bundle: withTools(t, []tool.Tool{locate(convo.AsksNothing)}, answer("no"), answer("yes"))}
	id := a.conversation(convo.Fields{})
	a.utter(id, spokenText("X", "Where?")...)
	a.exchange(id, "X")
	all := spokenText("Y", "Where am I?")
	all[0] = engine.SaidExchange{Exchange: "Y", Tools: []string{"locate"}}
	a.utter(id, all[0])
	a.utter(id, all[1:]...)
	a.exchange(id, "Y")
	first, _ := a.model.Await(t.Context(), 1)
	second, _ := a.model.Await(t.Context(), 2)
	if len(first.Request.Tools) != 0 || len(second.Request.Tools) != 1 {
		t.Errorf("offered were %d and %d tools", len(first.Request.Tools), len(second.Request.Tools))
	}
}
