package vector_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/retrieve/vector"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// kept is a store of vectors in memory, as far as the index needs one.
type kept struct {
	mu      sync.Mutex
	number  int64
	change  int64
	forgot  int64
	stored  int64
	changes []convo.RecordChange
	vectors []convo.Vector
	fail    error
	reads   int
}

var here = retrieve.Collection{Tenant: "a", Dataset: "d"}

const space = "service/model"

func newKept() *kept { return &kept{number: 1} }

// put stores a record with a vector.
func (k *kept) put(id string, values ...float32) {
	k.touch(id)
	k.embed(id, values...)
}

// touch changes a record, which has no vector then.
func (k *kept) touch(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.change++
	k.vectors = slices.DeleteFunc(k.vectors, func(v convo.Vector) bool { return v.Record == id })
	k.changes = slices.DeleteFunc(k.changes, func(c convo.RecordChange) bool { return c.ID == id })
	k.changes = append(k.changes, convo.RecordChange{Change: k.change, ID: id})
}

// embed stores the vector of a record as it is.
func (k *kept) embed(id string, values ...float32) {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := slices.IndexFunc(k.changes, func(c convo.RecordChange) bool { return c.ID == id })
	k.stored++
	k.vectors = append(k.vectors, convo.Vector{Record: id, Change: k.changes[i].Change, Stored: k.stored, Values: values})
}

func (k *kept) Collection(_ context.Context, tenant, dataset string) (convo.Collection, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if (retrieve.Collection{Tenant: tenant, Dataset: dataset}) != here {
		return convo.Collection{}, k.fail
	}
	return convo.Collection{Number: k.number, Change: k.change, Forgotten: k.forgot}, k.fail
}

func (k *kept) RecordChanges(_ context.Context, _, _ string, after int64, limit int) ([]convo.RecordChange, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if after < k.forgot {
		return nil, convo.Errorf(convo.Conflict, "begin again")
	}
	var list []convo.RecordChange
	for _, c := range k.changes {
		if c.Change > after && len(list) < limit {
			list = append(list, c)
		}
	}
	return list, k.fail
}

func (k *kept) Spaces(_ context.Context, tenant, dataset string) (map[string]int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if (retrieve.Collection{Tenant: tenant, Dataset: dataset}) != here || len(k.vectors) == 0 {
		return nil, k.fail
	}
	return map[string]int{space: len(k.vectors[0].Values)}, k.fail
}

func (k *kept) Vectors(_ context.Context, _, _, _ string, after int64, limit int) ([]convo.Vector, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reads++
	first, _ := slices.BinarySearchFunc(k.vectors, after+1, func(v convo.Vector, at int64) int { return int(v.Stored - at) })
	return slices.Clone(k.vectors[first:min(first+limit, len(k.vectors))]), k.fail
}

func open(t *testing.T, k *kept, memory int64) *vector.Index {
	t.Helper()
	ix := vector.New(k, vector.Options{Memory: memory})
	t.Cleanup(func() { _ = ix.Close() })
	return ix
}

func search(t *testing.T, ix *vector.Index, limit int, values ...float32) []string {
	t.Helper()
	hits, err := ix.Search(t.Context(), here, space, values, limit, nil)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i, h := range hits {
		if h.Score <= 0 || h.Score > 1 || i > 0 && h.Score > hits[i-1].Score {
			t.Errorf("the hits are %v", hits)
		}
		ids = append(ids, h.Record)
	}
	return ids
}

func equal(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestASearchSeesWhatWasStoredBeforeIt(t *testing.T) {
	t.Parallel()
	k := newKept()
	ix := open(t, k, 0)
	equal(t, "nothing", search(t, ix, 9, 1, 0))
	k.put("1", 1, 0)
	k.put("2", 0.6, 0.8)
	k.put("3", -1, 0)
	equal(t, "the nearest first, none on the other side", search(t, ix, 9, 2, 0.1), "1", "2")
	equal(t, "one", search(t, ix, 1, 0, 1), "2")
	k.touch("1")
	equal(t, "without a record that has changed", search(t, ix, 9, 1, 0), "2")
	k.put("4", 1, 0)
	k.embed("1", 1, 0) // late: its change is older than what was read
	equal(t, "with one that was stored late, ties by id", search(t, ix, 9, 1, 0), "1", "4", "2")
	k.mu.Lock()
	k.number, k.change, k.changes, k.vectors = 2, 0, nil, nil
	k.mu.Unlock()
	k.put("5", 1, 1)
	equal(t, "of a dataset that was made again", search(t, ix, 9, 1, 0), "5")
	k.put("6", 1, 0)
	k.mu.Lock()
	k.forgot = k.change
	k.mu.Unlock()
	k.touch("5")
	equal(t, "where changes are not told any more", search(t, ix, 9, 1, 0), "6")
}

func TestOtherDatasetsSpacesAndLengthsFindNothing(t *testing.T) {
	t.Parallel()
	k := newKept()
	k.put("1", 1, 0)
	ix := open(t, k, 0)
	for _, c := range []retrieve.Collection{{Tenant: "b", Dataset: "d"}, {Tenant: "a", Dataset: "e"}} {
		if hits, err := ix.Search(t.Context(), c, space, []float32{1, 0}, 9, nil); err != nil || len(hits) > 0 {
			t.Errorf("%v: %v, %v", c, hits, err)
		}
	}
	if hits, err := ix.Search(t.Context(), here, "other", []float32{1, 0}, 9, nil); err != nil || len(hits) > 0 {
		t.Errorf("another space: %v, %v", hits, err)
	}
	for _, v := range [][]float32{{1, 0, 0}, {1}, {0, 0}} {
		if _, err := ix.Search(t.Context(), here, space, v, 9, nil); convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("%v: %v", v, err)
		}
	}
}

