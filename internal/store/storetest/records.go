package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func recordChecks() []check {
	return []check{
		{"a record comes back as it was stored", recordBack},
		{"records are those of their tenant and dataset only", recordsApart},
		{"a record needs a dataset, a memory does not", recordNeedsDataset},
		{"each change gets the next number, and the last of each record is told", recordChangesTold},
		{"a transaction sees its own changes of records", recordsOwnWrites},
		{"a transaction that fails leaves the records as they were", recordsUndone},
		{"the records of a file go but those of the upload that is kept", recordsOfFile},
		{"the memories of a contact are forgotten", recordsForgotten},
		{"memories of contacts that are gone are found in all tenants", recordsUnowned},
		{"a transaction finds the memory of a contact and bot by its text", memoriesAlike},
		{"a page of records follows the one before in both orders", recordPages},
		{"records can be asked for by file, contact, bot and meta", recordFilters},
		{"a dataset made again has nothing of the one before", recordsMadeAgain},
		{"of many records that are gone the last are told", recordsPruned},
		{"a snapshot keeps records as they were", recordsSnapshot},
	}
}

// note is a record of the dataset "d" of tenant "a".
func note(id, text string) convo.Record {
	return convo.Record{
		Tenant: "a", Dataset: "d", ID: id, RecordFields: convo.RecordFields{Text: text}, Created: start(), Updated: start(),
	}
}

// datasets makes the datasets "d" and "e" of tenant "a".
func datasets(t testing.TB, d Driver) store.Store {
	t.Helper()
	s := d.Open(t)
	must(t, putObjects(t, s, object(convo.Dataset{}, "d"), object(convo.Dataset{}, "e")))
	return s
}

func putRecords(t testing.TB, s store.Store, records ...convo.Record) error {
	t.Helper()
	return inTenant(t, s, records[0].Tenant, func(tx store.Tx) error {
		for _, r := range records {
			if err := tx.PutRecord(r); err != nil {
				return err
			}
		}
		return nil
	})
}

// recordIDs gives the ids of a dataset's records, in their order.
func recordIDs(t testing.TB, s store.RecordReader, tenant, dataset string, q store.RecordQuery) []string {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 1 << 20
	}
	list, err := s.Records(t.Context(), tenant, dataset, q)
	must(t, err)
	var ids []string
	for _, r := range list {
		ids = append(ids, r.ID)
	}
	return ids
}

// story tells the changes of a dataset after a number, by their distance from the
// first.
func story(t testing.TB, s store.RecordReader, dataset string, after int64) []string {
	t.Helper()
	changes, err := s.RecordChanges(t.Context(), "a", dataset, after, 1<<20)
	must(t, err)
	c, err := s.Collection(t.Context(), "a", dataset)
	must(t, err)
	var told []string
	for _, one := range changes {
		what := "gone"
		if !one.Gone {
			what = one.Record.Text
			equal(t, "the change of a record", one.Record.Change, one.Change)
		}
		told = append(told, fmt.Sprintf("%d %s: %s", one.Change-store.FirstChange(c.Number), one.ID, what))
	}
	return told
}

func fullRecord() convo.Record {
	long := ""
	for n := range 500 {
		long += fmt.Sprintf("wörd %d\n", n)
	}
	return convo.Record{
		Tenant: "a", Dataset: "d", ID: uuid(7),
		RecordFields: convo.RecordFields{
			Name: new("näme"), Description: new(""), Text: long, Source: new("https://example.com/"),
			Meta: convo.JSON(`{ "n": 1.0 }`), ContactID: uuid(8), BotID: "bot",
		},
		File: uuid(9), Upload: uuid(10), Place: 3, Title: "A > B", Page: 4,
		Created: start().Add(time.Nanosecond), Updated: start().Add(time.Second),
	}
}

