// Package retrievetest checks what the package retrieve promises of a driver, over a
// real store.
package retrievetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/store"
)

// Driver opens what is tested. Open ends with the test, and so does the store.
type Driver struct {
	Store func(t *testing.T) store.Store
	Open  func(t *testing.T, s store.Store) retrieve.Texts
}

// RunTexts checks a driver of retrieve.Texts.
func RunTexts(t *testing.T, d Driver) {
	for name, test := range map[string]func(*testing.T, *suite){
		"a search sees every change before it":           testChanges,
		"tenants and datasets are apart":                 testIsolation,
		"a dataset made again has nothing of the former": testMadeAgain,
		"the best come first, ties by id":                testOrder,
		"records must have the tags":                     testTags,
		"the records with tags are listed":               testTagged,
		"an index goes on after it was closed":           testReopen,
		"each writer finds what it wrote":                testWriters,
		"a search ends with its context":                 testCancel,
		"nothing is found for no word":                   testNothing,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &suite{t: t, Driver: d, store: d.Store(t)}
			s.make("a", "d")
			s.make("a", "e")
			s.make("b", "d")
			s.texts = d.Open(t, s.store)
			test(t, s)
		})
	}
}

// suite is a store with the datasets d and e of tenant a, and d of tenant b.
type suite struct {
	Driver
	t     *testing.T
	store store.Store
	texts retrieve.Texts
}

var here = retrieve.Collection{Tenant: "a", Dataset: "d"}

// at is when everything was made.
func at() time.Time { return time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC) }

func (s *suite) update(tenant string, fn func(store.Tx) error) {
	s.t.Helper()
	if _, err := s.store.Update(s.t.Context(), tenant, "", store.Buffered, fn); err != nil {
		s.t.Error(err) // of whatever goroutine this is
	}
}

func (s *suite) make(tenant, dataset string) {
	s.t.Helper()
	s.update(tenant, func(tx store.Tx) error {
		return tx.PutObject(convo.Object{Tenant: tenant, ID: dataset, Body: convo.Dataset{}, Created: at(), Updated: at()})
	})
}

func record(c retrieve.Collection, id, text string) convo.Record {
	return convo.Record{
		Tenant: c.Tenant, Dataset: c.Dataset, ID: id, RecordFields: convo.RecordFields{Text: text}, Created: at(), Updated: at(),
	}
}

