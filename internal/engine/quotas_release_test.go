package engine_test

import (
	"context"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
)

// However a turn ends, what it reserved is free again: the quota has no room for one
// reservation that is left.
func TestAReservationEndsWithItsTurn(t *testing.T) {
	t.Parallel()
	waits := func() scripted.Script {
		return scripted.Script{scripted.Wait(make(chan struct{})), scripted.Finish(model.StopEnd)}
	}
	begun := func(b *bundle, id string) *engine.Reading {
		r := b.complete(id, "hi", nil)
		if _, err := b.model.Await(b.t.Context(), 1); err != nil {
			b.t.Fatal(err)
		}
		return r
	}
	for name, c := range map[string]struct {
		script scripted.Script
		ends   func(b *bundle, id string)
	}{
		"that is stopped": {waits(), func(b *bundle, id string) {
			r := begun(b, id)
			if _, err := b.Stop(b.t.Context(), b.actor, id, "", nil); err != nil {
				b.t.Error(err)
			}
			b.read(r)
		}},
		"whose conversation is deleted": {waits(), func(b *bundle, id string) {
			r := begun(b, id)
			if err := b.DeleteConversation(b.t.Context(), b.actor, id, nil); err != nil {
				b.t.Error(err)
			}
			b.read(r)
		}},
		"that fails": {scripted.Script{scripted.Fail(&model.Error{Kind: model.Rejected, Message: "no"})}, func(b *bundle, id string) {
			b.read(b.complete(id, "hi", nil))
		}},
		"that is refused": {costs(1), func(b *bundle, id string) {
			text := "hi"
			if _, err := b.Complete(b.t.Context(), b.actor, "nobody", engine.TurnInput{Text: &text}, nil); err == nil {
				b.t.Error("a turn of nobody is taken")
			}
		}},
		"that is asked for again": {costs(1), func(b *bundle, id string) {
			for range 3 {
				text, ask := "hi", keyed("once")
				r, err := b.Complete(b.t.Context(), b.actor, id, engine.TurnInput{Text: &text}, ask)
				if err != nil {
					b.t.Fatal(err)
				}
				b.read(r)
			}
		}},
		"whose reader goes": {waits(), func(b *bundle, _ string) {
			r, err := b.CompleteStateless(b.t.Context(), b.actor, engine.StatelessInput{Messages: []engine.NewMessage{message(convo.User, "hi")}}, nil)
			if err != nil {
				b.t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(b.t.Context())
			go func() {
				_, _ = b.model.Await(ctx, 1)
				cancel()
			}()
			_ = r.Each(ctx, func([]convo.Event) error { return nil })
		}},
		"whose process ends": {waits(), func(b *bundle, id string) {
			begun(b, id)
			b.stop()
			b.start()
		}},
		"that a summary was": {scripted.Script{scripted.Fail(&model.Error{Kind: model.Rejected, Message: "no"})}, func(b *bundle, _ string) {
			id := b.conversation(convo.Fields{}, message(convo.User, "hi"), message(convo.Bot, "ho"))
			if _, err := b.Compact(b.t.Context(), b.actor, id, nil); err == nil {
				b.t.Error("a summary was made")
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withQuotas(t, []engine.Quota{{Tokens: 4000, Per: engine.Daily}}, c.script, costs(1), costs(1))
			c.ends(b, b.conversation(convo.Fields{}))
			if err := b.ask(b.conversation(convo.Fields{})); err != nil {
				t.Errorf("then a turn is refused: %v", err)
			}
		})
	}
}
