package storetest

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func messageChecks() []check {
	return []check{
		{"messages come in the order of their places", orderOfPlaces},
		{"pages go both ways", messagePages},
		{"types and meta select messages", messageFilters},
		{"a message that has not ended is no message", unfinishedMessage},
		{"a queued turn's messages are in no list until it starts", queuedMessages},
		{"a change shows at once and keeps what it does not name", changedMessage},
		{"usage counts what lies in a time", usage},
	}
}

func orderOfPlaces(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	w.append("t", convo.TurnOpened{},
		convo.MessageGiven{ID: "q", Fields: convo.MessageFields{Type: convo.User}, Text: "?"}, convo.TurnQueued{})
	w.append("t", convo.TurnStarted{Slot: 1})
	w.append("", given("outside", w.head().NextSlot, "while it runs"))
	h := w.head()
	turn := h.Turn("t")
	equal(t, "next index", turn.Next, int64(1))
	place := convo.Place(turn.Slot, turn.Next)
	w.append("t", convo.MessageStarted{ID: "m", Place: place, Type: convo.Bot},
		convo.MessageEnded{ID: "m", Place: place, Type: convo.Bot, Text: "!"}, convo.TurnEnded{Reason: convo.EndDone})
	equal(t, "order", ids(w.messages(store.MessageQuery{})), []string{"q", "m", "outside"})
	equal(t, "reversed", ids(w.messages(store.MessageQuery{Desc: true})), []string{"outside", "m", "q"})
	equal(t, "next slot", w.head().NextSlot, int64(3))
}

func messagePages(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	const count = 25
	for i := range count {
		w.append("", given(uuid(100+i), int64(i+1), "text"))
	}
	for _, desc := range []bool{false, true} {
		all := w.messages(store.MessageQuery{Desc: desc})
		equal(t, "count", len(all), count)
		var paged []convo.Message
		after := int64(0)
		for {
			page := w.messages(store.MessageQuery{Desc: desc, After: after, Limit: 7})
			paged = append(paged, page...)
			if len(page) < 7 {
				break
			}
			after = page[len(page)-1].Place
		}
		equal(t, "pages", paged, all)
	}
	_, err := w.store.Messages(t.Context(), "a", "unknown", store.MessageQuery{Limit: 1})
	mustBe(t, err, convo.NotFound)
}

func messageFilters(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	for i, m := range []convo.MessageFields{
		{Type: convo.User, Meta: convo.JSON(`{"k":"v"}`)},
		{Type: convo.Context, Meta: convo.JSON(`{"k":"v","n":1}`)},
		{Type: convo.User},
		{Type: convo.Bot, Meta: convo.JSON(`{"k":{"d":true}}`)},
	} {
		w.append("", convo.MessageGiven{
			ID: string(rune('a' + i)), Place: convo.Place(int64(i+1), 0), Fields: m, Text: "text",
		})
	}
	for _, c := range []struct {
		q    store.MessageQuery
		want []string
	}{
		{store.MessageQuery{Types: []convo.MessageType{convo.User}}, []string{"a", "c"}},
		{store.MessageQuery{Types: []convo.MessageType{convo.User, convo.Bot}, Desc: true}, []string{"d", "c", "a"}},
		{store.MessageQuery{Types: []convo.MessageType{convo.User}, Limit: 1}, []string{"a"}},
		{store.MessageQuery{Types: []convo.MessageType{convo.Checkpoint}}, nil},
		{store.MessageQuery{Meta: []convo.MetaFilter{{Key: "k", Value: "v"}}}, []string{"a", "b"}},
		{store.MessageQuery{Meta: []convo.MetaFilter{{Key: "k", Value: "v"}, {Key: "n", Value: "1"}}}, []string{"b"}},
		{store.MessageQuery{Meta: []convo.MetaFilter{{Key: "k.d", Value: "true"}}}, []string{"d"}},
	} {
		equal(t, show(c.q), ids(w.messages(c.q)), c.want)
	}
}

func unfinishedMessage(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	place := convo.Place(1, 0)
	w.append("", convo.MessageStarted{ID: "m", Place: place, Type: convo.Bot},
		convo.Delta{Message: "m", Type: convo.Bot, Text: "half"})
	equal(t, "messages", len(w.messages(store.MessageQuery{})), 0)
	_, err := s.Message(t.Context(), "a", w.id, "m")
	mustBe(t, err, convo.NotFound)
	_, err = w.update(func(tx store.Tx) error {
		_, err := tx.Message("m")
		mustBe(t, err, convo.NotFound)
		return nil
	})
	must(t, err)
	end := w.append("", convo.MessageEnded{
		ID: "m", Place: place, Type: convo.Bot, Text: "half", Meta: convo.JSON(`{"a":1}`), Incomplete: true,
	})
	m, err := s.Message(t.Context(), "a", w.id, "m")
	must(t, err)
	equal(t, "message", m, convo.Message{
		Conversation: w.id, ID: "m", Place: place, Text: "half", Incomplete: true,
		MessageFields: convo.MessageFields{Type: convo.Bot, Meta: convo.JSON(`{"a":1}`)},
		Created:       end[0].At, Updated: end[0].At,
	})
}