func (s *suite) put(records ...convo.Record) {
	s.t.Helper()
	s.update(records[0].Tenant, func(tx store.Tx) error {
		for _, r := range records {
			if err := tx.PutRecord(r); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *suite) write(id, text string) { s.t.Helper(); s.put(record(here, id, text)) }

func (s *suite) remove(id string) {
	s.t.Helper()
	s.update(here.Tenant, func(tx store.Tx) error { return tx.DeleteRecord(here.Dataset, id) })
}

// finds fails unless a search gives these records.
func (s *suite) finds(c retrieve.Collection, q retrieve.Query, want ...string) {
	s.t.Helper()
	if q.Limit == 0 {
		q.Limit = 10
	}
	hits, err := s.texts.Search(s.t.Context(), c, q)
	if err != nil {
		s.t.Errorf("%q: %v", q.Text, err)
	}
	var got []string
	for i, h := range hits {
		got = append(got, h.Record)
		if h.Score <= 0 || h.Score > 1 || i > 0 && h.Score > hits[i-1].Score {
			s.t.Errorf("%q gives %v", q.Text, hits)
		}
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("%q finds %q, want %q", q.Text, got, want)
	}
}

func testChanges(t *testing.T, s *suite) {
	s.finds(here, retrieve.Query{Text: "apple"})
	s.write("1", "An apple a day")
	s.finds(here, retrieve.Query{Text: "apple"}, "1")
	s.write("2", "Apples and pears are fruit, and there is more to say of both")
	s.finds(here, retrieve.Query{Text: "apple"}, "1", "2")
	s.write("1", "A plum")
	s.finds(here, retrieve.Query{Text: "apple"}, "2")
	s.finds(here, retrieve.Query{Text: "plum"}, "1")
	s.remove("2")
	s.finds(here, retrieve.Query{Text: "apple pears"})
	s.write("2", "apple")
	s.finds(here, retrieve.Query{Text: "apple"}, "2")
	if err := s.texts.Follow(t.Context(), here); err != nil {
		t.Error(err)
	}
}

func testIsolation(_ *testing.T, s *suite) {
	other, foreign := retrieve.Collection{Tenant: "a", Dataset: "e"}, retrieve.Collection{Tenant: "b", Dataset: "d"}
	s.put(record(here, "1", "apple"))
	s.put(record(other, "2", "apple"))
	s.put(record(foreign, "3", "apple"))
	s.finds(here, retrieve.Query{Text: "apple"}, "1")
	s.finds(other, retrieve.Query{Text: "apple"}, "2")
	s.finds(foreign, retrieve.Query{Text: "apple"}, "3")
	s.finds(retrieve.Collection{Tenant: "b", Dataset: "e"}, retrieve.Query{Text: "apple"})
}

func testMadeAgain(_ *testing.T, s *suite) {
	for i := range 40 {
		s.write(fmt.Sprint(i), "apple")
	}
	s.finds(here, retrieve.Query{Text: "apple", Limit: 2}, "0", "1")
	s.update("a", func(tx store.Tx) error { return tx.DeleteObject(convo.ObjectDataset, "d") })
	s.finds(here, retrieve.Query{Text: "apple"})
	s.make("a", "d")
	for i := range 50 {
		s.write(fmt.Sprint("new", i), "pear")
	}
	s.finds(here, retrieve.Query{Text: "apple"})
	s.finds(here, retrieve.Query{Text: "pear", Limit: 1}, "new0")
}

func testOrder(_ *testing.T, s *suite) {
	for _, id := range []string{"c", "a", "d", "b"} {
		s.write(id, "one apple among other words of the same length")
	}
	s.write("best", "apple apple pear")
	s.finds(here, retrieve.Query{Text: "apple pear"}, "best", "a", "b", "c", "d")
	s.finds(here, retrieve.Query{Text: "pear, or APPLE?", Limit: 3}, "best", "a", "b")
	s.finds(here, retrieve.Query{Text: "apple", Limit: -1})
}

func testTags(_ *testing.T, s *suite) {
	tagged := func(id, file, meta string) convo.Record {
		r := record(here, id, "apple")
		r.File, r.Meta = file, convo.JSON(meta)
		return r
	}
	s.put(tagged("1", "x", `{"n":1,"s":"v"}`), tagged("2", "x", `{"n":2}`), tagged("3", "y", `{"n":1,"s":"1"}`), record(here, "4", "apple file x"))
	x, one := convo.Tag("file", "x"), convo.Tag("meta.n", "n1")
	s.finds(here, retrieve.Query{Text: "apple", Must: []string{x}}, "1", "2")
	s.finds(here, retrieve.Query{Text: "apple", Must: []string{x, one}}, "1")
	s.finds(here, retrieve.Query{Text: "apple", Must: []string{one}}, "1", "3")
	s.finds(here, retrieve.Query{Text: "apple", Must: []string{convo.Tag("meta.s", "n1")}})
	s.finds(here, retrieve.Query{Text: x, Must: []string{one}})
}

func testTagged(t *testing.T, s *suite) {
	tags := func(limit int, tags ...string) string {
		ids, whole, err := s.texts.Tagged(t.Context(), here, tags, limit)
		if err != nil || ids == nil && whole {
			t.Error(ids, whole, err)
		}
		slices.Sort(ids)
		return fmt.Sprint(ids, whole)
	}
	equal := func(what, got, want string) {
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	x, even := convo.Tag("file", "x"), convo.Tag("meta.even", "btrue")
	equal("of no records", tags(9, x), "[] true")
	for i := range 40 {
		r := record(here, fmt.Sprintf("%02d", i), "apple")
		r.Meta = convo.JSON(fmt.Sprintf(`{"even":%t}`, i%2 == 0))
		if i < 5 {
			r.File = "x"
		}
		s.put(r)
		s.finds(here, retrieve.Query{Text: "apple", Limit: 1}, "00") // so that the index has parts
	}
	equal("one tag", tags(9, x), "[00 01 02 03 04] true")
	equal("two tags", tags(3, x, even), "[00 02 04] true")
	equal("more than are wanted", tags(4, x), "[] false")
	equal("a tag that none has", tags(9, convo.Tag("file", "y")), "[] true")
	s.write("01", "another text, of no file")
	s.remove("03")
	equal("after changes", tags(9, x), "[00 02 04] true")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if ids, _, err := s.texts.Tagged(ctx, here, []string{x}, 9); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", ids, err)
	}
}

func testReopen(t *testing.T, s *suite) {
	for i := range 30 {
		s.write(fmt.Sprintf("%02d", i), fmt.Sprintf("apple %d", 100+i))
	}
	s.finds(here, retrieve.Query{Text: "117"}, "17")
	if err := s.texts.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.texts.Search(t.Context(), here, retrieve.Query{Text: "117", Limit: 1}); err == nil {
		t.Error("a closed index finds something")
	}
	s.write("17", "apple 118")
	s.texts = s.Open(t, s.store)
	s.finds(here, retrieve.Query{Text: "117"})
	s.finds(here, retrieve.Query{Text: "118"}, "17", "18")
}

func testWriters(_ *testing.T, s *suite) {
	var all sync.WaitGroup
	for writer := range 4 {
		all.Go(func() {
			for i := range 60 {
				id, word := fmt.Sprintf("%d-%d", writer, i), fmt.Sprint(1000*(writer+1)+i)
				s.write(id, "number "+word)
				s.finds(here, retrieve.Query{Text: word}, id)
				if i%3 == 0 {
					s.remove(id)
					s.finds(here, retrieve.Query{Text: word})
				}
			}
		})
	}
	all.Wait()
	s.finds(here, retrieve.Query{Text: "1001 2002"}, "0-1", "1-2")
}

func testCancel(t *testing.T, s *suite) {
	s.write("1", "apple")
	s.finds(here, retrieve.Query{Text: "apple"}, "1")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(context.Canceled)
	if hits, err := s.texts.Search(ctx, here, retrieve.Query{Text: "apple", Limit: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", hits, err)
	}
	s.finds(here, retrieve.Query{Text: "apple"}, "1")
}

func testNothing(_ *testing.T, s *suite) {
	s.write("1", "apple ...")
	for _, text := range []string{"", " ", "...", "🙂", "pear"} {
		s.finds(here, retrieve.Query{Text: text})
	}
}