func TestAFailureOfTheStoreIsToldAndForgotten(t *testing.T) {
	t.Parallel()
	k := newKept()
	k.put("1", 1, 0)
	ix := open(t, k, 0)
	k.fail = errors.New("no disk")
	if _, err := ix.Search(t.Context(), here, space, []float32{1, 0}, 9, nil); !errors.Is(err, k.fail) {
		t.Errorf("%v", err)
	}
	k.fail = nil
	equal(t, "again", search(t, ix, 9, 1, 0), "1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ix.Search(ctx, here, space, []float32{1, 0}, 9, nil); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	_ = ix.Close()
	if _, err := ix.Search(t.Context(), here, space, []float32{1, 0}, 9, nil); err == nil {
		t.Error("a closed index answers")
	}
}

// clustered makes vectors that lie around some centres, and questions beside them.
func clustered(k *kept, n, centres, length int) (questions [][]float32) {
	random := rand.New(rand.NewPCG(1, 2))
	around := func(centre []float32) []float32 {
		v := make([]float32, length)
		for i := range v {
			v[i] = float32(random.NormFloat64())
			if centre != nil {
				v[i] = centre[i] + v[i]/2
			}
		}
		return v
	}
	middles := make([][]float32, centres)
	for i := range middles {
		middles[i] = around(nil)
	}
	for i := range n {
		id := fmt.Sprintf("%06d", i)
		k.change, k.stored = k.change+1, k.stored+1
		k.changes = append(k.changes, convo.RecordChange{Change: k.change, ID: id})
		k.vectors = append(k.vectors, convo.Vector{Record: id, Change: k.change, Stored: k.stored, Values: around(middles[i%centres])})
	}
	for i := range 50 {
		questions = append(questions, around(middles[i*7%centres]))
	}
	return questions
}

func TestASketchedSpaceFindsNearlyAllThatALookAtEveryVectorFinds(t *testing.T) {
	t.Parallel()
	k := newKept()
	questions := clustered(k, 9000, 90, 300)
	ix, exact := open(t, k, 0), open(t, k, 1) // which has no room, and reads all
	same, all := 0, 0
	for _, q := range questions {
		want := search(t, exact, 10, q...)
		for _, id := range search(t, ix, 10, q...) {
			if slices.Contains(want, id) {
				same++
			}
		}
		all += len(want)
	}
	if share := float64(same) / float64(all); share < 0.98 || all != 500 {
		t.Errorf("%d of %d are found", same, all)
	}
}

// Their sketches alone would find few of those that are far from the question.
func TestASearchAmongSomeRecordsLooksAtEachOfThem(t *testing.T) {
	t.Parallel()
	k := newKept()
	q := clustered(k, 5000, 50, 260)[0]
	ix, exact := open(t, k, 0), open(t, k, 1)
	for what, among := range map[string][]string{
		"few":            {"004242", "000017", "000001", "no such record"},
		"some hundreds":  ids(0, 400),
		"nearly all":     ids(10, 5000),
		"none":           {},
		"none there are": {"no such record"},
	} {
		got, err := ix.Search(t.Context(), here, space, q, 10, among)
		want, failed := exact.Search(t.Context(), here, space, q, 10, among)
		if err != nil || failed != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v; %v, %v", what, got, want, err, failed)
		}
		for _, h := range got {
			if !slices.Contains(among, h.Record) {
				t.Errorf("%s: %s was not among them", what, h.Record)
			}
		}
	}
}

func ids(from, to int) (list []string) {
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf("%06d", i))
	}
	return list
}

func TestSpacesThatWereNotUsedGiveTheirMemoryBack(t *testing.T) {
	t.Parallel()
	k := newKept()
	for i := range 100 {
		k.put(fmt.Sprint(i), float32(i), 1)
	}
	ix := open(t, k, 100*(2+200))
	equal(t, "held", search(t, ix, 1, 0, 1), "0")
	k.mu.Lock()
	k.reads = 0
	k.mu.Unlock()
	equal(t, "again", search(t, ix, 1, 0, 1), "0")
	if k.reads > 60 { // what is new, and each of the nearest
		t.Errorf("a search that holds all reads %d times", k.reads)
	}
	for i := range 100 {
		k.put(fmt.Sprint(100+i), float32(-i), 1)
	}
	equal(t, "too large", search(t, ix, 1, 0, 1), "0")
}

func TestManySearchAndStoreAtOnce(t *testing.T) {
	t.Parallel()
	k := newKept()
	ix := open(t, k, 0)
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 50 {
				id := fmt.Sprintf("%d-%d", worker, i)
				k.put(id, float32(worker)+1, float32(i)+1)
				hits, err := ix.Search(t.Context(), here, space, []float32{float32(worker) + 1, float32(i) + 1}, 60, nil)
				if err != nil || !slices.ContainsFunc(hits, func(h retrieve.Hit) bool { return h.Record == id }) {
					t.Errorf("%s is not found: %v", id, err)
				}
			}
		})
	}
	group.Wait()
}
