package engine_test

import (
	"context"
	"encoding/json"
	"runtime"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/store"
)

// left writes what a process that died left in the log of a conversation.
func (b *bundle) left(conversation, turn string, bodies ...convo.Body) {
	b.t.Helper()
	_, err := b.store.Update(context.Background(), "t", conversation, store.Buffered, func(tx store.Tx) error {
		for _, body := range bodies {
			if err := tx.Append(convo.Event{At: time.Now().UTC(), Turn: turn, Body: body}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// give writes what a turn was given, as its admission does.
func (b *bundle) give(conversation, turn string, given engine.Given) {
	b.t.Helper()
	plain, err := json.Marshal(given)
	if err != nil {
		b.t.Fatal(err)
	}
	_, err = b.store.Update(context.Background(), "t", conversation, store.Buffered, func(tx store.Tx) error {
		return tx.PutInput(turn, plain)
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func asked(slot int64, text string) []convo.Body {
	given := convo.MessageGiven{ID: text, Fields: convo.MessageFields{Type: convo.User}, Text: text}
	bodies := []convo.Body{convo.TurnOpened{Front: "test"}, given, convo.TurnQueued{}}
	if slot > 0 {
		bodies = append(bodies, convo.TurnStarted{Slot: slot})
	}
	return bodies
}

// turnEvents reads a turn that is over from the log.
func (b *bundle) turnEvents(conversation, turn string) []convo.Event {
	b.t.Helper()
	var own []convo.Event
	err := b.Follow(b.t.Context(), b.actor, conversation, 0, func(events []convo.Event) error {
		for _, e := range events {
			if e.Turn == turn {
				own = append(own, e)
			}
			if _, ended := e.Body.(convo.TurnEnded); ended && e.Turn == turn {
				return context.Canceled
			}
		}
		return nil
	})
	if err != context.Canceled {
		b.t.Fatal(err)
	}
	return own
}

func TestAfterACrash(t *testing.T) {
	t.Parallel()

	t.Run("a turn whose model call was open is closed with its partial text", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		id := b.conversation(convo.Fields{})
		b.left(id, "turn", append(asked(1, "hi"),
			convo.ModelAsked{Model: "test/m", Prompt: 70},
			convo.MessageStarted{ID: "m", Place: convo.Place(1, 1), Type: convo.Bot},
			convo.Delta{Message: "m", Type: convo.Bot, Text: "half "},
			convo.Delta{Message: "m", Type: convo.Bot, Text: "an"})...)
		b.start()
		events := b.turnEvents(id, "turn")
		e := end(t, events)
		if e.Reason != convo.EndInterrupted || e.Usage.Input != (convo.Tokens{N: 70, Estimated: true}) || e.Usage.Output != (convo.Tokens{N: 2, Estimated: true}) {
			t.Errorf("end = %+v", e)
		}
		if got := kinds(events); got != "opened given queued started asked message delta ended answered end" {
			t.Errorf("events: %s", got)
		}
		b.wantListed(id, "user:hi | bot:half an…")
		if len(b.model.Calls()) != 0 {
			t.Error("the model was asked again")
		}
	})
	t.Run("a turn between two steps goes on", func(t *testing.T) {
		t.Parallel()
		b := setup(t, answer("here"))
		id := b.conversation(convo.Fields{})
		b.left(id, "turn", asked(1, "hi")...)
		b.start()
		if e := end(t, b.turnEvents(id, "turn")); e.Reason != convo.EndDone {
			t.Errorf("end = %+v", e)
		}
		b.wantListed(id, "user:hi | bot:here")
	})
	t.Run("a queued turn runs behind the interrupted one", func(t *testing.T) {
		t.Parallel()
		b := setup(t, answer("here"))
		id := b.conversation(convo.Fields{})
		b.left(id, "one", append(asked(1, "1"), convo.ModelAsked{Model: "test/m"})...)
		b.left(id, "two", asked(0, "2")...)
		b.start()
		if e := end(t, b.turnEvents(id, "two")); e.Reason != convo.EndDone {
			t.Errorf("end = %+v", e)
		}
		b.wantListed(id, "user:1 | user:2 | bot:here")
	})
	t.Run("a waiting turn waits on, and others wait behind it", func(t *testing.T) {
		t.Parallel()
		b := setup(t, answer("here"))
		id := b.conversation(convo.Fields{})
		b.left(id, "one", append(asked(1, "1"), convo.ModelAsked{Model: "test/m"},
			convo.ToolRequested{ID: "c", Message: "request", Place: convo.Place(1, 1), Name: "f", Runs: convo.RunsChannel, Channel: "0123456789abcdef"},
			convo.ToolStarted{ID: "c", Message: "request", Name: "f", Channel: "0123456789abcdef"},
			convo.TurnWaiting{Answered: &convo.ModelAnswered{Model: "test/m"}})...)
		b.start()
		two := b.complete(id, "2", nil)
		turn, err := b.store.Turn(t.Context(), "t", id, "one")
		if err != nil || turn.State != convo.StateWaiting {
			t.Errorf("the turn is %s, %v", turn.State, err)
		}
		b.wantListed(id, "user:1 | activity:")
		if n, err := b.Stop(t.Context(), b.actor, id, "", nil); n != 1 || err != nil {
			t.Fatalf("Stop = %d, %v", n, err)
		}
		b.read(two)
		b.wantListed(id, "user:1 | activity: | activity: | user:2 | bot:here")
	})
}

func TestAWaitingTurnGoesOnWhenItsCallIsAnswered(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("It rains."))
	id := b.conversation(convo.Fields{})
	usage := convo.Usage{Input: convo.Tokens{N: 9}, Output: convo.Tokens{N: 1}}
	b.left(id, "turn", append(asked(1, "How is it?"), convo.ModelAsked{Model: "test/m"},
		convo.ToolRequested{ID: "c", Message: "request", Place: convo.Place(1, 1), Name: "look", Arguments: convo.JSON(`{"at":1}`), Runs: convo.RunsChannel, Channel: "0123456789abcdef"},
		convo.ToolStarted{ID: "c", Message: "request", Name: "look", Channel: "0123456789abcdef", Input: convo.JSON(`{"at":1}`)},
		convo.TurnWaiting{Answered: &convo.ModelAnswered{Model: "test/m", Usage: usage}})...)
	b.start()
	if err := b.AnswerCall(t.Context(), "t", id, "turn", "c", convo.JSON(`"wet"`)); err != nil {
		t.Fatal(err)
	}
	events := b.turnEvents(id, "turn")
	wantActs(t, events, "ask", `#1 look{"at":1} channel`, "#1 runs", "waits", `#1 done "wet"`, "resumed", "usage 10", "ask", "bot It rains.", "usage 10", "done")
	if e := end(t, events); e.Usage.Total() != 20 {
		t.Errorf("the turn cost %+v", e.Usage)
	}
	if err := b.AnswerCall(t.Context(), "t", id, "turn", "c", convo.JSON(`1`)); err == nil {
		t.Error("the call was answered twice")
	}
	if got := short(b.prompt(0)); got != `user:How is it? | now | assistant:[c look{"at":1}] | result:"wet"<-c` {
		t.Errorf("the prompt is %s", got)
	}
}

// probe asks for a turn that cannot be had, to see whether any can.
func (b *bundle) probe() error {
	_, err := b.Complete(b.t.Context(), b.actor, "unknown", engine.TurnInput{}, nil)
	return err
}

func TestADrainLetsRunningTurnsFinishAndStartsNoOther(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := setup(t, scripted.Script{scripted.Text("a"), scripted.Wait(gate), scripted.Text("b"), scripted.Finish(model.StopEnd)}, answer("later"))
	id := b.conversation(convo.Fields{})
	one, two := b.complete(id, "1", nil), b.complete(id, "2", nil)
	if _, err := b.model.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	drained := make(chan struct{})
	go func() { b.Drain(t.Context()); close(drained) }()
	for convo.ErrorKind(b.probe()) != convo.Unavailable {
		runtime.Gosched()
	}
	close(gate)
	if e := end(t, b.read(one)); e.Reason != convo.EndDone {
		t.Errorf("end = %+v", e)
	}
	<-drained
	err := two.Each(t.Context(), func([]convo.Event) error { return nil })
	wantKind(t, err, convo.Unavailable)
	if len(b.model.Calls()) != 1 {
		t.Error("a queued turn was started")
	}
	b.wantListed(id, "user:1 | bot:ab")

	b.start()
	if e := end(t, b.turnEvents(id, two.Turn)); e.Reason != convo.EndDone {
		t.Errorf("after the restart: end = %+v", e)
	}
	b.wantListed(id, "user:1 | bot:ab | user:2 | bot:later")
}

func TestADrainThatTakesTooLongStopsWhatRuns(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	defer close(gate)
	reached := make(chan struct{}, 1)
	b := setup(t, scripted.Script{scripted.Text("a"), scripted.Reached(reached), scripted.Wait(gate)})
	id := b.conversation(convo.Fields{})
	r := b.complete(id, "hi", nil)
	<-reached
	b.stop()
	if e := end(t, b.read(r)); e.Reason != convo.EndStopped || e.Failure == nil || e.Failure.Kind != convo.Unavailable {
		t.Errorf("end = %+v", e)
	}
	b.wantListed(id, "user:hi | bot:a…")
}
