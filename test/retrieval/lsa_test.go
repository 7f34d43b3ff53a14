//go:build !race

package retrieval

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
)

// lsa is latent semantic analysis: vectors made of which words stand together in the
// records themselves. It takes the place of a model of embeddings where there is none.
type lsa struct {
	terms  map[string]int
	weight []float64   // of each term
	axes   [][]float64 // of each term, its place in the space
	ids    []string
	docs   [][]float64
}

// How many values a vector has, and how often the space is turned toward the records.
const (
	dimensions = 100
	turns      = 3
)

type entry struct {
	term  int
	value float64
}

func newLSA(records []convo.Record) *lsa {
	l := &lsa{terms: map[string]int{}}
	counts := make([]map[int]float64, len(records))
	var docs []float64
	for i, r := range records {
		l.ids = append(l.ids, r.ID)
		counts[i] = map[int]float64{}
		for _, w := range plainWords(r.Title + " " + r.Text) {
			t, ok := l.terms[w]
			if !ok {
				t = len(l.terms)
				l.terms[w] = t
				docs = append(docs, 0)
			}
			if counts[i][t]++; counts[i][t] == 1 {
				docs[t]++
			}
		}
	}
	for _, n := range docs {
		l.weight = append(l.weight, math.Log(float64(len(records))/n))
	}
	rows := make([][]entry, len(records))
	for i := range counts {
		rows[i] = l.row(counts[i])
	}
	l.turn(rows)
	for _, row := range rows {
		l.docs = append(l.docs, l.place(row))
	}
	return l
}

// row is a text as the weights of its words, of length 1.
func (l *lsa) row(counts map[int]float64) []entry {
	var row []entry
	sum := 0.0
	for t, n := range counts {
		v := (1 + math.Log(n)) * l.weight[t]
		row = append(row, entry{t, v})
		sum += v * v
	}
	slices.SortFunc(row, func(x, y entry) int { return x.term - y.term })
	for i := range row {
		row[i].value /= math.Sqrt(max(sum, 1e-12))
	}
	return row
}

// turn finds the space in which the records differ most: that of the greatest singular
// vectors, by iterating from a random one.
func (l *lsa) turn(rows [][]entry) {
	rng := rand.New(rand.NewPCG(1, 2))
	l.axes = make([][]float64, len(l.terms))
	for t := range l.axes {
		l.axes[t] = make([]float64, dimensions)
		for d := range l.axes[t] {
			l.axes[t][d] = rng.NormFloat64()
		}
	}
	orthogonal(l.axes)
	for range turns {
		next := make([][]float64, len(l.axes))
		for t := range next {
			next[t] = make([]float64, dimensions)
		}
		for _, row := range rows {
			at := l.sum(row)
			for _, e := range row {
				for d, v := range at {
					next[e.term][d] += e.value * v
				}
			}
		}
		l.axes = next
		orthogonal(l.axes)
	}
}

// sum is where a row is.
func (l *lsa) sum(row []entry) []float64 {
	at := make([]float64, dimensions)
	for _, e := range row {
		for d, v := range l.axes[e.term] {
			at[d] += e.value * v
		}
	}
	return at
}

// place is the same with length 1.
func (l *lsa) place(row []entry) []float64 {
	at := l.sum(row)
	length := math.Sqrt(max(dot(at, at), 1e-12))
	for d := range at {
		at[d] /= length
	}
	return at
}

// orthogonal makes the columns of a matrix orthogonal, of length 1.
func orthogonal(rows [][]float64) {
	columns := make([][]float64, dimensions)
	for c := range columns {
		columns[c] = make([]float64, len(rows))
		for i, row := range rows {
			columns[c][i] = row[c]
		}
		for range 2 { // once is not exact enough
			for _, before := range columns[:c] {
				subtract(columns[c], before, dot(columns[c], before))
			}
		}
		length := math.Sqrt(max(dot(columns[c], columns[c]), 1e-12))
		for i, row := range rows {
			columns[c][i] /= length
			row[c] = columns[c][i]
		}
	}
}

func dot(x, y []float64) (sum float64) {
	for i, v := range x {
		sum += v * y[i]
	}
	return sum
}

func subtract(x, y []float64, times float64) {
	for i, v := range y {
		x[i] -= times * v
	}
}

// search gives the records nearest to a text.
func (l *lsa) search(text string, limit int) []retrieve.Hit {
	counts := map[int]float64{}
	for _, w := range plainWords(text) {
		if t, ok := l.terms[w]; ok {
			counts[t]++
		}
	}
	at := l.place(l.row(counts))
	hits := make([]retrieve.Hit, len(l.docs))
	for i, doc := range l.docs {
		hits[i] = retrieve.Hit{Record: l.ids[i], Score: min(1, max(0, dot(doc, at)))}
	}
	slices.SortStableFunc(hits, func(x, y retrieve.Hit) int { return cmp.Compare(y.Score, x.Score) })
	return hits[:limit]
}

// plainWords are runs of letters and digits in lower case, without the ending of a
// plural.
func plainWords(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, w := range words {
		if len(w) > 3 {
			words[i] = strings.TrimSuffix(w, "s")
		}
	}
	return words
}
