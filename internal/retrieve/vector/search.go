package vector

import (
	"cmp"
	"container/heap"
	"context"
	"slices"

	"github.com/parleyhq/parley/internal/retrieve"
)

type hits = []retrieve.Hit

// query is what is looked for.
type query struct {
	vector []float32 // of length 1
	limit  int
	among  []string // the records that count; nil = all
}

// How many rows are taken on. Their sketches say which are worth a look at their
// codes, and those which are worth to be reckoned exactly; neither is quite right, so
// more are taken than are wanted.
const (
	looked     = 20 // one row in so many, by their sketches
	leastLook  = 1000
	spare      = 3 // times the hits that are wanted, by their codes
	leastSpare = 40
)

// near is a row that may be among the nearest.
type near struct {
	row int
	dot float32
}

// candidate is a row that is to be reckoned exactly.
type candidate struct {
	id     string
	stored int64
}

// candidates gives the rows that may be the nearest. The caller holds the lock.
func (r *rows) candidates(q query) []candidate {
	best := &nearest{want: max(spare*q.limit, q.limit+leastSpare)}
	codes, _ := encode(nil, q.vector)
	look := func(row int) {
		best.offer(row, float32(dotCodes(codes, r.row(row)))*r.at[row].scale)
	}
	switch {
	case q.among != nil:
		for _, id := range q.among {
			if row, ok := r.byID[id]; ok {
				look(row)
			}
		}
	case r.sketcher == nil:
		for row, id := range r.ids {
			if id != "" {
				look(row)
			}
		}
	default:
		for _, n := range r.sketched(q, max(len(r.ids)/looked, leastLook, 2*best.want)) {
			look(n.row)
		}
	}
	list := make([]candidate, len(best.rows))
	for i, n := range best.rows {
		list[i] = candidate{r.ids[n.row], r.at[n.row].stored}
	}
	return list
}

// sketched gives the rows that are the nearest by their sketches.
func (r *rows) sketched(q query, want int) []near {
	best := &nearest{want: want}
	// The sketcher is for him whose turn it is to read; a search has its own.
	codes, _ := newSketcher(r.length).sketch(nil, q.vector)
	for row, id := range r.ids {
		if id == "" {
			continue
		}
		dot := float32(dotCodes(codes, r.sketches[row*sketchLength:(row+1)*sketchLength])) * r.at[row].sketch
		best.offer(row, dot)
	}
	return best.rows
}

// measure reckons exactly how near rows are.
func (ix *Index) measure(ctx context.Context, n name, q query, rows []candidate) (hits, error) {
	var found hits
	for _, r := range rows {
		v, err := ix.store.Vectors(ctx, n.Tenant, n.Dataset, n.space, r.stored-1, 1)
		if err != nil {
			return nil, err
		}
		if len(v) == 0 || v[0].Stored != r.stored || len(v[0].Values) != len(q.vector) {
			continue // gone since
		}
		if direction := unit(v[0].Values); direction != nil {
			found = appendHit(found, r.id, dot(q.vector, direction))
		}
	}
	return cut(found, q.limit), nil
}

// scan looks at every vector of the store, for a space that has no room in memory.
func (ix *Index) scan(ctx context.Context, n name, q query) (hits, error) {
	var found hits
	counts := func(string) bool { return true }
	if q.among != nil {
		among := make(map[string]bool, len(q.among))
		for _, id := range q.among {
			among[id] = true
		}
		counts = func(id string) bool { return among[id] }
	}
	for after := int64(0); ; {
		page, err := ix.store.Vectors(ctx, n.Tenant, n.Dataset, n.space, after, pageSize)
		if err != nil || len(page) == 0 {
			return cut(found, q.limit), err
		}
		for _, v := range page {
			after = v.Stored
			if direction := unit(v.Values); direction != nil && len(direction) == len(q.vector) && counts(v.Record) {
				found = appendHit(found, v.Record, dot(q.vector, direction))
			}
		}
		found = cut(found, q.limit)
	}
}

func appendHit(found hits, id string, score float32) hits {
	if score <= 0 {
		return found
	}
	return append(found, retrieve.Hit{Record: id, Score: min(float64(score), 1)})
}

// cut gives the best hits, ties by the records' ids.
func cut(found hits, limit int) hits {
	slices.SortFunc(found, func(a, b retrieve.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Record, b.Record))
	})
	return found[:min(limit, len(found))]
}

// nearest keeps the nearest rows, the farthest of them first: a heap.
type nearest struct {
	want int
	rows []near
}

func (b *nearest) offer(row int, dot float32) {
	switch {
	case len(b.rows) < b.want:
		heap.Push(b, near{row, dot})
	case dot > b.rows[0].dot:
		b.rows[0] = near{row, dot}
		heap.Fix(b, 0)
	}
}

// Len implements heap.Interface.
func (b *nearest) Len() int { return len(b.rows) }

// Less implements heap.Interface.
func (b *nearest) Less(i, j int) bool { return b.rows[i].dot < b.rows[j].dot }

// Swap implements heap.Interface.
func (b *nearest) Swap(i, j int) { b.rows[i], b.rows[j] = b.rows[j], b.rows[i] }

// Push implements heap.Interface.
func (b *nearest) Push(x any) { b.rows = append(b.rows, x.(near)) }

// Pop implements heap.Interface.
func (b *nearest) Pop() any {
	last := b.rows[len(b.rows)-1]
	b.rows = b.rows[:len(b.rows)-1]
	return last
}
