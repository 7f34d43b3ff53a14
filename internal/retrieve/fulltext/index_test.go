package fulltext_test

import (
	"fmt"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/retrieve/fulltext"
)

var here = retrieve.Collection{Tenant: "t", Dataset: "d"}

func record(id, text string) convo.Record {
	return convo.Record{ID: id, RecordFields: convo.RecordFields{Text: text}}
}

func newIndex(t *testing.T, k *kept, o fulltext.Options) *fulltext.Index {
	t.Helper()
	ix := fulltext.New(k, o)
	t.Cleanup(func() {
		if err := ix.Close(); err != nil {
			t.Error(err)
		}
	})
	return ix
}

// found are the records that a search gives.
func found(t *testing.T, ix *fulltext.Index, text string, must ...string) []string {
	t.Helper()
	hits, err := ix.Search(t.Context(), here, retrieve.Query{Text: text, Limit: 10, Must: must})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, h := range hits {
		if h.Score <= 0 || h.Score > 1 {
			t.Errorf("%s has the score %v", h.Record, h.Score)
		}
		ids = append(ids, h.Record)
	}
	return ids
}

func TestASearchSeesWhatChanged(t *testing.T) {
	t.Parallel()
	k := newKept()
	ix := newIndex(t, k, fulltext.Options{})
	for i := range 3000 {
		k.put(here, record(fmt.Sprintf("r%04d", i), fmt.Sprintf("number %d of the records", i)))
		if i%50 == 0 {
			if got := found(t, ix, fmt.Sprint(i)); len(got) != 1 || got[0] != fmt.Sprintf("r%04d", i) {
				t.Fatalf("after %d: %v", i, got)
			}
		}
	}
	k.put(here, record("r0100", "something else"))
	k.del(here, "r0200")
	if got := found(t, ix, "100 200 else"); len(got) != 1 || got[0] != "r0100" {
		t.Fatal(got)
	}
}

func TestAnIndexGoesOnFromItsSegments(t *testing.T) {
	t.Parallel()
	k := newKept()
	first := fulltext.New(k, fulltext.Options{})
	s := newTalk(3)
	for i := range 5000 {
		k.put(here, record(fmt.Sprintf("r%04d", i), s.say(40)+fmt.Sprintf(" %d", 10_000+i)))
	}
	found(t, first, "anything")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if segments, err := k.Segments(t.Context(), here.Tenant, here.Dataset, ""); err != nil || len(segments) == 0 {
		t.Fatalf("%v, %v", segments, err)
	}
	k.put(here, record("r0007", "another text, 10008"))
	k.del(here, "r0008")
	second := newIndex(t, k, fulltext.Options{})
	for query, want := range map[string]string{"10007": "[]", "10008": "[r0007]", "10009": "[r0009]", "14999": "[r4999]"} {
		if got := fmt.Sprint(found(t, second, query)); got != want {
			t.Errorf("%s finds %s, want %s", query, got, want)
		}
	}
}

func TestAnIndexBeginsAgainWhenTheStoreForgotWhatWasDeleted(t *testing.T) {
	t.Parallel()
	k := newKept()
	ix := newIndex(t, k, fulltext.Options{})
	k.put(here, record("a", "apple"), record("b", "apple"))
	if got := fmt.Sprint(found(t, ix, "apple")); got != "[a b]" {
		t.Fatal(got)
	}
	k.del(here, "a")
	k.forget(here)
	k.put(here, record("c", "pear"))
	if got := fmt.Sprint(found(t, ix, "apple pear")); got != "[c b]" && got != "[b c]" {
		t.Fatal(got)
	}
}

func TestDatasetsAndTenantsAreApart(t *testing.T) {
	t.Parallel()
	k := newKept()
	ix := newIndex(t, k, fulltext.Options{})
	k.put(here, record("mine", "apple"))
	k.put(retrieve.Collection{Tenant: "t", Dataset: "e"}, record("other", "apple"))
	k.put(retrieve.Collection{Tenant: "u", Dataset: "d"}, record("theirs", "apple"))
	if got := fmt.Sprint(found(t, ix, "apple")); got != "[mine]" {
		t.Error(got)
	}
}

func TestRecordsMustHaveTheTags(t *testing.T) {
	t.Parallel()
	k := newKept()
	ix := newIndex(t, k, fulltext.Options{})
	tagged := func(id, contact, meta string) convo.Record {
		r := record(id, "apple")
		r.ContactID, r.Meta = contact, convo.JSON(meta)
		return r
	}
	k.put(here, tagged("a", "x", `{"n":1}`), tagged("b", "x", `{"n":2}`), tagged("c", "y", `{"n":1}`), record("d", "apple contact x"))
	x, one := convo.Tag("contact", "x"), convo.Tag("meta.n", "n1")
	for _, test := range []struct {
		must []string
		want string
	}{
		{nil, "[a b c d]"},
		{[]string{x}, "[a b]"},
		{[]string{x, one}, "[a]"},
		{[]string{one}, "[a c]"},
		{[]string{convo.Tag("contact", "z")}, "[]"},
	} {
		if got := fmt.Sprint(found(t, ix, "apple", test.must...)); got != test.want {
			t.Errorf("%q finds %s, want %s", test.must, got, test.want)
		}
	}
}
