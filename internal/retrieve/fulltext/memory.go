package fulltext

import (
	"cmp"
	"math"
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
// that have to be stored first. The one that was used last is not forgotten: of one
// that is larger than the memory, as much is held as there is room for.
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
	most := ix.budget - ix.budget/16
	for i, c := range all {
		if used <= most {
			break
		}
		before := c.size()
		if v := c.view.Load(); v != nil {
			v.release(used - most)
		}
		after := c.size()
		if used -= before - after; used <= most || i == len(all)-1 {
			break
		}
		if ix.let(c) {
			used -= after
		} else {
			unstored = append(unstored, c)
		}
	}
	return unstored
}

// release lets go of bodies that the store has, of so many bytes if it can. It begins
// with the last, always: so searches that read all of them, one after the other, find
// the same ones still there, and not each time those that the next one does not need.
func (v *view) release(bytes int64) {
	for _, p := range slices.Backward(v.parts) {
		if bytes <= 0 {
			return
		}
		if p.id() != "" && p.held.Swap(nil) != nil {
			bytes -= p.size
		}
	}
}

// everything is more than there ever is to let go of.
const everything = math.MaxInt64

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
