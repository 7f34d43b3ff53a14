package storetest

import (
	"reflect"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func turnChecks() []check {
	return []check{
		{"a turn shows its way from opened to ended", wayOfATurn},
		{"open turns stand in the head in the order of their opening", queueInHead},
		{"turns are listed by slot, from a slot on", turnsBySlotCheck},
		{"turns that have not ended are found across tenants", openTurns},
		{"a turn may be opened and started in one update, with what it is given", startedAtOnce},
	}
}

func wayOfATurn(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	id := uuid(2)
	want := convo.Turn{Tenant: "a", Conversation: w.id, ID: id, Front: "test", Zone: "UTC", Origin: "token"}
	step := func(b convo.Body, change func(e convo.Event)) {
		t.Helper()
		e := w.event(id, b)
		e.Origin = "token"
		events, err := w.update(func(tx store.Tx) error { return tx.Append(e) })
		must(t, err)
		change(events[0])
		got, err := s.Turn(t.Context(), "a", w.id, id)
		must(t, err)
		equal(t, "turn", got, want)
		h := w.head()
		if open := h.Turn(id); (open == nil) != (want.State == convo.StateEnded) || open != nil && !reflect.DeepEqual(*open, want) {
			t.Fatalf("in the head: %+v", open)
		}
	}
	step(convo.TurnOpened{Front: "test", Zone: "UTC"}, func(e convo.Event) {
		want.State, want.OpenedSeq, want.Opened = convo.StateOpen, e.Seq, e.At
	})
	step(convo.MessageGiven{ID: "q"}, func(convo.Event) { want.Next = 1 })
	step(convo.TurnQueued{}, func(e convo.Event) { want.State, want.QueuedSeq = convo.StateQueued, e.Seq })
	step(convo.TurnStarted{Slot: 1}, func(e convo.Event) {
		want.State, want.QueuedSeq, want.Slot, want.Started = convo.StateRunning, 0, 1, e.At
	})
	step(convo.ModelAsked{Model: "m", From: 5}, func(convo.Event) { want.ContextFrom = 5 })
	equal(t, "context of the conversation", w.head().ContextFrom, int64(5))
	used := convo.Usage{Input: convo.Tokens{N: 3}, Cached: convo.Tokens{N: 1, Estimated: true}, Output: convo.Tokens{N: 2}}
	step(convo.ModelAnswered{Usage: used}, func(convo.Event) { want.Usage = used })
	step(convo.TurnWaiting{}, func(convo.Event) { want.State = convo.StateWaiting })
	step(convo.TurnResumed{}, func(convo.Event) { want.State = convo.StateRunning })
	failure := &convo.Failure{Kind: convo.UpstreamFailed, Message: "m"}
	step(convo.TurnEnded{Reason: convo.EndFailed, Usage: used.Add(used), Failure: failure}, func(e convo.Event) {
		want.State, want.Reason, want.Failure, want.Usage, want.Ended = convo.StateEnded, convo.EndFailed, failure, used.Add(used), e.At
	})
	_, err := s.Turn(t.Context(), "a", w.id, "unknown")
	mustBe(t, err, convo.NotFound)
	_, err = s.Turn(t.Context(), "a", "unknown", id)
	mustBe(t, err, convo.NotFound)
}

func queueInHead(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	names := func() (list []string) {
		for _, t := range w.head().Open {
			list = append(list, t.ID)
		}
		return list
	}
	for i := range 5 {
		w.append(uuid(50-i), convo.TurnOpened{}, convo.TurnQueued{})
	}
	equal(t, "open", names(), []string{uuid(50), uuid(49), uuid(48), uuid(47), uuid(46)})
	w.append(uuid(50), convo.TurnStarted{Slot: 1})
	h := w.head()
	equal(t, "active", h.Active().ID, uuid(50))
	equal(t, "next", h.NextQueued().ID, uuid(49))
	w.append(uuid(48), convo.TurnEnded{Reason: convo.EndStopped})
	w.append(uuid(50), convo.TurnEnded{Reason: convo.EndDone})
	equal(t, "open", names(), []string{uuid(49), uuid(47), uuid(46)})
}

func turnsBySlotCheck(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	for i := range 3 {
		w.turn(uuid(20-i), int64(i+1), "q", uuid(30+i), "a")
	}
	w.append("open", convo.TurnOpened{})
	w.append("running", convo.TurnOpened{}, convo.TurnQueued{}, convo.TurnStarted{Slot: 4})
	for from, want := range map[int64][]string{
		0: {uuid(20), uuid(19), uuid(18), "running"},
		1: {uuid(20), uuid(19), uuid(18), "running"},
		3: {uuid(18), "running"},
		5: nil,
	} {
		turns, err := s.Turns(t.Context(), "a", w.id, from)
		must(t, err)
		var got []string
		for _, t := range turns {
			got = append(got, t.ID)
		}
		equal(t, "turns", got, want)
	}
}

func openTurns(t *testing.T, d Driver) {
	s := d.Open(t)
	a, b := converse(t, s, "a", uuid(1)), converse(t, s, "b", uuid(1))
	a.turn("ended", 1, "q", "m", "a")
	a.append("x", convo.TurnOpened{Front: "test"}, convo.TurnQueued{})
	b.append("y", convo.TurnOpened{}, convo.TurnQueued{}, convo.TurnStarted{Slot: 1}, convo.TurnWaiting{})
	a.append("z", convo.TurnOpened{})
	list, err := s.OpenTurns(t.Context())
	must(t, err)
	byTenant := map[string][]convo.Turn{}
	for _, turn := range list {
		byTenant[turn.Tenant] = append(byTenant[turn.Tenant], turn)
	}
	equal(t, "of a", byTenant["a"], a.head().Open)
	equal(t, "of b", byTenant["b"], b.head().Open)
}

func startedAtOnce(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	w.append("", given("before", 1, "before"))
	user := convo.MessageFields{Type: convo.User}
	w.append(uuid(2), convo.TurnOpened{Front: "test"},
		convo.MessageGiven{ID: "kept", Fields: user, Text: "one"},
		convo.MessageGiven{ID: "changed", Place: 1, Fields: user, Text: "two"},
		convo.MessageGiven{ID: "deleted", Place: 2, Fields: user, Text: "three"},
		convo.MessageChanged{ID: "changed", Fields: user, Text: new("new")}, convo.MessageDeleted{ID: "deleted"},
		convo.TurnQueued{}, convo.TurnStarted{Slot: 2})
	list := w.messages(store.MessageQuery{})
	equal(t, "messages", ids(list), []string{"before", "kept", "changed"})
	equal(t, "place", list[1].Place, convo.Place(2, 0))
	equal(t, "place of the changed one", list[2].Place, convo.Place(2, 1))
	equal(t, "text of the changed one", list[2].Text, "new")
	other := converse(t, s, "a", uuid(3))
	_, err := other.update(func(tx store.Tx) error { // made anew and begun, in one update
		must(t, tx.Delete())
		must(t, tx.Append(other.event("", convo.ConversationCreated{})))
		must(t, tx.Append(other.event(uuid(4), convo.TurnOpened{Front: "test"})))
		must(t, tx.Append(other.event(uuid(4), convo.MessageGiven{ID: "m", Fields: user})))
		return tx.Append(other.event(uuid(4), convo.TurnStarted{Slot: 1}))
	})
	must(t, err)
	equal(t, "place in the new one", other.messages(store.MessageQuery{})[0].Place, convo.Place(1, 0))
}
