package engine

import (
	"context"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
)

// sieve keeps of the hits of indexes those whose records are what is looked for, as
// they are now.
type sieve struct {
	engine *Engine
	in     retrieve.Collection
	want   finding
	must   []string
	rest   []Condition
	found  []Found
}

// sieveStep is how many records are read at once.
const sieveStep = 64

// take goes through hits, the best first; done says that no more are needed. It
// begins anew: with more hits, fused scores may be others.
func (s *sieve) take(ctx context.Context, hits []retrieve.Hit) (done bool, err error) {
	s.found = nil
	for step := range slices.Chunk(hits, sieveStep) {
		records, err := s.read(ctx, step)
		if err != nil {
			return false, err
		}
		for _, h := range step {
			if h.Score < s.want.MinScore {
				return true, nil
			}
			if r, ok := records[h.Record]; ok && s.holds(r) {
				s.found = append(s.found, Found{r, h.Score})
			}
			if len(s.found) == s.want.Records {
				return true, nil
			}
		}
	}
	return false, nil
}

func (s *sieve) read(ctx context.Context, hits []retrieve.Hit) (map[string]convo.Record, error) {
	ids := make([]string, len(hits))
	for i, h := range hits {
		ids[i] = h.Record
	}
	list, err := s.engine.store.RecordsByID(ctx, s.in.Tenant, s.in.Dataset, ids)
	if err == nil && s.in.Dataset == convo.MemoryDataset {
		list, err = s.engine.remembered(ctx, s.in.Tenant, list)
	}
	records := make(map[string]convo.Record, len(list))
	for _, r := range list {
		records[r.ID] = r
	}
	return records, err
}

// holds reports whether a record is to be found, and is not the same piece of a file
// once more: while a file is indexed anew, its old records are there beside the new
// ones.
func (s *sieve) holds(r convo.Record) bool {
	if len(s.must) > 0 {
		tags := r.Tags()
		for _, tag := range s.must {
			if !slices.Contains(tags, tag) {
				return false
			}
		}
	}
	if !matchConditions(r.Meta, s.rest) {
		return false
	}
	return r.File == "" || !slices.ContainsFunc(s.found, func(f Found) bool {
		return f.Record.File == r.File && f.Record.Upload != r.Upload && f.Record.Text == r.Text
	})
}

// within gives what was found and fits into so many tokens: the best record whatever
// its size, and of the others those that have room behind the better ones.
func (s *sieve) within(tokens int) []Found {
	if tokens < 0 || len(s.found) == 0 {
		return s.found
	}
	kept := s.found[:1:1]
	left := int64(tokens) - estimate(len(s.found[0].Record.Text))
	for _, f := range s.found[1:] {
		if n := estimate(len(f.Record.Text)); n <= left {
			kept, left = append(kept, f), left-n
		}
	}
	return kept
}
