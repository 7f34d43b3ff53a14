package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model/scripted"
)

func TestAStopEndsAnExchangeInEveryState(t *testing.T) {
	t.Parallel()
	stop := engine.SaidStop{Exchange: "X"}
	t.Run("while its message is open", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		id := b.conversation(convo.Fields{})
		b.utter(id, spokenText("X", "Hel")[:4]...)
		b.utter(id, stop)
		events := b.exchange(id, "X")
		if e := end(t, events); e.Reason != convo.EndStopped || events[len(events)-1].Origin != "s1" {
			t.Errorf("end = %+v", e)
		}
		b.wantListed(id, "user:Hel…")
		if n := len(b.model.Calls()); n != 0 {
			t.Errorf("the model was asked %d times", n)
		}
	})
	t.Run("while it is queued and while it runs", func(t *testing.T) {
		t.Parallel()
		b := setup(t, scripted.Script{scripted.Text("Hm"), scripted.Wait(nil)})
		id := b.conversation(convo.Fields{})
		b.utter(id, spokenText("runs", "1")...)
		b.utter(id, spokenText("X", "2")...)
		if _, err := b.model.Await(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		b.utter(id, stop)
		if e := end(t, b.exchange(id, "X")); e.Reason != convo.EndStopped {
			t.Errorf("the queued one ended as %+v", e)
		}
		b.awaitText(id, "Hm")
		b.tryAs("s2", id, engine.SaidStop{Exchange: "runs"})
		events := b.exchange(id, "runs")
		if e := end(t, events); e.Reason != convo.EndStopped || events[len(events)-1].Origin != "s2" {
			t.Errorf("the running one ended as %+v by %q", e, events[len(events)-1].Origin)
		}
		b.wantListed(id, "user:1 | bot:Hm… | user:2")
	})
	t.Run("and changes nothing when it has ended, or never was", func(t *testing.T) {
		t.Parallel()
		b := setup(t, answer("yes"))
		id := b.conversation(convo.Fields{})
		b.utter(id, spokenText("X", "1")...)
		b.exchange(id, "X")
		before := b.last(id)
		b.utter(id, stop, engine.SaidStop{Exchange: "none"})
		if after := b.last(id); after != before {
			t.Errorf("the log grew from %d to %d", before, after)
		}
	})
}

func TestAnExchangeThatFallsSilentIsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, answer("yes"))
		defer b.stop()
		id := b.conversation(convo.Fields{})
		b.utter(id, spokenText("X", "Hel")[:4]...)
		time.Sleep(9 * time.Minute)
		b.utter(id, engine.SaidText{Exchange: "X", Message: "m-X", Part: "p", Text: "lo"})
		b.stop()
		b.start() // a restart counts anew
		time.Sleep(9 * time.Minute)
		synctest.Wait()
		b.wantListed(id, "")
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		b.wantListed(id, "user:Hello…")
		if e := end(t, b.exchange(id, "X")); e.Reason != convo.EndInterrupted {
			t.Errorf("end = %+v", e)
		}
		b.utter(id, spokenText("Y", "Hi")...)
		b.exchange(id, "Y")
	})
}

func TestWhatIsSaidDuringADrainRunsAfterTheNextStart(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("yes"))
	id := b.conversation(convo.Fields{})
	said := spokenText("X", "Hello")
	b.utter(id, said[:3]...)
	b.stop()
	b.utter(id, said[3:]...)
	b.wantListed(id, "")
	b.start()
	if got := spoken(b.exchange(id, "X")); got != "yes" {
		t.Errorf("it said %q", got)
	}
	b.wantListed(id, "user:Hello | bot:yes")
}

func TestDeletingAConversationEndsWhatIsBeingSaid(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("yes"))
	id := b.conversation(convo.Fields{})
	b.utter(id, spokenText("X", "Hel")[:4]...)
	if err := b.DeleteConversation(t.Context(), b.actor, id, nil); err != nil {
		t.Fatal(err)
	}
	_, err := b.Say(t.Context(), b.actor, id, engine.Saying{Said: spokenText("X", "lo")[3:]})
	wantKind(t, err, convo.NotFound)
}

func TestAChatBotKitTurnRunsBesideAnOpenExchange(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("one"), answer("two"))
	id := b.conversation(convo.Fields{})
	said := spokenText("X", "mine")
	b.utter(id, said[:4]...)
	b.say(id, "yours")
	b.wantListed(id, "user:yours | bot:one")
	b.utter(id, said[4:]...)
	b.exchange(id, "X")
	b.wantListed(id, "user:yours | bot:one | user:mine | bot:two")
}

func TestStopByItsIdEndsAnOpenExchange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation(convo.Fields{})
	b.utter(id, spokenText("X", "Hel")[:4]...)
	head, err := b.store.Head(context.WithoutCancel(t.Context()), "t", id)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := b.Stop(t.Context(), b.actor, id, head.Open[0].ID, nil); n != 1 || err != nil {
		t.Errorf("stopped %d, %v", n, err)
	}
	b.wantListed(id, "user:Hel…")
}
