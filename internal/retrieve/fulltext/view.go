package fulltext

import (
	"cmp"
	"context"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
)

// view is what an index knows of a collection at one of its changes. It never
// changes.
type view struct {
	applied int64   // the last change it has read
	parts   []*part // the oldest first; where one ends the next begins
}

// stands is the change up to which the parts go.
func (v *view) stands() int64 {
	if len(v.parts) == 0 {
		return 0
	}
	return v.parts[len(v.parts)-1].to
}

// part is a segment in a view, and which of its records still count there: those
// that no later part has anew.
type part struct {
	*segment
	live  set // nil = all
	docs  int
	words uint64
}

func whole(s *segment) *part {
	return &part{segment: s, docs: s.docs, words: s.words}
}

// without gives the part without a record, if it has it. An own set is one that
// nobody else has yet.
func (p *part) without(b *body, id string, own bool) (*part, bool) {
	doc := b.lookup(id)
	if doc < 0 || p.live != nil && !p.live.has(uint32(doc)) {
		return p, own
	}
	if !own {
		next := *p
		if p = &next; p.live == nil {
			p.live = fullSet(p.segment.docs)
		} else {
			p.live = slices.Clone(p.live)
		}
	}
	p.live.remove(uint32(doc))
	p.docs--
	p.words -= uint64(b.length(doc))
	return p, true
}

// search finds the best records.
func (v *view) search(ctx context.Context, load loader, s *scorer, q *question) ([]retrieve.Hit, error) {
	docs, words := 0, uint64(0)
	for _, p := range v.parts {
		docs += p.docs
		words += p.words
	}
	if docs == 0 || len(q.terms) == 0 || q.limit <= 0 {
		return nil, nil
	}
	for _, p := range v.parts {
		if err := p.count(ctx, load, q); err != nil {
			return nil, err
		}
	}
	q.weigh(docs, words)
	s.question, s.best = q, best{limit: q.limit}
	// The largest first: what it finds spares most of the rest.
	for _, p := range slices.SortedFunc(slices.Values(v.parts), func(x, y *part) int { return cmp.Compare(y.docs, x.docs) }) {
		if err := p.score(ctx, load, s, q); err != nil {
			return nil, err
		}
	}
	return s.best.sorted(), nil
}

// loader gives the body of a segment.
type loader func(context.Context, *segment) (*body, error)

// count adds how many of the part's records have each word of a question.
func (p *part) count(ctx context.Context, load loader, q *question) error {
	b, err := load(ctx, p.segment)
	if err != nil {
		return err
	}
	var c cursor
	for i, t := range q.terms {
		number := find(b.terms, t.term, b.term)
		if number < 0 {
			continue
		}
		c.open(b.list(number))
		q.terms[i].docs += c.size
		if p.live != nil {
			q.terms[i].docs -= c.outside(p.live, b.docs)
		}
	}
	return ctx.Err()
}

// outside counts the records of the list that a set has not.
func (c *cursor) outside(s set, docs int) (n int) {
	for doc := s.nextNot(0); doc < uint32(docs); {
		found := c.seek(doc)
		switch found {
		case end:
			return n
		case doc:
			n++
			found++
		}
		doc = s.nextNot(found)
	}
	return n
}

// score finds the best of the part's records.
func (p *part) score(ctx context.Context, load loader, s *scorer, q *question) error {
	b, err := load(ctx, p.segment)
	if err != nil {
		return err
	}
	allowed, some := p.having(b, q.must)
	if !some {
		return nil
	}
	numbers := make([]int, len(q.terms))
	for i, t := range q.terms {
		numbers[i] = find(b.terms, t.term, b.term)
	}
	return s.run(ctx, b, numbers, allowed)
}

// batch is what some changes make of a collection.
type batch struct {
	to      int64
	records []convo.Record
	gone    []string
}

func newBatch(changes []convo.RecordChange) batch {
	var b batch
	for _, c := range changes {
		b.to = max(b.to, c.Change)
		if c.Gone {
			b.gone = append(b.gone, c.ID)
		} else {
			c.Record.ID = c.ID
			b.records = append(b.records, c.Record)
		}
	}
	return b
}

// with is the view after a batch of changes.
func (v *view) with(ctx context.Context, load loader, builder *builder, changes batch) (*view, error) {
	next := &view{applied: changes.to, parts: slices.Clone(v.parts)}
	for i, p := range next.parts {
		b, err := load(ctx, p.segment)
		if err != nil {
			return nil, err
		}
		own := false
		for _, r := range changes.records {
			p, own = p.without(b, r.ID, own)
		}
		for _, id := range changes.gone {
			p, own = p.without(b, id, own)
		}
		next.parts[i] = p
	}
	gone := changes.gone
	if len(next.parts) == 0 {
		gone = nil // nothing is there that could know them
	}
	b := builder.build(changes.records, gone)
	next.parts = append(next.parts, whole(newSegment(v.stands(), changes.to, b)))
	return next, nil
}
