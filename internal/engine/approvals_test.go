package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/tool"
)

// userTool is a tool that does not run by itself; it keeps what it was called with.
type userTool struct {
	spec tool.Spec
	run  func(context.Context, tool.Call) (tool.Result, error) // nil = gives what it got

	mu  sync.Mutex
	got []string
}

func (a *userTool) Spec() tool.Spec { return a.spec }

func (a *userTool) Call(ctx context.Context, c tool.Call) (tool.Result, error) {
	a.mu.Lock()
	a.got = append(a.got, string(c.Arguments))
	a.mu.Unlock()
	if a.run != nil {
		return a.run(ctx, c)
	}
	return tool.Result{Output: c.Arguments}, nil
}

// calls gives what the tool was called with, sorted: calls that begin together run
// side by side.
func (a *userTool) calls() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(slices.Sorted(slices.Values(a.got)), " ")
}

const amountSchema = `{"type":"object","properties":{"amount":{"type":"integer"}},"required":["amount"]}`

// pay is a tool that asks in that way.
func pay(asks convo.Asks) *userTool {
	return &userTool{spec: tool.Spec{Name: "pay", Parameters: convo.JSON(amountSchema), Asks: asks}}
}

// locate is a tool that a client carries out.
func locate(asks convo.Asks) *userTool {
	return &userTool{spec: tool.Spec{Name: "locate", Parameters: convo.JSON(`{"type":"object"}`), Asks: asks, Client: true, Output: convo.JSON(`{"type":"string"}`)}}
}

// waiting is a turn whose calls wait for somebody.
type waiting struct {
	*asker
	*running
	turn string
}

// approvals is a bundle with a turn that waits, once that many steps say so.
func approvals(t *testing.T, tools []tool.Tool, given engine.Given, until string, scripts ...scripted.Script) *waiting {
	t.Helper()
	a := &asker{bundle: withTools(t, tools, scripts...)}
	a.id = a.conversation(convo.Fields{}, message(convo.User, "go"))
	w := &waiting{asker: a, running: a.begin(given)}
	w.untilStep(until)
	w.turn = w.events[0].Turn
	return w
}

// untilStep reads until the steps of the turn have that text in them.
func (r *running) untilStep(text string) {
	r.t.Helper()
	for !strings.Contains(acts(r.events)+" | ", text) {
		events, ok := <-r.came
		if !ok {
			r.t.Fatalf("the turn ended without %q: %v\n%s", text, <-r.ended, acts(r.events))
		}
		r.events = append(r.events, events...)
	}
}

// call gives the request of the n-th call that was read.
func (w *waiting) call(n int) convo.ToolRequested {
	w.running.t.Helper()
	for _, e := range w.events {
		if b, ok := e.Body.(convo.ToolRequested); ok {
			if n--; n < 0 {
				return b
			}
		}
	}
	w.running.t.Fatal("there is no such call")
	return convo.ToolRequested{}
}

// interrupt gives the last interrupt that was read.
func (w *waiting) interrupt() convo.InterruptStarted {
	w.running.t.Helper()
	var last convo.InterruptStarted
	for _, e := range w.events {
		if b, ok := e.Body.(convo.InterruptStarted); ok {
			last = b
		}
	}
	if last.ID == "" {
		w.running.t.Fatal("there is no interrupt")
	}
	return last
}

// say says something about the call as the session "phone" does.
func (w *waiting) say(said engine.Said) error {
	return w.Answer(w.asker.t.Context(), "t", w.id, w.turn, "phone", said)
}

func (w *waiting) must(said engine.Said) {
	w.asker.t.Helper()
	if err := w.say(said); err != nil {
		w.asker.t.Fatal(err)
	}
}

func (w *waiting) approve(n int, input string) {
	w.asker.t.Helper()
	said := engine.SaidAnswer{Call: w.call(n).ID, Approved: true}
	if input != "" {
		said.Input = convo.JSON(input)
	}
	w.must(said)
}

