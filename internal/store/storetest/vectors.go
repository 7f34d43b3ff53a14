package storetest

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func vectorChecks() []check {
	return []check{
		{"vectors come back in the order in which they were stored", vectorsBack},
		{"a vector goes with the text that it is of", vectorsFollow},
		{"vectors of another length are refused, and none is stored", vectorsRefused},
		{"what has no vector is found", vectorsMissing},
		{"a space is dropped, and may come back with another length", spacesDropped},
		{"a segment is read from any place", segmentsRead},
		{"a segment is stored in place of others", segmentsReplaced},
		{"a segment of changes that there are not is refused", segmentsRefused},
	}
}

// vectorsOf makes a vector for each record of a dataset, of that many values.
func vectorsOf(t testing.TB, s store.Store, dataset string, length int) []convo.Vector {
	t.Helper()
	records, err := s.Records(t.Context(), "a", dataset, store.RecordQuery{Limit: 1 << 20})
	must(t, err)
	var list []convo.Vector
	for i, r := range records {
		values := make([]float32, length)
		for n := range values {
			values[n] = float32(i) - float32(n)/3
		}
		list = append(list, convo.Vector{Record: r.ID, Change: r.Change, Values: values})
	}
	return list
}

func readVectors(t testing.TB, s store.Store, space string, after int64, limit int) []convo.Vector {
	t.Helper()
	list, err := s.Vectors(t.Context(), "a", "d", space, after, limit)
	must(t, err)
	for i := range list {
		if list[i].Stored <= after {
			t.Errorf("a vector was stored as %d, not behind %d", list[i].Stored, after)
		}
		after, list[i].Stored = list[i].Stored, 0
	}
	return list
}

// missing gives the ids of records without a vector in a space.
func missing(t testing.TB, s store.Store, space string, after int64, limit int) []string {
	t.Helper()
	list, err := s.Unembedded(t.Context(), "a", "d", space, after, limit)
	must(t, err)
	var ids []string
	for _, r := range list {
		ids = append(ids, r.ID)
	}
	return ids
}

func vectorsBack(t *testing.T, d Driver) {
	s := datasets(t, d)
	must(t, putRecords(t, s, note("2", "two"), note("1", "one"), note("3", "three")))
	vectors := vectorsOf(t, s, "d", 5)
	must(t, s.PutVectors(t.Context(), "a", "d", "x", vectors))
	equal(t, "all", readVectors(t, s, "x", 0, 9), vectors)
	first, err := s.Vectors(t.Context(), "a", "d", "x", 0, 1)
	must(t, err)
	equal(t, "some", readVectors(t, s, "x", first[0].Stored, 1), vectors[1:2])
	equal(t, "of another space", readVectors(t, s, "y", 0, 9), nil)
	spaces, err := s.Spaces(t.Context(), "a", "d")
	must(t, err)
	equal(t, "spaces", spaces, map[string]int{"x": 5})
	vectors[0].Values[0] = 42
	must(t, s.PutVectors(t.Context(), "a", "d", "x", vectors[:1]))
	equal(t, "replaced, and stored last", readVectors(t, s, "x", 0, 9), []convo.Vector{vectors[1], vectors[2], vectors[0]})
	list, err := s.Vectors(t.Context(), "b", "d", "x", 0, 9)
	must(t, err)
	equal(t, "of another tenant", len(list), 0)
}

func vectorsFollow(t *testing.T, d Driver) {
	s := datasets(t, d)
	must(t, putRecords(t, s, note("1", "one"), note("2", "two"), note("3", "three")))
	old := vectorsOf(t, s, "d", 2)
	must(t, s.PutVectors(t.Context(), "a", "d", "x", old))
	must(t, putRecords(t, s, note("1", "uno")))
	must(t, inTenant(t, s, "a", func(tx store.Tx) error { return tx.DeleteRecord("d", "2") }))
	equal(t, "left", readVectors(t, s, "x", 0, 9), old[2:])
	must(t, s.PutVectors(t.Context(), "a", "d", "x", old)) // all but the last are of texts that are gone
	equal(t, "still left", readVectors(t, s, "x", 0, 9), old[2:])
	equal(t, "without one", missing(t, s, "x", 0, 9), []string{"1"})
	now := vectorsOf(t, s, "d", 2)
	must(t, s.PutVectors(t.Context(), "a", "d", "x", now))
	equal(t, "again", readVectors(t, s, "x", 0, 9), now)
	must(t, s.PutVectors(t.Context(), "a", "none", "x", now))
}

