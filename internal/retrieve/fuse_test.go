package retrieve_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/parleyhq/parley/internal/retrieve"
)

func TestTheFirstOfBothListsKeepsTheBetterScore(t *testing.T) {
	t.Parallel()
	got := retrieve.Fuse([]retrieve.Hit{{Record: "a", Score: 0.4}, {Record: "b", Score: 0.3}},
		[]retrieve.Hit{{Record: "a", Score: 0.8}, {Record: "c", Score: 0.8}}, 10)
	if len(got) != 3 || got[0] != (retrieve.Hit{Record: "a", Score: 0.8}) {
		t.Fatal(got)
	}
	if got[1].Record != "b" || got[2].Record != "c" {
		t.Error(got)
	}
}

func TestOneKindAloneKeepsItsScores(t *testing.T) {
	t.Parallel()
	hits := []retrieve.Hit{{Record: "b", Score: 0.4}, {Record: "a", Score: 0.3}}
	for _, got := range [][]retrieve.Hit{retrieve.Fuse(hits, nil, 9), retrieve.Fuse(nil, hits, 9)} {
		if !slices.Equal(got, hits) {
			t.Error(got)
		}
	}
	if got := retrieve.Fuse(hits, nil, 1); len(got) != 1 {
		t.Error(got)
	}
	if got := retrieve.Fuse(nil, nil, 1); len(got) != 0 {
		t.Error(got)
	}
}

// Whatever is fused, better in one list is not worse in the result.
func TestFusedScoresKeepTheirBounds(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	list := func() []retrieve.Hit {
		var hits []retrieve.Hit
		for _, i := range rng.Perm(30)[:rng.IntN(20)] {
			hits = append(hits, retrieve.Hit{Record: fmt.Sprint(i), Score: rng.Float64() * float64(rng.IntN(2))})
		}
		slices.SortFunc(hits, func(x, y retrieve.Hit) int { return cmp.Compare(y.Score, x.Score) })
		return hits
	}
	for range 1000 {
		texts, vectors, limit := list(), list(), rng.IntN(20)
		got := retrieve.Fuse(texts, vectors, limit)
		if len(got) > limit {
			t.Fatalf("%d of %d", len(got), limit)
		}
		for i, h := range got {
			if h.Score < 0 || h.Score > 1 || i > 0 && h.Score > got[i-1].Score {
				t.Fatalf("%v and %v make %v", texts, vectors, got)
			}
		}
	}
}
