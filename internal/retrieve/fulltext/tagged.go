package fulltext

import (
	"context"
	"strings"
)

// tagged gives the records with all of the tags, unless they are more than limit.
func (v *view) tagged(ctx context.Context, load loader, tags []string, limit int) (records []string, whole bool, err error) {
	must := marked(tags)
	records = []string{}
	for _, p := range v.parts {
		b, err := load(ctx, p.segment)
		if err != nil {
			return nil, false, err
		}
		found, some := p.having(b, must)
		if !some {
			continue
		}
		for doc := found.next(0); doc != end; doc = found.next(doc + 1) {
			if len(records) == limit {
				return nil, false, nil
			}
			records = append(records, strings.Clone(text(b.id(int(doc))))) // the body may go
		}
	}
	return records, true, ctx.Err()
}

// marked gives tags as the terms that they are in a body.
func marked(tags []string) []string {
	terms := make([]string, len(tags))
	for i, tag := range tags {
		terms[i] = tagMark + tag
	}
	return terms
}

// having is the set of the part's records that count and have all of the terms; nil
// stands for all of them. Not some: there are none.
func (p *part) having(b *body, must []string) (records set, some bool) {
	records = p.live
	for _, term := range must {
		number := find(b.terms, term, b.term)
		if number < 0 {
			return nil, false
		}
		records = b.only(number, records)
	}
	return records, true
}

// only is the set of the allowed records that have a term; nil allows all.
func (b *body) only(term int, allowed set) set {
	s := newSet(b.docs)
	var c cursor
	c.open(b.list(term))
	for doc := c.seek(0); doc != end; doc = c.seek(doc + 1) {
		s.add(doc)
	}
	s.and(allowed)
	return s
}