func vectorsRefused(t *testing.T, d Driver) {
	s := datasets(t, d)
	must(t, putRecords(t, s, note("1", "one"), note("2", "two")))
	two, three := vectorsOf(t, s, "d", 2), vectorsOf(t, s, "d", 3)
	for _, list := range [][]convo.Vector{{two[0], three[1]}, {two[0], {Record: "2", Change: two[1].Change}}} {
		mustBe(t, s.PutVectors(t.Context(), "a", "d", "x", list), convo.Invalid)
		equal(t, "stored", readVectors(t, s, "x", 0, 9), nil)
	}
	must(t, s.PutVectors(t.Context(), "a", "d", "x", two))
	mustBe(t, s.PutVectors(t.Context(), "a", "d", "x", three), convo.Invalid)
	equal(t, "as they were", readVectors(t, s, "x", 0, 9), two)
	must(t, s.PutVectors(t.Context(), "a", "d", "y", three))
}

func vectorsMissing(t *testing.T, d Driver) {
	s := datasets(t, d)
	must(t, putRecords(t, s, note("1", "one"), note("2", "two"), note("3", "three"), note("4", "four")))
	equal(t, "without a space", missing(t, s, "x", 0, 3), []string{"1", "2", "3"})
	vectors := vectorsOf(t, s, "d", 2)
	must(t, s.PutVectors(t.Context(), "a", "d", "x", vectors[1:2]))
	equal(t, "in the space", missing(t, s, "x", 0, 9), []string{"1", "3", "4"})
	equal(t, "after a change", missing(t, s, "x", vectors[2].Change, 9), []string{"4"})
	equal(t, "in another space", missing(t, s, "y", 0, 9), []string{"1", "2", "3", "4"})
}

func spacesDropped(t *testing.T, d Driver) {
	s := datasets(t, d)
	must(t, putRecords(t, s, note("1", "one")))
	must(t, s.PutVectors(t.Context(), "a", "d", "x", vectorsOf(t, s, "d", 2)))
	must(t, s.PutVectors(t.Context(), "a", "d", "y", vectorsOf(t, s, "d", 2)))
	must(t, s.DropSpace(t.Context(), "a", "d", "x"))
	must(t, s.DropSpace(t.Context(), "a", "d", "x"))
	equal(t, "vectors", readVectors(t, s, "x", 0, 9), nil)
	must(t, s.PutVectors(t.Context(), "a", "d", "x", vectorsOf(t, s, "d", 3)))
	must(t, s.PruneRecords(t.Context()))
	spaces, err := s.Spaces(t.Context(), "a", "d")
	must(t, err)
	equal(t, "spaces", spaces, map[string]int{"x": 3, "y": 2})
	equal(t, "vectors of both", len(readVectors(t, s, "x", 0, 9))+len(readVectors(t, s, "y", 0, 9)), 2)
}

func readSegment(t testing.TB, s store.Store, id string, offset int64, n int) ([]byte, error) {
	t.Helper()
	p := make([]byte, n)
	got, err := s.ReadSegment(t.Context(), "a", "d", "i", id, p, offset)
	return p[:got], err
}

