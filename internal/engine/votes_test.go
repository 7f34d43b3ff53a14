package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

func (b *bundle) rate(conversation, message string, value int, reason string) {
	b.t.Helper()
	if err := b.Rate(b.t.Context(), b.actor, conversation, message, value, reason, nil); err != nil {
		b.t.Fatal(err)
	}
}

// votes gives the reasons of a page of a contact's votes, and its cursor.
func (b *bundle) votes(contact string, l engine.List) (reasons []string, cursor string) {
	b.t.Helper()
	page, err := b.ContactVotes(b.t.Context(), b.actor, contact, l)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, v := range page.Items {
		reasons = append(reasons, v.Reason)
	}
	return reasons, page.Cursor
}

func TestTheVotesOfAContactAreListed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann := b.contact("ann")
	first, second := b.conversation(convo.Fields{ContactID: &ann}, message(convo.Bot, "Hello")), b.conversation(convo.Fields{})
	said := b.messages(first)[0].ID
	b.rate(first, said, -50, "one")
	b.rate(second, "", 1, "two")
	b.rate(first, "", 100, "three")
	if got, _ := b.votes("ann", engine.List{}); !slices.Equal(got, []string{"one", "three"}) {
		t.Errorf("before the second conversation is hers: %q", got)
	}
	if _, err := b.UpsertContact(t.Context(), b.actor, second, func(d *engine.Draft) { d.Alias = ptr("ann") }, nil); err != nil {
		t.Fatal(err)
	}
	page, cursor := b.votes(ann, engine.List{Take: 2, Desc: true})
	rest, _ := b.votes(ann, engine.List{Desc: true, Cursor: cursor})
	if got := append(page, rest...); !slices.Equal(got, []string{"three", "two", "one"}) {
		t.Errorf("page by page: %q", got)
	}
	all, err := b.ContactVotes(t.Context(), b.actor, ann, engine.List{})
	if err != nil {
		t.Fatal(err)
	}
	v := all.Items[0]
	if v.ContactID != ann || v.Conversation != first || v.Message != said || v.Value != -50 || v.BotID != "" || v.At.IsZero() {
		t.Errorf("a vote is %+v", v)
	}
	if got, _ := b.votes(ann, engine.List{Cursor: v.ID}); !slices.Equal(got, []string{"two", "three"}) {
		t.Errorf("behind an id: %q", got)
	}
	if got, _ := b.votes(ann, engine.List{Meta: []convo.MetaFilter{{Key: "a", Value: "b"}}}); len(got) != 0 {
		t.Errorf("with meta: %q", got)
	}
}

func TestVotesAreRefusedToOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann := b.contact("ann")
	id := b.conversation(convo.Fields{ContactID: &ann})
	for _, c := range []struct {
		actor convo.Actor
		list  engine.List
		kind  convo.Kind
	}{
		{convo.Actor{Tenant: "u"}, engine.List{}, convo.NotFound},
		{convo.Actor{Tenant: "t", Conversation: id}, engine.List{}, convo.Forbidden},
		{b.actor, engine.List{Cursor: "nothing"}, convo.Invalid},
		{b.actor, engine.List{Take: -1}, convo.Invalid},
	} {
		_, err := b.ContactVotes(t.Context(), c.actor, ann, c.list)
		wantKind(t, err, c.kind)
	}
	if _, err := b.DeleteObject(t.Context(), b.actor, engine.Contacts(), "ann", nil); err != nil {
		t.Fatal(err)
	}
	_, err := b.ContactVotes(t.Context(), b.actor, ann, engine.List{})
	wantKind(t, err, convo.NotFound)
}

func TestTheReasonOfAPrivateVoteIsMasked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann := b.contact("ann")
	id := b.conversation(convo.Fields{ContactID: &ann, Config: convo.Config{Privacy: new(true)}})
	b.rate(id, "", 1, "It told ben@mail.example.com")
	if got, _ := b.votes("ann", engine.List{}); len(got) != 1 || strings.Contains(got[0], "mail.example.com") || !strings.HasPrefix(got[0], "It told ") {
		t.Errorf("the reason is %q", got)
	}
}
