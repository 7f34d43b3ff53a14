package fulltext_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/retrieve/fulltext"
)

// talk makes texts of words that are as frequent as those of a language.
type talk struct{ rng *rand.Rand }

func newTalk(seed uint64) talk { return talk{rand.New(rand.NewPCG(seed, 1))} }

func (s talk) word() string {
	return fmt.Sprintf("w%cx", 'a'+rune(s.rng.ExpFloat64()*3)%26) + fmt.Sprintf("%c", 'a'+rune(s.rng.ExpFloat64()*4)%26)
}

func (s talk) say(words int) string {
	all := make([]string, words)
	for i := range all {
		all[i] = s.word()
	}
	return strings.Join(all, " ")
}

// counted are the words of records, counted one after the other.
type counted struct {
	records []convo.Record
	counts  map[string]map[string]float64 // of the words of each record
	lengths map[string]float64
	docs    map[string]float64 // that have a word
	words   float64
}

func count(records []convo.Record) counted {
	counts, lengths, docs := map[string]map[string]float64{}, map[string]float64{}, map[string]float64{}
	words := 0.0
	for _, r := range records {
		counts[r.ID] = map[string]float64{}
		for _, w := range strings.Fields(r.Text) {
			if counts[r.ID][w] == 0 {
				docs[w]++
			}
			counts[r.ID][w]++
			lengths[r.ID]++
			words++
		}
	}
	return counted{records, counts, lengths, docs, words}
}

// plain scores the records as docs/retrieval.md says.
func (c counted) plain(query string, limit int) []retrieve.Hit {
	records, counts, lengths, docs, words := c.records, c.counts, c.lengths, c.docs, c.words
	asked := map[string]float64{}
	all := 0.0
	for _, w := range strings.Fields(query) {
		if asked[w] == 0 {
			asked[w] = math.Log(1 + (float64(len(records))-docs[w]+0.5)/(docs[w]+0.5))
			all += asked[w]
		}
	}
	var hits []retrieve.Hit
	for _, r := range records {
		score := 0.0
		for w, weight := range asked {
			if n := counts[r.ID][w]; n > 0 {
				score += weight / all * n / (n + 1.2*(1-0.5+0.5*lengths[r.ID]/(words/float64(len(records)))))
			}
		}
		if score > 0 {
			hits = append(hits, retrieve.Hit{Record: r.ID, Score: score})
		}
	}
	slices.SortFunc(hits, func(x, y retrieve.Hit) int {
		if d := y.Score - x.Score; math.Abs(d) > 1e-9 {
			return int(math.Copysign(1, d))
		}
		return strings.Compare(x.Record, y.Record)
	})
	return hits[:min(limit, len(hits))]
}

// same holds hits against those of plain, which adds scores up in another order.
func same(got, want []retrieve.Hit) bool {
	return slices.EqualFunc(got, want, func(x, y retrieve.Hit) bool {
		return x.Record == y.Record && math.Abs(x.Score-y.Score) < 1e-6
	})
}

func TestHitsAreThoseOfAPlainScan(t *testing.T) {
	t.Parallel()
	k := newKept()
	ix := newIndex(t, k, fulltext.Options{})
	s := newTalk(7)
	records := map[string]convo.Record{}
	for round := range 40 {
		for range s.rng.IntN(400) {
			r := record(fmt.Sprintf("r%06d", s.rng.IntN(10000)), s.say(1+s.rng.IntN(60)))
			records[r.ID] = r
			k.put(here, r)
		}
		for id := range records {
			if s.rng.IntN(15) == 0 {
				delete(records, id)
				k.del(here, id)
			}
		}
		var all []convo.Record
		for _, r := range records {
			all = append(all, r)
		}
		scan := count(all)
		for range 5 {
			query, limit := s.say(1+s.rng.IntN(6)), 1+s.rng.IntN(30)
			got, err := ix.Search(t.Context(), here, retrieve.Query{Text: query, Limit: limit})
			if err != nil {
				t.Fatal(err)
			}
			if want := scan.plain(query, limit); !same(got, want) {
				t.Fatalf("round %d, %d records, %q:\n got %v\nwant %v", round, len(all), query, got, want)
			}
		}
	}
}
