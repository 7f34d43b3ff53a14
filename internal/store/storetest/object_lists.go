package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func objectPages(t *testing.T, d Driver) {
	s := d.Open(t)
	var all []convo.Object
	for i := range 7 {
		o := object(convo.Skillset{}, uuid(i+1))
		o.Created = start().Add(time.Duration(i/2) * time.Second) // some at the same time
		all = append(all, o)
	}
	must(t, putObjects(t, s, all...))
	for _, desc := range []bool{false, true} {
		want := slices.Clone(all)
		if desc {
			slices.Reverse(want)
		}
		q := store.ObjectQuery{Kind: convo.ObjectSkillset, Desc: desc, Limit: 3}
		var got []convo.Object
		for {
			page, err := s.Objects(t.Context(), "a", q)
			must(t, err)
			got = append(got, page...)
			if len(page) < q.Limit {
				break
			}
			q.After = store.Position{Created: page[2].Created, ID: page[2].ID}
		}
		equal(t, "pages", got, want)
	}
	for _, tenant := range []string{"b", ""} {
		page, err := s.Objects(t.Context(), tenant, store.ObjectQuery{Kind: convo.ObjectSkillset, Limit: 3})
		must(t, err)
		equal(t, "of another tenant", page, nil)
	}
}

func objectFilters(t *testing.T, d Driver) {
	s := d.Open(t)
	var all []convo.Object
	for i, name := range []string{"key", "other", "key", "key"} {
		o := object(convo.Secret{}, uuid(i+1))
		o.Name, o.Created = new(name), start().Add(time.Duration(i)*time.Second)
		all = append(all, o)
	}
	all[0].Meta, all[3].Unlisted = convo.JSON(`{"env":"live"}`), true
	must(t, putObjects(t, s, all...))
	all[1].Number, all[2].Number, all[3].Number = 7, 8, 9
	must(t, putObjects(t, s, all[1:]...))
	q := store.ObjectQuery{Kind: convo.ObjectSecret, Limit: 9}
	named, up, second, meta, unlisted := q, q, q, q, q
	numbered, hidden, other := q, q, q
	numbered.Number, hidden.Number, other.Number, other.Name = 8, 9, 8, "other"
	named.Name, named.Desc = "key", true
	up.Name, up.Unlisted = "key", true
	second.Name, second.Limit, second.Desc = "key", 1, true
	second.After = store.Position{Created: all[2].Created, ID: all[2].ID}
	meta.Meta = []convo.MetaFilter{{Key: "env", Value: "live"}}
	unlisted.Unlisted = true
	for what, c := range map[string]struct {
		q    store.ObjectQuery
		want []convo.Object
	}{
		"all": {q, all[:3]}, "named": {named, []convo.Object{all[2], all[0]}},
		"named, unlisted too": {up, []convo.Object{all[0], all[2], all[3]}},
		"named, the next one": {second, all[:1]}, "meta": {meta, all[:1]}, "unlisted too": {unlisted, all},
		"numbered": {numbered, all[2:3]}, "numbered, unlisted": {hidden, nil}, "numbered, with another name": {other, nil},
	} {
		list, err := s.Objects(t.Context(), "a", c.q)
		must(t, err)
		equal(t, what, list, c.want)
	}
}

func objectDeleted(t *testing.T, d Driver) {
	s := d.Open(t)
	all := everyObject()
	must(t, putObjects(t, s, all...))
	gone := func(kind convo.ObjectKind, id string) error {
		return inTenant(t, s, "a", func(tx store.Tx) error { return tx.DeleteObject(kind, id) })
	}
	mustBe(t, gone(convo.ObjectSecret, "alias-secret"), convo.NotFound) // an alias is no id
	mustBe(t, inTenant(t, s, "b", func(tx store.Tx) error { return tx.DeleteObject(convo.ObjectSecret, uuid(1)) }), convo.NotFound)
	must(t, gone(convo.ObjectSecret, uuid(1)))
	mustBe(t, gone(convo.ObjectSecret, uuid(1)), convo.NotFound)
	_, err := s.Object(t.Context(), "a", convo.ObjectSecret, "alias-secret")
	mustBe(t, err, convo.NotFound)
	must(t, putObjects(t, s, all[0]))
	got, err := s.Object(t.Context(), "a", convo.ObjectSecret, "alias-secret")
	must(t, err)
	equal(t, "stored again", got, all[0])
}

func objectSnapshot(t *testing.T, d Driver) {
	s := d.Open(t)
	before := object(convo.BotConfig{}, uuid(1))
	must(t, putObjects(t, s, before))
	converse(t, s, "z", uuid(2))
	snap := freeze(t, s)
	after := before
	after.Name = new("changed")
	must(t, putObjects(t, s, after))
	late := object(convo.BotConfig{}, uuid(3))
	late.Tenant = "late"
	must(t, putObjects(t, s, late))

	got, err := snap.Object(t.Context(), "a", convo.ObjectBot, uuid(1))
	must(t, err)
	equal(t, "object", got, before)
	tenants, err := snap.Tenants(t.Context())
	must(t, err)
	equal(t, "tenants", tenants, []string{"a", "z"})
}

func botUsage(t *testing.T, d Driver) {
	s := d.Open(t)
	fields := func(bot string) convo.Fields { return convo.Fields{BotID: new(bot)} }
	one := &writer{t: t, store: s, tenant: "a", id: uuid(1), now: start()}
	one.append("", convo.ConversationCreated{Fields: fields(uuid(9))})
	one.append("t", convo.TurnOpened{}, convo.MessageGiven{ID: "q", Fields: convo.MessageFields{Type: convo.User}},
		convo.TurnQueued{}, convo.TurnStarted{Slot: 1},
		convo.MessageStarted{ID: "r", Place: convo.Place(1, 1), Type: convo.Bot},
		convo.MessageEnded{ID: "r", Place: convo.Place(1, 1), Type: convo.Bot},
		convo.TurnEnded{Reason: convo.EndDone, Usage: convo.Usage{Input: convo.Tokens{N: 3}, Output: convo.Tokens{N: 4}}})
	two := converse(t, s, "a", uuid(2))
	two.append("", convo.ConversationChanged{Fields: fields(uuid(9))})
	two.append("", convo.MessageGiven{ID: "m", Place: convo.Place(1, 0), Fields: convo.MessageFields{Type: convo.Context}})
	other := &writer{t: t, store: s, tenant: "b", id: uuid(1), now: start()}
	other.append("", convo.ConversationCreated{Fields: fields(uuid(9))})
	left := &writer{t: t, store: s, tenant: "a", id: uuid(3), now: start()}
	left.append("", convo.ConversationCreated{Fields: fields(uuid(9))})
	left.append("", convo.ConversationChanged{})

	for bot, want := range map[string]store.BotUsage{
		uuid(9): {Usage: store.Usage{Tokens: 7, Messages: 2}, Conversations: 2}, uuid(8): {},
	} {
		got, err := s.BotUsage(t.Context(), "a", bot)
		must(t, err)
		equal(t, "usage of "+bot, got, want)
	}
	must(t, s.Sync(t.Context()))
	_, err := two.update(func(tx store.Tx) error { return tx.Delete() })
	must(t, err)
	got, err := s.BotUsage(t.Context(), "a", uuid(9))
	must(t, err)
	equal(t, "conversations after a deletion", got.Conversations, 1)
}
