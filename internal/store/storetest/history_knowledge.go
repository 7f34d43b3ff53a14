package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// shelf is a dataset of a history, or the memories of its tenant.
type shelf struct{ tenant, dataset string }

func shelves() []shelf {
	return []shelf{{"a", "d"}, {"a", "e"}, {"b", "d"}, {"a", convo.MemoryDataset}, {"b", convo.MemoryDataset}}
}

// learn changes records, or what belongs to them.
func (h *history) learn() {
	at := shelves()[h.r.IntN(len(shelves()))]
	switch h.r.IntN(12) {
	case 0, 1:
		h.inBoth(at, "a dataset", func(tx store.Tx) error {
			return tx.PutObject(convo.Object{Tenant: at.tenant, ID: at.dataset, Body: convo.Dataset{}, Created: start(), Updated: start()})
		})
	case 2:
		h.inBoth(at, "no dataset", func(tx store.Tx) error { return tx.DeleteObject(convo.ObjectDataset, at.dataset) })
	case 3:
		file, upload := fmt.Sprint("f", h.r.IntN(2)), fmt.Sprint("u", h.r.IntN(2))
		which := []store.Makings{{But: upload}, {Only: upload}, {}}[h.r.IntN(3)]
		h.inBoth(at, "records of a file", func(tx store.Tx) error {
			_, err := tx.DeleteRecordsOf(at.dataset, file, which, 1000)
			return err
		})
	case 4:
		contact := fmt.Sprint("c", h.r.IntN(2))
		h.inBoth(at, "a contact", func(tx store.Tx) error {
			_, err := tx.ForgetContact(contact, 1000)
			return err
		})
	case 5:
		for _, s := range h.both() {
			must(h.t, s.PruneRecords(h.t.Context()))
		}
	case 6:
		h.embed(at)
	default:
		h.write(at)
	}
}

// inBoth carries out an update in both stores, which may refuse it alike.
func (h *history) inBoth(at shelf, what string, fn func(store.Tx) error) {
	h.t.Helper()
	h.last = what
	var errs [2]error
	for i, s := range h.both() {
		_, errs[i] = s.Update(h.t.Context(), at.tenant, "", store.Buffered, fn)
	}
	equal(h.t, what, convo.ErrorKind(errs[0]), convo.ErrorKind(errs[1]))
}

// write puts and deletes some records, and at times fails.
func (h *history) write(at shelf) {
	type change struct {
		record convo.Record
		gone   bool
	}
	var list []change
	for range 1 + h.r.IntN(4) {
		h.now = h.now.Add(time.Millisecond)
		r := convo.Record{
			Tenant: at.tenant, Dataset: at.dataset, ID: []string{uuid(h.r.IntN(8)), "x", "y"}[h.r.IntN(3)],
			File: []string{"", "f0", "f1"}[h.r.IntN(3)], Upload: fmt.Sprint("u", h.r.IntN(2)), Created: h.now, Updated: h.now,
		}
		r.Text, r.ContactID, r.BotID = h.text(), []string{"", "c0", "c1"}[h.r.IntN(3)], []string{"", "b"}[h.r.IntN(2)]
		list = append(list, change{r, h.r.IntN(4) == 0})
	}
	fails := h.r.IntN(8) == 0
	h.inBoth(at, "records", func(tx store.Tx) error {
		for _, c := range list {
			err := tx.PutRecord(c.record)
			if c.gone && err == nil {
				err = tx.DeleteRecord(at.dataset, c.record.ID)
			}
			if err != nil {
				return err
			}
		}
		if fails {
			return convo.Errorf(convo.Conflict, "refused")
		}
		return nil
	})
}

// embed stores vectors of some records. Both stores number changes for themselves.
func (h *history) embed(at shelf) {
	skip, space := h.r.IntN(3), fmt.Sprint("s", h.r.IntN(2))
	for _, s := range h.both() {
		records, err := s.Records(h.t.Context(), at.tenant, at.dataset, store.RecordQuery{Limit: 1000})
		must(h.t, err)
		var vectors []convo.Vector
		for i, r := range records {
			if i%3 != skip {
				vectors = append(vectors, convo.Vector{Record: r.ID, Change: r.Change, Values: []float32{float32(len(r.Text)), 1}})
			}
		}
		must(h.t, s.PutVectors(h.t.Context(), at.tenant, at.dataset, space, vectors))
	}
}