func TestACallThatAsksRunsWhenItIsApproved(t *testing.T) {
	t.Parallel()
	p := pay(convo.AsksConfirm)
	w := approvals(t, []tool.Tool{p}, engine.Given{}, "waits", calling("pay", `{"amount":100}`), answer("Paid."))
	if got := w.call(0).Asked; got.Asks != convo.AsksConfirm || !strings.Contains(string(got.Input), "amount") || got.Output != nil {
		t.Errorf("the call asks %+v", got)
	}
	if p.calls() != "" {
		t.Fatal("the tool ran before anybody said yes")
	}
	w.approve(0, "")
	events := w.end()
	wantActs(t, events, "ask", `#1 pay{"amount":100} server asks`, "waits", `#1 approved {"amount":100}`, "resumed",
		"#1 runs", `#1 done {"amount":100}`, "usage 10", "ask", "bot Paid.", "usage 10", "done")
	if p.calls() != `{"amount":100}` {
		t.Errorf("the tool was called with %s", p.calls())
	}
	for _, e := range events {
		if said := e.Body.Kind() == convo.KindToolAnswered; said != (e.Origin == "phone") {
			t.Errorf("event %d of kind %d comes from %q", e.Seq, e.Body.Kind(), e.Origin)
		}
	}
	if w.Waits() != 0 {
		t.Error("the call still waits to expire")
	}
}

func TestTheInputThatTheUserMadeIsWhatRuns(t *testing.T) {
	t.Parallel()
	p := pay(convo.AsksConfirm)
	w := approvals(t, []tool.Tool{p}, engine.Given{}, "waits", calling("pay", `{"amount":100}`), answer("Paid."))
	long := `{"amount":1,"note":"` + strings.Repeat("x", tool.MaxOutput) + `"}`
	for _, wrong := range []string{`{"amount":"all"}`, `{}`, `[]`, `7`, long} {
		err := w.say(engine.SaidAnswer{Call: w.call(0).ID, Approved: true, Input: convo.JSON(wrong)})
		if convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("the input %.20s gave %v", wrong, err)
		}
	}
	w.approve(0, `{ "amount": 5 }`)
	events := w.end()
	wantActs(t, events, "ask", `#1 pay{"amount":100} server asks`, "waits", `#1 approved {"amount":5}`, "resumed",
		"#1 runs", `#1 done {"amount":5}`, "usage 10", "ask", "bot Paid.", "usage 10", "done")
	for _, e := range events {
		switch b := e.Body.(type) {
		case convo.ToolStarted:
			if string(b.Input) != `{"amount":5}` {
				t.Errorf("it started with %s", b.Input)
			}
		case convo.ToolEnded:
			if string(b.Arguments) != `{"amount":5}` {
				t.Errorf("its end says %s", b.Arguments)
			}
		}
	}
	told := w.model.Calls()[1].Request.Messages
	if call := told[len(told)-2].Calls; len(call) != 1 || call[0].Arguments != `{"amount":5}` {
		t.Errorf("the model is told of %+v", call)
	}
}

func TestARejectedCallDoesNotRunAndTheModelIsTold(t *testing.T) {
	t.Parallel()
	p := pay(convo.AsksConfirm)
	w := approvals(t, []tool.Tool{p}, engine.Given{}, "waits", calling("pay", `{"amount":100}`), answer("As you like."))
	w.must(engine.SaidAnswer{Call: w.call(0).ID})
	events := w.end()
	wantActs(t, events, "ask", `#1 pay{"amount":100} server asks`, "waits", "#1 refused", `#1 rejected {"meta":"Cancelled by user"}`, "resumed",
		"usage 10", "ask", "bot As you like.", "usage 10", "done")
	if p.calls() != "" {
		t.Error("the tool ran")
	}
	told := w.model.Calls()[1].Request.Messages
	if last := told[len(told)-1]; last.Text != `{"meta":"Cancelled by user"}` {
		t.Errorf("the model is told %+v", last)
	}
}

func TestAnAnswerCountsOnce(t *testing.T) {
	t.Parallel()
	p := pay(convo.AsksConfirm)
	w := approvals(t, []tool.Tool{p}, engine.Given{}, "waits", calling("pay", `{"amount":1}`), answer("Paid."))
	yes := engine.SaidAnswer{Call: w.call(0).ID, Approved: true}
	var group sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		group.Go(func() { errs[i] = w.say(yes) })
	}
	group.Wait()
	taken := 0
	for _, err := range errs {
		if err == nil {
			taken++
		} else if !errors.Is(err, engine.ErrLate) {
			t.Errorf("a late answer gave %v", err)
		}
	}
	w.end()
	if taken != 1 || p.calls() != `{"amount":1}` {
		t.Errorf("%d answers counted, and the tool ran with %s", taken, p.calls())
	}
	if err := w.say(yes); !errors.Is(err, engine.ErrLate) {
		t.Errorf("after the turn's end an answer gave %v", err)
	}
}

