package engine_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
)

func ask(key, body string) *engine.Ask {
	return &engine.Ask{
		Key: key, Operation: "POST /v1/x", Body: sha256.Sum256([]byte(body)),
		Render: func(result any) []byte { b, _ := json.Marshal(result); return b },
	}
}

func TestARepeatWithoutAKey(t *testing.T) {
	t.Parallel()

	t.Run("joins a running turn whose connection broke", func(t *testing.T) {
		t.Parallel()
		gate := make(chan struct{})
		b := setup(t, scripted.Script{scripted.Text("a"), scripted.Wait(gate), scripted.Text("b"), scripted.Finish(model.StopEnd)})
		id := b.conversation(convo.Fields{})
		first := ask("", "hi")
		one := b.complete(id, "hi", first)
		first.Broken()
		two := b.complete(id, "hi", ask("", "hi"))
		if !two.Replayed || two.Turn != one.Turn {
			t.Errorf("the repeat is turn %s, want %s", two.Turn, one.Turn)
		}
		close(gate)
		if events := b.read(two); kinds(events) != "opened given queued started asked message delta ended answered end" || spoken(events) != "ab" {
			t.Errorf("the repeat saw %s, %q", kinds(events), spoken(events))
		}
		b.read(one)
		b.wantListed(id, "user:hi | bot:ab")
	})
	t.Run("joins one that ended a moment ago, once", func(t *testing.T) {
		t.Parallel()
		b := setup(t, answer("a"), answer("b"))
		id := b.conversation(convo.Fields{})
		first := ask("", "hi")
		b.read(b.complete(id, "hi", first))
		first.Broken()
		second := ask("", "hi")
		if r := b.complete(id, "hi", second); !r.Replayed || spoken(b.read(r)) != "a" {
			t.Error("the repeat was not joined")
		}
		second.Written()
		second.Delivered()
		if r := b.complete(id, "hi", ask("", "hi")); r.Replayed || spoken(b.read(r)) != "b" {
			t.Error("the record was not used up")
		}
		b.wantListed(id, "user:hi | bot:a | user:hi | bot:b")
	})
	t.Run("is a new request while the first connection is whole", func(t *testing.T) {
		t.Parallel()
		b := setup(t, answer("a"), answer("b"))
		id := b.conversation(convo.Fields{})
		one := b.complete(id, "yes", ask("", "yes"))
		two := b.complete(id, "yes", ask("", "yes"))
		b.read(one)
		b.read(two)
		b.wantListed(id, "user:yes | bot:a | user:yes | bot:b")
	})
	t.Run("is a new request after the answer was written", func(t *testing.T) {
		t.Parallel()
		b := setup(t, answer("a"), answer("b"))
		id := b.conversation(convo.Fields{})
		first := ask("", "yes")
		b.read(b.complete(id, "yes", first))
		first.Written()
		if r := b.complete(id, "yes", ask("", "yes")); r.Replayed || spoken(b.read(r)) != "b" {
			t.Error("a new request was taken for a repeat")
		}
	})
	t.Run("does not join a turn that somebody stopped", func(t *testing.T) {
		t.Parallel()
		gate := make(chan struct{})
		defer close(gate)
		b := setup(t, scripted.Script{scripted.Wait(gate)}, answer("b"))
		id := b.conversation(convo.Fields{})
		first := ask("", "hi")
		one := b.complete(id, "hi", first)
		first.Broken()
		if _, err := b.model.Await(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Stop(t.Context(), b.actor, id, "", nil); err != nil {
			t.Fatal(err)
		}
		b.read(one)
		if r := b.complete(id, "hi", ask("", "hi")); r.Replayed || spoken(b.read(r)) != "b" {
			t.Error("a stopped turn was joined")
		}
	})
	t.Run("is a new request for another token", func(t *testing.T) {
		t.Parallel()
		b := setup(t, answer("a"), answer("b"))
		id := b.conversation(convo.Fields{})
		first := ask("", "hi")
		b.read(b.complete(id, "hi", first))
		first.Broken()
		b.actor.Token = "another"
		if r := b.complete(id, "hi", ask("", "hi")); r.Replayed || spoken(b.read(r)) != "b" {
			t.Error("another token's request was joined")
		}
	})
	t.Run("joins an unmarked one after a restart", func(t *testing.T) {
		t.Parallel()
		b := setup(t, answer("a"))
		id := b.conversation(convo.Fields{})
		b.read(b.complete(id, "hi", ask("", "hi")))
		b.start()
		if r := b.complete(id, "hi", ask("", "hi")); !r.Replayed || spoken(b.read(r)) != "a" {
			t.Error("the repeat was not joined")
		}
		b.wantListed(id, "user:hi | bot:a")
	})
	t.Run("gets the stored answer of what changed something", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		first := ask("", "{}")
		created, err := b.CreateConversation(t.Context(), b.actor, engine.NewConversation{}, first)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := first.Replay(); ok {
			t.Error("the first request is a replay")
		}
		first.Broken()
		second := ask("", "{}")
		if _, err := b.CreateConversation(t.Context(), b.actor, engine.NewConversation{}, second); err != nil {
			t.Fatal(err)
		}
		want, _ := json.Marshal(created)
		if body, ok := second.Replay(); !ok || string(body) != string(want) {
			t.Errorf("replay = %s, %v", body, ok)
		}
		page, err := b.Conversations(t.Context(), b.actor, engine.List{})
		if err != nil || len(page.Items) != 1 {
			t.Errorf("%d conversations, %v", len(page.Items), err)
		}
	})
	t.Run("joins one that could not be had now", func(t *testing.T) {
		t.Parallel()
		b := setup(t, scripted.Script{scripted.Fail(&model.Error{Kind: model.Rejected, Message: "no"})})
		b.fixed.window = 100
		id := b.conversation(convo.Fields{})
		large := strings.Repeat("x", 250) // twice without an answer between is too much
		first := ask("", large)
		b.read(b.complete(id, large, first))
		first.Broken()
		if r := b.complete(id, large, ask("", large)); !r.Replayed || end(t, b.read(r)).Failure.Message != "no" {
			t.Error("the repeat was not joined")
		}
		_, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: &large}, ask("", "another request"))
		wantKind(t, err, convo.Invalid)
		b.wantListed(id, "user:"+large)
	})
	t.Run("joins a turn that runs for long, whatever was swept", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, scripted.Script{scripted.Text("a"), scripted.Delay(3 * time.Hour), scripted.Text("b")})
			ctx, stop := context.WithCancel(t.Context())
			var sweeper sync.WaitGroup
			sweeper.Go(func() { b.Sweep(ctx) })
			id := b.conversation(convo.Fields{})
			first := ask("", "hi")
			one := b.complete(id, "hi", first)
			first.Broken()
			time.Sleep(2 * time.Hour) // of the bubble's clock
			if r := b.complete(id, "hi", ask("", "hi")); r.Turn != one.Turn || spoken(b.read(r)) != "ab" {
				t.Error("the repeat was not joined")
			}
			b.read(one)
			stop()
			sweeper.Wait()
		})
	})
	t.Run("is forgotten after a moment", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, answer("a"), answer("b"))
			id := b.conversation(convo.Fields{})
			first := ask("", "hi")
			b.read(b.complete(id, "hi", first))
			first.Broken()
			time.Sleep(11 * time.Second) // of the bubble's clock
			if r := b.complete(id, "hi", ask("", "hi")); r.Replayed || spoken(b.read(r)) != "b" {
				t.Error("an old request was joined")
			}
		})
	})
}

