package sqlite

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// TestAFullDiskLosesNothingThatWasAcknowledged lets the database grow no more
// while many write to it, and then again: what failed left nothing, what
// succeeded is there, and what the writer remembers is what is stored.
func TestAFullDiskLosesNothingThatWasAcknowledged(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	limit := func(more int64) { // than there are
		t.Helper()
		err := s.do(t.Context(), store.Buffered, func(conn *sqlite.Conn) error {
			var pages int64
			if _, err := ask(conn, `PRAGMA page_count`).one(func(q *query) { pages = q.readInt() }); err != nil {
				return err
			}
			return ask(conn, fmt.Sprintf(`PRAGMA max_page_count = %d`, pages+more)).exec()
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	const callers = 8
	counts := make([]int, callers) // events that are acknowledged
	limit(6)
	for _, more := range []int64{6, 1 << 20} {
		var failed sync.Map
		var wg sync.WaitGroup
		for caller := range callers {
			wg.Go(func() {
				n, err := fill(t, s, caller, counts[caller])
				counts[caller] += n
				if err != nil {
					failed.Store(caller, err)
				}
			})
		}
		wg.Wait()
		failures := 0
		failed.Range(func(_, err any) bool {
			failures++
			public := convo.PublicError(err.(error))
			if public.Kind != convo.Unavailable || !strings.Contains(public.Message, "disk of the server is full") ||
				public.RetryAfter <= 0 || !errors.Is(err.(error), store.ErrFull) {
				t.Errorf("a full disk gave %v", err)
			}
			return true
		})
		if failures == 0 {
			t.Error("the disk was not full: the test shows nothing")
		}
		checkCounts(t, s, counts)
		limit(more)
	}
	for caller := range callers {
		n, err := fill(t, s, caller, counts[caller])
		if counts[caller] += n; err != nil {
			t.Errorf("after the disk has room again: %v", err)
		}
	}
	checkCounts(t, s, counts)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// fill writes deltas and whole messages, until an error comes or it was enough.
func fill(t *testing.T, s *Store, caller, from int) (n int, err error) {
	id := fmt.Sprint("conversation ", caller)
	for n < 60 {
		events, err := s.Update(t.Context(), "a", id, store.Buffered, func(tx store.Tx) error {
			if tx.Head() == nil {
				return tx.Append(convo.Event{At: time.UnixMilli(1), Body: convo.ConversationCreated{}})
			}
			seq := tx.Head().LastSeq + 1
			if seq != int64(from+n+1) {
				return fmt.Errorf("the next number is %d, want %d", seq, from+n+1)
			}
			var body convo.Body = convo.Delta{Message: "open", Type: convo.Bot, Text: strings.Repeat("x", 50)}
			if seq%3 == 0 {
				place := convo.Place(tx.Head().NextSlot, 0)
				text := fmt.Sprint(seq, strings.Repeat("y", 500))
				body = convo.MessageGiven{ID: fmt.Sprint(seq), Place: place, Text: text}
			}
			return tx.Append(convo.Event{At: time.UnixMilli(1), Body: body})
		})
		if err != nil {
			return n, err
		}
		n += len(events)
	}
	return n, nil
}

func checkCounts(t *testing.T, s *Store, counts []int) {
	t.Helper()
	for caller, want := range counts {
		id := fmt.Sprint("conversation ", caller)
		events, err := s.Events(t.Context(), "a", id, 0, 10_000)
		if convo.ErrorKind(err) == convo.NotFound && want == 0 {
			continue
		}
		if err != nil || len(events) != want {
			t.Errorf("%s has %d events, want %d (%v)", id, len(events), want, err)
		}
		for i, e := range events {
			if e.Seq != int64(i+1) {
				t.Errorf("%s: event %d has number %d", id, i, e.Seq)
			}
		}
	}
}
