package memory

import (
	"cmp"
	"maps"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// collection is the records of a dataset and what was made of them.
type collection struct {
	convo.Collection
	records map[string]convo.Record
	gone    map[string]int64 // the numbers of the changes by which records went
	// order has all changes by number. One that is not the last of its record counts
	// no more.
	order    []changed
	spaces   map[string]*space
	segments map[string][]segment // by index
}

type changed struct {
	number int64
	record string
}

// space is the vectors of one space, by record.
type space struct {
	length  int
	vectors map[string]convo.Vector
}

type segment struct {
	convo.Segment
	data []byte
}

// newCollection makes the collection with a number.
func newCollection(number int64) *collection {
	first := store.FirstChange(number)
	return &collection{
		Collection: convo.Collection{Number: number, Change: first, Forgotten: first},
		records:    make(map[string]convo.Record),
		gone:       make(map[string]int64),
		spaces:     make(map[string]*space),
		segments:   make(map[string][]segment),
	}
}

// collection gives what there is of a dataset: nothing is the zero value of
// [convo.Collection], which can be read as any other. The caller holds the lock.
func (s *Store) collection(tenant, dataset string) *collection {
	if c := s.collections[key{tenant, dataset}]; c != nil {
		return c
	}
	return &collection{}
}

// copied gives a collection that later changes leave alone.
func (c *collection) copied() *collection {
	copied := *c
	copied.records, copied.gone, copied.segments = maps.Clone(c.records), maps.Clone(c.gone), maps.Clone(c.segments)
	copied.order = slices.Clip(c.order)
	copied.spaces = maps.Clone(c.spaces)
	for name, s := range copied.spaces {
		copied.spaces[name] = &space{s.length, maps.Clone(s.vectors)}
	}
	return &copied
}

// save gives a function that restores what a change of a record changes.
func (c *collection) save(id string) (undo func()) {
	before, order := c.Collection, c.order
	r, had := c.records[id]
	number, gone := c.gone[id]
	vectors := make(map[*space]convo.Vector)
	for _, s := range c.spaces {
		if v, ok := s.vectors[id]; ok {
			vectors[s] = v
		}
	}
	return func() {
		c.Collection, c.order = before, order
		delete(c.records, id)
		delete(c.gone, id)
		if had {
			c.records[id] = r
		}
		if gone {
			c.gone[id] = number
		}
		for s, v := range vectors {
			s.vectors[id] = v
		}
	}
}

// put stores a record with the next number.
func (c *collection) put(r convo.Record) {
	c.remove(r.ID)
	r.Change = c.Change
	c.records[r.ID] = r
	delete(c.gone, r.ID)
	c.Records++
	c.Bytes += int64(len(r.Text))
}

// remove takes a record out with the next number.
func (c *collection) remove(id string) {
	c.Change++
	c.order = append(c.order, changed{c.Change, id})
	c.gone[id] = c.Change
	if r, ok := c.records[id]; ok {
		delete(c.records, id)
		c.Records--
		c.Bytes -= int64(len(r.Text))
	}
	for _, s := range c.spaces {
		delete(s.vectors, id)
	}
	if len(c.order) > 64+2*(len(c.records)+len(c.gone)) {
		c.order = c.latest(0, len(c.order))
	}
}

// latest gives up to limit changes after a number that are the last of their
// records, in a list of its own.
func (c *collection) latest(after int64, limit int) []changed {
	start, _ := slices.BinarySearchFunc(c.order, after+1, func(one changed, number int64) int {
		return cmp.Compare(one.number, number)
	})
	var list []changed
	for _, one := range c.order[start:] {
		r, there := c.records[one.record]
		if len(list) < limit && (there && r.Change == one.number || c.gone[one.record] == one.number) {
			list = append(list, one)
		}
	}
	return list
}

// forget lets the oldest go of the records that are gone, and the segments that do
// not know it.
func (c *collection) forget() {
	numbers := slices.Sorted(maps.Values(c.gone))
	if surplus := len(numbers) - max(store.KeepGone, len(c.records)); surplus > 0 {
		c.Forgotten = numbers[surplus-1]
	}
	maps.DeleteFunc(c.gone, func(_ string, number int64) bool { return number <= c.Forgotten })
	for index, list := range c.segments {
		c.segments[index] = slices.DeleteFunc(slices.Clone(list), func(s segment) bool { return s.To < c.Forgotten })
	}
}