func recordBack(t *testing.T, d Driver) {
	s := datasets(t, d)
	want := fullRecord()
	must(t, putRecords(t, s, want, note("plain", "")))
	got, err := s.Record(t.Context(), "a", "d", uuid(7))
	must(t, err)
	want.Created, want.Change = start(), got.Change
	equal(t, "record", got, want)
	list, err := s.RecordsByID(t.Context(), "a", "d", []string{"plain", "none", uuid(7)})
	must(t, err)
	plain := note("plain", "")
	plain.Change = list[0].Change
	equal(t, "records by id", list, []convo.Record{plain, want})
	_, err = s.Record(t.Context(), "a", "d", "none")
	mustBe(t, err, convo.NotFound)
	c, err := s.Collection(t.Context(), "a", "d")
	must(t, err)
	equal(t, "counts", [2]int64{c.Records, c.Bytes}, [2]int64{2, int64(len(want.Text))})
}

func recordsApart(t *testing.T, d Driver) {
	s := datasets(t, d)
	other := object(convo.Dataset{}, "d")
	other.Tenant = "b"
	must(t, putObjects(t, s, other))
	theirs := note("1", "b's")
	theirs.Tenant = "b"
	must(t, putRecords(t, s, theirs))
	in := note("1", "e's")
	in.Dataset = "e"
	must(t, putRecords(t, s, note("1", "d's"), in))
	for _, want := range []struct{ tenant, dataset, text string }{{"a", "d", "d's"}, {"a", "e", "e's"}, {"b", "d", "b's"}} {
		r, err := s.Record(t.Context(), want.tenant, want.dataset, "1")
		must(t, err)
		equal(t, "text", r.Text, want.text)
	}
	must(t, inTenant(t, s, "a", func(tx store.Tx) error { return tx.DeleteRecord("d", "1") }))
	equal(t, "of another dataset", recordIDs(t, s, "a", "e", store.RecordQuery{}), []string{"1"})
	equal(t, "of another tenant", recordIDs(t, s, "b", "d", store.RecordQuery{}), []string{"1"})
	equal(t, "of none", recordIDs(t, s, "b", "e", store.RecordQuery{}), nil)
	c, err := s.Collection(t.Context(), "b", "e")
	must(t, err)
	equal(t, "what there is not", c, convo.Collection{})
}

func recordNeedsDataset(t *testing.T, d Driver) {
	s := datasets(t, d)
	r := note("1", "text")
	r.Dataset = "none"
	mustBe(t, putRecords(t, s, r), convo.NotFound)
	r.Dataset = convo.MemoryDataset
	must(t, putRecords(t, s, r))
	mustBe(t, putRecords(t, s, note("", "text")), convo.Internal)
	mustBe(t, inTenant(t, s, "b", func(tx store.Tx) error { return tx.PutRecord(note("1", "text")) }), convo.Internal)
	mustBe(t, inTenant(t, s, "a", func(tx store.Tx) error { return tx.DeleteRecord("d", "1") }), convo.NotFound)
	tenants, err := s.Snapshot(t.Context())
	must(t, err)
	list, err := tenants.Tenants(t.Context())
	must(t, errors.Join(err, tenants.Close()))
	equal(t, "tenants", list, []string{"a"})
}

func recordChangesTold(t *testing.T, d Driver) {
	s := datasets(t, d)
	must(t, putRecords(t, s, note("1", "one"), note("2", "two"), note("3", "three")))
	must(t, putRecords(t, s, note("1", "uno")))
	must(t, inTenant(t, s, "a", func(tx store.Tx) error { return tx.DeleteRecord("d", "2") }))
	equal(t, "changes", story(t, s, "d", 0), []string{"3 3: three", "4 1: uno", "5 2: gone"})
	c, err := s.Collection(t.Context(), "a", "d")
	must(t, err)
	equal(t, "changes after one", story(t, s, "d", c.Change-1), []string{"5 2: gone"})
	equal(t, "changes after all", story(t, s, "d", c.Change), nil)
	must(t, putRecords(t, s, note("2", "dos")))
	equal(t, "changes of one that is back", story(t, s, "d", 0), []string{"3 3: three", "4 1: uno", "6 2: dos"})
	_, err = s.RecordChanges(t.Context(), "a", "d", c.Change+2, 9)
	mustBe(t, err, convo.Conflict)
	_, err = s.RecordChanges(t.Context(), "a", "none", 1, 9)
	mustBe(t, err, convo.Conflict)
	some, err := s.RecordChanges(t.Context(), "a", "d", 0, 2)
	must(t, err)
	equal(t, "up to a limit", len(some), 2)
	long := strings.Repeat("long ", store.ChangesBytes/8)
	must(t, putRecords(t, s, note("4", long), note("5", long), note("6", long)))
	some, err = s.RecordChanges(t.Context(), "a", "d", c.Change+1, 9)
	must(t, err)
	equal(t, "up to so many bytes", len(some), 2)
}

