package fulltext

import (
	"cmp"
	"slices"
)

// overhead is about what a collection takes beside the bodies of its segments, and a
// part of it beside its records.
const overhead = 1 << 10

// size is what a collection has in memory.
func (c *collection) size() int64 {
	size := int64(overhead)
	v := c.view.Load()
	if v == nil {
		return size
	}
	for _, p := range v.parts {
		size += overhead + int64(8*len(p.live))
		if p.held.Load() != nil {
			size += p.size
		}
	}
	return size
}

// shrink lets go of collections until the memory is within its bounds, and gives those
// that have to be stored first.
func (ix *Index) shrink() (unstored []*collection) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	all := make([]*collection, 0, len(ix.collections))
	used := int64(0)
	for _, c := range ix.collections {
		all = append(all, c)
		used += c.size()
	}
	slices.SortFunc(all, func(x, y *collection) int { return cmp.Compare(x.used.Load(), y.used.Load()) })
	for _, c := range all {
		if used <= ix.budget-ix.budget/16 {
			break
		}
		before := c.size()
		if v := c.view.Load(); v != nil {
			v.release()
		}
		if ix.let(c) {
			used -= before
			continue
		}
		used -= before - c.size()
		unstored = append(unstored, c)
	}
	return unstored
}

// release lets go of the bodies that the store has.
func (v *view) release() {
	for _, p := range v.parts {
		if p.id() != "" {
			p.held.Store(nil)
		}
	}
}

// let forgets a collection, unless it would have to be made again from many changes,
// or is being changed. The index's lock is held.
func (ix *Index) let(c *collection) bool {
	select {
	case c.turn <- struct{}{}:
		defer c.give()
	default:
		return false
	}
	if v := c.view.Load(); v != nil {
		if _, size := v.unstored(); size >= small {
			return false
		}
	}
	c.removed = true
	c.view.Store(nil)
	delete(ix.collections, c.Collection)
	return true
}
