package engine_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/embed"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/retrieve"
)

// letters embeds a text by how many a, b and c it has. What fail says goes wrong.
type letters struct {
	mu   sync.Mutex
	fail func(texts []string) error
	size int // of its vectors; 0 = 3
	sent []string
}

func (*letters) Space() string { return "letters" }
func (*letters) Batch() int    { return 4 }

func (l *letters) Embed(ctx context.Context, _ embed.Purpose, texts []string) ([][]float32, error) {
	l.mu.Lock()
	fail, size := l.fail, max(3, l.size)
	l.mu.Unlock()
	if fail != nil {
		if err := fail(texts); err != nil {
			return nil, err
		}
	}
	if ctx.Err() != nil {
		return nil, convo.WrapError(convo.UpstreamTimeout, ctx.Err(), "no answer")
	}
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		vectors[i] = make([]float32, size)
		for j, letter := range []string{"a", "b", "c"} {
			vectors[i][j] = float32(strings.Count(text, letter)) + 0.1
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, texts...)
	return vectors, nil
}

func (l *letters) set(fail func([]string) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = fail
}

func (l *letters) resize(size int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.size = size
}

func (l *letters) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.sent)
}

// noVectors is an index that nothing is found in.
type noVectors struct{}

func (noVectors) Search(context.Context, retrieve.Collection, string, []float32, int, []string) ([]retrieve.Hit, error) {
	return nil, convo.Errorf(convo.Invalid, "a vector of another length")
}
func (noVectors) Close() error { return nil }

func (b *bundle) embeds(l *letters) {
	b.t.Helper()
	b.stop()
	b.embedder, b.vectors = l, noVectors{}
	b.start()
}

func (b *bundle) unembedded(dataset string) int {
	b.t.Helper()
	list, err := b.store.Unembedded(b.t.Context(), b.actor.Tenant, dataset, "letters", 0, 1000)
	if err != nil {
		b.t.Fatal(err)
	}
	return len(list)
}

func TestRecordsAreEmbeddedInTheBackground(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.dataset(convo.Dataset{})
	b.record(d, "aaa before", "") // there was no embedder yet
	l := &letters{}
	b.embeds(l)
	b.Idle()
	if n := b.unembedded(d); n != 0 {
		t.Fatalf("%d records of before have no vector", n)
	}
	id := b.record(d, "bbb", "")
	b.Idle()
	if _, err := b.UpdateRecord(t.Context(), b.actor, d, id, func(f *convo.RecordFields) { f.Text = "ccc" }, nil); err != nil {
		t.Fatal(err)
	}
	b.Idle()
	if n := b.unembedded(d); n != 0 || l.count() != 3 {
		t.Errorf("%d records have no vector, %d texts were sent", n, l.count())
	}
}

func TestAProviderThatFailsHalfWayIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		l := &letters{}
		b.embeds(l)
		d := b.dataset(convo.Dataset{SearchMaxRecords: new(int64(50))})
		half := 0
		l.set(func([]string) error {
			if half++; half > 2 {
				return convo.Errorf(convo.UpstreamFailed, "out of order")
			}
			return nil
		})
		for range 20 {
			b.record(d, "a word", "")
		}
		synctest.Wait()
		if n := b.unembedded(d); n == 0 || n == 20 {
			t.Errorf("%d of 20 have no vector", n)
		}
		if n := len(b.search(d, "word")); n != 20 {
			t.Errorf("%d are found by their words", n)
		}
		l.set(nil)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if n := b.unembedded(d); n != 0 {
			t.Errorf("later %d have no vector", n)
		}
	})
}

func TestARecordThatIsRefusedHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l := &letters{fail: func(texts []string) error {
		if strings.Contains(strings.Join(texts, " "), "forbidden") {
			return convo.Errorf(convo.Invalid, "not this text")
		}
		return nil
	}}
	d := b.dataset(convo.Dataset{})
	for _, text := range []string{"one", "two", "forbidden", "four", "five", "six"} {
		b.record(d, text, "")
	}
	b.embeds(l)
	b.Idle()
	if n := b.unembedded(d); n != 1 {
		t.Errorf("%d have no vector, want the one that is refused", n)
	}
}

func TestVectorsOfAnotherLengthChangeNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l := &letters{}
	b.embeds(l)
	d := b.dataset(convo.Dataset{})
	b.record(d, "a first", "")
	b.Idle()
	l.mu.Lock()
	l.size = 4
	l.mu.Unlock()
	b.record(d, "a second", "")
	b.Idle()
	if n := b.unembedded(d); n != 1 {
		t.Errorf("%d have no vector", n)
	}
	if vectors, err := b.store.Vectors(t.Context(), b.actor.Tenant, d, "letters", 0, 10); err != nil || len(vectors) != 1 || len(vectors[0].Values) != 3 {
		t.Errorf("%v, %v", vectors, err)
	}
	b.wantFound(d, "first", "a first")
	b.wantFound(d, "second", "a second") // its question has 4 values, too
}

func TestAProviderThatHangsCostsASearchSomeTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		d := b.dataset(convo.Dataset{})
		b.record(d, "a word", "")
		l := hanging{&letters{}}
		b.stop()
		b.embedder, b.vectors = l, noVectors{}
		b.start()
		begin := time.Now()
		b.wantFound(d, "word", "a word")
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func TestAnEmbedderSeesOfAQuestionWhatItMay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l := &letters{}
	b.embeds(l)
	if _, err := b.FindOutside(t.Context(), "t", "ann@example.com", "k3j5h2l9d0s"); err != nil {
		t.Fatal(err)
	}
	if len(l.sent) != 1 || l.sent[0] != "k3j5h2l9d0s" {
		t.Errorf("it saw %q", l.sent)
	}
}

// hanging answers never.
type hanging struct{ *letters }

func (hanging) Embed(ctx context.Context, _ embed.Purpose, _ []string) ([][]float32, error) {
	<-ctx.Done()
	return nil, convo.WrapError(convo.UpstreamTimeout, ctx.Err(), "no answer")
}

var _ engine.Fetcher = oneAddress{}
