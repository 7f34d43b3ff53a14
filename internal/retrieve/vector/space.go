package vector

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/parleyhq/parley/internal/convo"
)

// space is the index of the vectors of one space of a dataset.
type space struct {
	name   name
	length int           // of its vectors
	bytes  atomic.Int64  // that it takes
	turn   chan struct{} // whose it is follows the store: one at a time

	mu   sync.RWMutex // guards what rows holds, but for him whose turn it is to read
	rows *rows
}

func newSpace(n name, length int) *space {
	return &space{name: n, length: length, turn: make(chan struct{}, 1), rows: newRows(length, convo.Collection{})}
}

// search brings the space up to date and searches it. held is false if it has no room
// in memory.
func (s *space) search(ctx context.Context, ix *Index, q query) (found hits, held bool, err error) {
	if err := s.follow(ctx, ix); err != nil {
		return nil, false, err
	}
	s.mu.RLock()
	tooMuch := s.rows.tooMuch
	near := s.rows.candidates(q)
	s.mu.RUnlock()
	if tooMuch {
		return nil, false, nil
	}
	found, err = ix.measure(ctx, s.name, q, near)
	return found, true, err
}

// follow reads what was committed before it was called.
func (s *space) follow(ctx context.Context, ix *Index) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	c, err := ix.store.Collection(ctx, s.name.Tenant, s.name.Dataset)
	if err != nil {
		return err
	}
	known := s.rows // nobody else writes
	if known.number == c.Number && known.tooMuch {
		return nil
	}
	if known.number != c.Number || known.changes < c.Forgotten || known.changes > c.Change {
		known = newRows(s.length, c)
	} else if err = s.forget(ctx, ix, c); convo.ErrorKind(err) == convo.Conflict {
		known, err = newRows(s.length, c), nil
	}
	if err != nil {
		return err
	}
	if err := s.read(ctx, ix, known); err != nil {
		return err
	}
	if fresh := known.compacted(); fresh != nil {
		known = fresh
	}
	s.mu.Lock()
	s.rows = known
	s.mu.Unlock()
	s.bytes.Store(known.size())
	return nil
}

// forget leaves out the rows of records that are not what they were.
func (s *space) forget(ctx context.Context, ix *Index, c convo.Collection) error {
	for s.rows.changes < c.Change {
		changed, err := ix.store.RecordChanges(ctx, s.name.Tenant, s.name.Dataset, s.rows.changes, pageSize)
		if err != nil {
			return err
		}
		s.mu.Lock()
		for _, change := range changed {
			s.rows.changed(change)
		}
		if len(changed) == 0 {
			s.rows.changes = c.Change
		}
		s.mu.Unlock()
	}
	return nil
}

// pageSize is how many vectors or changes are read at once.
const pageSize = 1000

// read takes in the vectors that are new.
func (s *space) read(ctx context.Context, ix *Index, into *rows) error {
	for {
		page, err := ix.store.Vectors(ctx, s.name.Tenant, s.name.Dataset, s.name.space, into.stored, pageSize)
		if err != nil {
			return err
		}
		s.mu.Lock()
		err = into.take(page)
		if into.size() > ix.budget {
			into.giveUp()
			ix.log.Warn("the vectors of a dataset do not fit into retrieval.memory: each search reads them from the database",
				"tenant", s.name.Tenant, "dataset", s.name.Dataset, "space", s.name.space)
		}
		done := len(page) < pageSize || into.tooMuch
		s.mu.Unlock()
		if err != nil || done {
			return err
		}
	}
}

// rows are the vectors of a space, in the order in which they were read.
type rows struct {
	length  int
	number  int64 // of the dataset, see convo.Collection
	changes int64 // up to which the dataset's changes are known
	stored  int64 // of the last vector that was read
	tooMuch bool  // they do not fit into the memory, and are not held

	ids   []string // "" = gone
	at    []place
	codes []int8 // length of each row
	byID  map[string]int

	sketcher *sketcher // nil = rows have no sketches
	sketches []int8    // sketchLength of each row
}

// place says where a row's vector is.
type place struct {
	change int64   // of its record
	stored int64   // in the store
	scale  float32 // what its codes are worth
	sketch float32 // what those of its sketch are worth
}

func newRows(length int, c convo.Collection) *rows {
	return &rows{length: length, number: c.Number, changes: c.Change, byID: map[string]int{}, sketcher: newSketcher(length)}
}

// rowBytes is about what a row takes beside its codes.
const rowBytes = 160

func (r *rows) size() int64 {
	each := r.length + rowBytes
	if r.sketcher != nil {
		each += sketchLength
	}
	return int64(len(r.ids)) * int64(each)
}

// giveUp lets the memory go.
func (r *rows) giveUp() {
	*r = rows{length: r.length, number: r.number, changes: r.changes, tooMuch: true}
}

// changed notes that a record is not what it was.
func (r *rows) changed(c convo.RecordChange) {
	r.changes = c.Change
	if i, ok := r.byID[c.ID]; ok && r.at[i].change < c.Change {
		r.remove(c.ID, i)
	}
}

func (r *rows) remove(id string, i int) {
	r.ids[i] = ""
	delete(r.byID, id)
}

func (r *rows) take(page []convo.Vector) error {
	for _, v := range page {
		if len(v.Values) != r.length {
			return fmt.Errorf("vector: a vector of %d values in a space of %d", len(v.Values), r.length)
		}
		r.add(v)
		r.stored = v.Stored
	}
	return nil
}

// add takes in a vector. One without a direction is found by nothing.
func (r *rows) add(v convo.Vector) {
	if i, ok := r.byID[v.Record]; ok {
		r.remove(v.Record, i)
	}
	direction := unit(v.Values)
	if direction == nil {
		return
	}
	at := place{change: v.Change, stored: v.Stored}
	r.codes, at.scale = encode(r.codes, direction)
	if r.sketcher != nil {
		r.sketches, at.sketch = r.sketcher.sketch(r.sketches, direction)
	}
	r.append(v.Record, at)
}

// append adds a row whose codes are there already.
func (r *rows) append(id string, at place) {
	r.byID[id] = len(r.ids)
	r.ids, r.at = append(r.ids, id), append(r.at, at)
}

// compacted gives the rows without those that are gone; nil if they are few. It
// changes nothing.
func (r *rows) compacted() *rows {
	if gone := len(r.ids) - len(r.byID); gone < 1000 || gone < len(r.byID) {
		return nil
	}
	fresh := newRows(r.length, convo.Collection{Number: r.number, Change: r.changes})
	fresh.stored = r.stored
	for i, id := range r.ids {
		if id != "" {
			fresh.codes = append(fresh.codes, r.row(i)...)
			fresh.sketches = append(fresh.sketches, r.sketch(i)...)
			fresh.append(id, r.at[i])
		}
	}
	return fresh
}

func (r *rows) row(i int) []int8 { return r.codes[i*r.length : (i+1)*r.length] }

func (r *rows) sketch(i int) []int8 {
	if r.sketcher == nil {
		return nil
	}
	return r.sketches[i*sketchLength : (i+1)*sketchLength]
}
