package fulltext

import (
	"context"
	"math/bits"
)

const (
	// fanIn is how many parts of a size make one of the next.
	fanIn = 8
	// quick is up to how many records are merged while somebody waits.
	quick = 2048
	// worth is how large a segment is that is worth being stored: what is smaller is
	// made again in a second, and each one that is stored is merged again later.
	worth = 4 << 20
	// small is what is worth it when it is let go of.
	small = 64 << 10
)

// level is the size of a part: each is fanIn times the one before.
func (p *part) level() int { return (bits.Len(uint(p.docs)) + 2) / 3 }

// tier finds where the parts begin that are so many of a size that they should be
// one; -1: nowhere.
func tier(parts []*part, maxSize int64) int {
	level := 0
	var size int64
	for i := len(parts) - 1; i >= 0; i-- {
		if l := parts[i].level(); l > level {
			if len(parts)-1-i >= fanIn && size <= maxSize {
				return i + 1
			}
			level = l
		}
		size += parts[i].size
	}
	if len(parts) >= fanIn && size <= maxSize {
		return 0
	}
	return -1
}

// compact merges the small parts at the end that only the memory has. It has the
// turn.
func (c *collection) compact(ctx context.Context, v *view) (*view, error) {
	start, docs := len(v.parts), 0
	for start > 0 && v.parts[start-1].id() == "" && v.parts[start-1].segment != c.busy && docs+v.parts[start-1].docs <= quick {
		start--
		docs += v.parts[start].docs
	}
	at := tier(v.parts[start:], c.maxSegment())
	if at < 0 {
		return v, nil
	}
	m, err := c.merge(ctx, v, job{start + at, len(v.parts)})
	if err != nil {
		return nil, err
	}
	next, _ := v.instead(m)
	return next, nil
}

// aim is what upkeep is to reach.
type aim struct {
	least int64 // from what size on something is stored
	// The segments of which the store shall have no words of records that are gone.
	// Those that are made instead are none of them: of what goes from these meanwhile
	// there may be no end. nil = all may have some.
	pure map[*segment]bool
}

// job is what there is to do for a collection: the parts from one to before another
// become one, which is stored if it is worth it.
type job struct{ from, to int }

// nextJob finds what there is to do, or !ok.
//
// Stored are always the first parts, so that what is read again after a start begins
// where they end. So all that the store does not have becomes one part when it is
// stored, and it is too little for that when others are merged.
func (c *collection) nextJob(v *view, to aim) (j job, ok bool) {
	start, size := v.unstored()
	if size > 0 && size >= min(to.least, c.maxSegment()/2) {
		return job{start, len(v.parts)}, true
	}
	if to.pure != nil {
		if j, ok := c.pureJob(v, start, to.pure); ok {
			return j, true
		}
	}
	for i, p := range v.parts {
		if p.mostlyDead(c.maxSegment()) {
			return job{i, i + 1}, true
		}
	}
	if at := tier(v.parts, c.maxSegment()); at >= 0 {
		return job{at, len(v.parts)}, true
	}
	return job{}, false
}

// mostlyDead reports whether so much of a part does not count any more that it is
// worth being made without that.
func (p *part) mostlyDead(maxSize int64) bool {
	return p.docs < p.segment.docs-p.segment.docs/4 && (p.segment.docs > quick/2 || p.size > maxSize/2)
}

// pureJob finds what the store has words of that are gone: a part of which some
// records do not count any more, or one that was made without them and could not be
// stored; or else a segment that nobody needs, which goes with the next that is
// written. From start on nothing is stored.
func (c *collection) pureJob(v *view, start int, of map[*segment]bool) (j job, ok bool) {
	for i, p := range v.parts[:start] {
		if of[p.segment] && (p.docs < p.segment.docs || p.id() == "") {
			return job{i, i + 1}, true
		}
	}
	c.staleMu.Lock()
	defer c.staleMu.Unlock()
	if len(c.stale) > 0 && len(v.parts) > 0 {
		return job{min(start, len(v.parts)-1), len(v.parts)}, true
	}
	return job{}, false
}

// unstored says where the parts begin that the store does not have, and how large
// they are.
func (v *view) unstored() (start int, size int64) {
	start = len(v.parts)
	for start > 0 && v.parts[start-1].id() == "" {
		start--
		size += v.parts[start].size
	}
	return start, size
}

// maintain does what there is to do. It has the work, and not the turn.
func (c *collection) maintain(ctx context.Context, to aim) error {
	for {
		v, j, err := c.begin(ctx, to)
		if v == nil {
			return err
		}
		if err := c.do(ctx, v, j, to); err != nil {
			return err
		}
	}
}

// begin finds what there is to do, and keeps [collection.compact] from its parts until
// the next time; nil: nothing.
func (c *collection) begin(ctx context.Context, to aim) (*view, job, error) {
	if err := c.take(ctx); err != nil {
		return nil, job{}, err
	}
	defer c.give()
	c.busy = nil
	v := c.view.Load()
	if v == nil {
		return nil, job{}, nil
	}
	j, ok := c.nextJob(v, to)
	if !ok {
		return nil, job{}, nil
	}
	c.busy = v.parts[j.to-1].segment
	return v, j, nil
}

// do does a job.
func (c *collection) do(ctx context.Context, v *view, j job, to aim) error {
	parts := v.parts[j.from:j.to]
	s := parts[0].segment
	if len(parts) > 1 || parts[0].docs < s.docs {
		m, err := c.merge(ctx, v, j)
		if err != nil {
			return err
		}
		if ok, err := c.install(ctx, m); !ok {
			return err
		}
		s = m.segment
	}
	var instead []string
	for _, p := range parts {
		if id := p.id(); id != "" {
			instead = append(instead, id)
		}
	}
	if s.size < min(to.least, c.maxSegment()/2) && len(instead) == 0 && to.pure == nil {
		return nil
	}
	return c.keep(ctx, s, instead)
}

// install puts a merged segment into the view; false: what it was made of is not
// there any more.
func (c *collection) install(ctx context.Context, m *merged) (bool, error) {
	if err := c.take(ctx); err != nil {
		return false, err
	}
	defer c.give()
	v := c.view.Load()
	if v == nil {
		return false, nil
	}
	next, ok := v.instead(m)
	if ok {
		c.view.Store(next)
		c.grew(m.segment.size)
	}
	return ok, nil
}
