package fulltext

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/memory"
)

// gated is a store whose methods can be held up, or fail.
type gated struct {
	store.Store
	put  func() error
	read func()
	list func()
}

func (g *gated) PutSegment(
	ctx context.Context, tenant, dataset, index string, s convo.Segment, data []byte, instead []string,
) error {
	if g.put != nil {
		if err := g.put(); err != nil {
			return err
		}
	}
	return g.Store.PutSegment(ctx, tenant, dataset, index, s, data, instead)
}

func (g *gated) ReadSegment(ctx context.Context, tenant, dataset, index, id string, p []byte, offset int64) (int, error) {
	if g.read != nil {
		g.read()
	}
	return g.Store.ReadSegment(ctx, tenant, dataset, index, id, p, offset)
}

func (g *gated) RecordChanges(
	ctx context.Context, tenant, dataset string, after int64, limit int,
) ([]convo.RecordChange, error) {
	if g.list != nil {
		g.list()
	}
	return g.Store.RecordChanges(ctx, tenant, dataset, after, limit)
}

func newGated(t *testing.T) *gated {
	t.Helper()
	g := &gated{Store: memory.New()}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func named(dataset string) retrieve.Collection {
	return retrieve.Collection{Tenant: "t", Dataset: dataset}
}

// fill gives a dataset records, each of so many words that only it has, and of the
// word "all".
func (g *gated) fill(t *testing.T, dataset string, first, records, words int) {
	t.Helper()
	_, err := g.Update(t.Context(), "t", "", store.Buffered, func(tx store.Tx) error {
		if err := tx.PutObject(convo.Object{Tenant: "t", ID: dataset, Body: convo.Dataset{}}); err != nil {
			return err
		}
		for n := first; n < first+records; n++ {
			var said strings.Builder
			said.WriteString("all")
			for range words {
				fmt.Fprintf(&said, " w%x", rand.Uint64())
			}
			r := convo.Record{Tenant: "t", Dataset: dataset, ID: fmt.Sprintf("r%06d", n), Created: time.UnixMilli(1), Updated: time.UnixMilli(1)}
			r.Text = said.String()
			if err := tx.PutRecord(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (g *gated) remove(t *testing.T, dataset string) {
	t.Helper()
	_, err := g.Update(t.Context(), "t", "", store.Buffered, func(tx store.Tx) error {
		return tx.DeleteObject(convo.ObjectDataset, dataset)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestADatasetMadeAgainIsFoundAlthoughTheOldOneWasNeverStored: what the index has of
// the old one can be stored no more.
func TestADatasetMadeAgainIsFoundAlthoughTheOldOneWasNeverStored(t *testing.T) {
	t.Parallel()
	g := newGated(t)
	full := atomic.Bool{}
	full.Store(true)
	g.put = func() error {
		if full.Load() {
			return errors.New("the disk is full")
		}
		return nil
	}
	ix := New(g, Options{Memory: 512 << 10})
	g.fill(t, "d", 0, firstPage, 200)
	if hits, err := ix.Search(t.Context(), named("d"), retrieve.Query{Text: "all", Limit: 100}); err != nil || len(hits) != firstPage {
		t.Fatalf("%d hits, %v", len(hits), err)
	}
	if _, size := ix.collections[named("d")].view.Load().unstored(); size < ix.maxSegment() {
		t.Fatalf("%d bytes that are not stored prove nothing", size)
	}
	g.remove(t, "d")
	g.fill(t, "d", 0, 3, 1)
	full.Store(false)
	hits, err := ix.Search(t.Context(), named("d"), retrieve.Query{Text: "all", Limit: 100})
	if err != nil || len(hits) != 3 {
		t.Errorf("%d hits, %v", len(hits), err)
	}
	if err := ix.Close(); err != nil {
		t.Error(err)
	}
}

func TestCollectionsWithoutRecordsAreLetGoOf(t *testing.T) {
	t.Parallel()
	const memory, datasets = 64 << 10, 1000
	ix := New(newGated(t), Options{Memory: memory})
	for n := range datasets {
		if _, err := ix.Search(t.Context(), named(fmt.Sprint(n)), retrieve.Query{Text: "all", Limit: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(ix.collections); n > memory/overhead {
		t.Errorf("the index knows %d collections", n)
	}
	if err := ix.Close(); err != nil {
		t.Error(err)
	}
}

// TestALargeCollectionIsOpenedWithinTheMemory opens one that is larger than all the
// memory.
func TestALargeCollectionIsOpenedWithinTheMemory(t *testing.T) {
	t.Parallel()
	const memory, records = 256 << 10, 200
	g := newGated(t)
	first := New(g, Options{Memory: memory})
	for n := range 8 {
		g.fill(t, "d", n*records/8, records/8, 80)
		if err := first.Follow(t.Context(), named("d")); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	ix := New(g, Options{Memory: memory})
	c, err := ix.collection(named("d"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := c.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	held, size := int64(0), int64(0)
	for _, p := range v.parts {
		size += p.size
		if p.held.Load() != nil {
			held += p.size
		}
	}
	if size < 2*memory {
		t.Fatalf("%d bytes prove nothing", size)
	}
	if held > memory {
		t.Errorf("it holds %d bytes in %d parts", held, len(v.parts))
	}
	hits, err := ix.Search(t.Context(), named("d"), retrieve.Query{Text: "all", Limit: 10_000})
	if err != nil || len(hits) != records {
		t.Errorf("%d hits, %v", len(hits), err)
	}
	if err := ix.Close(); err != nil {
		t.Error(err)
	}
}

func TestASegmentIsReadOnceForAllWhoWaitForIt(t *testing.T) {
	t.Parallel()
	g := newGated(t)
	g.fill(t, "d", 0, 500, 40)
	ix := New(g, Options{})
	if err := ix.Follow(t.Context(), named("d")); err != nil {
		t.Fatal(err)
	}
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ix := New(g, Options{})
		c, err := ix.collection(named("d"))
		if err != nil {
			t.Fatal(err)
		}
		v, err := c.current(t.Context())
		if err != nil || len(v.parts) != 1 {
			t.Fatal(v, err)
		}
		s := v.parts[0].segment
		s.held.Store(nil)
		var reads atomic.Int64
		open := make(chan struct{})
		g.read = func() {
			reads.Add(1)
			<-open
		}
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if b, err := c.load(t.Context(), s); err != nil || b != s.held.Load() {
					t.Errorf("another body, %v", err)
				}
			})
		}
		gone, leave := context.WithCancel(t.Context())
		group.Go(func() {
			if _, err := c.load(gone, s); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		leave()
		synctest.Wait()
		if n := reads.Load(); n != 1 {
			t.Errorf("it is read %d times at once", n)
		}
		close(open)
		group.Wait()
		g.read = nil
		if err := ix.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestTheIndexClosesWhileASearchGoesOn: a search that lets go of collections. The race
// detector sees it.
func TestTheIndexClosesWhileASearchGoesOn(t *testing.T) {
	t.Parallel()
	g := newGated(t)
	ix := New(g, Options{Memory: 64 << 10})
	for n := range 40 {
		if _, err := ix.collection(named(fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
	}
	g.fill(t, "d", 0, firstPage, 60)
	reached, open := make(chan struct{}), make(chan struct{})
	var once sync.Once
	g.list = func() {
		once.Do(func() {
			close(reached)
			<-open
		})
	}
	searched, closed := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := ix.Search(t.Context(), named("d"), retrieve.Query{Text: "all", Limit: 1})
		searched <- err
	}()
	<-reached
	go func() { closed <- ix.Close() }()
	<-ix.ctx.Done() // it has begun
	close(open)
	if err := <-searched; err != nil {
		t.Error(err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// TestWhatChangesOftenTakesNoMoreForIt changes few records with much text: the parts
// that they leave behind are large, and have few records.
func TestWhatChangesOftenTakesNoMoreForIt(t *testing.T) {
	t.Parallel()
	const records, rounds = 5, 12
	g := newGated(t)
	ix := New(g, Options{Memory: 512 << 10})
	for range rounds {
		g.fill(t, "d", 0, records, 400)
		if err := ix.Follow(t.Context(), named("d")); err != nil {
			t.Fatal(err)
		}
	}
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	segments, err := g.Segments(t.Context(), "t", "d", index)
	if err != nil || len(segments) == 0 {
		t.Fatal(segments, err)
	}
	size := int64(0)
	for _, s := range segments {
		size += s.Size
	}
	if most := int64(records * 400 * 200); size > most {
		t.Errorf("%d segments have %d bytes, more than %d", len(segments), size, most)
	}
}