func recordsOwnWrites(t *testing.T, d Driver) {
	s := datasets(t, d)
	must(t, putRecords(t, s, note("old", "x")))
	must(t, inTenant(t, s, "a", func(tx store.Tx) error {
		must(t, tx.PutRecord(note("1", "one")))
		r, err := tx.Record("d", "1")
		must(t, err)
		equal(t, "own", r.Text, "one")
		must(t, tx.PutRecord(note("1", "uno")))
		must(t, tx.DeleteRecord("d", "old"))
		_, err = tx.Record("d", "old")
		mustBe(t, err, convo.NotFound)
		mustBe(t, tx.DeleteRecord("d", "old"), convo.NotFound)
		must(t, tx.PutObject(object(convo.Dataset{}, "f")))
		in := note("1", "in a new one")
		in.Dataset = "f"
		must(t, tx.PutRecord(in))
		must(t, tx.DeleteObject(convo.ObjectDataset, "e"))
		in.Dataset = "e"
		mustBe(t, tx.PutRecord(in), convo.NotFound)
		return nil
	}))
	equal(t, "changes", story(t, s, "d", 0), []string{"3 1: uno", "4 old: gone"})
	equal(t, "changes of a new dataset", story(t, s, "f", 0), []string{"1 1: in a new one"})
	c, err := s.Collection(t.Context(), "a", "d")
	must(t, err)
	equal(t, "counts", [2]int64{c.Records, c.Bytes}, [2]int64{1, 3})
}

func recordsUndone(t *testing.T, d Driver) {
	s := datasets(t, d)
	file := note("3", "of a file")
	file.File = "f"
	must(t, putRecords(t, s, note("1", "one"), note("2", "two"), file))
	must(t, s.PutVectors(t.Context(), "a", "d", "x", vectorsOf(t, s, "d", 1)))
	before, err := s.Collection(t.Context(), "a", "d")
	must(t, err)
	told := story(t, s, "d", 0)
	err = inTenant(t, s, "a", func(tx store.Tx) error {
		must(t, tx.PutRecord(note("1", "uno")))
		must(t, tx.PutRecord(note("4", "new")))
		must(t, tx.DeleteRecord("d", "2"))
		_, err := tx.DeleteRecordsOf("d", "f", store.Makings{}, 9)
		must(t, err)
		must(t, tx.DeleteObject(convo.ObjectDataset, "d"))
		return errRefused
	})
	if !errors.Is(err, errRefused) {
		t.Fatal(err)
	}
	after, err := s.Collection(t.Context(), "a", "d")
	must(t, err)
	equal(t, "collection", after, before)
	equal(t, "changes", story(t, s, "d", 0), told)
	vectors, err := s.Vectors(t.Context(), "a", "d", "x", 0, 9)
	must(t, err)
	equal(t, "vectors", len(vectors), 3)
}