func TestAnswersThatFitNoCallAreRefusedOrDropped(t *testing.T) {
	t.Parallel()
	w := approvals(t, []tool.Tool{pay(convo.AsksConfirm), locate(convo.AsksConfirm)}, engine.Given{ClientTools: []string{"locate"}}, "waits",
		calling("pay", `{"amount":1}`, "locate", `{}`), answer("Fine."))
	for _, unknown := range []engine.Said{
		engine.SaidAnswer{Call: "none", Approved: true}, engine.SaidOutput{Call: "none"}, engine.SaidInterruptEnd{Interrupt: "none", Value: convo.JSON(`{"approved":true}`)},
		engine.SaidInterruptEnd{},
	} {
		if err := w.say(unknown); convo.ErrorKind(err) != convo.NotFound {
			t.Errorf("%+v gave %v", unknown, err)
		}
	}
	for _, late := range []engine.Said{
		engine.SaidOutput{Call: w.call(0).ID}, // runs on the server
		engine.SaidOutput{Call: w.call(1).ID}, // nobody has approved it
	} {
		if err := w.say(late); !errors.Is(err, engine.ErrLate) {
			t.Errorf("%+v gave %v", late, err)
		}
	}
	w.must(engine.SaidAnswer{Call: w.call(0).ID})
	if err := w.say(engine.SaidAnswer{Call: w.call(0).ID, Approved: true}); !errors.Is(err, engine.ErrLate) {
		t.Errorf("an answer to a call that has ended gave %v", err)
	}
	w.approve(1, "")
	w.must(engine.SaidOutput{Call: w.call(1).ID, Output: convo.JSON(`"Rome"`)})
	if got := acts(w.end()); !strings.HasSuffix(got, "bot Fine. | usage 10 | done") {
		t.Errorf("the turn went %s", got)
	}
}

func TestACallThatNobodyAnswersExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pay(convo.AsksInterrupt)
		began := time.Now()
		w := approvals(t, []tool.Tool{p}, engine.Given{}, "waits", calling("pay", `{"amount":1}`), answer("So be it."))
		events := w.end()
		wantActs(t, events, "ask", `#1 pay{"amount":1} server asks`, "#1 interrupts", "waits", "#1 answered ", `#1 expired {"meta":"Expired"}`, "resumed",
			"usage 10", "ask", "bot So be it.", "usage 10", "done")
		if took := time.Since(began); took < 24*time.Hour || took > 25*time.Hour || p.calls() != "" {
			t.Errorf("it took %s, and the tool ran with %q", took, p.calls())
		}
	})
}

func TestACallRunsInTheClientThatOpenedTheExchange(t *testing.T) {
	t.Parallel()
	l := locate(convo.AsksNothing)
	w := approvals(t, []tool.Tool{l}, engine.Given{ClientTools: []string{"other", "locate"}}, "waits", calling("locate", `{"fine":true}`), answer("Hello Rome."))
	if asked := w.call(0).Asked; asked.Asks != convo.AsksNothing || string(asked.Output) != `{"type":"string"}` {
		t.Errorf("the request says %+v", asked)
	}
	w.must(engine.SaidOutput{Call: w.call(0).ID, Output: convo.JSON(` "Rome" `)})
	events := w.end()
	wantActs(t, events, "ask", `#1 locate{"fine":true} client`, "#1 runs in token", "waits", `#1 done "Rome"`, "resumed",
		"usage 10", "ask", "bot Hello Rome.", "usage 10", "done")
	if l.calls() != "" {
		t.Error("the server carried it out")
	}
	for _, e := range events {
		if e.Body.Kind() == convo.KindToolEnded && e.Origin != "phone" {
			t.Errorf("the result comes from %q", e.Origin)
		}
	}
	if err := w.say(engine.SaidOutput{Call: w.call(0).ID, Output: convo.JSON(`"Paris"`)}); !errors.Is(err, engine.ErrLate) {
		t.Errorf("a second result gave %v", err)
	}
}

func TestAClientsFailureIsTheModelsToHandle(t *testing.T) {
	t.Parallel()
	w := approvals(t, []tool.Tool{locate(convo.AsksNothing)}, engine.Given{ClientTools: []string{"locate"}}, "waits", calling("locate", `{}`), answer("I see."))
	w.must(engine.SaidOutput{Call: w.call(0).ID, Output: convo.JSON(`{"error":"no GPS"}`), Failed: true})
	wantActs(t, w.end(), "ask", `#1 locate{} client`, "#1 runs in token", "waits", `#1 failed {"error":"no GPS"}`, "resumed",
		"usage 10", "ask", "bot I see.", "usage 10", "done")
}

