package retrieve

import (
	"cmp"
	"slices"
)

// How much the places of a record in the two lists count, and how slowly they lose
// value: the fifth behind the first is worth half. Words count some more because what
// they find has at least something of what was asked.
const (
	textShare   = 0.6
	vectorShare = 1 - textShare
	halfway     = 5
)

// Fuse makes one list of what the words found and what the vectors found, each the best
// first: the best of both first, ties in the order of the records' ids. A record's
// value in a list is its share of the best score there, less with its rank. What both
// values together make of the greater of the two best scores is its score: so the first
// of both lists keeps that, and where neither found anything good all scores are low.
// Without hits of one kind those of the other keep their scores.
func Fuse(texts, vectors []Hit, limit int) []Hit {
	limit = max(0, limit)
	if len(vectors) == 0 || len(texts) == 0 {
		hits := slices.Concat(texts, vectors)
		return hits[:min(len(hits), limit)]
	}
	values := make(map[string]float64, len(texts)+len(vectors))
	most := max(value(values, texts, textShare), value(values, vectors, vectorShare))
	hits := make([]Hit, 0, len(values))
	for record, value := range values {
		hits = append(hits, Hit{record, min(1, most*value)})
	}
	slices.SortFunc(hits, func(x, y Hit) int {
		return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(x.Record, y.Record))
	})
	return hits[:min(len(hits), limit)]
}

// value adds the values that records have by a list, and gives its best score.
func value(values map[string]float64, hits []Hit, share float64) float64 {
	best := hits[0].Score
	if best <= 0 {
		return 0
	}
	for rank, h := range hits {
		values[h.Record] += share * max(0, h.Score/best) * (halfway + 1) / float64(halfway+1+rank)
	}
	return best
}
