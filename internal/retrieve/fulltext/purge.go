package fulltext

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
)

// Purge implements retrieve.Texts. It reads the index only where the store may have
// words of what is gone.
func (ix *Index) Purge(ctx context.Context, name retrieve.Collection, since int64) (int64, error) {
	now, err := ix.store.Collection(ctx, name.Tenant, name.Dataset)
	if err != nil || now.Change == since {
		return since, err
	}
	segments, err := ix.store.Segments(ctx, name.Tenant, name.Dataset, index)
	if err != nil {
		return since, err
	}
	if isPure(segments, now.Change) {
		return now.Change, nil
	}
	err = ix.try(ctx, name, func(c *collection) (*view, error) {
		v, err := c.upTo(ctx, now.Change)
		if err != nil {
			return c.view.Load(), err
		}
		return v, c.purge(ctx)
	})
	if err != nil {
		return since, err
	}
	return now.Change, nil
}

// isPure reports whether segments cannot have words of what is gone: a segment is
// made without those of its own changes, so they lie in one that others follow, or
// changes that no segment has.
func isPure(segments []convo.Segment, change int64) bool {
	return len(segments) == 0 || len(segments) == 1 && segments[0].To == change
}

// purge does it, when it is its turn in the background.
func (c *collection) purge(ctx context.Context) error {
	for _, turn := range []chan struct{}{c.work, c.slot} { // in this order, as everybody
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	v := c.view.Load()
	if v == nil {
		return errRemoved // somebody found that it has to be read again
	}
	old := map[*segment]bool{}
	for _, p := range v.parts {
		old[p.segment] = true
	}
	if err := c.maintain(ctx, aim{least: worth, pure: old}); err != nil || c.view.Load() != nil {
		return err
	}
	return errRemoved
}
