package fulltext

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
)

// A page of changes has about so many bytes of text, but not more records.
const (
	pageBytes   = 1 << 20
	pageRecords = 1024
	firstPage   = 64
)

// collection is the index of one. Whoever has its turn may change what it knows; the
// view is read without.
type collection struct {
	retrieve.Collection
	*Index

	used atomic.Int64 // when it was searched last, by the index's clock
	view atomic.Pointer[view]
	turn chan struct{} // holds one while somebody changes the view
	work chan struct{} // holds one while somebody merges or stores segments

	// With the turn:
	removed bool     // the index knows it no more
	busy    *segment // the last of those that the background works on

	staleMu sync.Mutex
	stale   []string // segments in the store that nobody needs
}

func newCollection(ix *Index, name retrieve.Collection) *collection {
	return &collection{Collection: name, Index: ix, turn: make(chan struct{}, 1), work: make(chan struct{}, 1)}
}

// errRemoved says that the index forgot a collection while it was waited for.
var errRemoved = errors.New("the collection was let go of")

// take takes the turn.
func (c *collection) take(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if c.removed {
		c.give()
		return errRemoved
	}
	return nil
}

func (c *collection) give() { <-c.turn }

// current is the view after every change that was committed before.
func (c *collection) current(ctx context.Context) (*view, error) {
	c.used.Store(c.clock.Add(1))
	now, err := c.store.Collection(ctx, c.Tenant, c.Dataset)
	if err != nil {
		return nil, err
	}
	if v := c.view.Load(); v != nil && v.applied == now.Change {
		return v, nil
	}
	if now.Records == 0 {
		return &view{}, nil // what was there is let go of in time
	}
	return c.upTo(ctx, now.Change)
}

// upTo is the view after a change, at least.
func (c *collection) upTo(ctx context.Context, change int64) (*view, error) {
	for {
		v, err := c.follow(ctx, change)
		if err != nil || v.applied >= change {
			return v, err
		}
		if err := c.settle(ctx); err != nil {
			return nil, err
		}
	}
}

// settle does what the background should have done before more is read, so that the
// memory stays bounded.
func (c *collection) settle(ctx context.Context) error {
	select {
	case c.work <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-c.work }()
	return c.maintain(ctx, aim{least: 1})
}