func recordsOfFile(t *testing.T, d Driver) {
	s := datasets(t, d)
	var records []convo.Record
	for n := range 12 {
		r := note(fmt.Sprint(n), "text")
		r.File, r.Upload = []string{"f", "g"}[n%2], []string{"old", "new", ""}[n%3]
		records = append(records, r)
	}
	must(t, putRecords(t, s, records...))
	must(t, inTenant(t, s, "a", func(tx store.Tx) error {
		n, err := tx.DeleteRecordsOf("d", "g", store.Makings{Only: "old"}, 9)
		equal(t, "of one making", n, 2)
		return err
	}))
	left := recordIDs(t, s, "a", "d", store.RecordQuery{File: "g"})
	slices.Sort(left)
	equal(t, "of the others", left, []string{"1", "11", "5", "7"})
	removed := 0
	for range 3 {
		must(t, inTenant(t, s, "a", func(tx store.Tx) error {
			n, err := tx.DeleteRecordsOf("d", "f", store.Makings{But: "new"}, 3)
			removed += n
			return err
		}))
	}
	equal(t, "removed", removed, 4)
	ids := recordIDs(t, s, "a", "d", store.RecordQuery{File: "f"})
	slices.Sort(ids)
	equal(t, "left", ids, []string{"10", "4"})
	equal(t, "of another file", len(recordIDs(t, s, "a", "d", store.RecordQuery{File: "g"})), 4)
	must(t, inTenant(t, s, "a", func(tx store.Tx) error {
		r := note("own", "text")
		r.File, r.Upload = "f", "newer"
		must(t, tx.PutRecord(r))
		n, err := tx.DeleteRecordsOf("d", "f", store.Makings{But: "newer"}, 9)
		equal(t, "in a transaction", n, 2)
		return err
	}))
	equal(t, "kept", recordIDs(t, s, "a", "d", store.RecordQuery{File: "f"}), []string{"own"})
}

func recordsForgotten(t *testing.T, d Driver) {
	s := datasets(t, d)
	memory := func(id, contact string) convo.Record {
		r := note(id, "text")
		r.Dataset, r.ContactID = convo.MemoryDataset, contact
		return r
	}
	in := note("1", "of a dataset")
	in.ContactID = uuid(1)
	must(t, putRecords(t, s, memory("1", uuid(1)), memory("2", uuid(1)), memory("3", uuid(2)), memory("4", ""), memory("5", uuid(1)), in))
	forget := func(tenant, contact string, limit, want int) {
		t.Helper()
		must(t, inTenant(t, s, tenant, func(tx store.Tx) error {
			n, err := tx.ForgetContact(contact, limit)
			equal(t, "forgotten", n, want)
			return err
		}))
	}
	forget("b", uuid(1), 9, 0)
	forget("a", uuid(1), 2, 2)
	forget("a", uuid(1), 2, 1)
	forget("a", "", 9, 0)
	equal(t, "memories", recordIDs(t, s, "a", convo.MemoryDataset, store.RecordQuery{}), []string{"3", "4"})
	equal(t, "of a dataset", recordIDs(t, s, "a", "d", store.RecordQuery{}), []string{"1"})
}

func recordsUnowned(t *testing.T, d Driver) {
	s := datasets(t, d)
	var records []convo.Record
	for _, tenant := range []string{"a", "b"} {
		for n := range 5 {
			r := note(fmt.Sprint(n), "text")
			r.Tenant, r.Dataset = tenant, convo.MemoryDataset
			r.ContactID = []string{"", uuid(1), uuid(1), uuid(2), "named"}[n]
			records = append(records, r)
		}
	}
	must(t, putRecords(t, s, records[:5]...))
	must(t, putRecords(t, s, records[5:]...))
	in := note("1", "of a dataset")
	in.ContactID = uuid(3)
	must(t, putRecords(t, s, in))
	must(t, putObjects(t, s, object(convo.Contact{}, uuid(1)), object(convo.BotConfig{}, uuid(2))))
	theirs := object(convo.Contact{}, "named")
	theirs.Tenant = "b"
	must(t, putObjects(t, s, theirs))
	list, err := s.Unowned(t.Context())
	must(t, err)
	slices.SortFunc(list, func(a, b store.Unowned) int { return cmp.Compare(a.Tenant+a.Contact, b.Tenant+b.Contact) })
	equal(t, "contacts that are gone", list, []store.Unowned{
		{Tenant: "a", Contact: uuid(2)}, {Tenant: "a", Contact: "named"}, {Tenant: "b", Contact: uuid(1)}, {Tenant: "b", Contact: uuid(2)},
	})
	must(t, inTenant(t, s, "a", func(tx store.Tx) error { _, err := tx.ForgetContact("named", 9); return err }))
	list, err = s.Unowned(t.Context())
	must(t, err)
	equal(t, "later", len(list), 3)
}

