package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// searchText is a row that asks the same questions of the server's full text and of
// SQLite's FTS5, over the same records, while a writer adds some to each.
type searchText struct {
	records, questions int
	pace               time.Duration // of the writer
}

// How long records and questions are, in words.
const (
	recordWords  = 80
	fewestAsked  = 3
	mostAsked    = 8
	hitsOfSearch = 10
)

func (m searchText) measure(ctx context.Context, b *bench, r *Result) error {
	ours, err := m.searcher(ctx, b, false)
	if err != nil {
		return err
	}
	fts, err := m.searcher(ctx, b, true)
	if err != nil {
		return err
	}
	r.notef("%d records of %d words, %d questions a round, %d at once; a record is added every %s", m.records, recordWords, m.questions, runtime.NumCPU(), m.pace)
	goals := []goal{
		{name: "search, p50", unit: "ms", kind: Ratio, limit: 0.05},
		{name: "search, p99", unit: "ms", kind: Ratio, limit: 0.05},
	}
	seed := uint64(0)
	return b.rounds(ctx, r, true, goals, func(last bool) ([]pair, error) {
		seed++
		spec := questionsSpec{Seed: seed, Questions: m.questions, Pace: m.pace, Limit: hitsOfSearch}
		var base, subject questionsReport
		if err := fts.call("ask", spec, &base); err != nil {
			return nil, err
		}
		err := b.profiled(last, ours, func() error { return ours.call("ask", spec, &subject) })
		return []pair{{millis(subject.P50), millis(base.P50)}, {millis(subject.P99), millis(base.P99)}}, err
	})
}

// searcher starts a process that has the records.
func (m searchText) searcher(ctx context.Context, b *bench, baseline bool) (*process, error) {
	folder, err := b.newFolder()
	if err != nil {
		return nil, err
	}
	var took time.Duration
	p, err := b.start(ctx, "searcher", searcherSpec{Folder: folder, Baseline: baseline, Records: m.records}, &took)
	if err == nil {
		b.logf("%s: %d records stored and indexed in %s", b.name, m.records, took.Round(time.Millisecond))
	}
	return p, err
}

// searcherSpec asks for a process that finds records.
type searcherSpec struct {
	Folder   string
	Baseline bool // SQLite's FTS5
	Records  int
}

// searcher is that process. Its records are the same in each.
type searcher struct {
	words   *prose
	added   int
	records finder
}

// finder is what is measured.
type finder interface {
	// add stores records, numbered from first on.
	add(ctx context.Context, first int, texts []string) error
	// find says how many records it found.
	find(ctx context.Context, words []string, limit int) (int, error)
	close() error
}

func findRecords(ctx context.Context, in json.RawMessage) (any, map[string]operation, error) {
	var spec searcherSpec
	if err := json.Unmarshal(in, &spec); err != nil {
		return nil, nil, err
	}
	s := &searcher{words: newProse()}
	var err error
	if spec.Baseline {
		s.records, err = newTable(spec.Folder)
	} else {
		s.records, err = newIndexed(ctx, spec.Folder)
	}
	if err != nil {
		return nil, nil, err
	}
	ops := map[string]operation{
		"ask": decoded(s.ask),
		"end": func(context.Context, json.RawMessage) (any, error) { return nil, s.records.close() },
	}
	began := time.Now()
	for s.added < spec.Records {
		if err := s.add(ctx, min(1000, spec.Records-s.added)); err != nil {
			return nil, ops, err
		}
	}
	_, err = s.records.find(ctx, s.question(1), hitsOfSearch)
	return time.Since(began), ops, err
}

// add stores the next n records.
func (s *searcher) add(ctx context.Context, n int) error {
	texts := make([]string, n)
	for i := range texts {
		rng := rand.New(rand.NewPCG(uint64(s.added+i), 13))
		texts[i] = strings.Join(s.draw(recordWords, rng), " ")
	}
	first := s.added
	s.added += n
	return s.records.add(ctx, first, texts)
}

// draw gives words as they are said.
func (s *searcher) draw(n int, rng *rand.Rand) []string {
	words := make([]string, n)
	for i := range words {
		words[i] = s.words.words[s.words.table[rng.Uint32()&(tableSize-1)]]
	}
	return words
}

// question gives words of the records.
func (s *searcher) question(seed uint64) []string {
	rng := rand.New(rand.NewPCG(seed, 17))
	return s.draw(fewestAsked+rng.IntN(mostAsked-fewestAsked+1), rng)
}

// questionsSpec asks for searches, as many at once as there are processors.
type questionsSpec struct {
	Seed      uint64
	Questions int
	Limit     int
	Pace      time.Duration
}

type questionsReport struct{ P50, P99 time.Duration }

func (s *searcher) ask(ctx context.Context, spec questionsSpec) (any, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	written := s.write(ctx, cancel, spec.Pace)
	took := make([]time.Duration, spec.Questions)
	var all sync.WaitGroup
	readers := runtime.NumCPU()
	for reader := range readers {
		all.Go(func() {
			for i := reader; i < len(took) && ctx.Err() == nil; i += readers {
				words := s.question(spec.Seed<<20 + uint64(i))
				began := time.Now()
				n, err := s.records.find(ctx, words, spec.Limit)
				took[i] = time.Since(began)
				if err == nil && n == 0 {
					err = fmt.Errorf("nothing is found for %q", words)
				}
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	err := context.Cause(ctx)
	cancel(nil)
	<-written
	slices.Sort(took)
	return questionsReport{took[len(took)/2], took[len(took)*99/100]}, err
}

// write adds records until the context ends.
func (s *searcher) write(ctx context.Context, fail context.CancelCauseFunc, pace time.Duration) (ended <-chan struct{}) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(pace)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if err := s.add(ctx, 1); err != nil && !errors.Is(err, context.Canceled) {
					fail(err)
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return done
}
