package engine_test

import (
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// What is shown live is what is read later.
func TestATurnAdoptsWhatTheOneBeforeItHasNot(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("one"), answer("two"))
	id := b.conversation(convo.Fields{}, message(convo.User, "A"))
	turn := func() string {
		r, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Front: "test"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.read(r)
		return r.Turn
	}
	adopts := func(turn string) string {
		w := b.Watch("t", id, func() {})
		defer w.Cancel()
		whole, err := b.Exchange(t.Context(), b.actor, id, turn)
		if err != nil {
			t.Fatal(err)
		}
		live, err := w.Adopted(t.Context(), whole.Slot)
		if err != nil {
			t.Fatal(err)
		}
		var shown, read string
		for _, m := range live {
			shown += m.Text
		}
		for _, m := range whole.Messages {
			if m.Role == engine.RoleUser {
				read += m.Text
			}
		}
		if shown != read {
			t.Errorf("shown is %q, and read %q", shown, read)
		}
		return shown
	}
	first := turn()
	if err := b.DeleteMessage(t.Context(), b.actor, id, b.messages(id)[1].ID, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CreateMessage(t.Context(), b.actor, id, message(convo.User, "B"), nil); err != nil {
		t.Fatal(err)
	}
	if got := adopts(turn()); got != "B" {
		t.Errorf("the second turn adopts %q", got)
	}
	if got := adopts(first); got != "A" {
		t.Errorf("the first turn adopts %q", got)
	}
}
