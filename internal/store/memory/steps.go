package memory

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
)

// Steps implements store.Steps.
func (s *Store) Steps(ctx context.Context, tenant, conversation string, after int64, each func(convo.Event) bool) error {
	if err := s.rlock(ctx); err != nil {
		return err
	}
	defer s.mu.RUnlock()
	c, err := s.find(tenant, conversation)
	if err != nil {
		return err
	}
	var open []convo.Event
	for _, e := range c.events {
		if e.Seq <= after {
			continue
		}
		if d, ok := e.Body.(convo.Delta); ok {
			if _, coming := c.pieces[d.Message]; coming {
				open = append(open, e)
			}
			continue
		}
		e.Body = cloneBody(e.Body)
		if !each(e) {
			return nil
		}
	}
	for _, e := range open {
		if !each(e) {
			return nil
		}
	}
	return nil
}

// SlotBefore implements store.Steps.
func (s *Store) SlotBefore(ctx context.Context, tenant, conversation string, slot int64) (before int64, err error) {
	c, err := s.reading(ctx, tenant, conversation)
	if err != nil {
		return 0, err
	}
	defer s.mu.RUnlock()
	for _, t := range c.turns {
		if t.Slot < slot {
			before = max(before, t.Slot)
		}
	}
	return before, nil
}
