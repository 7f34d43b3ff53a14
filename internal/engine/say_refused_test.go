package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/tool"
)

func TestWhatIsRefusedOpensNoExchange(t *testing.T) {
	t.Parallel()
	big := convo.JSON(`"` + strings.Repeat("x", 64<<10) + `"`)
	for _, c := range []struct {
		name string
		said engine.Said
		why  engine.Why
	}{
		{"a message of no client", engine.SaidMessage{Exchange: "X", Message: "m", Role: "assistant"}, engine.BadMessage},
		{"a message with too much beside it", engine.SaidMessage{Exchange: "X", Message: "m", Role: "user", Meta: big}, engine.BadMessage},
		{"a part of no media type", engine.SaidPart{Exchange: "X", Message: "m", Part: "p", MediaType: "no type"}, engine.BadPart},
		{"a part with too much beside it", engine.SaidPart{Exchange: "X", Message: "m", Part: "p", Meta: big}, engine.BadPart},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, answer("yes"))
			id := b.conversation(convo.Fields{})
			wantWhy(t, b.try(id, c.said)[0], c.why)
			head, err := b.store.Head(t.Context(), "t", id)
			if err != nil || len(head.Open) != 0 {
				t.Errorf("open are %+v, %v", head.Open, err)
			}
			wantWhy(t, b.try(id, engine.SaidExchange{Exchange: "Y"}, engine.SaidMessage{Exchange: "Y", Message: "m", Role: "assistant"})[1], engine.BadMessage)
			b.utter(id, spokenText("X", "Hello")...)
			b.exchange(id, "X")
			b.wantListed(id, "user:Hello | bot:yes")
		})
	}
}

func TestAnExchangeHasTheToolsThatItNamesItself(t *testing.T) {
	t.Parallel()
	a := &asker{bundle: withTools(t, []tool.Tool{locate(convo.AsksNothing)}, answer("yes"))}
	id := a.conversation(convo.Fields{})
	empty, full := spokenText("X", ""), spokenText("Y", "Where am I?")
	empty[0] = engine.SaidExchange{Exchange: "X", Tools: []string{"locate"}}
	a.utter(id, append(empty, full...)...)
	a.exchange(id, "Y")
	call, err := a.model.Await(t.Context(), 1)
	if err != nil || len(call.Request.Tools) != 0 {
		t.Errorf("offered are %+v, %v", call.Request.Tools, err)
	}
}

func TestOrdersThatTheModelCannotHoldFailTheirExchangeAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("yes"))
	b.fixed.window = 2000
	id := b.conversation(convo.Fields{})
	said := spokenText("X", "Hello")
	b.utter(id, said[0], engine.SaidMessage{Exchange: "X", Message: "sys", Role: "system"})
	for i := range 3 {
		b.utter(id, engine.SaidText{Exchange: "X", Message: "sys", Part: fmt.Sprint(i), Text: strings.Repeat("long ", 1000)})
	}
	b.utter(id, said[1:]...)
	wantFailed(t, b.exchange(id, "X"), engine.TooLarge)
	b.wantListed(id, "")
	b.utter(id, spokenText("Y", "short")...)
	if got := spoken(b.exchange(id, "Y")); got != "yes" {
		t.Errorf("the next exchange said %q", got)
	}
}

func TestNothingIsKeptOfAnOpenExchangeThatWentWithItsConversation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		defer b.stop()
		id := b.conversation(convo.Fields{})
		b.utter(id, spokenText("X", "Hel")[:4]...)
		if err := b.DeleteConversation(t.Context(), b.actor, id, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(11 * time.Minute)
		synctest.Wait()
		if n := b.IdleInputs(); n != 0 {
			t.Errorf("%d exchanges are waited for", n)
		}
	})
}

func TestWhatWasSaidCountsAlsoIfNobodyWaitsForIt(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("yes"))
	id := b.conversation(convo.Fields{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	errs, err := b.Say(ctx, b.actor, id, engine.Saying{Front: "test", From: "s1", Said: spokenText("X", "Hello")})
	if err = errors.Join(append(errs, err)...); err != nil {
		t.Fatal(err)
	}
	if got := spoken(b.exchange(id, "X")); got != "yes" {
		t.Errorf("it said %q", got)
	}
}

func TestTheToolsThatALateStartNamesAreOffered(t *testing.T) {
	t.Parallel()
	a := &asker{bundle: withTools(t, []tool.Tool{locate(convo.AsksNothing)}, answer("yes"))}
	id := a.conversation(convo.Fields{})
	said := spokenText("X", "Where am I?")
	a.utter(id, said[1:4]...)
	a.utter(id, engine.SaidExchange{Exchange: "X", Tools: []string{"locate"}})
	a.utter(id, said[4:]...)
	a.exchange(id, "X")
	call, err := a.model.Await(t.Context(), 1)
	if err != nil || len(call.Request.Tools) != 1 {
		t.Errorf("offered are %+v, %v", call.Request.Tools, err)
	}
}