func recordPages(t *testing.T, d Driver) {
	s := datasets(t, d)
	var want []string
	for n := range 25 {
		r := note(uuid(n+1), "text")
		r.Created = start().Add(time.Duration(n/2) * time.Millisecond)
		r.File, r.ContactID, r.BotID = "f", "c", "b"
		must(t, putRecords(t, s, r))
		want = append(want, r.ID)
	}
	for _, q := range []store.RecordQuery{{}, {File: "f"}, {Contact: "c"}, {Bot: "b"}, {File: "f", Contact: "c", Bot: "b"}} {
		for _, q.Desc = range []bool{false, true} {
			var got []string
			q.Limit, q.After = 7, store.Position{}
			for {
				list, err := s.Records(t.Context(), "a", "d", q)
				must(t, err)
				for _, r := range list {
					got = append(got, r.ID)
					q.After = store.Position{Created: r.Created, ID: r.ID}
				}
				if len(list) < q.Limit {
					break
				}
			}
			if q.Desc {
				slices.Reverse(got)
			}
			equal(t, fmt.Sprintf("pages of %+v", q), got, want)
		}
	}
}

func recordFilters(t *testing.T, d Driver) {
	s := datasets(t, d)
	one, two, three := note("1", "x"), note("2", "x"), note("3", "x")
	one.File, one.ContactID, one.Meta = "f", "c", convo.JSON(`{"k":1}`)
	two.File, two.BotID = "f", "b"
	three.ContactID, three.BotID, three.Meta = "c", "b", convo.JSON(`{"k":2}`)
	must(t, putRecords(t, s, one, two, three))
	filters := []convo.MetaFilter{{Key: "k", Value: "2"}}
	for _, c := range []struct {
		q    store.RecordQuery
		want []string
	}{
		{store.RecordQuery{File: "f"}, []string{"1", "2"}},
		{store.RecordQuery{Contact: "c"}, []string{"1", "3"}},
		{store.RecordQuery{Bot: "b"}, []string{"2", "3"}},
		{store.RecordQuery{File: "f", Contact: "c"}, []string{"1"}},
		{store.RecordQuery{Contact: "c", Bot: "b"}, []string{"3"}},
		{store.RecordQuery{File: "f", Contact: "c", Bot: "b"}, nil},
		{store.RecordQuery{Meta: filters}, []string{"3"}},
		{store.RecordQuery{Meta: filters, File: "f"}, nil},
	} {
		equal(t, fmt.Sprintf("%+v", c.q), recordIDs(t, s, "a", "d", c.q), c.want)
	}
}

