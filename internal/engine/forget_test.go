package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/store"
)

// contacts puts contacts with some ids into the store.
func (b *bundle) contacts(ids ...string) {
	b.t.Helper()
	b.direct(func(tx store.Tx) error {
		for _, id := range ids {
			if err := tx.PutObject(convo.Object{Tenant: "t", ID: id, Body: convo.Contact{}, Created: time.UnixMilli(1), Updated: time.UnixMilli(1)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// direct changes the store of the tenant without the engine.
func (b *bundle) direct(fn func(store.Tx) error) {
	b.t.Helper()
	if _, err := b.store.Update(b.t.Context(), "t", "", store.Buffered, fn); err != nil {
		b.t.Fatal(err)
	}
}

// know puts memories of tea into the store, by turns of each of the contacts.
func (b *bundle) know(n int, contacts ...string) {
	b.t.Helper()
	b.direct(func(tx store.Tx) error {
		for i := range n {
			at := time.UnixMilli(int64(i + 1)).UTC()
			err := tx.PutRecord(convo.Record{
				Tenant: "t", Dataset: convo.MemoryDataset, ID: fmt.Sprintf("m%04d", i), Created: at, Updated: at,
				RecordFields: convo.RecordFields{Text: "likes tea", ContactID: contacts[i%len(contacts)]},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// kept counts the memories that the store has.
func (b *bundle) kept() int64 {
	b.t.Helper()
	c, err := b.store.Collection(b.t.Context(), "t", convo.MemoryDataset)
	if err != nil {
		b.t.Fatal(err)
	}
	return c.Records
}

func TestAContactThatIsDeletedIsForgottenInSteps(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.contacts("ann", "ben")
	b.know(1000, "ann", "ben")
	before, err := b.store.Collection(t.Context(), "t", convo.MemoryDataset)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.DeleteObject(t.Context(), b.actor, engine.Contacts(), "ann", nil); err != nil {
		t.Fatal(err)
	}
	if n := b.kept(); n != 500 {
		t.Errorf("%d memories are kept", n)
	}
	changes, err := b.store.RecordChanges(t.Context(), "t", convo.MemoryDataset, before.Change, 1000)
	if err != nil || len(changes) != 500 || !changes[0].Gone {
		t.Errorf("%v: the indexes are told of %d", err, len(changes))
	}
}

func TestMemoriesOfAContactThatIsGoneAreOutOfSightAndGoAfterACrash(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.contacts("ann", "ben")
	b.know(300, "ann", "ben", "ann")
	b.direct(func(tx store.Tx) error { return tx.DeleteObject(convo.ObjectContact, "ann") }) // as a process leaves it that dies then

	shown, l := 0, engine.List{Take: 30}
	for {
		page, err := b.Memories(t.Context(), b.actor, engine.About{}, l)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Items {
			if shown++; m.ContactID != "ben" {
				t.Errorf("shown is %+v", m)
			}
		}
		if len(page.Items) < l.Take {
			break
		}
		l.Cursor = page.Cursor
	}
	if shown != 100 {
		t.Errorf("%d memories are shown", shown)
	}
	found, err := b.SearchMemories(t.Context(), b.actor, engine.About{}, "tea")
	if err != nil || len(found) != 10 {
		t.Errorf("%v: %d are found", err, len(found))
	}
	for _, f := range found {
		if f.Record.ContactID != "ben" {
			t.Errorf("found is %+v", f.Record)
		}
	}
	for name, err := range map[string]error{
		"fetch":  only(b.Memory(t.Context(), b.actor, "m0000")),
		"update": only(b.UpdateMemory(t.Context(), b.actor, "m0000", func(*convo.RecordFields) {}, nil)),
		"delete": b.DeleteMemory(t.Context(), b.actor, "m0000", nil),
	} {
		if convo.ErrorKind(err) != convo.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.stop()
	b.start()
	b.Idle()
	if n := b.kept(); n != 100 {
		t.Errorf("after the next start %d memories are kept", n)
	}
}

func TestADatasetHasABoundedNumberOfSeparators(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for lines, want := range map[int]convo.Kind{64: "", 65: convo.Invalid} {
		separators := ""
		for i := range lines {
			separators += fmt.Sprintf("%d\n", i)
		}
		draft := engine.Draft{Body: convo.Dataset{Separators: &separators}}
		if _, err := b.CreateObject(t.Context(), b.actor, engine.Datasets(), draft, nil); err != nil && convo.ErrorKind(err) != want || err == nil && want != "" {
			t.Errorf("%d lines: %v", lines, err)
		}
	}
}
