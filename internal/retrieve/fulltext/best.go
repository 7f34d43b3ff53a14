package fulltext

import (
	"cmp"
	"slices"

	"github.com/parleyhq/parley/internal/retrieve"
)

// best keeps the best hits: a heap with the worst of them on top.
type best struct {
	limit int
	hits  []hit
}

type hit struct {
	score uint64
	id    string
}

// compare orders hits, the best first.
func (h hit) compare(other hit) int {
	return cmp.Or(cmp.Compare(other.score, h.score), cmp.Compare(h.id, other.id))
}

// least is the score below which nothing is among the best any more.
func (b *best) least() uint64 {
	if len(b.hits) < b.limit {
		return 0
	}
	return b.hits[0].score
}

// offer takes a hit, if it is among the best so far.
func (b *best) offer(score uint64, id []byte) {
	if len(b.hits) < b.limit {
		b.hits = append(b.hits, hit{score, string(id)})
		b.rise()
		return
	}
	if b.limit == 0 || (hit{score, text(id)}).compare(b.hits[0]) > 0 {
		return
	}
	b.hits[0] = hit{score, string(id)}
	b.sink()
}

func (b *best) rise() {
	for i := len(b.hits) - 1; i > 0; {
		above := (i - 1) / 2
		if b.hits[i].compare(b.hits[above]) <= 0 {
			return
		}
		b.hits[i], b.hits[above] = b.hits[above], b.hits[i]
		i = above
	}
}

func (b *best) sink() {
	for i := 0; ; {
		worst := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(b.hits); child++ {
			if b.hits[child].compare(b.hits[worst]) > 0 {
				worst = child
			}
		}
		if worst == i {
			return
		}
		b.hits[i], b.hits[worst] = b.hits[worst], b.hits[i]
		i = worst
	}
}

// sorted gives the hits, the best first.
func (b *best) sorted() []retrieve.Hit {
	slices.SortFunc(b.hits, hit.compare)
	hits := make([]retrieve.Hit, len(b.hits))
	for i, h := range b.hits {
		hits[i] = retrieve.Hit{Record: h.id, Score: float64(h.score) / one}
	}
	return hits
}
