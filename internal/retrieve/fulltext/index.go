// Package fulltext finds records by their words. It is the driver of retrieve.Texts,
// and an index of its own: docs/retrieval.md says how texts become words and what a
// score means.
//
// What it promises beyond its port:
//
//   - The index of a collection is made of the changes of its records. Parts of it are
//     written to the store in the background and at the end, so that a start does not
//     read everything again; a part that is damaged, or of another version, is made
//     again. Nothing is lost with it.
//   - Records, and the views of them that searches read, never change: a search waits
//     for no writer, only for what has changed since the last one to be read.
//   - The same records give the same hits with the same scores, however they came to
//     be there.
//   - What is held in memory is bounded by Options.Memory. Searches that run and a
//     merge of parts need some more for a while.
package fulltext

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
)

// Store is what the index needs of a store; store.Store has it.
type Store interface {
	Collection(ctx context.Context, tenant, dataset string) (convo.Collection, error)
	RecordChanges(ctx context.Context, tenant, dataset string, after int64, limit int) ([]convo.RecordChange, error)
	Segments(ctx context.Context, tenant, dataset, index string) ([]convo.Segment, error)
	ReadSegment(ctx context.Context, tenant, dataset, index, id string, p []byte, offset int64) (int, error)
	PutSegment(ctx context.Context, tenant, dataset, index string, s convo.Segment, data []byte, instead []string) error
}

// Options say how the index works.
type Options struct {
	Memory int64 // bytes that the collections may take; 0 = DefaultMemory
	Log    *slog.Logger
}

// DefaultMemory is enough for about a million and a half records of 80 words.
const DefaultMemory = 256 << 20

// closing bounds how long Close writes.
const closing = 10 * time.Second

// Index finds records of every collection of a store. It may be used by many
// goroutines.
type Index struct {
	store  Store
	log    *slog.Logger
	budget int64

	clock    atomic.Int64
	grown    atomic.Int64 // since the memory was looked at
	scorers  sync.Pool    // of *scorer
	builders sync.Pool    // of *builder

	ctx  context.Context // of what goes on in the background
	stop context.CancelFunc
	wait sync.WaitGroup
	slot chan struct{} // what goes on in the background goes on one after the other

	mu          sync.Mutex
	collections map[retrieve.Collection]*collection
	closed      bool
}

var _ retrieve.Texts = (*Index)(nil)

// New makes an index of what a store has. It reads nothing before the first search.
func New(store Store, o Options) *Index {
	ix := &Index{
		store: store, log: o.Log, budget: cmp.Or(o.Memory, DefaultMemory),
		slot: make(chan struct{}, 1), collections: map[retrieve.Collection]*collection{},
	}
	if ix.log == nil {
		ix.log = slog.New(slog.DiscardHandler)
	}
	ix.scorers.New = func() any { return &scorer{} }
	ix.builders.New = func() any { return newBuilder() }
	// The background is nobody's request; Close ends it.
	ix.ctx, ix.stop = context.WithCancel(context.Background())
	return ix
}

// maxSegment is how large a segment may become.
func (ix *Index) maxSegment() int64 { return max(64<<10, min(64<<20, ix.budget/8)) }

// collection is what the index knows of one.
func (ix *Index) collection(name retrieve.Collection) (*collection, error) {
	c, fresh, err := ix.entry(name)
	if fresh {
		ix.grew(overhead)
	}
	return c, err
}

func (ix *Index) entry(name retrieve.Collection) (c *collection, fresh bool, err error) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if ix.closed {
		return nil, false, errors.New("the index is closed")
	}
	c = ix.collections[name]
	if c == nil {
		c, fresh = newCollection(ix, name), true
		c.used.Store(ix.clock.Add(1)) // or it were the first to go
		ix.collections[name] = c
	}
	return c, fresh, nil
}

// Search implements retrieve.Texts.
func (ix *Index) Search(ctx context.Context, name retrieve.Collection, q retrieve.Query) ([]retrieve.Hit, error) {
	var hits []retrieve.Hit
	err := ix.with(ctx, name, func(c *collection, v *view) (err error) {
		s := ix.scorers.Get().(*scorer)
		defer ix.scorers.Put(s)
		hits, err = v.search(ctx, c.load, s, newQuestion(q))
		return err
	})
	return hits, err
}

