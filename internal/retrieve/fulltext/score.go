package fulltext

import (
	"context"
	"math/bits"
	"slices"
)

// window is how many records are scored together.
const window = 4096

// scorer finds the best records of bodies, one body after the other. Words that
// alone cannot make a record one of the best any more are not looked for, but looked
// up in the records that others found; a window of which all words together cannot is
// passed over without being read.
type scorer struct {
	question *question
	best     best

	terms   []*scoredTerm // of the question that the body has
	body    *body
	allowed set // the records that count; nil = all

	sums  [window]uint64
	found [window / 64]uint64
}

// scoredTerm is a word of the question in a body.
type scoredTerm struct {
	cursor cursor
	share  float64
	head   int    // the first block that does not end before the window
	most   uint64 // that it can add in the window
}

// run scores the records of a body that are allowed. numbers are those of the
// question's terms in the body.
func (s *scorer) run(ctx context.Context, b *body, numbers []int, allowed set) error {
	s.open(b, numbers)
	s.body, s.allowed = b, allowed
	if len(s.terms) == 0 {
		return nil
	}
	for from := 0; from < b.docs; from += window {
		if allowed != nil {
			next := allowed.next(uint32(from))
			if next == end {
				return nil
			}
			from = int(next) / window * window
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		s.window(uint32(from), uint32(min(from+window, b.docs)))
	}
	return nil
}

// open begins the lists of a body.
func (s *scorer) open(b *body, numbers []int) {
	s.terms = s.terms[:0]
	for i, t := range s.question.terms {
		if numbers[i] < 0 {
			continue
		}
		if len(s.terms) == cap(s.terms) {
			s.terms = append(s.terms, &scoredTerm{})
		} else if s.terms = s.terms[:len(s.terms)+1]; s.terms[len(s.terms)-1] == nil {
			s.terms[len(s.terms)-1] = &scoredTerm{}
		}
		term := s.terms[len(s.terms)-1]
		term.cursor.open(b.list(numbers[i]))
		term.share, term.head = t.share, 0
	}
}

// window scores the records from one to before another.
func (s *scorer) window(from, to uint32) {
	all := uint64(0)
	for _, t := range s.terms {
		t.most = s.bound(t, from, to)
		all += t.most
	}
	least := s.best.least()
	if all < least || all == 0 {
		return
	}
	slices.SortFunc(s.terms, func(x, y *scoredTerm) int { return int(int64(x.most) - int64(y.most)) })
	few, below := 0, uint64(0) // what the first few could add together is below least
	for few < len(s.terms) && below+s.terms[few].most < least {
		below += s.terms[few].most
		few++
	}
	for _, t := range s.terms[few:] {
		s.collect(t, from, to)
	}
	s.complete(s.terms[:few], below, from)
}

// bound is the most that a term can add to the score of a record of the window.
func (s *scorer) bound(t *scoredTerm, from, to uint32) uint64 {
	c := &t.cursor
	for t.head < c.blocks && c.last(t.head) < from {
		t.head++
	}
	most := uint64(0)
	for block := t.head; block < c.blocks; block++ {
		times, shortest := c.bound(block)
		most = max(most, s.question.norms.score(t.share, times, shortest)+1) // rounding
		if c.last(block) >= to-1 {
			break
		}
	}
	return most
}

// collect adds what a term gives to all records of the window that have it.
func (s *scorer) collect(t *scoredTerm, from, to uint32) {
	c, norms := &t.cursor, &s.question.norms
	for doc := c.seek(from); doc < to; doc = c.seek(doc + 1) {
		for ; c.i < c.n && c.docs[c.i] < to; c.i++ {
			doc = c.docs[c.i]
			if s.allowed != nil && !s.allowed.has(doc) {
				continue
			}
			s.sums[doc-from] += norms.score(t.share, c.times[c.i], s.body.length(int(doc)))
			s.found[(doc-from)/64] |= 1 << (doc % 64)
		}
		if c.i == c.n {
			c.i--
		} else {
			return
		}
	}
}

// complete adds to the records that were found what the other terms give, as long as
// they may be among the best, and offers them.
func (s *scorer) complete(others []*scoredTerm, below uint64, from uint32) {
	for i, word := range s.found {
		s.found[i] = 0
		for ; word != 0; word &= word - 1 {
			at := uint32(i*64 + bits.TrailingZeros64(word))
			sum := s.sums[at]
			s.sums[at] = 0
			if sum, ok := s.add(others, below, from+at, sum); ok {
				s.best.offer(sum, s.body.id(int(from+at)))
			}
		}
	}
}

// add adds what the terms give to a record that has sum; false: it is not among the
// best.
func (s *scorer) add(others []*scoredTerm, below uint64, doc uint32, sum uint64) (uint64, bool) {
	least := s.best.least()
	for i := len(others) - 1; i >= 0; i-- {
		if sum+below < least {
			return 0, false
		}
		t := others[i]
		below -= t.most
		if t.cursor.seek(doc) == doc {
			sum += s.question.norms.score(t.share, t.cursor.times[t.cursor.i], s.body.length(int(doc)))
		}
	}
	return sum, sum >= least
}
