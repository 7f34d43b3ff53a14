package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/tool"
)

// drainedDispatch is a dispatched turn that a drain has left, while another turn is
// let to finish: by finish, which returns when the drain is over.
func drainedDispatch(t *testing.T) (a *asker, channel string, finish func()) {
	t.Helper()
	gate := make(chan struct{})
	b := setup(t, scripted.Script{scripted.Wait(gate), scripted.Finish(model.StopEnd)}, scripted.Script{scripted.Wait(nil)})
	slow := b.conversation(convo.Fields{})
	r := b.complete(slow, "takes its time", nil)
	if _, err := b.model.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	a = &asker{bundle: b}
	a.tell(message(convo.User, "go"))
	channel = a.sendOff(engine.Given{})
	if _, err := b.model.Await(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	drained := make(chan error, 1)
	go func() { drained <- b.Drain(context.Background()) }()
	err := b.follow(channel, func(_ string, events []convo.Event) error {
		if strings.Contains(acts(events), "usage") { // is left to the next start
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	return a, channel, func() {
		close(gate)
		b.read(r)
		if err := <-drained; err != nil {
			t.Error(err)
		}
	}
}

func TestADispatchIsReadWhileTheServerDrains(t *testing.T) {
	t.Parallel()
	a, channel, finish := drainedDispatch(t)
	_ = a.follow(channel, func(_ string, events []convo.Event) error {
		if got := acts(events); strings.Contains(got, "interrupted") {
			t.Errorf("the turn went %s", got)
		}
		return errEnough
	})
	finish()
	a.model.Add(answer("ok")...)
	a.start()
	if got := acts(a.readTurn(channel)); !strings.HasSuffix(got, "bot ok | usage 10 | done") {
		t.Errorf("after the restart the turn went %s", got)
	}
}

// The drain has told the turn already that it is left to the next start.
func TestAStopThatComesWithADrainEndsADispatch(t *testing.T) {
	t.Parallel()
	a, s := atMoments(t, nil, scripted.Script{scripted.Wait(nil)})
	a.mustStart()
	text := "go"
	r, err := a.Complete(t.Context(), a.actor, a.id, engine.TurnInput{Text: &text, Background: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.model.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan int, 1)
	stop := func() {
		onRecord := make(chan struct{})
		go func() {
			n, err := a.Stop(aside(func() { close(onRecord) }), a.actor, a.id, "", nil)
			if err != nil {
				t.Error(err)
			}
			stopped <- n
		}()
		<-onRecord
	}
	s.before.Store(&stop) // before what is left of the turn is written
	a.stop()
	if n, state := <-stopped, a.state(); n != 1 || state != "" {
		t.Fatalf("it stopped %d turns, and the turn is %q", n, state)
	}
	if got := acts(a.turnEvents(a.id, r.Turn)); !strings.HasSuffix(got, "stopped") {
		t.Errorf("the turn went %s", got)
	}
}

func TestADrainLeavesTheWaitsOfATurnInTheBackground(t *testing.T) {
	t.Parallel()
	began := make(chan struct{})
	stuck := toolFunc{"stuck", func(ctx context.Context, _ tool.Call) (tool.Result, error) {
		close(began)
		<-ctx.Done()
		return tool.Result{}, ctx.Err()
	}}
	b := withTools(t, []tool.Tool{stuck}, calling("stuck", `{}`, "weather", `{}`, "ask", `{}`), answer("ok"))
	a := &asker{bundle: b}
	a.tell(message(convo.User, "go"))
	channel := a.sendOff(functions(on("weather", weather), unanswered("ask")))
	<-began
	b.stop()
	b.start()
	b.publish(`"wet"`)
	want := `ask | #1 stuck{} server | #2 weather{} channel | #1 runs | #2 runs | #1 interrupted {"error":"interrupted"} | waits | ` +
		`#2 done "wet" | resumed | #3 ask{} caller | usage 10 | caller`
	if got := acts(b.readTurn(channel)); got != want {
		t.Errorf("the turn went\n%s\nwant\n%s", got, want)
	}
}
