package fulltext_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/retrieve/fulltext"
)

// fill stores records of 40 words, one of which is its number.
func fill(k *kept, c retrieve.Collection, first, n int) {
	s := newTalk(uint64(first + 1))
	for i := first; i < first+n; i++ {
		k.put(c, record(fmt.Sprintf("r%06d", i), fmt.Sprintf("%s %d", s.say(39), 1_000_000+i)))
	}
}

func TestADamagedSegmentIsMadeAgain(t *testing.T) {
	t.Parallel()
	k := newKept()
	fill(k, here, 0, 5000)
	first := fulltext.New(k, fulltext.Options{})
	found(t, first, "1000001")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	for id, s := range k.dataset(here.Tenant, here.Dataset).segments {
		s.data[len(s.data)/2] ^= 1
		k.datasets[here].segments[id] = s
	}
	second := newIndex(t, k, fulltext.Options{})
	fill(k, here, 5000, 5000)
	for _, i := range []int{0, 2500, 4999, 9999} {
		if got := fmt.Sprint(found(t, second, fmt.Sprint(1_000_000+i))); got != fmt.Sprintf("[r%06d]", i) {
			t.Errorf("%d finds %s", i, got)
		}
	}
}

// broken is a store that cannot write segments.
type broken struct {
	*kept
	tried atomic.Int64
}

func (b *broken) PutSegment(context.Context, string, string, string, convo.Segment, []byte, []string) error {
	b.tried.Add(1)
	return errors.New("the disk is full")
}

func TestASearchNeedsNoSegmentToBeStored(t *testing.T) {
	t.Parallel()
	b := &broken{kept: newKept()}
	ix := fulltext.New(b, fulltext.Options{})
	fill(b.kept, here, 0, 12_000)
	if got := fmt.Sprint(found(t, ix, "1000777")); got != "[r000777]" {
		t.Error(got)
	}
	if err := ix.Close(); err == nil || b.tried.Load() == 0 {
		t.Errorf("after %d tries to store segments: %v", b.tried.Load(), err)
	}
}

// Many collections share the memory, and each may be larger than its share.
// What other tests take would be counted, so it is alone.
func TestTheMemoryIsBounded(t *testing.T) {
	const memory, collections, records = 768 << 10, 9, 4000
	k := newKept()
	name := func(i int) retrieve.Collection {
		return retrieve.Collection{Tenant: "t", Dataset: fmt.Sprint(i)}
	}
	for i := range collections {
		fill(k, name(i), i*records, records)
	}
	before := heap()
	ix := fulltext.New(k, fulltext.Options{Memory: memory})
	size := 0
	for round := range 2 {
		for i := range collections {
			number := i*records + round*17
			hits, err := ix.Search(t.Context(), name(i), retrieve.Query{Text: fmt.Sprint(1_000_000 + number), Limit: 3})
			if err != nil || len(hits) != 1 || hits[0].Record != fmt.Sprintf("r%06d", number) {
				t.Fatalf("%v, %v", hits, err)
			}
		}
	}
	stored := 0
	for i := range collections {
		for _, s := range k.datasets[name(i)].segments {
			size += len(s.data)
			stored += len(s.data)
		}
	}
	held := heap() - before - stored // the store of this test is in memory too
	t.Logf("%d bytes of segments stored; the index holds %d", size, held)
	if size < 3*memory {
		t.Errorf("%d bytes are not enough to say anything", size)
	}
	if held > 3*memory {
		t.Errorf("the index holds %d bytes of %d", held, memory)
	}
	if err := ix.Close(); err != nil {
		t.Error(err)
	}
}

func heap() int {
	runtime.GC()
	runtime.GC() // what pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func TestInlineRecordsAreFound(t *testing.T) {
	t.Parallel()
	x := fulltext.Build([]convo.Record{record("b", "apple"), record("a", "apple"), record("c", "pear")})
	hits := x.Search(retrieve.Query{Text: "apple", Limit: 9})
	if len(hits) != 2 || hits[0].Record != "a" || hits[1].Record != "b" {
		t.Error(hits)
	}
	if hits := fulltext.Build(nil).Search(retrieve.Query{Text: "apple", Limit: 9}); len(hits) != 0 {
		t.Error(hits)
	}
}
