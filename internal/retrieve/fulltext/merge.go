package fulltext

import (
	"cmp"
	"context"
	"maps"
	"runtime"
	"slices"
)

// merged is a segment made of parts of a view.
type merged struct {
	*segment
	parts  []*part // as they were then
	bodies []*body
}

// merge makes one segment of some parts of a view.
func (c *collection) merge(ctx context.Context, v *view, j job) (*merged, error) {
	m := &merged{parts: v.parts[j.from:j.to]}
	var live []set
	gone := map[string]bool{}
	for _, p := range m.parts {
		b, err := c.load(ctx, p.segment)
		if err != nil {
			return nil, err
		}
		m.bodies, live = append(m.bodies, b), append(live, p.live)
		for i := range b.gone {
			gone[string(b.goneID(i))] = true
		}
	}
	if j.from == 0 { // nothing is there that could know them
		clear(gone)
	}
	b, err := mergeBodies(ctx, m.bodies, live, slices.Sorted(maps.Keys(gone)))
	if err != nil {
		return nil, err
	}
	m.segment = newSegment(m.parts[0].from, m.parts[len(m.parts)-1].to, b)
	return m, nil
}

// instead is the view with a merged segment in place of its parts, without the
// records that went from them meanwhile; false: it has them no more.
func (v *view) instead(m *merged) (*view, bool) {
	at := slices.IndexFunc(v.parts, func(p *part) bool { return p.segment == m.parts[0].segment })
	if at < 0 || len(v.parts)-at < len(m.parts) {
		return v, false
	}
	p, own, b := whole(m.segment), false, m.held.Load()
	for i, before := range m.parts {
		now := v.parts[at+i]
		if now.segment != before.segment {
			return v, false
		}
		if now.docs == before.docs {
			continue
		}
		for doc := now.live.nextNot(0); doc < uint32(m.bodies[i].docs); doc = now.live.nextNot(doc + 1) {
			if before.live == nil || before.live.has(doc) {
				p, own = p.without(b, text(m.bodies[i].id(int(doc))), own)
			}
		}
	}
	parts := slices.Concat(v.parts[:at], []*part{p}, v.parts[at+len(m.parts):])
	return &view{applied: v.applied, parts: parts}, true
}

// merger makes one body of several. Each record that still counts is in one of them.
type merger struct {
	bodies []*body
	live   []set      // the records of each that still count; nil = all
	places [][]uint32 // where they are in the new body; end = nowhere
	ids    []string
	length []uint32
}

// mergeBodies makes one body of what still counts in several, and of these ids of
// records that are gone.
func mergeBodies(ctx context.Context, bodies []*body, live []set, gone []string) (*body, error) {
	m := &merger{bodies: bodies, live: live, places: make([][]uint32, len(bodies))}
	m.order()
	w := newWriter(m.ids, m.length, gone)
	if err := m.terms(ctx, w); err != nil {
		return nil, err
	}
	return w.body(), nil
}

// order gives every record its place.
func (m *merger) order() {
	type record struct {
		id        string
		body, doc int
	}
	var all []record
	for i, b := range m.bodies {
		m.places[i] = make([]uint32, b.docs)
		for doc := range b.docs {
			m.places[i][doc] = end
			if m.live[i] == nil || m.live[i].has(uint32(doc)) {
				all = append(all, record{text(b.id(doc)), i, doc})
			}
		}
	}
	slices.SortFunc(all, func(x, y record) int { return cmp.Compare(x.id, y.id) })
	m.ids, m.length = make([]string, len(all)), make([]uint32, len(all))
	for place, r := range all {
		m.places[r.body][r.doc] = uint32(place)
		m.ids[place], m.length[place] = r.id, m.bodies[r.body].length(r.doc)
	}
}

// terms writes the terms of all bodies in their order.
func (m *merger) terms(ctx context.Context, w *writer) error {
	next := make([]int, len(m.bodies))
	var list []posting
	var c cursor
	for n := 0; ; n++ {
		name, ok := m.first(next)
		if !ok {
			return nil
		}
		if n%64 == 0 {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			runtime.Gosched() // a search waits for a processor, and nobody for this
		}
		list = list[:0]
		sorted := true
		for i, b := range m.bodies {
			if next[i] == b.terms || text(b.term(next[i])) != name {
				continue
			}
			c.open(b.list(next[i]))
			next[i]++
			for doc := c.seek(0); doc != end; doc = c.seek(doc + 1) {
				if place := m.places[i][doc]; place != end {
					sorted = sorted && (len(list) == 0 || list[len(list)-1].doc < place)
					list = append(list, posting{place, c.times[c.i]})
				}
			}
		}
		if !sorted {
			slices.SortFunc(list, func(x, y posting) int { return cmp.Compare(x.doc, y.doc) })
		}
		if len(list) > 0 {
			w.term(name, list)
		}
	}
}

// first is the first of the terms that come next.
func (m *merger) first(next []int) (name string, ok bool) {
	for i, b := range m.bodies {
		if next[i] == b.terms {
			continue
		}
		if t := text(b.term(next[i])); !ok || t < name {
			name, ok = t, true
		}
	}
	return name, ok
}
