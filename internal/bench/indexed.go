package bench

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"sync"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/retrieve/fulltext"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

// indexed is the server's store with its full text.
type indexed struct {
	data  store.Store
	index *fulltext.Index
}

// measuredRecords is where the records are: the dataset that needs no object.
var measuredRecords = retrieve.Collection{Tenant: benchTenant, Dataset: convo.MemoryDataset}

// batch is how many records a transaction has, as when a file is indexed.
const batch = 200

func newIndexed(ctx context.Context, folder string) (*indexed, error) {
	data, err := sqlite.Open(ctx, filepath.Join(folder, "data"), sqlite.Options{})
	if err != nil {
		return nil, err
	}
	return &indexed{data, fulltext.New(data, fulltext.Options{})}, nil
}

func (x *indexed) close() error { return errors.Join(x.index.Close(), x.data.Close()) }

func (x *indexed) add(ctx context.Context, first int, texts []string) error {
	for len(texts) > 0 {
		n := min(batch, len(texts))
		records := make([]convo.Record, n)
		for i, text := range texts[:n] {
			records[i] = recordOf(first+i, text)
		}
		if err := x.put(ctx, records); err != nil {
			return err
		}
		first, texts = first+n, texts[n:]
	}
	return nil
}

// recordOf is a record of the dataset that is measured.
func recordOf(i int, text string) convo.Record {
	r := convo.Record{Tenant: benchTenant, Dataset: measuredRecords.Dataset, ID: conversationID(i), Created: began(i), Updated: began(i)}
	r.Text = text
	return r
}

// put stores records in a transaction.
func (x *indexed) put(ctx context.Context, records []convo.Record) error {
	_, err := x.data.Update(ctx, benchTenant, "", store.Durable, func(tx store.Tx) error {
		for _, r := range records {
			if err := tx.PutRecord(r); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// fill stores texts as the engine does, which makes the next batch while one is
// written and lets the index follow beside it. It says how many they were.
func (x *indexed) fill(ctx context.Context, texts iter.Seq2[string, error]) (n int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	made, stored := make(chan []string, 1), make(chan struct{}, 1)
	var all sync.WaitGroup
	all.Go(func() {
		defer close(stored)
		for some := range made {
			if err := x.add(ctx, n, some); err != nil {
				cancel(err)
			}
			n += len(some)
			select {
			case stored <- struct{}{}:
			default: // it is on its way
			}
		}
	})
	all.Go(func() {
		for range stored {
			if err := x.index.Follow(ctx, measuredRecords); err != nil {
				cancel(err)
			}
		}
	})
	var some []string
	for text, failed := range texts {
		if failed != nil {
			cancel(failed)
			break
		}
		if some = append(some, text); len(some) == batch {
			made <- some
			some = nil
		}
	}
	made <- some
	close(made)
	all.Wait()
	return n, context.Cause(ctx)
}

func (x *indexed) find(ctx context.Context, words []string, limit int) (int, error) {
	hits, err := x.index.Search(ctx, measuredRecords, retrieve.Query{Text: join(words), Limit: limit})
	return len(hits), err
}
