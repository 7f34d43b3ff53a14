package retrieve

import (
	"cmp"
	"slices"
)

// Fuse makes one list of what the words found and what the vectors found, the best
// first, ties in the order of the records' ids: the score of a record is the mean of
// both, where 0 stands for one that it does not have. Without hits of one kind those of
// the other keep their scores.
func Fuse(texts, vectors []Hit, limit int) []Hit {
	if len(vectors) == 0 || len(texts) == 0 {
		hits := slices.Concat(texts, vectors)
		return hits[:min(len(hits), max(0, limit))]
	}
	scores := make(map[string]float64, len(texts)+len(vectors))
	for _, h := range texts {
		scores[h.Record] += h.Score / 2
	}
	for _, h := range vectors {
		scores[h.Record] += h.Score / 2
	}
	hits := make([]Hit, 0, len(scores))
	for record, score := range scores {
		hits = append(hits, Hit{record, score})
	}
	slices.SortFunc(hits, func(x, y Hit) int {
		return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(x.Record, y.Record))
	})
	return hits[:min(len(hits), max(0, limit))]
}
