package fulltext

import (
	"cmp"
	"math"
	"slices"

	"github.com/parleyhq/parley/internal/retrieve"
)

const (
	// maxAsked is how many different words of a question are looked up, and maxTerms
	// how many of them count: the rarest, which say the most.
	maxAsked = 1024
	maxTerms = 64
	// maxLimit bounds the hits of a search.
	maxLimit = 10_000
)

// asked is a word of a question.
type asked struct {
	term  string
	place bool // a word, not a part of one
	docs  int  // that have it
	share float64
}

// question is a query, as far as it does not depend on a body.
type question struct {
	terms []asked
	must  []string
	limit int
	norms norms
}

// newQuestion takes the words of a query.
func newQuestion(q retrieve.Query) *question {
	ask := &question{limit: min(q.Limit, maxLimit), must: marked(q.Must)}
	known := map[string]int{}
	a := analyser{asking: true}
	a.emit = func(term []byte, place bool) {
		at, ok := known[string(term)]
		if ok {
			ask.terms[at].place = ask.terms[at].place || place
			return
		}
		if len(ask.terms) < maxAsked {
			known[string(term)] = len(ask.terms)
			ask.terms = append(ask.terms, asked{term: string(term), place: place})
		}
	}
	a.text(q.Text)
	return ask
}

// weigh gives each word its share of the score, when it is known how many of the
// collection's records have it. A part of a word that none has is not missed: the
// word is.
func (q *question) weigh(docs int, words uint64) {
	slices.SortFunc(q.terms, func(x, y asked) int {
		return cmp.Or(cmp.Compare(x.docs, y.docs), cmp.Compare(x.term, y.term))
	})
	q.terms = slices.DeleteFunc(q.terms, func(t asked) bool { return t.docs == 0 && !t.place })
	q.terms = q.terms[:min(len(q.terms), maxTerms)]
	all := 0.0
	for i, t := range q.terms {
		q.terms[i].share = math.Log(1 + (float64(docs-t.docs)+0.5)/(float64(t.docs)+0.5))
		all += q.terms[i].share
	}
	for i := range q.terms {
		q.terms[i].share *= one / all
	}
	q.norms.set(float64(words) / max(1, float64(docs)))
}

// Scores are counted in whole units, so that they are the same in whatever order
// they are added up.
const one = 1 << 40

// Of BM25: how little the next time counts that a record has a word, and how much its
// length takes away. Records are about as long as each other, so that is less than
// usual; docs/retrieval.md has the figures.
const (
	again   = 1.2
	shorten = 0.5
)

// norms are what the lengths of records take from their scores.
type norms struct {
	mean  float64
	table [512]float64
}

func (n *norms) set(mean float64) {
	n.mean = max(1, mean)
	for i := range n.table {
		n.table[i] = n.compute(uint32(i))
	}
}

func (n *norms) compute(length uint32) float64 {
	return again * (1 - shorten + shorten*float64(length)/n.mean)
}

func (n *norms) of(length uint32) float64 {
	if int(length) < len(n.table) {
		return n.table[length]
	}
	return n.compute(length)
}

// score is what a word adds to the score of a record of this length that has it this
// often.
func (n *norms) score(share float64, times, length uint32) uint64 {
	return uint64(share * (float64(times) / (float64(times) + n.of(length))))
}
