package storetest

import (
	"errors"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func logChecks() []check {
	return []check{
		{"numbers begin at 1 and have no gaps", numbersHaveNoGaps},
		{"an update gives back its events, numbered", updateGivesEvents},
		{"updates that are handed in together succeed or fail by themselves", updatesTogether},
		{"a failed update leaves nothing", failedUpdateLeavesNothing},
		{"a panic in an update is its error and leaves nothing", panicLeavesNothing},
		{"a transaction sees its own writes", sawOwnWrites},
		{"a head cannot be changed by who read it", headIsACopy},
		{"a conversation begins with ConversationCreated", beginsWithCreated},
		{"what exists cannot be made again", nothingTwice},
		{"a message's text has to be that of its deltas", textOfDeltas},
		{"a deleted conversation is gone with all of it", deletedConversation},
		{"a conversation may be made again after its deletion", madeAgain},
		{"a conversation may be made and deleted in one update", madeAndDeleted},
		{"times are kept in UTC to the millisecond", timesAreRounded},
		{"ids of another tenant are not found", tenantsAreApart},
		{"after a restart of the machine numbers are skipped once", restartSkips},
		{"after Close everything is unavailable", closedIsUnavailable},
	}
}

func numbersHaveNoGaps(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	w.turn(uuid(10), 1, "hello", uuid(11), "he", "llo")
	_, err := w.update(func(tx store.Tx) error {
		must(t, tx.Append(w.event("", given("x", 2, "lost"))))
		return errors.New("no")
	})
	if err == nil {
		t.Fatal("the update did not fail")
	}
	w.append("", given("y", 2, "kept"))
	for i, e := range w.events() {
		if e.Seq != int64(i+1) {
			t.Fatalf("event %d has number %d", i, e.Seq)
		}
	}
	equal(t, "LastSeq", w.head().LastSeq, int64(len(w.events())))
}

func updateGivesEvents(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	got := w.append("", given("x", 1, "one"), given("y", 2, "two"))
	equal(t, "events", got, w.events()[1:])
	none, err := w.update(func(store.Tx) error { return nil })
	must(t, err)
	equal(t, "events of an update without any", len(none), 0)
}

func updatesTogether(t *testing.T, d Driver) {
	s := d.Open(t)
	one, two := converse(t, s, "a", uuid(1)), converse(t, s, "b", uuid(2))
	no := errors.New("no")
	add := func(w *writer, id, text string, end error) *store.Change {
		return &store.Change{Tenant: w.tenant, Conversation: w.id, Fn: func(tx store.Tx) error {
			slot := tx.Head().NextSlot
			return errors.Join(tx.Append(w.event("", given(id, slot, text))), end)
		}}
	}
	unknown := &store.Change{Tenant: "a", Conversation: uuid(3), Sync: store.Durable, Fn: func(tx store.Tx) error {
		return tx.Append(one.event("", given("z", 1, "")))
	}}
	panics := &store.Change{Tenant: "a", Conversation: uuid(1), Fn: func(store.Tx) error { panic("at once") }}
	changes := []*store.Change{
		add(one, "x", "first", nil), add(two, "x", "of b", nil), add(one, "lost", "", no), unknown, panics, add(one, "y", "second", nil),
	}
	s.UpdateAll(t.Context(), changes)
	equal(t, "the first update's events", changes[0].Events, one.events()[1:2])
	equal(t, "the other conversation's", changes[1].Events, two.events()[1:])
	equal(t, "the last update's", changes[5].Events, one.events()[2:])
	if !errors.Is(changes[2].Err, no) || convo.ErrorKind(changes[3].Err) != convo.NotFound || changes[4].Err == nil {
		t.Errorf("the updates that fail: %v, %v, %v", changes[2].Err, changes[3].Err, changes[4].Err)
	}
	for _, i := range []int{0, 1, 5} {
		must(t, changes[i].Err)
	}
	s.UpdateAll(t.Context(), nil)
	must(t, s.Close())
	s.UpdateAll(t.Context(), changes[:1])
	equal(t, "the kind after Close", convo.ErrorKind(changes[0].Err), convo.Unavailable)
}

func failedUpdateLeavesNothing(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	w.append(uuid(2), convo.TurnOpened{Front: "test"})
	before, log := w.head(), w.events()
	refused := errors.New("refused")
	token, request := convo.Token{ID: "t", Tenant: "a"}, convo.Request{ID: convo.RequestID{1}}
	_, err := w.update(func(tx store.Tx) error {
		must(t, tx.Append(w.event(uuid(2), convo.MessageStarted{ID: "m", Type: convo.User})))
		must(t, tx.Append(w.event(uuid(2), convo.Delta{Message: "m", Type: convo.User, Text: "x"})))
		must(t, tx.Append(w.event(uuid(2), convo.TurnEnded{Reason: convo.EndStopped})))
		must(t, tx.PutToken(token))
		must(t, tx.PutRequest(request))
		must(t, tx.Delete())
		return refused
	})
	if !errors.Is(err, refused) {
		t.Fatalf("the update gave %v, not its function's error", err)
	}
	equal(t, "head", w.head(), before)
	equal(t, "log", w.events(), log)
	_, err = s.TokenByHash(t.Context(), token.Hash)
	mustBe(t, err, convo.NotFound)
	if _, ok, err := s.Request(t.Context(), request.ID); ok || err != nil {
		t.Fatalf("the request was stored (%v)", err)
	}
	w.append(uuid(2), convo.TurnQueued{})
	equal(t, "number after the failure", w.head().LastSeq, before.LastSeq+1)
}

func panicLeavesNothing(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	_, err := w.update(func(tx store.Tx) error {
		must(t, tx.Append(w.event("", given("x", 1, "lost"))))
		panic("a bug above")
	})
	mustBe(t, err, convo.Internal)
	equal(t, "LastSeq", w.head().LastSeq, int64(1))
	w.append("", given("y", 1, "kept"))
}

func sawOwnWrites(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	turn := uuid(2)
	_, err := w.update(func(tx store.Tx) error {
		must(t, tx.Append(w.event(turn, convo.TurnOpened{Front: "test", Zone: "UTC"})))
		question := convo.MessageGiven{ID: "q", Fields: convo.MessageFields{Type: convo.User}, Text: "hi"}
		must(t, tx.Append(w.event(turn, question)))
		m, err := tx.Message("q")
		must(t, err)
		equal(t, "text before the turn started", m.Text, "hi")
		must(t, tx.Append(w.event(turn, convo.TurnQueued{})))
		equal(t, "queued", tx.Head().NextQueued().ID, turn)
		must(t, tx.Append(w.event(turn, convo.TurnStarted{Slot: tx.Head().NextSlot})))
		m, err = tx.Message("q")
		must(t, err)
		equal(t, "place", m.Place, convo.Place(1, 0))
		text := "changed"
		must(t, tx.Append(w.event("", convo.MessageChanged{ID: "q", Fields: m.MessageFields, Text: &text})))
		m, err = tx.Message("q")
		must(t, err)
		equal(t, "changed text", m.Text, text)
		must(t, tx.Append(w.event(turn, convo.TurnEnded{Reason: convo.EndStopped})))
		ended, err := tx.Turn(turn)
		must(t, err)
		equal(t, "state", ended.State, convo.StateEnded)
		must(t, tx.Append(w.event("", convo.MessageDeleted{ID: "q"})))
		_, err = tx.Message("q")
		mustBe(t, err, convo.NotFound)
		return nil
	})
	must(t, err)
	equal(t, "messages", len(w.messages(store.MessageQuery{})), 0)
	_, err = w.update(func(tx store.Tx) error {
		_, err := tx.Turn("unknown")
		mustBe(t, err, convo.NotFound)
		stored, err := tx.Turn(turn)
		must(t, err)
		equal(t, "stored turn", stored.Reason, convo.EndStopped)
		return nil
	})
	must(t, err)
}

func headIsACopy(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	name := "before"
	w.append("", convo.ConversationChanged{Fields: convo.Fields{Name: &name, Meta: convo.JSON(`{"a":1}`)}})
	w.append(uuid(2), convo.TurnOpened{})
	h := w.head()
	*h.Name, h.Meta[0], h.Open[0].State = "after", 'x', convo.StateEnded
	again := w.head()
	equal(t, "name", *again.Name, "before")
	equal(t, "meta", string(again.Meta), `{"a":1}`)
	equal(t, "state", again.Open[0].State, convo.StateOpen)
}

func beginsWithCreated(t *testing.T, d Driver) {
	s := d.Open(t)
	w := &writer{t: t, store: s, tenant: "a", id: uuid(1), now: start()}
	_, err := w.update(func(tx store.Tx) error {
		if tx.Head() != nil {
			t.Error("a conversation that does not exist has a head")
		}
		return tx.Append(w.event("", given("x", 1, "text")))
	})
	mustBe(t, err, convo.NotFound)
	_, err = s.Conversation(t.Context(), "a", uuid(1))
	mustBe(t, err, convo.NotFound)
}

func nothingTwice(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	w.append("", given("x", 1, "text"))
	w.append("t", convo.TurnOpened{})
	w.append("t", convo.MessageStarted{ID: "p", Type: convo.User}, convo.Delta{Message: "p", Type: convo.User, Text: "x"})
	before := w.events()
	for _, b := range []convo.Body{
		convo.ConversationCreated{},
		given("x", 2, "other"),
		convo.MessageStarted{ID: "x", Type: convo.Bot},
		convo.Delta{Message: "x", Type: convo.Bot, Text: "y"},
		convo.MessageEnded{ID: "x", Type: convo.Bot},
		given("p", 2, "other"),
		convo.MessageStarted{ID: "p", Type: convo.User},
		convo.TurnOpened{},
	} {
		_, err := w.try("t", b)
		if convo.ErrorKind(err) != convo.Conflict {
			t.Errorf("%T gave %v", b, err)
		}
	}
	for _, b := range []convo.Body{
		convo.MessageChanged{ID: "unknown"},
		convo.MessageDeleted{ID: "unknown"},
		convo.MessageDeleted{ID: "p"}, // not yet a message
	} {
		_, err := w.try("", b)
		if convo.ErrorKind(err) != convo.NotFound {
			t.Errorf("%T gave %v", b, err)
		}
	}
	equal(t, "log", w.events(), before)
}

func textOfDeltas(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	place := convo.Place(1, 0)
	w.append("", convo.MessageStarted{ID: "m", Place: place, Type: convo.Bot},
		convo.Delta{Message: "m", Type: convo.Bot, Text: "one "}, convo.Delta{Message: "m", Type: convo.Bot, Text: "two"})
	for _, text := range []string{"", "one", "one tow", "One two"} {
		_, err := w.try("", convo.MessageEnded{ID: "m", Place: place, Type: convo.Bot, Text: text})
		mustBe(t, err, convo.Internal)
	}
	w.append("", convo.MessageEnded{ID: "m", Place: place, Type: convo.Bot, Text: "one two"})
}

func deletedConversation(t *testing.T, d Driver) {
	s := d.Open(t)
	w, other := converse(t, s, "a", uuid(1)), converse(t, s, "a", uuid(2))
	for _, w := range []*writer{w, other} {
		w.turn(uuid(10), 1, "hello", uuid(11), "he", "llo")
		w.append(uuid(12), convo.TurnOpened{})
		w.append("", convo.MessageStarted{ID: "open", Place: convo.Place(2, 0), Type: convo.User},
			convo.Delta{Message: "open", Type: convo.User, Text: "x"})
	}
	kept := other.events()
	_, err := w.update(func(tx store.Tx) error {
		must(t, tx.Delete())
		if tx.Head() != nil {
			t.Error("there is a head after Delete")
		}
		_, err := tx.Message(uuid(11))
		mustBe(t, err, convo.NotFound)
		_, err = tx.Turn(uuid(10))
		mustBe(t, err, convo.NotFound)
		return nil
	})
	must(t, err)
	ctx := t.Context()
	for what, read := range map[string]func() error{
		"Conversation": func() error { _, err := s.Conversation(ctx, "a", w.id); return err },
		"Head":         func() error { _, err := s.Head(ctx, "a", w.id); return err },
		"Message":      func() error { _, err := s.Message(ctx, "a", w.id, uuid(11)); return err },
		"Messages":     func() error { _, err := s.Messages(ctx, "a", w.id, store.MessageQuery{Limit: 9}); return err },
		"Turn":         func() error { _, err := s.Turn(ctx, "a", w.id, uuid(10)); return err },
		"Turns":        func() error { _, err := s.Turns(ctx, "a", w.id, 0); return err },
		"Events":       func() error { _, err := s.Events(ctx, "a", w.id, 0, 9); return err },
		"Usage":        func() error { _, err := s.Usage(ctx, "a", w.id, start(), start()); return err },
		"Delete":       func() error { _, err := w.update(store.Tx.Delete); return err },
	} {
		if err := read(); convo.ErrorKind(err) != convo.NotFound {
			t.Errorf("%s of a deleted conversation gave %v", what, err)
		}
	}
	equal(t, "the other's log", other.events(), kept)
	open, err := s.OpenTurns(ctx)
	must(t, err)
	equal(t, "open turns", len(open), 1)
}

func madeAgain(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	w.turn(uuid(10), 1, "old", uuid(11), "old")
	_, err := w.update(func(tx store.Tx) error {
		must(t, tx.Delete())
		must(t, tx.Append(w.event("", convo.ConversationCreated{})))
		return tx.Append(w.event("", given(uuid(11), 1, "new")))
	})
	must(t, err)
	equal(t, "numbers", numbers(w.events()), []int64{1, 2})
	equal(t, "text", w.messages(store.MessageQuery{})[0].Text, "new")
	w.append("", given(uuid(12), 2, "newer"))
	equal(t, "numbers", numbers(w.events()), []int64{1, 2, 3})
}

func madeAndDeleted(t *testing.T, d Driver) {
	s := d.Open(t)
	w := &writer{t: t, store: s, tenant: "a", id: uuid(1), now: start()}
	_, err := w.update(func(tx store.Tx) error {
		must(t, tx.Append(w.event("", convo.ConversationCreated{})))
		must(t, tx.Append(w.event("", given("x", 1, "text"))))
		return tx.Delete()
	})
	must(t, err)
	_, err = s.Head(t.Context(), "a", uuid(1))
	mustBe(t, err, convo.NotFound)
}

func timesAreRounded(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	w.now = start().Add(1234567).In(testZone())
	events := w.append("", given("x", 1, "text"))
	want := start().Add(2e6)
	equal(t, "time given back", events[0].At, want)
	equal(t, "time of the event", w.events()[1].At, want)
	equal(t, "time of the message", w.messages(store.MessageQuery{})[0].Created, want)
	equal(t, "time of the conversation", w.head().Updated, want)
}

func tenantsAreApart(t *testing.T, d Driver) {
	s := d.Open(t)
	w, other := converse(t, s, "a", uuid(1)), converse(t, s, "b", uuid(1))
	w.turn(uuid(10), 1, "hello", uuid(11), "hello")
	equal(t, "log of the other", len(other.events()), 1)
	_, err := s.Message(t.Context(), "b", uuid(1), uuid(11))
	mustBe(t, err, convo.NotFound)
	_, err = s.Turn(t.Context(), "b", uuid(1), uuid(10))
	mustBe(t, err, convo.NotFound)
	_, err = s.Head(t.Context(), "c", uuid(1))
	mustBe(t, err, convo.NotFound)
	_, err = other.update(store.Tx.Delete)
	must(t, err)
	equal(t, "messages", len(w.messages(store.MessageQuery{})), 2)
}

func restartSkips(t *testing.T, d Driver) {
	s := d.Open(t)
	w, quiet := converse(t, s, "a", uuid(1)), converse(t, s, "a", uuid(2))
	place := convo.Place(1, 0)
	w.append("", convo.MessageStarted{ID: "m", Place: place, Type: convo.Bot},
		convo.Delta{Message: "m", Type: convo.Bot, Text: "one "})
	s = d.Restart(t, s)
	w.store, quiet.store = s, s
	equal(t, "log of the quiet one", numbers(quiet.events()), []int64{1})
	got := w.append("", convo.Delta{Message: "m", Type: convo.Bot, Text: "two"})
	equal(t, "numbers given back", numbers(got), []int64{1_000_003, 1_000_004})
	equal[convo.Body](t, "what it says", got[0].Body, convo.Restarted{From: 4, To: 1_000_003})
	w.append("", convo.MessageEnded{ID: "m", Place: place, Type: convo.Bot, Text: "one two"})
	want := []int64{1, 2, 3, 1_000_003, 1_000_004, 1_000_005}
	equal(t, "numbers", numbers(w.events()), want)
	for _, after := range []int64{0, 1, 2, 3, 4, 999_999, 1_000_002, 1_000_003, 1_000_004, 1_000_005, 1 << 40} {
		for limit := 1; limit < 8; limit++ {
			events, err := s.Events(t.Context(), "a", w.id, after, limit)
			must(t, err)
			var expect []int64
			for _, n := range want {
				if n > after && len(expect) < limit {
					expect = append(expect, n)
				}
			}
			equal(t, "page", numbers(events), expect)
		}
	}
	fresh := converse(t, s, "a", uuid(3))
	equal(t, "numbers of a new one", numbers(fresh.events()), []int64{1})
}

func closedIsUnavailable(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	must(t, s.Close())
	_, err := w.try("", given("x", 1, "text"))
	mustBe(t, err, convo.Unavailable)
	_, err = s.Head(t.Context(), "a", w.id)
	mustBe(t, err, convo.Unavailable)
	mustBe(t, s.PutToken(t.Context(), convo.Token{ID: "t", Tenant: "a"}), convo.Unavailable)
	s.MarkWritten(convo.RequestID{}, "") // nothing to say it to
	must(t, s.Close())
}
