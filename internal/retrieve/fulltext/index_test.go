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