// follow reads changes up to one; not as far, if the background lags behind.
func (c *collection) follow(ctx context.Context, to int64) (*view, error) {
	if err := c.take(ctx); err != nil {
		return nil, err
	}
	defer c.give()
	v, err := c.opened(ctx)
	if err != nil {
		return nil, err
	}
	for limit := firstPage; v.applied < to; {
		if _, size := v.unstored(); size >= c.maxSegment() {
			return v, nil
		}
		changes, err := c.store.RecordChanges(ctx, c.Tenant, c.Dataset, v.applied, limit)
		if v.applied > 0 && isConflict(err) {
			v = c.beginAgain()
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(changes) == 0 { // the last of them are of records that changed again, or of none
			v = &view{applied: to, parts: v.parts}
			c.view.Store(v)
			break
		}
		if v, err = c.apply(ctx, v, changes); err != nil {
			return nil, err
		}
		limit = nextPage(limit, changes)
	}
	if _, ok := c.nextJob(v, aim{least: worth}); ok {
		c.start(c, worth)
	}
	return v, nil
}

// reopen has a view read again, because something of it cannot be.
func (c *collection) reopen(ctx context.Context, v *view) error {
	if err := c.take(ctx); err != nil {
		return err
	}
	defer c.give()
	c.view.CompareAndSwap(v, nil)
	return nil
}

// opened is the view, from the store if there is none. It has the turn.
func (c *collection) opened(ctx context.Context) (*view, error) {
	v := c.view.Load()
	if v != nil {
		return v, nil
	}
	v, err := c.open(ctx)
	if err == nil {
		c.view.Store(v)
	}
	return v, err
}

// apply takes changes into the index.
func (c *collection) apply(ctx context.Context, v *view, changes []convo.RecordChange) (*view, error) {
	builder := c.builders.Get().(*builder)
	defer c.builders.Put(builder)
	next, err := v.with(ctx, c.load, builder, newBatch(changes))
	if err != nil {
		return nil, err
	}
	if len(changes) < pageRecords/2 {
		if next, err = c.compact(ctx, next); err != nil {
			return nil, err
		}
	}
	c.view.Store(next)
	c.grew(next.parts[len(next.parts)-1].size)
	return next, nil
}

// nextPage is how many changes to read next.
func nextPage(limit int, changes []convo.RecordChange) int {
	size := 1
	for _, change := range changes {
		size += len(change.Record.Text)
	}
	return max(1, min(2*limit, pageRecords, pageBytes*len(changes)/size))
}

// beginAgain forgets what the index knows, because the store no longer tells all that
// happened since.
func (c *collection) beginAgain() *view {
	for _, p := range c.view.Load().parts {
		if id := p.id(); id != "" {
			c.drop(id)
		}
	}
	v := &view{}
	c.view.Store(v)
	return v
}

func isConflict(err error) bool {
	var e *convo.Error
	return errors.As(err, &e) && e.Kind == convo.Conflict
}

// open reads what the store has of the index. What is damaged, of another version or
// leaves a gap is not used, and goes when the next segment is stored.
func (c *collection) open(ctx context.Context) (*view, error) {
	segments, err := c.store.Segments(ctx, c.Tenant, c.Dataset, index)
	if err != nil {
		return nil, err
	}
	v := &view{}
	for len(segments) > 0 {
		var s *segment
		at := next(segments, v.stands())
		if at < 0 {
			break
		}
		if s, err = c.openSegment(ctx, segments[at]); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			c.log.Warn("segment is made again", "tenant", c.Tenant, "dataset", c.Dataset, "segment", segments[at].ID, "error", err)
			c.drop(segments[at].ID)
		} else {
			v.parts = append(v.parts, whole(s))
			c.spare(v)
		}
		segments = slices.Delete(segments, at, at+1)
	}
	for _, s := range segments {
		c.drop(s.ID)
	}
	v.applied = v.stands()
	return v, c.overlay(ctx, v)
}

// next finds the segment that goes the furthest from a change on; -1: there is none.
func next(segments []convo.Segment, from int64) int {
	best := -1
	for i, s := range segments {
		if s.From == from && s.To > from && (best < 0 || s.To > segments[best].To) {
			best = i
		}
	}
	return best
}

func (c *collection) openSegment(ctx context.Context, kept convo.Segment) (*segment, error) {
	data, err := c.read(ctx, kept.ID, kept.Size)
	if err != nil {
		return nil, err
	}
	b, err := parseBody(data)
	if err != nil {
		return nil, fmt.Errorf("segment %s: %w", kept.ID, err)
	}
	s := newSegment(kept.From, kept.To, b)
	s.stored.Store(&kept.ID)
	c.grew(s.size)
	return s, nil
}

// overlay takes from the parts of a view the records that later parts have anew or
// know to be gone.
func (c *collection) overlay(ctx context.Context, v *view) error {
	for later := 1; later < len(v.parts); later++ {
		above, err := c.load(ctx, v.parts[later].segment)
		if err != nil {
			return err
		}
		for i, p := range v.parts[:later] {
			below, err := c.load(ctx, p.segment)
			if err != nil {
				return err
			}
			own := p.live != nil
			for doc := range above.docs {
				p, own = p.without(below, text(above.id(doc)), own)
			}
			for gone := range above.gone {
				p, own = p.without(below, text(above.goneID(gone)), own)
			}
			v.parts[i] = p
			c.spare(v)
		}
	}
	return nil
}

// spare lets go of the bodies of a view that is being opened, where they would take
// more than half of the memory: nobody else knows them yet who could.
func (c *collection) spare(v *view) {
	held := int64(0)
	for _, p := range v.parts {
		if p.held.Load() != nil {
			held += p.size
		}
	}
	if held > c.budget/2 {
		v.release(everything)
	}
}
