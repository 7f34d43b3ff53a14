// Package vector finds records by their vectors. It is the driver of
// retrieve.Vectors: an index in memory, made of the vectors that the store keeps.
//
// Of each vector it keeps one byte a value, and of long ones a sketch of 128 bytes. A
// search looks at all sketches, at the bytes of one record in twenty, and reckons with
// the store's own vectors for the nearest of these; of records that it is held to, it
// looks at the bytes of each. So what is given may miss one of the
// nearest now and then (docs/retrieval.md has the share), but a score is always exact.
//
// What it promises beyond its port: a score is the cosine of the angle, and nothing
// below 0 is found. The index of a space is read whole at the first search after a
// start, or after other spaces took its memory; one that is larger than
// Options.Memory is read from the store for every search, and never held.
package vector

import (
	"container/list"
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
)

// Store is what the index needs of a store; store.Store has it.
type Store interface {
	Collection(ctx context.Context, tenant, dataset string) (convo.Collection, error)
	RecordChanges(ctx context.Context, tenant, dataset string, after int64, limit int) ([]convo.RecordChange, error)
	Spaces(ctx context.Context, tenant, dataset string) (map[string]int, error)
	Vectors(ctx context.Context, tenant, dataset, space string, after int64, limit int) ([]convo.Vector, error)
}

// Options say how the index works.
type Options struct {
	Memory int64 // bytes that the spaces may take; 0 = DefaultMemory
	Log    *slog.Logger
}

// DefaultMemory is enough for about 300,000 vectors of 768 values.
const DefaultMemory = 256 << 20

// name names a space of a dataset.
type name struct {
	retrieve.Collection
	space string
}

// Index finds records of every space of a store. It may be used by many goroutines.
type Index struct {
	store  Store
	log    *slog.Logger
	budget int64

	mu     sync.Mutex
	spaces map[name]*list.Element
	recent *list.List // of *space, the last used first
	closed bool
}

var _ retrieve.Vectors = (*Index)(nil)

// New makes an index of what a store has. It reads nothing before the first search.
func New(store Store, o Options) *Index {
	ix := &Index{store: store, log: o.Log, budget: o.Memory, spaces: map[name]*list.Element{}, recent: list.New()}
	if ix.budget == 0 {
		ix.budget = DefaultMemory
	}
	if ix.log == nil {
		ix.log = slog.New(slog.DiscardHandler)
	}
	return ix
}

// Close implements retrieve.Vectors.
func (ix *Index) Close() error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.closed = true
	clear(ix.spaces)
	ix.recent.Init()
	return nil
}

// Search implements retrieve.Vectors.
func (ix *Index) Search(
	ctx context.Context, c retrieve.Collection, spaceName string, vector []float32, limit int, among []string,
) ([]retrieve.Hit, error) {
	lengths, err := ix.store.Spaces(ctx, c.Tenant, c.Dataset)
	if err != nil {
		return nil, err
	}
	length, ok := lengths[spaceName]
	if !ok || limit <= 0 || among != nil && len(among) == 0 {
		return nil, ctx.Err()
	}
	if length != len(vector) {
		return nil, convo.Errorf(convo.Invalid,
			"the vectors of this dataset have %d values, and %d were given; another model embeds them anew under another name", length, len(vector))
	}
	question := unit(vector)
	if question == nil {
		return nil, convo.Errorf(convo.Invalid, "the vector has no direction")
	}
	s, err := ix.space(name{c, spaceName}, length)
	if err != nil {
		return nil, err
	}
	q := query{vector: question, limit: limit, among: among}
	hits, held, err := s.search(ctx, ix, q)
	if err == nil && !held {
		hits, err = ix.scan(ctx, s.name, q)
	}
	ix.shrink(s)
	return hits, err
}

// space gives what is known of a space.
func (ix *Index) space(n name, length int) (*space, error) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if ix.closed {
		return nil, errors.New("the index is closed")
	}
	if element, ok := ix.spaces[n]; ok {
		ix.recent.MoveToFront(element)
		return element.Value.(*space), nil
	}
	s := newSpace(n, length)
	ix.spaces[n] = ix.recent.PushFront(s)
	return s, nil
}

// shrink forgets the spaces that were not used for the longest time, but for the one
// that was just used, until the others fit into the memory.
func (ix *Index) shrink(used *space) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	total := int64(0)
	for element := ix.recent.Front(); element != nil; {
		s, next := element.Value.(*space), element.Next()
		total += s.bytes.Load()
		if s != used && total > ix.budget {
			total -= s.bytes.Load()
			ix.recent.Remove(element)
			delete(ix.spaces, s.name)
		}
		element = next
	}
}