func recordsMadeAgain(t *testing.T, d Driver) {
	s := datasets(t, d)
	ctx := t.Context()
	must(t, putRecords(t, s, note("1", "old"), note("2", "old")))
	old, err := s.Collection(ctx, "a", "d")
	must(t, err)
	vectors := vectorsOf(t, s, "d", 2)
	must(t, s.PutVectors(ctx, "a", "d", "x", vectors))
	must(t, s.PutSegment(ctx, "a", "d", "i", convo.Segment{ID: "s", To: old.Change}, []byte("data"), nil))
	must(t, inTenant(t, s, "a", func(tx store.Tx) error {
		must(t, tx.DeleteObject(convo.ObjectDataset, "d"))
		_, err := tx.Record("d", "1")
		mustBe(t, err, convo.NotFound)
		must(t, tx.PutObject(object(convo.Dataset{}, "d")))
		return tx.PutRecord(note("1", "new"))
	}))
	must(t, s.PruneRecords(ctx))
	equal(t, "changes", story(t, s, "d", 0), []string{"1 1: new"})
	now, err := s.Collection(ctx, "a", "d")
	must(t, err)
	if now.Change <= old.Change || now.Number == old.Number || now.Forgotten < old.Change {
		t.Fatalf("the dataset was %+v and is %+v", old, now)
	}
	_, err = s.RecordChanges(ctx, "a", "d", old.Change, 9)
	mustBe(t, err, convo.Conflict)
	mustBe(t, s.PutSegment(ctx, "a", "d", "i", convo.Segment{ID: "s", To: old.Change}, nil, nil), convo.Conflict)
	must(t, s.PutVectors(ctx, "a", "d", "x", vectors))
	spaces, err := s.Spaces(ctx, "a", "d")
	must(t, err)
	equal(t, "spaces", len(spaces), 0)
	segments, err := s.Segments(ctx, "a", "d", "i")
	must(t, err)
	equal(t, "segments", len(segments), 0)
	must(t, inTenant(t, s, "a", func(tx store.Tx) error { return tx.DeleteObject(convo.ObjectDataset, "d") }))
	now, err = s.Collection(ctx, "a", "d")
	must(t, err)
	equal(t, "without the dataset", now, convo.Collection{})
}

func recordsPruned(t *testing.T, d Driver) {
	s := datasets(t, d)
	ctx := t.Context()
	const more = 20
	for _, write := range []func(tx store.Tx, id string) error{
		func(tx store.Tx, id string) error { return tx.PutRecord(note(id, "x")) },
		func(tx store.Tx, id string) error { return tx.DeleteRecord("d", id) },
	} {
		must(t, inTenant(t, s, "a", func(tx store.Tx) error {
			for n := range store.KeepGone + more {
				if err := write(tx, fmt.Sprint(n)); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	c, err := s.Collection(ctx, "a", "d")
	must(t, err)
	for id, to := range map[string]int64{"early": c.Change - store.KeepGone - 1, "late": c.Change - 5} {
		must(t, s.PutSegment(ctx, "a", "d", "i", convo.Segment{ID: id, To: to}, []byte("data"), nil))
	}
	before := c.Change - store.KeepGone - 1
	_, err = s.RecordChanges(ctx, "a", "d", before, 9)
	must(t, err)
	must(t, s.PruneRecords(ctx))
	now, err := s.Collection(ctx, "a", "d")
	must(t, err)
	equal(t, "what is forgotten", now.Change-now.Forgotten, store.KeepGone)
	equal(t, "what is told", len(story(t, s, "d", 0)), store.KeepGone)
	_, err = s.RecordChanges(ctx, "a", "d", before, 9)
	mustBe(t, err, convo.Conflict)
	segments, err := s.Segments(ctx, "a", "d", "i")
	must(t, err)
	equal(t, "segments", segments, []convo.Segment{{ID: "late", To: c.Change - 5, Size: 4}})
}

func recordsSnapshot(t *testing.T, d Driver) {
	s := datasets(t, d)
	must(t, putRecords(t, s, note("1", "one"), note("2", "two")))
	must(t, s.PutVectors(t.Context(), "a", "d", "x", vectorsOf(t, s, "d", 1)))
	snap, err := s.Snapshot(t.Context())
	must(t, err)
	must(t, putRecords(t, s, note("1", "uno"), note("3", "tres")))
	must(t, inTenant(t, s, "a", func(tx store.Tx) error { return tx.DeleteObject(convo.ObjectDataset, "d") }))
	must(t, s.PruneRecords(t.Context()))
	equal(t, "changes", story(t, snap, "d", 0), []string{"1 1: one", "2 2: two"})
	equal(t, "records", recordIDs(t, snap, "a", "d", store.RecordQuery{}), []string{"1", "2"})
	vectors, err := snap.Vectors(t.Context(), "a", "d", "x", 0, 9)
	must(t, err)
	equal(t, "vectors", len(vectors), 2)
	must(t, snap.Close())
}
