package storetest

import (
	"bytes"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func inputChecks() []check {
	return []check{
		{"a turn's input is there until the turn ends", inputOfATurn},
		{"an input goes with its conversation", inputGoes},
		{"an input of no open turn, and one that is too large, are refused", inputRefused},
		{"an update that fails leaves the input as it was", inputRolledBack},
		{"an input survives a restart, and stands in no event", inputSurvives},
	}
}

// input reads what a turn was given.
func (w *writer) input(turn string) string {
	w.t.Helper()
	got, err := w.store.Input(w.t.Context(), w.tenant, w.id, turn)
	must(w.t, err)
	if got != nil && len(got) == 0 {
		w.t.Fatal("an input is empty")
	}
	return string(got)
}

// give opens a turn with an input, in one update.
func (w *writer) give(turn, sealed string) {
	w.t.Helper()
	_, err := w.update(func(tx store.Tx) error {
		if err := tx.Append(w.event(turn, convo.TurnOpened{Front: "test"})); err != nil {
			return err
		}
		return tx.PutInput(turn, []byte(sealed))
	})
	must(w.t, err)
}

func (w *writer) put(turn, sealed string) error {
	_, err := w.update(func(tx store.Tx) error { return tx.PutInput(turn, []byte(sealed)) })
	return err
}

func inputOfATurn(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	w.append("none", convo.TurnOpened{})
	w.give(uuid(2), "one\x00")
	w.give("t", "two")
	must(t, w.put("t", "three"))
	w.append("t", convo.TurnQueued{}, convo.TurnStarted{Slot: 1})
	equal(t, "of a turn without one", w.input("none"), "")
	equal(t, "of the first", w.input(uuid(2)), "one\x00")
	equal(t, "of the second", w.input("t"), "three")
	w.append("t", convo.TurnEnded{})
	equal(t, "of a turn that has ended", w.input("t"), "")
	equal(t, "of the other", w.input(uuid(2)), "one\x00")
	_, err := w.update(func(tx store.Tx) error { // opened, given and ended at once
		must(t, tx.Append(w.event("u", convo.TurnOpened{})))
		must(t, tx.PutInput("u", []byte("x")))
		return tx.Append(w.event("u", convo.TurnEnded{}))
	})
	must(t, err)
	equal(t, "of a turn that ended at once", w.input("u"), "")
}

func inputGoes(t *testing.T, d Driver) {
	s := d.Open(t)
	w, other := converse(t, s, "a", uuid(1)), converse(t, s, "b", uuid(1))
	w.give("t", "one")
	other.give("t", "two")
	_, err := w.update(func(tx store.Tx) error { // made anew, in one update
		must(t, tx.PutInput("t", []byte("again")))
		must(t, tx.Delete())
		must(t, tx.Append(w.event("", convo.ConversationCreated{})))
		return tx.Append(w.event("t", convo.TurnOpened{}))
	})
	must(t, err)
	equal(t, "after the deletion", w.input("t"), "")
	equal(t, "of another tenant", other.input("t"), "two")
	_, err = other.update(store.Tx.Delete)
	must(t, err)
	_, err = s.Input(t.Context(), "b", uuid(1), "t")
	mustBe(t, err, convo.NotFound)
}

func inputRefused(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	w.append("t", convo.TurnOpened{}, convo.TurnEnded{})
	mustBe(t, w.put("t", "x"), convo.NotFound)
	mustBe(t, w.put("unknown", "x"), convo.NotFound)
	_, err := s.Input(t.Context(), "a", uuid(1), "unknown")
	mustBe(t, err, convo.NotFound)
	_, err = s.Input(t.Context(), "b", uuid(1), "t")
	mustBe(t, err, convo.NotFound)
	w.give("u", "kept")
	mustBe(t, w.put("u", string(make([]byte, store.MaxInput+1))), convo.TooLarge)
	mustBe(t, w.put("u", ""), convo.Internal)
	equal(t, "input", w.input("u"), "kept")
	missing := &writer{t: t, store: s, tenant: "a", id: uuid(2)}
	mustBe(t, missing.put("u", "x"), convo.NotFound)
}

func inputRolledBack(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	w.give("t", "kept")
	_, err := w.update(func(tx store.Tx) error {
		must(t, tx.PutInput("t", []byte("lost")))
		must(t, tx.Append(w.event("t", convo.TurnEnded{})))
		return errRefused
	})
	equal(t, "error", err, errRefused)
	equal(t, "input", w.input("t"), "kept")
}

func inputSurvives(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	long := string(bytes.Repeat([]byte{0, 1, 255}, 100_000))
	w.give("t", long)
	events := show(w.events())
	snapshot, err := w.store.Snapshot(t.Context())
	must(t, err)
	w.append("t", convo.TurnEnded{})
	got, err := snapshot.Input(t.Context(), "a", w.id, "t")
	must(t, err)
	equal(t, "in a snapshot", len(got), len(long))
	must(t, snapshot.Close())
	w.give("u", long)
	w.store = d.Restart(t, w.store)
	equal(t, "after a restart", w.input("u") == long, true)
	equal(t, "the log without it", len(events) < 1000, true)
}