func segmentsRead(t *testing.T, d Driver) {
	s := datasets(t, d)
	must(t, putRecords(t, s, note("1", "one")))
	c, err := s.Collection(t.Context(), "a", "d")
	must(t, err)
	data := make([]byte, 600<<10)
	for i := range data {
		data[i] = byte(i * i >> 8)
	}
	must(t, s.PutSegment(t.Context(), "a", "d", "i", convo.Segment{ID: "s", From: c.Forgotten, To: c.Change}, data, nil))
	must(t, s.PruneRecords(t.Context()))
	list, err := s.Segments(t.Context(), "a", "d", "i")
	must(t, err)
	equal(t, "segments", list, []convo.Segment{{ID: "s", From: c.Forgotten, To: c.Change, Size: int64(len(data))}})
	for _, part := range [][2]int{{0, len(data)}, {0, 10}, {256<<10 - 3, 9}, {300_000, 300_000}, {len(data) - 1, 1}, {5, 0}} {
		got, err := readSegment(t, s, "s", int64(part[0]), part[1])
		must(t, err)
		if !bytes.Equal(got, data[part[0]:part[0]+part[1]]) {
			t.Errorf("a segment's %d bytes from %d on are others", part[1], part[0])
		}
	}
	for offset, want := range map[int]int{len(data) - 4: 4, len(data): 0, len(data) + 9: 0} {
		got, err := readSegment(t, s, "s", int64(offset), 9)
		if !errors.Is(err, io.EOF) || len(got) != want {
			t.Errorf("at the end: %d bytes and %v", len(got), err)
		}
	}
	_, err = readSegment(t, s, "none", 0, 1)
	mustBe(t, err, convo.NotFound)
}

func segmentsReplaced(t *testing.T, d Driver) {
	s := datasets(t, d)
	must(t, putRecords(t, s, note("1", "one"), note("2", "two"), note("3", "three")))
	c, err := s.Collection(t.Context(), "a", "d")
	must(t, err)
	put := func(id string, from, to int64, text string, instead ...string) {
		t.Helper()
		one := convo.Segment{ID: id, From: from, To: to}
		must(t, s.PutSegment(t.Context(), "a", "d", "i", one, []byte(text), instead))
	}
	put("second", c.Change-1, c.Change, "b")
	put("first", c.Forgotten, c.Change-1, "a")
	must(t, s.PutSegment(t.Context(), "a", "d", "j", convo.Segment{ID: "first", To: c.Change}, []byte("other"), nil))
	list, err := s.Segments(t.Context(), "a", "d", "i")
	must(t, err)
	equal(t, "in the order of their places", []string{list[0].ID, list[1].ID}, []string{"first", "second"})
	put("first", c.Forgotten, c.Change-1, "again")
	got, err := readSegment(t, s, "first", 0, 5)
	must(t, err)
	equal(t, "the one with its id", string(got), "again")
	put("both", c.Forgotten, c.Change, "ab", "first", "second", "none")
	must(t, s.PruneRecords(t.Context()))
	list, err = s.Segments(t.Context(), "a", "d", "i")
	must(t, err)
	equal(t, "merged", list, []convo.Segment{{ID: "both", From: c.Forgotten, To: c.Change, Size: 2}})
	_, err = readSegment(t, s, "first", 0, 1)
	mustBe(t, err, convo.NotFound)
	list, err = s.Segments(t.Context(), "a", "d", "j")
	must(t, err)
	equal(t, "of another index", len(list), 1)
}

func segmentsRefused(t *testing.T, d Driver) {
	s := datasets(t, d)
	put := func(one convo.Segment) error { return s.PutSegment(t.Context(), "a", "d", "i", one, []byte("x"), nil) }
	mustBe(t, put(convo.Segment{ID: "s"}), convo.NotFound)
	must(t, putRecords(t, s, note("1", "one")))
	c, err := s.Collection(t.Context(), "a", "d")
	must(t, err)
	mustBe(t, put(convo.Segment{ID: "s", To: c.Change + 1}), convo.Conflict)
	mustBe(t, put(convo.Segment{ID: "s", To: c.Forgotten - 1}), convo.Conflict)
	mustBe(t, put(convo.Segment{To: c.Change}), convo.Internal)
	mustBe(t, put(convo.Segment{ID: "s", From: c.Change, To: c.Forgotten}), convo.Internal)
	list, err := s.Segments(t.Context(), "a", "d", "i")
	must(t, err)
	equal(t, "segments", len(list), 0)
}