// spend counts, notes and hides something in a conversation.
func (h *history) spend(c *talk) {
	spent := convo.Spent{Day: h.now, Bot: []string{"", uuid(1)}[h.r.IntN(2)], Model: "m", Tokens: int64(h.r.IntN(99)), Messages: 1}
	entry := convo.Entry{ID: h.id(), At: h.now, Type: "conversation.update", IDs: map[string]string{"conversationId": c.id}}
	sealed := []byte(h.text())
	h.updateWith(c, "vault", func(tx store.Tx) error {
		must(h.t, tx.Spend(spent))
		must(h.t, tx.Note(entry))
		return tx.PutVault(append([]byte{1}, sealed...))
	})
}

// plainRecord is a record without what stores number for themselves.
func plainRecord(r convo.Record) convo.Record {
	r.Change = 0
	return r
}

// compareKnowledge reads all about records, usage and event logs.
func (h *history) compareKnowledge() {
	h.t.Helper()
	for _, at := range shelves() {
		h.compareShelf(at)
	}
	for _, tenant := range []string{"a", "b"} {
		q := store.EntryQuery{Limit: 1 + h.r.IntN(5), Desc: h.r.IntN(2) == 0, After: int64(h.r.IntN(4))}
		sameRead(h, "entries", func(s store.Reader) ([]convo.Entry, error) { return s.Entries(h.t.Context(), tenant, q) })
		sameRead(h, "spent", func(s store.Reader) ([]convo.Spent, error) {
			return s.Spent(h.t.Context(), tenant, start().AddDate(0, 0, -1), start().AddDate(0, 0, 9))
		})
		sameRead(h, "totals", func(s store.Reader) (convo.Totals, error) { return s.Totals(h.t.Context(), tenant) })
	}
}

// compareShelf reads all of a dataset.
func (h *history) compareShelf(at shelf) {
	h.t.Helper()
	ctx := h.t.Context()
	c := sameRead(h, "collection", func(s store.Reader) (convo.Collection, error) {
		c, err := s.Collection(ctx, at.tenant, at.dataset)
		first := store.FirstChange(c.Number)
		c.Change, c.Forgotten, c.Number = c.Change-first, c.Forgotten-first, min(c.Number, 1)
		return c, err
	})
	q := store.RecordQuery{
		Limit: 1 + h.r.IntN(5), Desc: h.r.IntN(2) == 0, File: []string{"", "f0"}[h.r.IntN(2)],
		Contact: []string{"", "c0"}[h.r.IntN(2)], Bot: []string{"", "b"}[h.r.IntN(2)],
	}
	for {
		page := sameRead(h, "records", func(s store.Reader) ([]convo.Record, error) {
			list, err := s.Records(ctx, at.tenant, at.dataset, q)
			for i := range list {
				list[i] = plainRecord(list[i])
			}
			return list, err
		})
		if len(page) < q.Limit {
			break
		}
		q.After = store.Position{Created: page[len(page)-1].Created, ID: page[len(page)-1].ID}
	}
	sameRead(h, "changes", func(s store.Reader) ([]convo.RecordChange, error) {
		list, err := s.RecordChanges(ctx, at.tenant, at.dataset, 0, 1000)
		for i := range list {
			if i > 0 && list[i].Change <= list[i-1].Change {
				h.t.Fatalf("change %d comes behind %d", list[i].Change, list[i-1].Change)
			}
		}
		for i := range list { // what goes together goes in the order that the driver likes
			list[i].Change, list[i].Record = 0, plainRecord(list[i].Record)
		}
		slices.SortFunc(list, func(a, b convo.RecordChange) int { return cmp.Compare(a.ID, b.ID) })
		return list, err
	})
	if c.Number > 0 {
		h.compareVectors(at)
	}
}

func (h *history) compareVectors(at shelf) {
	h.t.Helper()
	ctx, space := h.t.Context(), fmt.Sprint("s", h.r.IntN(2))
	sameRead(h, "vectors", func(s store.Reader) ([]convo.Vector, error) {
		list, err := s.Vectors(ctx, at.tenant, at.dataset, space, 0, 1000)
		for i := range list {
			list[i].Change = 0
		}
		slices.SortFunc(list, func(a, b convo.Vector) int { return cmp.Compare(a.Record, b.Record) })
		return list, err
	})
	sameRead(h, "records without vectors", func(s store.Reader) ([]string, error) {
		list, err := s.Unembedded(ctx, at.tenant, at.dataset, space, 0, 1000)
		var ids []string
		for _, r := range list {
			ids = append(ids, r.ID)
		}
		slices.Sort(ids)
		return ids, err
	})
	sameRead(h, "spaces", func(s store.Reader) (map[string]int, error) { return s.Spaces(ctx, at.tenant, at.dataset) })
}
