package storetest

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func voteChecks() []check {
	return []check{
		{"the votes of a contact are listed by their times", votesListed},
		{"votes go by the contact that their conversation has now", votesMoved},
		{"a vote goes with its conversation", votesGone},
		{"an import brings votes", votesImported},
	}
}

// with makes a conversation with a contact and a bot.
func with(t *testing.T, s store.Store, tenant, id, contact, bot string) *writer {
	t.Helper()
	w := &writer{t: t, store: s, tenant: tenant, id: id, now: start()}
	w.append("", convo.ConversationCreated{Fields: convo.Fields{ContactID: &contact, BotID: &bot}})
	return w
}

// votes gives the ids of votes.
func votes(t *testing.T, s store.Store, tenant string, q store.VoteQuery) (ids []string) {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 9
	}
	list, err := s.Votes(t.Context(), tenant, q)
	must(t, err)
	for _, v := range list {
		ids = append(ids, v.ID)
	}
	return ids
}

func votesListed(t *testing.T, d Driver) {
	s := d.Open(t)
	one, two := with(t, s, "a", uuid(1), uuid(7), uuid(8)), with(t, s, "a", "two", uuid(7), "")
	other, foreign := with(t, s, "a", uuid(3), "ann", ""), with(t, s, "b", uuid(1), uuid(7), "")
	one.append("", convo.Rated{ID: "v1", Message: "m", Value: -50, Reason: "no <&> é"}) // at 2 ms
	two.append("", convo.Rated{ID: "v4", Value: 1}, convo.Rated{ID: "v3", Value: 2})    // at 2 and 3 ms
	one.append("t", convo.Rated{ID: uuid(9), Value: 1})                                 // at 3 ms
	other.append("", convo.Rated{ID: "v5", Value: 3})
	foreign.append("", convo.Rated{ID: "v6", Value: 4})
	hidden := &writer{t: t, store: s, tenant: "a", id: "hidden", now: start()}
	hidden.append("", convo.ConversationCreated{Fields: convo.Fields{ContactID: new(uuid(7)), Channel: new("a channel of one's own")}})
	hidden.append("", convo.Rated{ID: "v7", Value: 5})

	all := store.VoteQuery{Contact: uuid(7)}
	equal(t, "up", votes(t, s, "a", all), []string{"v1", "v4", uuid(9), "v3"})
	all.Desc = true
	equal(t, "down", votes(t, s, "a", all), []string{"v3", uuid(9), "v4", "v1"})
	at := func(ms int, id string) store.Position {
		return store.Position{Created: start().Add(time.Duration(ms) * time.Millisecond), ID: id}
	}
	equal(t, "a page down", votes(t, s, "a", store.VoteQuery{Contact: uuid(7), Desc: true, After: at(3, uuid(9)), Limit: 1}), []string{"v4"})
	equal(t, "a page up", votes(t, s, "a", store.VoteQuery{Contact: uuid(7), After: at(2, "v1"), Limit: 2}), []string{"v4", uuid(9)})
	equal(t, "by id", votes(t, s, "a", store.VoteQuery{Contact: uuid(7), ID: "v3"}), []string{"v3"})
	equal(t, "by the id of another one's", votes(t, s, "a", store.VoteQuery{Contact: uuid(7), ID: "v5"}), nil)
	equal(t, "of another contact", votes(t, s, "a", store.VoteQuery{Contact: "ann"}), []string{"v5"})
	equal(t, "of nobody", votes(t, s, "a", store.VoteQuery{Contact: uuid(6)}), nil)
	equal(t, "of another tenant", votes(t, s, "b", store.VoteQuery{Contact: uuid(7)}), []string{"v6"})

	list, err := s.Votes(t.Context(), "a", store.VoteQuery{Contact: uuid(7), Limit: 2})
	must(t, err)
	equal(t, "what they say", list, []convo.Vote{
		{Rated: convo.Rated{ID: "v1", Message: "m", Value: -50, Reason: "no <&> é"}, Conversation: uuid(1), ContactID: uuid(7), BotID: uuid(8), At: start().Add(2 * time.Millisecond)},
		{Rated: convo.Rated{ID: "v4", Value: 1}, Conversation: "two", ContactID: uuid(7), At: start().Add(2 * time.Millisecond)},
	})
}

func votesMoved(t *testing.T, d Driver) {
	s := d.Open(t)
	w := with(t, s, "a", uuid(1), uuid(7), "")
	w.append("", convo.Rated{ID: "v1", Value: 1})
	w.append("", convo.ConversationChanged{Fields: convo.Fields{ContactID: new(uuid(8)), BotID: new("b")}})
	equal(t, "of the one before", votes(t, s, "a", store.VoteQuery{Contact: uuid(7)}), nil)
	list, err := s.Votes(t.Context(), "a", store.VoteQuery{Contact: uuid(8), Limit: 1})
	must(t, err)
	equal(t, "of the new one", []string{list[0].ID, list[0].ContactID, list[0].BotID}, []string{"v1", uuid(8), "b"})
}

func votesGone(t *testing.T, d Driver) {
	s := d.Open(t)
	w := with(t, s, "a", uuid(1), uuid(7), "")
	w.append("", convo.Rated{ID: "v1", Value: 1})
	_, err := w.update(store.Tx.Delete)
	must(t, err)
	equal(t, "after it", votes(t, s, "a", store.VoteQuery{Contact: uuid(7)}), nil)
}

func votesImported(t *testing.T, d Driver) {
	s := d.Open(t)
	w := with(t, s, "a", uuid(1), uuid(7), "")
	w.append("", convo.Rated{ID: "v1", Value: 1, Reason: "fine"})
	must(t, s.Import(t.Context(), "b", uuid(2), w.events()))
	equal(t, "there", votes(t, s, "b", store.VoteQuery{Contact: uuid(7)}), []string{"v1"})
}