func queuedMessages(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	for _, turn := range []string{"t1", "t2"} {
		w.append(turn, convo.TurnOpened{},
			convo.MessageGiven{ID: turn + "a", Place: 0, Fields: convo.MessageFields{Type: convo.User}, Text: "one"},
			convo.MessageGiven{ID: turn + "b", Place: 1, Fields: convo.MessageFields{Type: convo.User}, Text: "two"},
			convo.TurnQueued{})
	}
	equal(t, "messages", len(w.messages(store.MessageQuery{})), 0)
	equal(t, "messages", len(w.messages(store.MessageQuery{Desc: true})), 0)
	_, err := s.Message(t.Context(), "a", w.id, "t1a")
	mustBe(t, err, convo.NotFound)
	_, err = w.update(func(tx store.Tx) error {
		m, err := tx.Message("t2b")
		must(t, err)
		equal(t, "place in the turn", m.Place, int64(1))
		return nil
	})
	must(t, err)
	w.append("t1", convo.TurnStarted{Slot: 1})
	equal(t, "messages", ids(w.messages(store.MessageQuery{})), []string{"t1a", "t1b"})
	w.append("t1", convo.TurnEnded{Reason: convo.EndDone})
	w.append("t2", convo.TurnStarted{Slot: 2})
	list := w.messages(store.MessageQuery{})
	equal(t, "messages", ids(list), []string{"t1a", "t1b", "t2a", "t2b"})
	equal(t, "place", list[3].Place, convo.Place(2, 1))
	equal(t, "turn", list[3].Turn, "t2")
	w.append("t3", convo.TurnOpened{},
		convo.MessageGiven{ID: "t3a", Fields: convo.MessageFields{Type: convo.User}, Text: "dropped"})
	w.append("t3", convo.MessageDeleted{ID: "t3a"}, convo.TurnEnded{Reason: convo.EndStopped})
	equal(t, "messages", len(w.messages(store.MessageQuery{})), 4)
}

func changedMessage(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	w.turn("t", 1, "question", "m", "ans", "wer")
	before, err := s.Message(t.Context(), "a", w.id, "m")
	must(t, err)
	want := before
	change := func(fields convo.MessageFields, text *string) {
		t.Helper()
		e := w.append("", convo.MessageChanged{ID: "m", Fields: fields, Text: text})
		want.MessageFields, want.Updated = fields, e[0].At
		if text != nil {
			want.Text = *text
		}
		got, err := s.Message(t.Context(), "a", w.id, "m")
		must(t, err)
		equal(t, "message", got, want)
		equal(t, "in the list", w.messages(store.MessageQuery{})[1], want)
		equal(t, "conversation", w.head().Updated, e[0].At)
	}
	name := "name"
	change(convo.MessageFields{Type: convo.Bot, Name: &name}, nil)
	change(convo.MessageFields{Type: convo.Context}, new("other"))
	change(convo.MessageFields{Type: convo.User, Meta: convo.JSON(`{"a":1}`)}, nil)
	change(convo.MessageFields{Type: convo.User}, new(""))
	equal(t, "by type", ids(w.messages(store.MessageQuery{Types: []convo.MessageType{convo.Bot}})), nil)
}

func usage(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	w.turn("t1", 1, "question", "m1", "answer")
	middle := w.now.Add(time.Millisecond)
	w.turn("t2", 2, "question", "m2", "answer")
	w.append("", convo.MessageGiven{ID: "c", Place: convo.Place(3, 0), Fields: convo.MessageFields{Type: convo.Context}})
	w.append("t3", convo.TurnOpened{}, convo.ModelAnswered{Usage: convo.Usage{Input: convo.Tokens{N: 100}}})
	end := w.now.Add(time.Millisecond)
	for _, c := range []struct {
		from, to time.Time
		want     store.Usage
	}{
		{start(), end, store.Usage{Tokens: 24, Messages: 4}},
		{start(), middle, store.Usage{Tokens: 12, Messages: 2}},
		{middle, end, store.Usage{Tokens: 12, Messages: 2}},
		{middle.Add(-time.Millisecond), middle, store.Usage{Tokens: 12, Messages: 0}},
		{middle.Add(-time.Millisecond + 1), middle, store.Usage{}},
		{end, end.Add(time.Hour), store.Usage{}},
		{time.Time{}, end, store.Usage{Tokens: 24, Messages: 4}},
	} {
		got, err := s.Usage(t.Context(), "a", w.id, c.from, c.to)
		must(t, err)
		equal(t, "usage", got, c.want)
	}
	_, err := s.Usage(t.Context(), "b", w.id, start(), end)
	mustBe(t, err, convo.NotFound)
}
