package fulltext_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve/fulltext"
)

// has reports whether a word stands in some segment of the store.
func (k *kept) has(word string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range k.dataset(here.Tenant, here.Dataset).segments {
		if bytes.Contains(s.data, []byte(word)) {
			return true
		}
	}
	return false
}

// stored gives a store whose index has two segments, with the words secretone and
// secrettwo of the records one and two.
func stored(t *testing.T) *counting {
	t.Helper()
	k := &counting{kept: newKept()}
	for round, word := range []string{"secretone", "secrettwo"} {
		fill(k.kept, here, 10_000*round, 2000)
		k.put(here, record(strings.TrimPrefix(word, "secret"), word+" stands here"))
		ix := fulltext.New(k, fulltext.Options{})
		if got := fmt.Sprint(found(t, ix, word)); got != "["+strings.TrimPrefix(word, "secret")+"]" {
			t.Fatal(got)
		}
		if err := ix.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if !k.has("secretone") || !k.has("secrettwo") {
		t.Fatal("there is nothing to purge")
	}
	return k
}

func TestWordsOfWhatIsGoneLeaveTheStore(t *testing.T) {
	t.Parallel()
	k := stored(t)
	ix := newIndex(t, k.kept, fulltext.Options{})
	purge := func(since int64) int64 {
		t.Helper()
		change, err := ix.Purge(t.Context(), here, since)
		if err != nil {
			t.Fatal(err)
		}
		return change
	}
	k.del(here, "one")
	first := purge(0)
	if k.has("secretone") || !k.has("secrettwo") {
		t.Errorf("after a deletion: the first is there %t, the second %t", k.has("secretone"), k.has("secrettwo"))
	}
	k.put(here, record("two", "something else"))
	second := purge(first)
	if k.has("secrettwo") || second <= first {
		t.Errorf("after a change: there %t, changes %d and %d", k.has("secrettwo"), first, second)
	}
	for query, want := range map[string]string{"secretone secrettwo": "[]", "else": "[two]", "1000007": "[r000007]", "1011999": "[r011999]"} {
		if got := fmt.Sprint(found(t, ix, query)); got != want {
			t.Errorf("%s finds %s, want %s", query, got, want)
		}
	}
	next := newIndex(t, k.kept, fulltext.Options{})
	if got := fmt.Sprint(found(t, next, "secretone secrettwo else 1010001")); got != "[r010001 two]" && got != "[two r010001]" {
		t.Errorf("the next process finds %s", got)
	}
}

func TestNothingIsReadAgainToPurgeWhatHasNotChanged(t *testing.T) {
	t.Parallel()
	k := stored(t)
	change, err := fulltextPurge(t, k, 0)
	if err != nil || k.reads.Load() == 0 {
		t.Fatalf("%v, %d reads", err, k.reads.Load())
	}
	k.reads.Store(0)
	if again, err := fulltextPurge(t, k, change); err != nil || again != change || k.reads.Load() != 0 {
		t.Errorf("%d after %d, %v, %d reads", again, change, err, k.reads.Load())
	}
	if change, err := newIndex(t, newKept(), fulltext.Options{}).Purge(t.Context(), here, 0); change != 0 || err != nil {
		t.Errorf("of nothing: %d, %v", change, err)
	}
}

// fulltextPurge purges as a new process does.
func fulltextPurge(t *testing.T, k *counting, since int64) (int64, error) {
	t.Helper()
	ix := fulltext.New(k, fulltext.Options{})
	change, err := ix.Purge(t.Context(), here, since)
	if err := ix.Close(); err != nil {
		t.Error(err)
	}
	return change, err
}

func TestTheIndexOfADatasetWithoutRecordsIsPurgedToo(t *testing.T) {
	t.Parallel()
	k := stored(t)
	var all []string
	for id := range k.datasets[here].records {
		all = append(all, id)
	}
	k.del(here, all...)
	ix := newIndex(t, k.kept, fulltext.Options{})
	if got := found(t, ix, "secretone"); len(got) != 0 {
		t.Errorf("%v are found", got)
	}
	if _, err := ix.Purge(t.Context(), here, 0); err != nil || k.has("secret") || k.has("1000001") {
		t.Errorf("%v; there are words of what is gone", err)
	}
}

// full is a store that may have no room for segments.
type full struct {
	*kept
	is atomic.Bool
}

func (f *full) PutSegment(ctx context.Context, tenant, name, index string, s convo.Segment, data []byte, instead []string) error {
	if f.is.Load() {
		return errors.New("the disk is full")
	}
	return f.kept.PutSegment(ctx, tenant, name, index, s, data, instead)
}

func TestAPurgeThatFailsIsMadeUpForByTheNext(t *testing.T) {
	t.Parallel()
	for _, gone := range []string{"secretone", "secrettwo"} { // of the first segment and of the last
		k := &full{kept: stored(t).kept}
		ix := fulltext.New(k, fulltext.Options{})
		k.del(here, strings.TrimPrefix(gone, "secret"))
		k.is.Store(true)
		for range 2 {
			if change, err := ix.Purge(t.Context(), here, 7); err == nil || change != 7 || !k.has(gone) {
				t.Errorf("%s with a full disk: %d, %v", gone, change, err)
			}
		}
		k.is.Store(false)
		if change, err := ix.Purge(t.Context(), here, 7); err != nil || change <= 7 || k.has(gone) {
			t.Errorf("%s later: %d, %v, there is it %t", gone, change, err, k.has(gone))
		}
		if err := ix.Close(); err != nil {
			t.Error(err)
		}
		if _, err := ix.Purge(t.Context(), here, 0); err == nil {
			t.Error("a closed index purges")
		}
	}
}

func TestASegmentThatNobodyNeedsGoesWhereNoPartIsInMemory(t *testing.T) {
	t.Parallel()
	k := stored(t)
	for _, s := range k.datasets[here].segments {
		s.ID, s.From, s.To = "stray", s.From+1, s.To-1
		k.datasets[here].segments[s.ID] = s
		break
	}
	ix := newIndex(t, k.kept, fulltext.Options{Memory: 64 << 10})
	if _, err := ix.Purge(t.Context(), here, 0); err != nil {
		t.Fatal(err)
	}
	segments, err := k.Segments(t.Context(), here.Tenant, here.Dataset, "text")
	if err != nil || slices.ContainsFunc(segments, func(s convo.Segment) bool { return s.ID == "stray" }) {
		t.Errorf("there are %+v, %v", segments, err)
	}
	if got := fmt.Sprint(found(t, ix, "secretone")); got != "[one]" {
		t.Error(got)
	}
}

// restless is a store in which a record goes with each segment that is written.
type restless struct {
	*kept
	ix   *fulltext.Index
	next int
}

func (r *restless) PutSegment(ctx context.Context, tenant, name, index string, s convo.Segment, data []byte, instead []string) error {
	if r.ix != nil && r.next < 20 {
		r.del(here, fmt.Sprintf("r%06d", r.next))
		r.next++
		if err := r.ix.Follow(ctx, here); err != nil {
			return err
		}
	}
	return r.kept.PutSegment(ctx, tenant, name, index, s, data, instead)
}

func TestAPurgeEndsAlthoughRecordsGoMeanwhile(t *testing.T) {
	t.Parallel()
	r := &restless{kept: stored(t).kept}
	ix := fulltext.New(r, fulltext.Options{})
	r.del(here, "one")
	r.ix = ix
	if _, err := ix.Purge(t.Context(), here, 0); err != nil || r.has("secretone") {
		t.Errorf("%v, still there %t", err, r.has("secretone"))
	}
	if r.next > 3 {
		t.Errorf("%d segments were written", r.next)
	}
	r.ix = nil
	if err := ix.Close(); err != nil {
		t.Error(err)
	}
}