// Tagged implements retrieve.Texts.
func (ix *Index) Tagged(ctx context.Context, name retrieve.Collection, tags []string, limit int) (records []string, whole bool, err error) {
	err = ix.with(ctx, name, func(c *collection, v *view) (err error) {
		records, whole, err = v.tagged(ctx, c.load, tags, limit)
		return err
	})
	return records, whole, err
}

// Follow implements retrieve.Texts.
func (ix *Index) Follow(ctx context.Context, name retrieve.Collection) error {
	return ix.with(ctx, name, func(*collection, *view) error { return nil })
}

// tries is how often something is begun again because a segment went meanwhile.
const tries = 3

// with calls use with the view of a collection after every change that was committed
// before. What cannot be read of the index is made again.
func (ix *Index) with(ctx context.Context, name retrieve.Collection, use func(*collection, *view) error) error {
	return ix.try(ctx, name, func(c *collection) (*view, error) {
		v, err := c.current(ctx)
		if err != nil {
			return c.view.Load(), err
		}
		return v, use(c, v)
	})
}

// try does something with a collection, which gives the view that it read: if that
// cannot be read any more, it is made again, and it is tried again.
func (ix *Index) try(ctx context.Context, name retrieve.Collection, do func(*collection) (*view, error)) error {
	var err error
	for range tries {
		c, failed := ix.collection(name)
		if failed != nil {
			return failed
		}
		var v *view
		if v, err = do(c); err == nil || ctx.Err() != nil {
			return err
		}
		if isLost(err) {
			err = errors.Join(err, c.reopen(ctx, v))
		} else if !errors.Is(err, errRemoved) {
			return err
		}
	}
	return err
}

// isLost reports whether an error says that a segment cannot be read, or that what the
// index knows is of changes that the store no longer tells, and cannot be stored.
func isLost(err error) bool {
	var e *convo.Error
	return errors.Is(err, errDamaged) || isConflict(err) || errors.As(err, &e) && e.Kind == convo.NotFound
}

// start has the background do what there is to do for a collection, and store what is
// as large as least.
func (ix *Index) start(c *collection, least int64) {
	select {
	case c.work <- struct{}{}:
	default:
		return // it is being done
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if ix.closed {
		<-c.work
		return
	}
	ix.wait.Go(func() {
		defer func() { <-c.work }()
		select {
		case ix.slot <- struct{}{}:
			defer func() { <-ix.slot }()
		case <-ix.ctx.Done():
			return
		}
		err := c.maintain(ix.ctx, aim{least: least})
		if err != nil && ix.ctx.Err() == nil && !errors.Is(err, errRemoved) {
			ix.log.Warn("index cannot be stored", "tenant", c.Tenant, "dataset", c.Dataset, "error", err)
		}
	})
}

// Close implements retrieve.Texts. What is not worth being made again at the next
// start is stored before.
func (ix *Index) Close() error {
	ix.mu.Lock()
	ix.closed = true
	ix.mu.Unlock()
	ix.stop()
	ix.wait.Wait()
	// Nobody asks for this any more.
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	ix.mu.Lock() // a search that goes on may let go of collections meanwhile
	all := slices.Collect(maps.Values(ix.collections))
	ix.mu.Unlock()
	var errs []error
	for _, c := range all {
		c.work <- struct{}{}
		if err := c.maintain(ctx, aim{least: small}); !errors.Is(err, errRemoved) {
			errs = append(errs, err)
		}
		<-c.work
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	clear(ix.collections)
	return errors.Join(errs...)
}

// grew is told what came into memory, and lets go of what was not used for the longest
// time when it is too much.
func (ix *Index) grew(size int64) {
	if ix.grown.Add(size) < ix.budget/32 {
		return
	}
	ix.grown.Store(0)
	for _, c := range ix.shrink() {
		ix.start(c, small)
	}
}
