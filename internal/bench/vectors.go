package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve/vector"
)

// searchVectors is a row that compares the index of vectors, over the server's store,
// with a plain scan of the same vectors in memory, on one core.
type searchVectors struct {
	records, length, clusters, questions int
}

func (m searchVectors) measure(ctx context.Context, b *bench, r *Result) error {
	folder, err := b.newFolder()
	if err != nil {
		return err
	}
	spec := vectorsSpec{Folder: folder, Records: m.records, Length: m.length, Clusters: m.clusters}
	var took time.Duration
	p, err := b.start(ctx, "vectors", spec, &took)
	if err != nil {
		return err
	}
	r.notef("%d vectors of %d values around %d centres, %d questions a round; the first search after a start took %s",
		m.records, m.length, m.clusters, m.questions, took.Round(time.Millisecond))
	goals := []goal{{name: "search, mean", unit: "ms", kind: Ratio, limit: 0.5}}
	seed, recall := uint64(0), 0.0
	err = b.rounds(ctx, r, true, goals, func(last bool) ([]pair, error) {
		seed++
		var got vectorsReport
		err := b.profiled(last, p, func() error { return p.call("ask", vectorsQuestion{seed, m.questions}, &got) })
		recall = got.Recall
		return []pair{{millis(got.Ours), millis(got.Scan)}}, err
	})
	if err == nil {
		r.notef("recall %.4f of the ten that the scan finds, in the last round", recall)
	}
	return err
}

// vectorsSpec asks for a process that finds vectors.
type vectorsSpec struct {
	Folder                    string
	Records, Length, Clusters int
}

type vectorsQuestion struct {
	Seed      uint64
	Questions int
}

type vectorsReport struct {
	Ours, Scan time.Duration // of one question
	Recall     float64
}

// vectors is that process: what is in the store, and the same in memory.
type vectors struct {
	spec  vectorsSpec
	x     *indexed
	index *vector.Index
	plain [][]float32
}

const vectorSpace = "bench/clusters"

func findVectors(ctx context.Context, in json.RawMessage) (any, map[string]operation, error) {
	var spec vectorsSpec
	if err := json.Unmarshal(in, &spec); err != nil {
		return nil, nil, err
	}
	x, err := newIndexed(ctx, spec.Folder)
	if err != nil {
		return nil, nil, err
	}
	v := &vectors{spec: spec, x: x, index: vector.New(x.data, vector.Options{})}
	ops := map[string]operation{
		"ask": decoded(v.ask),
		"end": func(context.Context, json.RawMessage) (any, error) { return nil, x.close() },
	}
	if err := v.fill(ctx); err != nil {
		return nil, ops, err
	}
	began := time.Now()
	_, err = v.find(ctx, v.plain[0])
	return time.Since(began), ops, err
}

// around gives vector n, which lies around the centre of its cluster.
func (v *vectors) around(n int, seed uint64) []float32 {
	centre := rand.New(rand.NewPCG(uint64(n%v.spec.Clusters), 19))
	beside := rand.New(rand.NewPCG(uint64(n), seed))
	values := make([]float32, v.spec.Length)
	sum := 0.0
	for i := range values {
		x := centre.NormFloat64() + beside.NormFloat64()/2
		values[i] = float32(x)
		sum += x * x
	}
	for i := range values {
		values[i] /= float32(math.Sqrt(sum))
	}
	return values
}

// fill stores records with their vectors.
func (v *vectors) fill(ctx context.Context) error {
	after := int64(0)
	for first := 0; first < v.spec.Records; first += batch {
		n := min(batch, v.spec.Records-first)
		texts := make([]string, n)
		for i := range texts {
			texts[i] = fmt.Sprint("record ", first+i)
		}
		if err := v.x.add(ctx, first, texts); err != nil {
			return err
		}
		bare, err := v.x.data.Unembedded(ctx, benchTenant, measuredRecords.Dataset, vectorSpace, after, n)
		if err != nil {
			return err
		}
		made := make([]convo.Vector, len(bare))
		for i, r := range bare {
			v.plain = append(v.plain, v.around(first+i, 23))
			after = r.Change
			made[i] = convo.Vector{Record: r.ID, Change: r.Change, Values: v.plain[first+i]}
		}
		if err := v.x.data.PutVectors(ctx, benchTenant, measuredRecords.Dataset, vectorSpace, made); err != nil {
			return err
		}
	}
	return nil
}

func (v *vectors) find(ctx context.Context, question []float32) ([]string, error) {
	found, err := v.index.Search(ctx, measuredRecords, vectorSpace, question, hitsOfSearch, nil)
	ids := make([]string, len(found))
	for i, hit := range found {
		ids[i] = hit.Record
	}
	return ids, err
}

// scan is the baseline: it multiplies the question with every vector, and keeps the
// best.
func (v *vectors) scan(question []float32) []string {
	type best struct {
		near float32
		n    int
	}
	var kept []best
	for n, values := range v.plain {
		near := float32(0)
		for i, x := range values {
			near += x * question[i]
		}
		if len(kept) == hitsOfSearch && near <= kept[len(kept)-1].near {
			continue
		}
		at, _ := slices.BinarySearchFunc(kept, near, func(b best, near float32) int {
			if b.near > near {
				return -1
			}
			return 1
		})
		kept = slices.Insert(kept, at, best{near, n})
		kept = kept[:min(len(kept), hitsOfSearch)]
	}
	ids := make([]string, len(kept))
	for i, b := range kept {
		ids[i] = conversationID(b.n)
	}
	return ids
}

// ask asks questions that lie around the same centres.
func (v *vectors) ask(ctx context.Context, q vectorsQuestion) (any, error) {
	var report vectorsReport
	same := 0
	for i := range q.Questions {
		question := v.around(i*7919%v.spec.Records, 1000+q.Seed)
		began := time.Now()
		want := v.scan(question)
		middle := time.Now()
		got, err := v.find(ctx, question)
		if err != nil {
			return nil, err
		}
		report.Scan += middle.Sub(began)
		report.Ours += time.Since(middle)
		for _, id := range got {
			if slices.Contains(want, id) {
				same++
			}
		}
	}
	report.Ours /= time.Duration(q.Questions)
	report.Scan /= time.Duration(q.Questions)
	report.Recall = float64(same) / float64(q.Questions*hitsOfSearch)
	return report, nil
}
