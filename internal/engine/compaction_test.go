package engine_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
)

// compacts is a server whose model has a small window.
func compacts(t *testing.T, scripts ...scripted.Script) *bundle {
	t.Helper()
	b := setup(t, scripts...)
	b.stop()
	b.compact, b.fixed.window = true, 1000
	b.start()
	return b
}

// long is a message that fills most of the window.
func long(word string) string { return strings.Repeat(word+" ", 3200/(len(word)+1)) }

// awaitCheckpoint waits for the event that stores one.
func (b *bundle) awaitCheckpoint(conversation string) {
	b.t.Helper()
	found := errors.New("found")
	err := b.Follow(b.t.Context(), b.actor, conversation, 0, func(events []convo.Event) error {
		for _, e := range events {
			if given, ok := e.Body.(convo.MessageGiven); ok && given.Fields.Type == convo.Checkpoint {
				return found
			}
		}
		return nil
	})
	if !errors.Is(err, found) {
		b.t.Fatal(err)
	}
}

func prompted(call *scripted.Call) string {
	var all []string
	for _, m := range call.Request.Messages {
		all = append(all, m.Text)
	}
	return strings.Join(all, "\n")
}

func TestAFullWindowIsSummedUpBehindItsExchange(t *testing.T) {
	t.Parallel()
	b := compacts(t, costs(9), scripted.Script{scripted.Text("They spoke of apples."), scripted.Usage(800, 8), scripted.Finish(model.StopEnd)}, costs(9), costs(9))
	id := b.conversation(convo.Fields{})
	b.say(id, long("apple"))
	b.awaitCheckpoint(id)
	b.say(id, "And now?")
	b.say(id, "And then?")
	b.wantListed(id, "user:"+long("apple")+" | bot:ok | checkpoint:They spoke of apples. | user:And now? | bot:ok | user:And then? | bot:ok")
	calls := b.model.Calls()
	if len(calls) != 4 {
		t.Fatalf("%d model calls, want 4", len(calls))
	}
	for _, call := range calls[2:] {
		if said := prompted(call); strings.Contains(said, "apple apple") || !strings.Contains(said, "They spoke of apples.") {
			t.Errorf("the prompt is %q", said)
		}
	}
	for i, m := range calls[2].Request.Messages {
		if calls[3].Request.Messages[i].Text != m.Text {
			t.Errorf("message %d of the next prompt is %q, was %q", i, calls[3].Request.Messages[i].Text, m.Text)
		}
	}
	// The summary continues the turn's own prompt, so that it costs little.
	for i, m := range calls[0].Request.Messages {
		if calls[1].Request.Messages[i].Text != m.Text {
			t.Errorf("message %d of the summary's prompt is %q, was %q", i, calls[1].Request.Messages[i].Text, m.Text)
		}
	}
	if sum, _ := b.spent(); sum.Tokens != 9+808+9+9 {
		t.Errorf("%d tokens were counted", sum.Tokens)
	}
}

