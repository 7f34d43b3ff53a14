package storetest

import (
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func contentOfObjects(t *testing.T, d Driver) {
	s := d.Open(t)
	ctx := t.Context()
	file := func(id, upload string) convo.Object {
		o := object(convo.Stored{Name: "a.md", Size: 4, Upload: upload, At: start()}, id)
		return o
	}
	there := func(upload string, want bool) {
		t.Helper()
		_, err := s.Piece(ctx, convo.File{Tenant: "a", Upload: upload, Size: 4}, 0)
		if (err == nil) != want {
			t.Fatalf("upload %s: %v, want it there: %t", upload, err, want)
		}
	}
	for _, upload := range []string{uuid(1), "two", "three", "nobody's"} {
		must(t, s.PutPiece(ctx, upload, 0, start(), []byte("text")))
	}
	must(t, putObjects(t, s, file("f", uuid(1)), file("g", "two"), file("h", "two")))
	must(t, s.DropUpload(ctx, uuid(1)))
	must(t, s.PruneFiles(ctx, start().AddDate(1, 0, 0)))
	there(uuid(1), true)
	there("nobody's", false)
	must(t, s.PutPiece(ctx, "three", 0, start(), []byte("text")))

	changed := file("f", uuid(1))
	changed.Name = new("other")
	must(t, putObjects(t, s, changed))
	there(uuid(1), true)
	err := inTenant(t, s, "a", func(tx store.Tx) error {
		must(t, tx.PutObject(file("f", "three")))
		must(t, tx.DeleteObject(convo.ObjectFile, "g"))
		must(t, tx.DeleteObject(convo.ObjectFile, "h"))
		return errRefused
	})
	if err == nil {
		t.Fatal("a refused update succeeded")
	}
	there(uuid(1), true)
	there("two", true)
	must(t, putObjects(t, s, file("f", "three")))
	there(uuid(1), false)
	there("three", true)
	must(t, inTenant(t, s, "a", func(tx store.Tx) error { return tx.DeleteObject(convo.ObjectFile, "g") }))
	there("two", true) // another file has it, too
	must(t, inTenant(t, s, "a", func(tx store.Tx) error { return tx.DeleteObject(convo.ObjectFile, "h") }))
	there("two", false)
}

func objectsEverywhere(t *testing.T, d Driver) {
	s := d.Open(t)
	for _, tenant := range []string{"a", "b"} {
		set := object(convo.Dataset{}, "d")
		set.Tenant = tenant
		must(t, putObjects(t, s, set))
		for _, state := range []convo.IndexState{convo.IndexWaits, convo.IndexRuns, convo.IndexDone, convo.IndexFailed, convo.IndexLeaves} {
			o := object(convo.DatasetFile{File: "f", State: state}, string(state))
			o.Tenant, o.Parent = tenant, "d"
			must(t, putObjects(t, s, o))
		}
	}
	open, err := s.OpenDatasetFiles(t.Context())
	must(t, err)
	equal(t, "open files", len(open), 6)
	done := open[0]
	done.Body = convo.DatasetFile{File: "f", State: convo.IndexDone}
	must(t, putObjects(t, s, done))
	open, err = s.OpenDatasetFiles(t.Context())
	must(t, err)
	equal(t, "open files", len(open), 5)

	private, public, other := object(convo.Stored{}, uuid(1)), object(convo.Stored{}, uuid(2)), object(convo.BotConfig{}, uuid(3))
	public.Tenant, public.Visibility, public.Alias = "b", new(convo.Public), new("alias")
	private.Visibility, other.Visibility = new(convo.Protected), new(convo.Public)
	must(t, putObjects(t, s, private, other))
	must(t, putObjects(t, s, public))
	got, err := s.PublicFile(t.Context(), uuid(2))
	must(t, err)
	equal(t, "a public file", got, public)
	for _, name := range []string{uuid(1), uuid(3), "alias", ""} {
		_, err := s.PublicFile(t.Context(), name)
		mustBe(t, err, convo.NotFound)
	}
	public.Visibility = nil
	must(t, putObjects(t, s, public))
	_, err = s.PublicFile(t.Context(), uuid(2))
	mustBe(t, err, convo.NotFound)
}

func contactsFound(t *testing.T, d Driver) {
	s := d.Open(t)
	contact := func(n int, email, phone *string) convo.Object {
		return object(convo.Contact{Email: email, Phone: phone}, uuid(n))
	}
	must(t, putObjects(t, s, contact(1, new("a@x"), new("1")), contact(2, new("a@x"), nil), contact(3, new("A@x"), new("1")), contact(4, nil, nil)))
	for _, c := range []struct {
		q    store.ObjectQuery
		want []string
	}{
		{store.ObjectQuery{Email: "a@x"}, []string{uuid(1), uuid(2)}},
		{store.ObjectQuery{Phone: "1"}, []string{uuid(1), uuid(3)}},
		{store.ObjectQuery{Email: "a@x", Phone: "1"}, []string{uuid(1)}},
		{store.ObjectQuery{Email: "a@x", Desc: true}, []string{uuid(2), uuid(1)}},
		{store.ObjectQuery{Email: "a@x", After: store.Position{Created: start(), ID: uuid(1)}}, []string{uuid(2)}},
		{store.ObjectQuery{Phone: "1", Desc: true, After: store.Position{Created: start(), ID: uuid(3)}}, []string{uuid(1)}},
		{store.ObjectQuery{Email: "none"}, nil},
	} {
		c.q.Kind, c.q.Limit = convo.ObjectContact, 9
		list, err := s.Objects(t.Context(), "a", c.q)
		must(t, err)
		var got []string
		for _, o := range list {
			got = append(got, o.ID)
		}
		equal(t, "contacts", got, c.want)
	}
	conversationsOfContact(t, s)
}

func conversationsOfContact(t *testing.T, s store.Store) {
	for n, contact := range []string{uuid(9), "c", uuid(9), ""} {
		w := converse(t, s, "a", uuid(n+1))
		if contact != "" {
			w.append("", convo.ConversationChanged{Fields: convo.Fields{ContactID: new(contact)}})
		}
	}
	_, err := s.Update(t.Context(), "a", uuid(5), store.Buffered, func(tx store.Tx) error {
		return tx.Append(convo.Event{At: start(), Body: convo.ConversationCreated{Fields: convo.Fields{ContactID: new("c")}}})
	})
	must(t, err)
	for _, c := range []struct {
		q    store.ConversationQuery
		want []string
	}{
		{store.ConversationQuery{Contact: uuid(9)}, []string{uuid(1), uuid(3)}},
		{store.ConversationQuery{Contact: uuid(9), Desc: true}, []string{uuid(3), uuid(1)}},
		{store.ConversationQuery{Contact: "c"}, []string{uuid(5), uuid(2)}},
		{store.ConversationQuery{Contact: "c", Desc: true, After: store.Position{Created: start().Add(1e6), ID: uuid(2)}}, []string{uuid(5)}},
		{store.ConversationQuery{Contact: "none"}, nil},
	} {
		c.q.Limit = 9
		list, err := s.Conversations(t.Context(), "a", c.q)
		must(t, err)
		var got []string
		for _, one := range list {
			got = append(got, one.ID)
		}
		equal(t, "conversations", got, c.want)
	}
}