func TestARepeatWithAKey(t *testing.T) {
	t.Parallel()

	t.Run("always joins", func(t *testing.T) {
		t.Parallel()
		b := setup(t, answer("a"))
		id := b.conversation(convo.Fields{})
		first := ask("k", "hi")
		b.read(b.complete(id, "hi", first))
		first.Written()
		first.Delivered()
		if r := b.complete(id, "hi", ask("k", "hi")); !r.Replayed || spoken(b.read(r)) != "a" {
			t.Error("the repeat was not joined")
		}
		b.wantListed(id, "user:hi | bot:a")
	})
	t.Run("is refused with another body", func(t *testing.T) {
		t.Parallel()
		b := setup(t, answer("a"))
		id := b.conversation(convo.Fields{})
		b.read(b.complete(id, "hi", ask("k", "hi")))
		text := "ho"
		_, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: &text}, ask("k", "ho"))
		wantKind(t, err, convo.Unprocessable)
		b.wantListed(id, "user:hi | bot:a")
	})
	t.Run("reads a stateless turn while it runs and after its end", func(t *testing.T) {
		t.Parallel()
		gate := make(chan struct{})
		b := setup(t, scripted.Script{scripted.Text("a"), scripted.Wait(gate), scripted.Text("b"), scripted.Finish(model.StopEnd)})
		in := engine.StatelessInput{Messages: []engine.NewMessage{message(convo.User, "hi")}}
		one, err := b.CompleteStateless(t.Context(), b.actor, in, ask("k", "hi"))
		if err != nil {
			t.Fatal(err)
		}
		two, err := b.CompleteStateless(t.Context(), b.actor, in, ask("k", "hi"))
		if err != nil || one.Replayed || !two.Replayed {
			t.Fatal(err, one.Replayed, two.Replayed)
		}
		_, err = b.CompleteStateless(t.Context(), b.actor, in, ask("k", "ho"))
		wantKind(t, err, convo.Unprocessable)
		close(gate)
		b.read(two)
		if events := b.read(one); spoken(events) != "ab" {
			t.Errorf("the first reader saw %q", spoken(events))
		}
		three, err := b.CompleteStateless(t.Context(), b.actor, in, ask("k", "hi"))
		if err != nil {
			t.Fatal(err)
		}
		if events := b.read(three); kinds(events) != "started asked message delta ended answered end" || spoken(events) != "ab" {
			t.Errorf("the repeat saw %s, %q", kinds(events), spoken(events))
		}
		if len(b.model.Calls()) != 1 {
			t.Errorf("the model was asked %d times", len(b.model.Calls()))
		}
	})
	t.Run("forgets a stateless turn that everybody left", func(t *testing.T) {
		t.Parallel()
		gate := make(chan struct{})
		defer close(gate)
		b := setup(t, scripted.Script{scripted.Text("a"), scripted.Wait(gate)}, answer("b"))
		in := engine.StatelessInput{Messages: []engine.NewMessage{message(convo.User, "hi")}}
		left := errors.New("left")
		r, err := b.CompleteStateless(t.Context(), b.actor, in, ask("k", "hi"))
		if err != nil {
			t.Fatal(err)
		}
		err = r.Each(t.Context(), func(events []convo.Event) error {
			if spoken(events) != "" {
				return left
			}
			return nil
		})
		if !errors.Is(err, left) {
			t.Fatal(err)
		}
		<-b.model.Calls()[0].Over()
		again, err := b.CompleteStateless(t.Context(), b.actor, in, ask("k", "hi"))
		if err != nil || again.Replayed || spoken(b.read(again)) != "b" {
			t.Errorf("the turn was remembered: %v, %v", again, err)
		}
	})
}

