package fulltext_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/retrieve/fulltext"
)

// counting counts how often segments are listed, and read.
type counting struct {
	*kept
	lists, reads atomic.Int64
}

func (c *counting) Segments(ctx context.Context, tenant, name, index string) ([]convo.Segment, error) {
	c.lists.Add(1)
	return c.kept.Segments(ctx, tenant, name, index)
}

func (c *counting) ReadSegment(ctx context.Context, tenant, name, index, id string, p []byte, offset int64) (int, error) {
	c.reads.Add(1)
	return c.kept.ReadSegment(ctx, tenant, name, index, id, p, offset)
}

func TestOfACollectionLargerThanTheMemoryAsMuchIsHeldAsFits(t *testing.T) {
	t.Parallel()
	const memory = 640 << 10
	k := &counting{kept: newKept()}
	fill(k.kept, here, 0, 12_000)
	first := fulltext.New(k, fulltext.Options{Memory: memory})
	found(t, first, "1000001")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	size := 0
	for _, s := range k.datasets[here].segments {
		size += len(s.data)
	}
	if size < memory*5/4 || len(k.datasets[here].segments) < 6 {
		t.Fatalf("%d bytes in %d segments are not enough to say anything", size, len(k.datasets[here].segments))
	}
	ix := fulltext.New(k, fulltext.Options{Memory: memory})
	found(t, ix, "1000001")
	k.lists.Store(0)
	k.reads.Store(0)
	const searches = 20
	for i := range searches {
		if got := fmt.Sprint(found(t, ix, fmt.Sprint(1_000_500+i))); got != fmt.Sprintf("[r%06d]", 500+i) {
			t.Error(got)
		}
	}
	// Each search counts first and scores then.
	if lists, reads := k.lists.Load(), k.reads.Load(); lists > 0 || reads > searches*2*int64(len(k.datasets[here].segments))*3/4 {
		t.Errorf("%d searches list the segments %d times and read %d of %d", searches, lists, reads, len(k.datasets[here].segments))
	}
	// What another collection needs is made room for.
	other := retrieve.Collection{Tenant: "t", Dataset: "other"}
	fill(k.kept, other, 0, 4000)
	if hits, err := ix.Search(t.Context(), other, retrieve.Query{Text: "1000077", Limit: 3}); err != nil || len(hits) != 1 {
		t.Errorf("%v, %v", hits, err)
	}
	if got := fmt.Sprint(found(t, ix, "1000007")); got != "[r000007]" {
		t.Error(got)
	}
	if err := ix.Close(); err != nil {
		t.Error(err)
	}
}
