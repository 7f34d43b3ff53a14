package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func contactsAlike(t *testing.T, d Driver) {
	s := d.Open(t)
	contact := func(n int, email, phone string) convo.Object {
		o := object(convo.Contact{Email: &email, Phone: &phone}, uuid(n))
		o.Created = start().Add(-time.Duration(n) * time.Second) // the higher, the older
		return o
	}
	other := contact(9, "a@x", "1")
	other.Tenant = "b"
	must(t, putObjects(t, s, other))
	must(t, putObjects(t, s, contact(1, "a@x", "1"), contact(2, "a@x", "2"), contact(3, "c@x", "2"), contact(4, "", "")))
	like := func(tx store.Tx, email, phone, want string) {
		t.Helper()
		o, err := tx.ContactLike(email, phone)
		if want == "" {
			mustBe(t, err, convo.NotFound)
			return
		}
		must(t, err)
		equal(t, fmt.Sprintf("like %q %q", email, phone), o.ID, want)
	}
	must(t, inTenant(t, s, "a", func(tx store.Tx) error {
		like(tx, "a@x", "", uuid(2))
		like(tx, "", "1", uuid(1))
		like(tx, "c@x", "1", uuid(3))
		like(tx, "none", "2", uuid(3))
		like(tx, "none", "", "")
		like(tx, "A@x", "", "")
		like(tx, "", "", "")
		must(t, tx.PutObject(contact(5, "a@x", "")))
		like(tx, "a@x", "", uuid(5))
		must(t, tx.PutObject(contact(2, "b@x", "")))
		must(t, tx.DeleteObject(convo.ObjectContact, uuid(5)))
		like(tx, "a@x", "", uuid(1))
		like(tx, "b@x", "", uuid(2))
		return nil
	}))
}

// Of transactions at the same time that look for a contact, and make it where there is
// none, one makes it.
func contactsMadeOnce(t *testing.T, d Driver) {
	s := d.Open(t)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			err := inTenant(t, s, "a", func(tx store.Tx) error {
				_, err := tx.ContactLike("a@x", "")
				if convo.ErrorKind(err) != convo.NotFound {
					return err
				}
				return tx.PutObject(object(convo.Contact{Email: new("a@x")}, uuid(n+1)))
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	list, err := s.Objects(t.Context(), "a", store.ObjectQuery{Kind: convo.ObjectContact, Limit: 9})
	must(t, err)
	equal(t, "contacts", len(list), 1)
}

func memoriesAlike(t *testing.T, d Driver) {
	s := datasets(t, d)
	memory := func(n int, contact, bot, text string) convo.Record {
		r := note(uuid(n), text)
		r.Dataset, r.ContactID, r.BotID = convo.MemoryDataset, contact, bot
		r.Created = start().Add(-time.Duration(n) * time.Second) // the higher, the older
		return r
	}
	like := func(tx store.Tx, contact, bot, text, want string) {
		t.Helper()
		r, err := tx.MemoryLike(contact, bot, text)
		if want == "" {
			mustBe(t, err, convo.NotFound)
			return
		}
		must(t, err)
		equal(t, fmt.Sprintf("like %q %q %q", contact, bot, text), r.ID, want)
	}
	must(t, inTenant(t, s, "a", func(tx store.Tx) error {
		like(tx, "c", "b", "text", "")
		return nil
	}))
	of := note(uuid(9), "text")
	of.ContactID = "c"
	must(t, putRecords(t, s, memory(1, "c", "b", "text"), memory(2, "c", "b", "text"), memory(3, "c", "", "text"),
		memory(4, "", "b", "text"), memory(5, "c", "b", "TEXT"), memory(6, "", "", "text"), of))
	must(t, inTenant(t, s, "a", func(tx store.Tx) error {
		like(tx, "c", "b", "text", uuid(2))
		like(tx, "c", "", "text", uuid(3))
		like(tx, "", "b", "text", uuid(4))
		like(tx, "c", "b", "TEXT", uuid(5))
		like(tx, "d", "b", "text", "")
		like(tx, "c", "b", "other", "")
		like(tx, "", "", "text", "")
		must(t, tx.DeleteRecord(convo.MemoryDataset, uuid(2)))
		like(tx, "c", "b", "text", uuid(1))
		must(t, tx.PutRecord(memory(7, "c", "b", "text")))
		like(tx, "c", "b", "text", uuid(7))
		must(t, tx.PutRecord(memory(3, "c", "", "changed")))
		like(tx, "c", "", "text", "")
		return nil
	}))
	must(t, inTenant(t, s, "b", func(tx store.Tx) error {
		like(tx, "c", "b", "text", "")
		return nil
	}))
}