func TestAClientsCallMayAskFirst(t *testing.T) {
	t.Parallel()
	w := approvals(t, []tool.Tool{locate(convo.AsksConfirm)}, engine.Given{ClientTools: []string{"locate"}}, "waits", calling("locate", `{"fine":true}`), answer("Hello Rome."))
	w.approve(0, `{"fine":false}`)
	w.untilStep("#1 runs")
	w.must(engine.SaidOutput{Call: w.call(0).ID, Output: convo.JSON(`"Rome"`)})
	events := w.end()
	wantActs(t, events, "ask", `#1 locate{"fine":true} client asks`, "waits", `#1 approved {"fine":false}`, "#1 runs in token", `#1 done "Rome"`, "resumed",
		"usage 10", "ask", "bot Hello Rome.", "usage 10", "done")
	for _, e := range events {
		if b, ok := e.Body.(convo.ToolStarted); ok && string(b.Input) != `{"fine":false}` {
			t.Errorf("it started with %s", b.Input)
		}
	}
}

func TestACallGoesToAnotherSessionWhenItsOwnIsGone(t *testing.T) {
	t.Parallel()
	w := approvals(t, []tool.Tool{locate(convo.AsksNothing), pay(convo.AsksConfirm)}, engine.Given{ClientTools: []string{"locate"}}, "waits",
		calling("locate", `{}`, "pay", `{"amount":1}`), answer("Hello."))
	gone := ""
	claim := func(n int, to string) bool {
		t.Helper()
		claimed, err := w.ClaimClientCall(t.Context(), w.actor, w.id, w.call(n).ID, to, func(session string) bool { return session == gone })
		if err != nil {
			t.Fatal(err)
		}
		return claimed
	}
	if claim(0, "phone") || claim(0, "token") || claim(1, "phone") {
		t.Error("a call was taken from a session that is there, or that has none")
	}
	if gone = "token"; !claim(0, "phone") || claim(0, "desk") || claim(1, "phone") {
		t.Error("the call did not go to the next session, once")
	}
	if gone = "phone"; !claim(0, "desk") {
		t.Error("the call did not go on to the session after that")
	}
	if _, err := w.ClaimClientCall(t.Context(), w.actor, "none", w.call(0).ID, "desk", nil); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("a conversation that there is not gave %v", err)
	}
	stranger := convo.Actor{Tenant: "t", User: "someone", Own: true}
	if _, err := w.ClaimClientCall(t.Context(), stranger, w.id, w.call(0).ID, "desk", nil); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("another user's conversation gave %v", err)
	}
	w.must(engine.SaidAnswer{Call: w.call(1).ID})
	w.must(engine.SaidOutput{Call: w.call(0).ID})
	if gone = "desk"; claim(0, "phone") {
		t.Error("a call that has ended was claimed")
	}
	wantActs(t, w.end(), "ask", `#1 locate{} client`, `#2 pay{"amount":1} server asks`, "#1 runs in token", "waits", "#1 goes to phone", "#1 goes to desk",
		"#2 refused", `#2 rejected {"meta":"Cancelled by user"}`, `#1 done null`, "resumed", "usage 10", "ask", "bot Hello.", "usage 10", "done")
}

func TestACallThatIsApprovedLaterRunsWhereItWasClaimed(t *testing.T) {
	t.Parallel()
	w := approvals(t, []tool.Tool{locate(convo.AsksConfirm)}, engine.Given{ClientTools: []string{"locate"}}, "waits", calling("locate", `{}`), answer("Hello."))
	if claimed, err := w.ClaimClientCall(t.Context(), w.actor, w.id, w.call(0).ID, "phone", func(string) bool { return true }); !claimed || err != nil {
		t.Fatal(claimed, err)
	}
	w.approve(0, "")
	w.must(engine.SaidOutput{Call: w.call(0).ID})
	wantActs(t, w.end(), "ask", `#1 locate{} client asks`, "waits", "#1 goes to phone", "#1 approved {}", "#1 runs in phone", `#1 done null`, "resumed",
		"usage 10", "ask", "bot Hello.", "usage 10", "done")
}