func TestASummaryThatSomethingCameBeforeIsDropped(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := compacts(t, costs(9), scripted.Script{scripted.Wait(gate), scripted.Text("too late"), scripted.Usage(800, 8), scripted.Finish(model.StopEnd)})
	id := b.conversation(convo.Fields{})
	b.say(id, long("apple"))
	if _, err := b.model.Await(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CreateMessage(t.Context(), b.actor, id, message(convo.Context, "news"), nil); err != nil {
		t.Fatal(err)
	}
	close(gate)
	for sum, _ := b.spent(); sum.Tokens != 9+808; sum, _ = b.spent() { // until the summary has come
		if t.Context().Err() != nil {
			t.Fatal("no summary came")
		}
		runtime.Gosched()
	}
	b.Drain(t.Context())
	b.wantListed(id, "user:"+long("apple")+" | bot:ok | context:news")
}

func TestADrainEndsASummaryWithoutATrace(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	defer close(gate)
	b := compacts(t, costs(9), scripted.Script{scripted.Wait(gate)})
	id := b.conversation(convo.Fields{})
	b.say(id, long("apple"))
	if _, err := b.model.Await(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if err := b.Drain(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	b.wantListed(id, "user:"+long("apple")+" | bot:ok")
}

func TestAConversationThatIsInUseIsNotCompacted(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := setup(t, scripted.Script{scripted.Wait(gate), scripted.Text("ok"), scripted.Finish(model.StopEnd)})
	id := b.conversation(convo.Fields{})
	r := b.complete(id, "hi", nil)
	if _, err := b.Compact(t.Context(), b.actor, id, nil); convo.ErrorKind(err) != convo.Conflict {
		t.Errorf("got %v, want a conflict", err)
	}
	close(gate)
	b.read(r)
	if _, err := b.Compact(t.Context(), convo.Actor{Tenant: "other"}, id, nil); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("another tenant: %v", err)
	}
}

func TestARepeatedCompactionAsksTheModelOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{scripted.Text("sum"), scripted.Finish(model.StopEnd)})
	id := b.conversation(convo.Fields{}, message(convo.User, "hi"), message(convo.Bot, "ho"))
	for range 2 {
		ask := &engine.Ask{Key: "k", Operation: "POST /compact", Render: func(any) []byte { return []byte("{}") }}
		if _, err := b.Compact(t.Context(), b.actor, id, ask); err != nil {
			t.Fatal(err)
		}
	}
	b.wantListed(id, "user:hi | bot:ho | checkpoint:sum")
	if n := len(b.model.Calls()); n != 1 {
		t.Errorf("the model was asked %d times", n)
	}
}

func TestABackstoryThatFillsTheWindowIsNotSummedUpAfterEachTurn(t *testing.T) {
	t.Parallel()
	b := compacts(t, costs(9), costs(9))
	id := b.conversation(convo.Fields{Config: convo.Config{Backstory: new(long("rule"))}})
	b.say(id, "hi")
	b.say(id, "ho")
	b.Drain(t.Context())
	b.wantListed(id, "user:hi | bot:ok | user:ho | bot:ok")
	if n := len(b.model.Calls()); n != 2 {
		t.Errorf("the model was asked %d times, want 2", n)
	}
}

func TestAnExchangeThatIsNotOverIsNotSummedUp(t *testing.T) {
	t.Parallel()
	b := compacts(t, scripted.Script{scripted.Text("I look."), scripted.Calls("x", "weather", `{}`)})
	id := b.conversation(convo.Fields{})
	text := long("apple")
	r, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: &text, Given: engine.Given{Functions: []engine.Function{unanswered("weather")}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.read(r)
	if _, err := b.Compact(t.Context(), b.actor, id, nil); convo.ErrorKind(err) != convo.Conflict {
		t.Errorf("got %v, want a conflict", err)
	}
	b.Drain(t.Context())
	if n := len(b.model.Calls()); n != 1 {
		t.Errorf("the model was asked %d times, want once", n)
	}
}

func TestASummaryThatFailsOrIsDroppedIsCounted(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := setup(t,
		scripted.Script{scripted.Wait(gate), scripted.Text("too late"), scripted.Usage(700, 7), scripted.Finish(model.StopEnd)},
		scripted.Script{scripted.Usage(50, 5), scripted.Finish(model.StopEnd)})
	id := b.conversation(convo.Fields{}, message(convo.User, "hi"), message(convo.Bot, "ho"))
	failed := make(chan error)
	go func() {
		_, err := b.Compact(t.Context(), b.actor, id, nil)
		failed <- err
	}()
	if _, err := b.model.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CreateMessage(t.Context(), b.actor, id, message(convo.Context, "news"), nil); err != nil {
		t.Fatal(err)
	}
	close(gate)
	if err := <-failed; convo.ErrorKind(err) != convo.UpstreamFailed { // the second, which has no text
		t.Errorf("got %v", err)
	}
	if sum, _ := b.spent(); sum.Tokens != 707+55 {
		t.Errorf("%d tokens were counted, want %d", sum.Tokens, 707+55)
	}
	b.wantListed(id, "user:hi | bot:ho | context:news")
}