func TestAFailingModelIsAskedAgain(t *testing.T) {
	t.Parallel()
	limited := func(after time.Duration) scripted.Script { return scripted.Script{scripted.Limited(after)} }
	for name, c := range map[string]struct {
		scripts []scripted.Script
		calls   int
		reason  convo.EndReason
	}{
		"twice at most":                       {[]scripted.Script{limited(0), limited(0), limited(0), answer("a")}, 3, convo.EndFailed},
		"until it answers":                    {[]scripted.Script{limited(0), limited(time.Second), answer("a")}, 3, convo.EndDone},
		"not when it wants us to wait longer": {[]scripted.Script{limited(time.Minute), answer("a")}, 1, convo.EndFailed},
		"not after its first token":           {[]scripted.Script{{scripted.Text("a"), scripted.Limited(0)}, answer("a")}, 1, convo.EndFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, c.scripts...)
				id := b.conversation(convo.Fields{})
				e := end(t, b.say(id, "hi"))
				if e.Reason != c.reason || len(b.model.Calls()) != c.calls {
					t.Errorf("end = %+v after %d calls", e, len(b.model.Calls()))
				}
				if c.reason == convo.EndFailed && e.Failure.Kind != convo.RateLimited {
					t.Errorf("failure = %+v", e.Failure)
				}
			})
		})
	}
}
