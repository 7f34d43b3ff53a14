package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func objectChecks() []check {
	return []check{
		{"an object of each kind comes back as it was stored", objectBack},
		{"an object is found by its id before its alias, in its tenant and kind only", objectByName},
		{"an id, an alias and a number are one object's of a kind", objectOnce},
		{"two objects may take each other's alias in one transaction", objectSwap},
		{"a number is never given twice", objectNumbers},
		{"an object needs what it belongs to, and goes with it", objectParents},
		{"a transaction that fails leaves the objects as they were", objectUndone},
		{"a page of objects follows the one before in both orders", objectPages},
		{"a list of objects can be asked for a name, for meta, and for what is unlisted", objectFilters},
		{"a deleted object is gone and may come back", objectDeleted},
		{"a snapshot keeps objects as they were, and lists their tenants", objectSnapshot},
		{"the usage of a bot is that of the conversations that name it", botUsage},
		{"the content of a file object goes with it", contentOfObjects},
		{"what works in the background and what is public is found in all tenants", objectsEverywhere},
		{"contacts are found by address and number, and conversations by contact", contactsFound},
		{"a transaction finds a contact by address, or else by number", contactsAlike},
		{"of transactions that make the same contact at once one makes it", contactsMadeOnce},
	}
}

// object makes one of a kind, with nothing that it does not need.
func object(body convo.ObjectBody, id string) convo.Object {
	return convo.Object{Tenant: "a", ID: id, Body: body, Created: start(), Updated: start()}
}

// putObjects stores objects in one transaction that belongs to no conversation.
func putObjects(t testing.TB, s store.Store, objects ...convo.Object) error {
	t.Helper()
	return inTenant(t, s, objects[0].Tenant, func(tx store.Tx) error {
		for _, o := range objects {
			if err := tx.PutObject(o); err != nil {
				return err
			}
		}
		return nil
	})
}

func inTenant(t testing.TB, s store.Store, tenant string, fn func(store.Tx) error) error {
	t.Helper()
	_, err := s.Update(t.Context(), tenant, "", store.Durable, fn)
	return err
}

// everyObject is one object of each kind with all that it can have, those first
// that others belong to.
func everyObject() []convo.Object {
	common := func(n int, alias string) convo.ObjectFields {
		return convo.ObjectFields{
			Name: new("näme"), Description: new(""), Meta: convo.JSON(`{ "n": 1.0 }`), Alias: new(alias),
			BlueprintID: new("blue"), Visibility: new(convo.Public),
		}
	}
	config := convo.Config{
		Model: new("m"), Backstory: new("b"), DatasetID: new("d"), SkillsetID: new(uuid(2)),
		Privacy: new(false), Moderation: new(true), Unmasked: new(true),
	}
	bodies := []convo.ObjectBody{
		convo.Secret{Scope: convo.SharedSecret, Type: convo.BearerSecret, Config: convo.JSON(`{"a": 1}`)},
		convo.Skillset{},
		convo.Ability{Instruction: "do", SecretID: new(uuid(1)), FileID: new("f"), BotID: new("x"), SpaceID: new("")},
		convo.BotConfig{Config: config, Folder: 7, Declared: true},
		convo.Rating{Value: -3, Reason: "no"},
		convo.Dataset{
			Store: new("s"), Reranker: new("r"), RecordMaxTokens: new(int64(9)), SearchMinScore: new(0.25),
			SearchMaxRecords: new(int64(0)), SearchMaxTokens: new(int64(8)), MatchInstruction: new("m"),
			MismatchInstruction: new(""), Separators: new("\n"), Declared: true,
		},
		convo.Stored{
			Address: "https://example.com/a", Name: "a.md", MediaType: "text/markdown", Size: 7, Upload: uuid(77),
			At: start().Add(time.Hour), Datasets: []string{uuid(6)},
		},
		convo.DatasetFile{File: uuid(7), Type: "source", Upload: "u", State: convo.IndexFailed, Done: 2, Total: 5, Error: "no"},
		convo.Contact{
			Email: new("a@example.com"), Phone: new("+1"), Nick: new("A"), Preferences: new("{}"), Verified: start().Add(time.Minute),
		},
	}
	var all []convo.Object
	for i, body := range bodies {
		n := i + 1
		o := object(body, uuid(n))
		o.ObjectFields = common(n, "alias-"+string(body.ObjectKind()))
		o.Number, o.Unlisted, o.Updated = int64(10*n), true, start().Add(time.Minute)
		all = append(all, o)
	}
	all[0].Sealed = []byte{1, 0, 255}
	all[2].Parent, all[4].Parent, all[7].Parent = all[1].ID, all[3].ID, all[5].ID
	return all
}

