package storetest

import (
	"fmt"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func conversationChecks() []check {
	return []check{
		{"a conversation is as it was made and changed", conversationFields},
		{"pages go both ways and split ties by id", conversationPages},
		{"meta selects conversations", conversationMeta},
		{"a tenant sees only his own", conversationTenants},
		{"a hidden conversation is in no list, and read by its id", conversationHidden},
	}
}

func conversationFields(t *testing.T, d Driver) {
	s := d.Open(t)
	w := &writer{t: t, store: s, tenant: "a", id: "not a UUID: ü", now: start()}
	made := convo.Fields{Name: new(""), Meta: convo.JSON(`{"x":[1, 2.50]}`), Config: convo.Config{Privacy: new(false)}}
	e := w.append("", convo.ConversationCreated{Fields: made})[0]
	got, err := s.Conversation(t.Context(), "a", w.id)
	must(t, err)
	want := convo.Conversation{Tenant: "a", ID: w.id, Fields: made, Created: e.At, Updated: e.At, Active: e.At}
	equal(t, "made", got, want)
	equal(t, "head", w.head(), convo.Head{Conversation: want, LastSeq: 1, NextSlot: 1})

	want.Fields = convo.Fields{Description: new("d"), BotID: new("b"), Config: convo.Config{Model: new("m")}}
	want.Updated = w.append("", convo.ConversationChanged{Fields: want.Fields})[0].At
	got, err = s.Conversation(t.Context(), "a", w.id)
	must(t, err)
	equal(t, "changed", got, want)
}

// listAll reads all pages.
func listAll(t *testing.T, s store.Store, tenant string, q store.ConversationQuery) []convo.Conversation {
	t.Helper()
	var all []convo.Conversation
	for {
		page, err := s.Conversations(t.Context(), tenant, q)
		must(t, err)
		all = append(all, page...)
		if len(page) < q.Limit {
			return all
		}
		last := page[len(page)-1]
		q.After = store.Position{Created: last.Created, ID: last.ID}
	}
}

func conversationPages(t *testing.T, d Driver) {
	s := d.Open(t)
	const count = 23
	var want []string
	for i := range count {
		w := &writer{t: t, store: s, tenant: "a", id: uuid(i), now: start()}
		if i > 15 { // the ones before were made in the same millisecond
			w.now = w.now.Add(1e9)
		}
		w.append("", convo.ConversationCreated{})
		want = append(want, w.id)
	}
	for _, limit := range []int{1, 4, 7, 100} {
		up := listAll(t, s, "a", store.ConversationQuery{Limit: limit})
		down := listAll(t, s, "a", store.ConversationQuery{Limit: limit, Desc: true})
		if len(up) != count || len(down) != count {
			t.Fatalf("limit %d: %d up and %d down, want %d", limit, len(up), len(down), count)
		}
		for i, id := range want {
			equal(t, "up", up[i].ID, id)
			equal(t, "down", down[count-1-i].ID, id)
		}
	}
}

func conversationMeta(t *testing.T, d Driver) {
	s := d.Open(t)
	for i := range 20 {
		w := &writer{t: t, store: s, tenant: "a", id: uuid(i), now: start()}
		w.append("", convo.ConversationCreated{Fields: convo.Fields{
			Meta: convo.JSON(fmt.Sprintf(`{"third":%d,"user":{"name":"u%d"}}`, i%3, i%2)),
		}})
	}
	for _, c := range []struct {
		meta []convo.MetaFilter
		want int
	}{
		{nil, 20},
		{[]convo.MetaFilter{{Key: "third", Value: "0"}}, 7},
		{[]convo.MetaFilter{{Key: "third", Value: "0"}, {Key: "user.name", Value: "u0"}}, 4},
		{[]convo.MetaFilter{{Key: "fourth", Value: "0"}}, 0},
	} {
		for _, limit := range []int{1, 3, 50} {
			got := listAll(t, s, "a", store.ConversationQuery{Limit: limit, Meta: c.meta, Desc: limit == 3})
			equal(t, show(c.meta), len(got), c.want)
		}
	}
}

func conversationTenants(t *testing.T, d Driver) {
	s := d.Open(t)
	converse(t, s, "a", uuid(1))
	converse(t, s, "ab", uuid(2))
	equal(t, "of a", len(listAll(t, s, "a", store.ConversationQuery{Limit: 9})), 1)
	equal(t, "of nobody", len(listAll(t, s, "", store.ConversationQuery{Limit: 9})), 0)
}

func conversationHidden(t *testing.T, d Driver) {
	s := d.Open(t)
	for i := range 6 {
		w := &writer{t: t, store: s, tenant: "a", id: uuid(i), now: start()}
		f := convo.Fields{Meta: convo.JSON(`{"k":1}`)}
		if i%2 == 0 {
			f.Channel = new("channel é")
		}
		w.append("", convo.ConversationCreated{Fields: f})
		w.turn(uuid(10), 1, "q", uuid(11), "a")
	}
	hidden, err := s.Conversation(t.Context(), "a", uuid(2))
	must(t, err)
	equal(t, "channel", hidden.Channel, new("channel é"))
	for _, q := range []store.ConversationQuery{
		{Limit: 1}, {Limit: 2, Desc: true}, {Limit: 9, Meta: []convo.MetaFilter{{Key: "k", Value: "1"}}},
	} {
		var got []string
		for _, c := range listAll(t, s, "a", q) {
			got = append(got, c.ID)
		}
		want := []string{uuid(1), uuid(3), uuid(5)}
		if q.Desc {
			want = []string{uuid(5), uuid(3), uuid(1)}
		}
		equal(t, "listed", got, want)
	}
	w := &writer{t: t, store: s, tenant: "a", id: uuid(2), now: start()}
	equal(t, "its messages", len(w.messages(store.MessageQuery{})), 2)
	w.append("", convo.ConversationChanged{Fields: convo.Fields{Name: new("shown")}})
	equal(t, "listed when it is no longer hidden", len(listAll(t, s, "a", store.ConversationQuery{Limit: 9})), 4)
	w.append("", convo.ConversationChanged{Fields: convo.Fields{Channel: new("")}})
	equal(t, "listed when it is hidden again", len(listAll(t, s, "a", store.ConversationQuery{Limit: 9})), 3)
}