func TestInterruptsComeOneAfterTheOther(t *testing.T) {
	t.Parallel()
	p := pay(convo.AsksInterrupt)
	w := approvals(t, []tool.Tool{p}, engine.Given{}, "waits",
		calling("pay", `{"amount":1}`, "pay", `{"amount":2}`, "pay", `{"amount":3}`), answer("Done."))
	first := w.interrupt()
	if want := `{"toolCallId":"` + w.call(0).ID + `","toolName":"pay","inputSchema":` + string(w.call(0).Asked.Input) + `,"inputValue":{"amount":1}}`; first.Type != engine.ConfirmInterrupt ||
		string(first.Value) != want || first.Call != w.call(0).ID || first.Message != w.call(0).Message {
		t.Errorf("the interrupt is %+v %s", first, first.Value)
	}
	answer := func(value string) {
		t.Helper()
		w.must(engine.SaidInterruptEnd{Interrupt: w.interrupt().ID, Value: convo.JSON(value)})
	}
	for _, wrong := range []string{``, `{}`, `true`, `{"approved":"yes"}`, `{"approved":true,"input":{"amount":"x"}}`} {
		if err := w.say(engine.SaidInterruptEnd{Interrupt: first.ID, Value: convo.JSON(wrong)}); convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("the answer %s gave %v", wrong, err)
		}
	}
	if err := w.say(engine.SaidAnswer{Call: w.call(0).ID, Approved: true}); !errors.Is(err, engine.ErrLate) {
		t.Errorf("a confirmation where an interrupt asks gave %v", err)
	}
	answer(`{"approved":true,"input":{"amount":9}}`)
	w.untilStep("#2 interrupts")
	if err := w.say(engine.SaidInterruptEnd{Interrupt: first.ID, Value: convo.JSON(`{"approved":true}`)}); !errors.Is(err, engine.ErrLate) {
		t.Errorf("a second answer gave %v", err)
	}
	answer(`{"value":{"approved":false}}`)
	w.untilStep("#3 interrupts")
	answer(`{"approved":true,"input":null}`)
	events := w.end()
	open := ""
	for _, e := range events {
		switch b := e.Body.(type) {
		case convo.InterruptStarted:
			if open != "" {
				t.Errorf("event %d opens an interrupt while another is open", e.Seq)
			}
			open = b.ID
		case convo.InterruptEnded:
			if open != b.ID || e.Origin != "phone" || b.Message == "" {
				t.Errorf("event %d ends %+v from %q", e.Seq, b, e.Origin)
			}
			open = ""
		}
	}
	if got := p.calls(); got != `{"amount":3} {"amount":9}` {
		t.Errorf("the tool ran with %s", got)
	}
	if got := acts(events); !strings.Contains(got, `#1 answered {"approved":true,"input":{"amount":9}} | #1 approved {"amount":9}`) ||
		!strings.Contains(got, `#2 answered {"value":{"approved":false}} | #2 refused | #2 rejected`) || !strings.HasSuffix(got, "bot Done. | usage 10 | done") {
		t.Errorf("the turn went %s", got)
	}
}

func TestAnInterruptOfAToolItselfGivesTheUsersAnswer(t *testing.T) {
	t.Parallel()
	choose := &userTool{spec: tool.Spec{Name: "choose", Parameters: convo.JSON(`{"type":"object"}`), Interrupt: &tool.Interrupt{Type: "choice"}}}
	fixed := &userTool{spec: tool.Spec{Name: "fixed", Parameters: convo.JSON(`{"type":"object"}`), Interrupt: &tool.Interrupt{Type: "form", Value: convo.JSON(`[1]`)}}}
	w := approvals(t, []tool.Tool{choose, fixed}, engine.Given{}, "waits", calling("choose", `{"of":["a","b"]}`, "fixed", `{}`), answer("Fine."))
	if i := w.interrupt(); i.Type != "choice" || string(i.Value) != `{"of":["a","b"]}` {
		t.Errorf("the interrupt is %+v %s", i, i.Value)
	}
	w.must(engine.SaidInterruptEnd{Interrupt: w.interrupt().ID, Value: convo.JSON(`{"approved":false,"it":"b"}`)})
	w.untilStep("#2 interrupts")
	if i := w.interrupt(); i.Type != "form" || string(i.Value) != `[1]` {
		t.Errorf("the interrupt is %+v %s", i, i.Value)
	}
	w.must(engine.SaidInterruptEnd{Interrupt: w.interrupt().ID})
	wantActs(t, w.end(), "ask", `#1 choose{"of":["a","b"]} user asks`, `#2 fixed{} user asks`, "#1 interrupts", "waits",
		`#1 answered {"approved":false,"it":"b"}`, `#1 done {"approved":false,"it":"b"}`, "resumed", "#2 interrupts", "waits",
		`#2 answered null`, `#2 done null`, "resumed", "usage 10", "ask", "bot Fine.", "usage 10", "done")
}