func objectBack(t *testing.T, d Driver) {
	s := d.Open(t)
	all := everyObject()
	must(t, putObjects(t, s, all...))
	for _, want := range all {
		got, err := s.Object(t.Context(), "a", want.Kind(), want.ID)
		must(t, err)
		equal(t, string(want.Kind()), got, want)
		list, err := s.Objects(t.Context(), "a", store.ObjectQuery{Kind: want.Kind(), Parent: want.Parent, Limit: 9, Unlisted: true})
		must(t, err)
		equal(t, "list of "+string(want.Kind()), list, []convo.Object{want})

		bare := object(want.Body, want.ID)
		bare.Parent = want.Parent
		must(t, putObjects(t, s, bare))
		got, err = s.Object(t.Context(), "a", want.Kind(), want.ID)
		must(t, err)
		equal(t, "replaced "+string(want.Kind()), got, bare)
	}
}

func objectByName(t *testing.T, d Driver) {
	s := d.Open(t)
	bot, other := object(convo.BotConfig{}, uuid(1)), object(convo.BotConfig{}, uuid(1))
	bot.Alias, other.Tenant = new("helper"), "b"
	set := object(convo.Skillset{}, "helper")
	must(t, putObjects(t, s, bot, set))
	must(t, putObjects(t, s, other))
	for name, want := range map[string]convo.Object{uuid(1): bot, "helper": bot} {
		got, err := s.Object(t.Context(), "a", convo.ObjectBot, name)
		must(t, err)
		equal(t, name, got, want)
		must(t, inTenant(t, s, "a", func(tx store.Tx) error {
			got, err := tx.Object(convo.ObjectBot, name)
			equal(t, name, got, want)
			return err
		}))
	}
	for _, missing := range []struct {
		tenant string
		kind   convo.ObjectKind
		name   string
	}{
		{"b", convo.ObjectBot, "helper"}, {"c", convo.ObjectBot, uuid(1)}, {"a", convo.ObjectSecret, uuid(1)},
		{"a", convo.ObjectSkillset, uuid(1)}, {"a", convo.ObjectBot, ""},
	} {
		_, err := s.Object(t.Context(), missing.tenant, missing.kind, missing.name)
		mustBe(t, err, convo.NotFound)
		mustBe(t, inTenant(t, s, missing.tenant, func(tx store.Tx) error {
			_, err := tx.Object(missing.kind, missing.name)
			return err
		}), convo.NotFound)
	}
}

func objectOnce(t *testing.T, d Driver) {
	s := d.Open(t)
	first := object(convo.BotConfig{}, "one")
	first.Alias, first.Number = new("uno"), 5
	must(t, putObjects(t, s, first))
	with := func(id string, alias *string, number int64) convo.Object {
		o := object(convo.BotConfig{}, id)
		o.Alias, o.Number = alias, number
		return o
	}
	for name, o := range map[string]convo.Object{
		"an alias": with("two", new("uno"), 0), "an id as an alias": with("two", new("one"), 0),
		"an alias as an id": with("uno", nil, 0), "a number": with("two", nil, 5),
	} {
		t.Run(name, func(t *testing.T) {
			mustBe(t, putObjects(t, s, o), convo.Conflict)
			other := with("three", o.Alias, o.Number)
			if o.ID == "uno" {
				other.Alias = new("uno")
			}
			mustBe(t, putObjects(t, s, with("four", new("cuatro"), 6), other), convo.Conflict)
		})
	}
	o := object(convo.Skillset{}, "two")
	o.Alias, o.Number = new("uno"), 5
	must(t, putObjects(t, s, o)) // another kind
	o = with("two", new("uno"), 5)
	o.Tenant = "b"
	must(t, putObjects(t, s, o)) // another tenant
	must(t, putObjects(t, s, with("one", new("uno"), 5)))
	for _, bad := range []convo.Object{{Tenant: "a", Body: convo.Skillset{}}, {Tenant: "a", ID: "x"}} {
		mustBe(t, putObjects(t, s, bad), convo.Internal)
	}
	mustBe(t, inTenant(t, s, "b", func(tx store.Tx) error { return tx.PutObject(first) }), convo.Internal)
}

func objectSwap(t *testing.T, d Driver) {
	s := d.Open(t)
	a, b := object(convo.Skillset{}, uuid(1)), object(convo.Skillset{}, uuid(2))
	a.Alias, b.Alias = new("x"), new("y")
	must(t, putObjects(t, s, a, b))
	b.Alias = nil
	a.Alias = new("y")
	c := b
	c.Alias = new("x")
	must(t, putObjects(t, s, b, a, c))
	for alias, want := range map[string]convo.Object{"x": c, "y": a} {
		got, err := s.Object(t.Context(), "a", convo.ObjectSkillset, alias)
		must(t, err)
		equal(t, alias, got, want)
	}
}

