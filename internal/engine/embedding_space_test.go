package engine_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/store"
)

// otherLetters embeds in another space.
type otherLetters struct{ letters }

func (*otherLetters) Space() string { return "other letters" }

func TestTheVectorsOfAnotherModelGoWhenAllIsEmbeddedAnew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.embeds(&letters{})
	d := b.dataset(convo.Dataset{})
	b.record(d, "aaa", "")
	b.Idle()
	b.stop()
	b.embedder = &otherLetters{}
	b.start()
	b.Idle()
	spaces, err := b.store.Spaces(t.Context(), "t", d)
	if got := slices.Sorted(maps.Keys(spaces)); err != nil || !slices.Equal(got, []string{"other letters"}) {
		t.Errorf("the spaces are %q, %v", got, err)
	}
}

// inOrder finds all accepted records, those stored first first, and counts searches.
type inOrder struct {
	store    store.Reader
	searches atomic.Int64
}

func (o *inOrder) Search(
	ctx context.Context, c retrieve.Collection, space string, _ []float32, limit int, among []string,
) (hits []retrieve.Hit, err error) {
	o.searches.Add(1)
	vectors, err := o.store.Vectors(ctx, c.Tenant, c.Dataset, space, 0, 100_000)
	for _, v := range vectors {
		if len(hits) < limit && (among == nil || slices.Contains(among, v.Record)) {
			hits = append(hits, retrieve.Hit{Record: v.Record, Score: 0.9})
		}
	}
	return hits, err
}
func (*inOrder) Close() error { return nil }

// A contact's memories are few among many: the nearest vectors are all of others.
func TestTheFewMemoriesOfAContactAreFoundByTheirVectors(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.contacts("others", "rare")
	_, err := b.store.Update(t.Context(), "t", "", store.Buffered, func(tx store.Tx) error {
		for i := range 500 {
			contact := "others"
			if i == 499 {
				contact = "rare"
			}
			r := convo.Record{
				Tenant: "t", Dataset: convo.MemoryDataset, ID: fmt.Sprintf("m%03d", i),
				RecordFields: convo.RecordFields{Text: "abc", ContactID: contact}, Created: time.Now().UTC().Truncate(time.Millisecond),
			}
			r.Updated = r.Created
			if err := tx.PutRecord(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.stop()
	index := &inOrder{store: b.store}
	b.embedder, b.vectors = &letters{}, index
	b.start()
	b.Idle()
	found, err := b.FindMemories(t.Context(), "t", "no such word", convo.Tag("contact", "rare"))
	if err != nil || len(found) != 1 || found[0].Record.ID != "m499" {
		t.Errorf("%v, %v", found, err)
	}
	if n := index.searches.Load(); n != 1 {
		t.Errorf("the vectors were searched %d times, want once", n)
	}
}
