package fulltext

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/parleyhq/parley/internal/convo"
)

// index is the name under which the store keeps the segments.
const index = "text"

// segment is a part of a collection's index: what the changes above from and up to to
// have made. Its body may be in memory, in the store, or in both.
type segment struct {
	from, to int64
	docs     int
	words    uint64
	size     int64  // of the body, in bytes
	sum      uint32 // the checksum of the body

	held   atomic.Pointer[body]
	stored atomic.Pointer[string] // its id in the store; nil = it is not there
	turn   chan struct{}          // holds one while somebody reads the body
}

// newSegment is a segment whose body only the memory has.
func newSegment(from, to int64, b *body) *segment {
	s := &segment{from: from, to: to, docs: b.docs, words: b.words, size: int64(len(b.data)), sum: b.sum(), turn: make(chan struct{}, 1)}
	s.held.Store(b)
	return s
}

// id is that in the store, "" if it is not there.
func (s *segment) id() string {
	if id := s.stored.Load(); id != nil {
		return *id
	}
	return ""
}

// load gives the body of a segment, from the store if it must be: once for all who
// wait for it, so that many searches do not take the memory of many bodies.
func (c *collection) load(ctx context.Context, s *segment) (*body, error) {
	if b := s.held.Load(); b != nil {
		return b, nil
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if b := s.held.Load(); b != nil {
		return b, nil
	}
	data, err := c.read(ctx, s.id(), s.size)
	if err != nil {
		return nil, err
	}
	b, err := parseAgain(data, s.sum)
	if err != nil {
		return nil, fmt.Errorf("segment %s of %s: %w", s.id(), c.Dataset, err)
	}
	s.held.Store(b)
	c.grew(s.size)
	return b, nil
}

// read reads a segment's data.
func (c *collection) read(ctx context.Context, id string, size int64) ([]byte, error) {
	if size < headerSize || size > maxBody {
		return nil, errDamaged
	}
	data := make([]byte, size)
	for at := 0; at < len(data); {
		n, err := c.store.ReadSegment(ctx, c.Tenant, c.Dataset, index, id, data[at:], int64(at))
		at += n
		if at < len(data) && err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, errDamaged
		}
	}
	return data, nil
}

// keep writes a segment to the store, in place of those that it was made of and of
// what nobody needs.
func (c *collection) keep(ctx context.Context, s *segment, instead []string) error {
	for _, id := range instead {
		c.drop(id)
	}
	c.staleMu.Lock()
	stale := slices.Clone(c.stale)
	c.staleMu.Unlock()
	b, err := c.load(ctx, s) // one that the store has already may not be in memory
	if err != nil {
		return err
	}
	id := uuid.NewString()
	kept := convo.Segment{ID: id, From: s.from, To: s.to, Size: s.size}
	if err := c.store.PutSegment(ctx, c.Tenant, c.Dataset, index, kept, b.data, stale); err != nil {
		return err
	}
	s.stored.Store(&id)
	c.staleMu.Lock()
	c.stale = slices.DeleteFunc(c.stale, func(id string) bool { return slices.Contains(stale, id) })
	c.staleMu.Unlock()
	return nil
}

// drop has a segment removed from the store with the next one that is written.
func (c *collection) drop(id string) {
	c.staleMu.Lock()
	defer c.staleMu.Unlock()
	if !slices.Contains(c.stale, id) {
		c.stale = append(c.stale, id)
	}
}
