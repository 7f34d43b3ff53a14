package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/retrieve/fulltext"
	"github.com/parleyhq/parley/internal/retrieve/vector"
	"github.com/parleyhq/parley/internal/store"
)

// indexed starts an engine whose records are found by the indexes of a server.
func (b *bundle) indexed(l *letters) {
	b.t.Helper()
	b.stop()
	texts, vectors := fulltext.New(b.store, fulltext.Options{}), vector.New(b.store, vector.Options{})
	b.t.Cleanup(func() {
		if err := texts.Close(); err != nil {
			b.t.Error(err)
		}
		if err := vectors.Close(); err != nil {
			b.t.Error(err)
		}
	})
	b.Engine = engine.New(engine.Options{
		Store: b.store, Hub: hub.New(), Models: b.fixed, Sealer: b.sealer, Limits: engine.DefaultLimits(),
		Texts: texts, Vectors: vectors, Embedder: l,
	})
}

// They are farther from the question than all others, of which there are more than a
// search asks its indexes for, and have none of its words.
func TestAFilterThatThreeOfManyRecordsPassFindsAllThree(t *testing.T) {
	t.Parallel()
	const many, length = 12_000, 300 // values, so that they are sketched
	b := setup(t)
	d := b.dataset(convo.Dataset{})
	at := time.Now().UTC().Truncate(time.Millisecond)
	rare := func(i int) bool { return i%5000 == 77 }
	_, err := b.store.Update(t.Context(), "t", "", store.Buffered, func(tx store.Tx) error {
		for i := range many {
			r := convo.Record{
				Tenant: "t", Dataset: d, ID: fmt.Sprintf("r%05d", i), Created: at, Updated: at,
				RecordFields: convo.RecordFields{Text: "a", Meta: convo.JSON(fmt.Sprintf(`{"rare":%t}`, rare(i)))},
			}
			if err := tx.PutRecord(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	records, err := b.store.Unembedded(t.Context(), "t", d, "letters", 0, many)
	if err != nil {
		t.Fatal(err)
	}
	near, far := make([]float32, length), make([]float32, length)
	near[0], far[0], far[1] = 1, 1, 9
	var vectors []convo.Vector
	for i, r := range records {
		v := convo.Vector{Record: r.ID, Change: r.Change, Values: near}
		if rare(i) {
			v.Values = far
		}
		vectors = append(vectors, v)
	}
	if err := b.store.PutVectors(t.Context(), "t", d, "letters", vectors); err != nil {
		t.Fatal(err)
	}
	b.indexed(&letters{size: length})
	for what, filter := range map[string]engine.Condition{
		"one that is":     {Key: "rare", Op: engine.Equal, Value: true},
		"one that is not": {Key: "rare", Op: engine.Equal, Value: "true"},
	} {
		got, want := b.search(d, "aaaa", filter), 3
		if filter.Value != true {
			want = 0
		}
		if len(got) != want {
			t.Errorf("%s: %d of %d are found", what, len(got), want)
		}
	}
}
