package fulltext

import (
	"cmp"
	"math"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
)

// tagMark begins the terms that are tags. No word begins with it.
const tagMark = "\x00"

// titleWeight is how often a word counts that stands in the name or the title of a
// record.
const titleWeight = 2

// builder makes bodies of records. It is not for several goroutines.
type builder struct {
	analyser analyser
	terms    map[string]uint32
	names    []string // of the terms, by their numbers
	counts   []uint32 // in how many records each is
	latest   []uint32 // the last place in found of each
	found    []occurrence

	doc     uint32
	weight  uint32
	lengths []uint32
}

// occurrence is that a record has a term.
type occurrence struct{ term, doc, times uint32 }

func newBuilder() *builder {
	b := &builder{terms: map[string]uint32{}}
	b.analyser.emit = b.add
	return b
}

// build makes the body of records, each of which has another id, and of the ids of
// some that are gone.
func (b *builder) build(records []convo.Record, gone []string) *body {
	records = slices.SortedFunc(slices.Values(records), func(x, y convo.Record) int { return cmp.Compare(x.ID, y.ID) })
	b.reset()
	ids := make([]string, len(records))
	for i, r := range records {
		ids[i] = r.ID
		b.record(uint32(i), r)
	}
	w := newWriter(ids, b.lengths, slices.Sorted(slices.Values(gone)))
	lists := b.lists()
	for _, t := range b.sorted() {
		w.term(b.names[t], lists[t])
	}
	return w.body()
}

func (b *builder) reset() {
	clear(b.terms)
	b.names, b.counts, b.latest, b.found, b.lengths = b.names[:0], b.counts[:0], b.latest[:0], b.found[:0], b.lengths[:0]
}

// record adds the terms of a record.
func (b *builder) record(doc uint32, r convo.Record) {
	b.doc = doc
	b.lengths = append(b.lengths, 0)
	b.weight = titleWeight
	for _, s := range []*string{r.Name, &r.Title, r.Description} {
		if s != nil {
			b.analyser.text(*s)
		}
	}
	b.weight = 1
	b.analyser.text(r.Text)
	for _, tag := range r.Tags() {
		b.add([]byte(tagMark+tag), false)
	}
}

// add counts a term of the record that is being added.
func (b *builder) add(term []byte, place bool) {
	if place && b.lengths[b.doc] < math.MaxUint32 {
		b.lengths[b.doc]++
	}
	t, known := b.terms[string(term)]
	if !known {
		t = uint32(len(b.names))
		name := string(term)
		b.terms[name] = t
		b.names = append(b.names, name)
		b.counts = append(b.counts, 0)
		b.latest = append(b.latest, 0)
	}
	if at := b.latest[t]; b.counts[t] > 0 && b.found[at].doc == b.doc {
		b.found[at].times += b.weight
		return
	}
	b.latest[t] = uint32(len(b.found))
	b.counts[t]++
	b.found = append(b.found, occurrence{t, b.doc, b.weight})
}

// lists sorts what was found by its terms.
func (b *builder) lists() [][]posting {
	all := make([]posting, len(b.found))
	lists := make([][]posting, len(b.names))
	start := 0
	for t, n := range b.counts {
		lists[t] = all[start : start : start+int(n)]
		start += int(n)
	}
	for _, f := range b.found {
		lists[f.term] = append(lists[f.term], posting{f.doc, f.times})
	}
	return lists
}

// sorted gives the terms in the order of their names.
func (b *builder) sorted() []uint32 {
	order := make([]uint32, len(b.names))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(x, y uint32) int { return cmp.Compare(b.names[x], b.names[y]) })
	return order
}