func objectNumbers(t *testing.T, d Driver) {
	s := d.Open(t)
	next := func(tenant string, kind convo.ObjectKind) (n int64) {
		t.Helper()
		must(t, inTenant(t, s, tenant, func(tx store.Tx) (err error) {
			n, err = tx.NextNumber(kind)
			return err
		}))
		return n
	}
	equal(t, "first", next("a", convo.ObjectBot), 1)
	bot := object(convo.BotConfig{}, uuid(1))
	bot.Number = 41
	must(t, putObjects(t, s, bot))
	must(t, inTenant(t, s, "a", func(tx store.Tx) error {
		n, err := tx.NextNumber(convo.ObjectBot)
		equal(t, "next", n, 42)
		if err != nil {
			return err
		}
		bot := object(convo.BotConfig{}, uuid(2))
		bot.Number = n
		must(t, tx.PutObject(bot))
		n, err = tx.NextNumber(convo.ObjectBot)
		equal(t, "next in the transaction", n, 43)
		return errors.Join(err, tx.DeleteObject(convo.ObjectBot, uuid(2)))
	}))
	equal(t, "after a deletion", next("a", convo.ObjectBot), 43)
	equal(t, "of another kind", next("a", convo.ObjectSkillset), 1)
	equal(t, "of another tenant", next("b", convo.ObjectBot), 1)
}

func objectParents(t *testing.T, d Driver) {
	s := d.Open(t)
	ability := func(id, parent string) convo.Object {
		o := object(convo.Ability{}, id)
		o.Parent = parent
		return o
	}
	one, two := object(convo.Skillset{}, uuid(1)), object(convo.Skillset{}, uuid(2))
	one.Alias = new("set")
	must(t, putObjects(t, s, one, two, ability(uuid(3), uuid(1)), ability(uuid(4), uuid(1)), ability(uuid(5), uuid(2))))
	for _, parent := range []string{"", "set", uuid(9)} { // a parent is named by its id
		mustBe(t, putObjects(t, s, ability(uuid(6), parent)), convo.NotFound)
	}
	lost := object(convo.Skillset{}, uuid(6))
	lost.Parent = uuid(1)
	mustBe(t, putObjects(t, s, lost), convo.NotFound)

	must(t, inTenant(t, s, "a", func(tx store.Tx) error {
		must(t, tx.PutObject(ability(uuid(7), uuid(1))))
		must(t, tx.PutObject(ability(uuid(4), uuid(2)))) // moves away
		must(t, tx.DeleteObject(convo.ObjectSkillset, uuid(1)))
		mustBe(t, tx.PutObject(ability(uuid(8), uuid(1))), convo.NotFound)
		_, err := tx.Object(convo.ObjectAbility, uuid(3))
		mustBe(t, err, convo.NotFound)
		return nil
	}))
	for n, kept := range map[int]bool{3: false, 4: true, 5: true, 7: false} {
		_, err := s.Object(t.Context(), "a", convo.ObjectAbility, uuid(n))
		equal(t, "found "+uuid(n), err == nil, kept)
	}
}

func objectUndone(t *testing.T, d Driver) {
	s := d.Open(t)
	kept := object(convo.BotConfig{}, uuid(1))
	kept.Alias, kept.Number = new("kept"), 1
	must(t, putObjects(t, s, kept))
	fault := errors.New("no")
	err := inTenant(t, s, "a", func(tx store.Tx) error {
		added := object(convo.BotConfig{}, uuid(2))
		added.Number = 9
		must(t, tx.PutObject(added))
		changed := kept
		changed.Alias = new("changed")
		must(t, tx.PutObject(changed))
		_, err := tx.Object(convo.ObjectBot, "kept")
		mustBe(t, err, convo.NotFound)
		got, err := tx.Object(convo.ObjectBot, "changed")
		must(t, err)
		equal(t, "changed", got, changed)
		must(t, tx.DeleteObject(convo.ObjectBot, uuid(1)))
		mustBe(t, tx.DeleteObject(convo.ObjectBot, uuid(1)), convo.NotFound)
		return fault
	})
	if !errors.Is(err, fault) {
		t.Fatalf("error %v, want %v", err, fault)
	}
	list, err := s.Objects(t.Context(), "a", store.ObjectQuery{Kind: convo.ObjectBot, Limit: 9})
	must(t, err)
	equal(t, "objects", list, []convo.Object{kept})
	must(t, inTenant(t, s, "a", func(tx store.Tx) error {
		n, err := tx.NextNumber(convo.ObjectBot)
		equal(t, "next number", n, 2)
		return err
	}))
}
