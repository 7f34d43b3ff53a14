package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func callerChecks() []check {
	return []check{
		{"updates of one conversation happen one after the other", oneConversation},
		{"updates of many conversations do not mix", manyConversations},
		{"an update that fails does not disturb others", failingNeighbours},
		{"a reader sees an update whole or not at all", wholeUpdates},
		{"a reader who follows the log misses nothing while messages end", followers},
		{"a context that has ended begins nothing", endedContext},
	}
}

func oneConversation(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	const callers, each = 16, 20
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := range each {
				_, err := w.store.Update(t.Context(), "a", w.id, store.Sync(i%2), func(tx store.Tx) error {
					slot := tx.Head().NextSlot
					m := given(fmt.Sprint(c, "-", i), slot, fmt.Sprint(tx.Head().LastSeq))
					return tx.Append(convo.Event{At: start(), Body: m})
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for i, e := range w.events() {
		equal(t, "number", e.Seq, int64(i+1))
		if m, ok := e.Body.(convo.MessageGiven); ok {
			equal(t, "what it saw", m.Text, fmt.Sprint(i))
		}
	}
	equal(t, "messages", len(w.messages(store.MessageQuery{})), callers*each)
}

func manyConversations(t *testing.T, d Driver) {
	s := d.Open(t)
	var wg sync.WaitGroup
	for c := range 32 {
		wg.Go(func() {
			w := converse(t, s, "a", uuid(c))
			for i := range 4 {
				id := fmt.Sprint("t", i)
				w.turn(id, int64(i+1), w.id, fmt.Sprint("m", i), w.id[:5], w.id[5:20], w.id[20:])
			}
			for i, e := range w.events() {
				if e.Seq != int64(i+1) {
					t.Errorf("event %d has number %d", i, e.Seq)
				}
			}
			for _, m := range w.messages(store.MessageQuery{}) {
				if m.Text != w.id {
					t.Errorf("message %s of %s says %s", m.ID, w.id, m.Text)
				}
			}
		})
	}
	wg.Wait()
}

func failingNeighbours(t *testing.T, d Driver) {
	s := d.Open(t)
	refused := errors.New("refused")
	var wg sync.WaitGroup
	for c := range 32 {
		wg.Go(func() {
			w := converse(t, s, "a", uuid(c))
			for i := range 10 {
				_, err := w.update(func(tx store.Tx) error {
					if err := tx.Append(w.event("", given(fmt.Sprint(i), int64(i+1), "text"))); err != nil {
						return err
					}
					switch c % 4 {
					case 0:
						return refused
					case 1:
						panic("a bug above")
					}
					return nil
				})
				if (err != nil) != (c%4 < 2) || c%4 == 0 && !errors.Is(err, refused) {
					t.Errorf("update %d of %d gave %v", i, c, err)
				}
			}
			want := 10
			if c%4 < 2 {
				want = 0
			}
			if got := len(w.messages(store.MessageQuery{})); got != want {
				t.Errorf("%d messages of %d, want %d", got, c, want)
			}
		})
	}
	wg.Wait()
}

func wholeUpdates(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 100 {
			_, err := w.store.Update(t.Context(), "a", w.id, store.Buffered, func(tx store.Tx) error {
				slot := tx.Head().NextSlot
				for j := range int64(3) {
					m := given(fmt.Sprint(i, "-", j), slot+j, "text")
					if err := tx.Append(convo.Event{At: start(), Body: m}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		if n := len(w.messages(store.MessageQuery{})); n%3 != 0 {
			t.Fatalf("%d messages: an update is seen in part", n)
		}
		if n := len(w.events()) - 1; n%3 != 0 {
			t.Fatalf("%d events: an update is seen in part", n)
		}
		if n := w.head().LastSeq - 1; n%3 != 0 {
			t.Fatalf("the log ends at %d: an update is seen in part", n)
		}
	}
	<-done
}

func followers(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	const messages, pieces = 30, 12
	total := 1 + messages*(pieces+2)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	logs := make([][]convo.Event, 4)
	for f := range logs {
		wg.Go(func() {
			after := int64(0)
			for len(logs[f]) < total && ctx.Err() == nil {
				page, err := w.store.Events(ctx, "a", w.id, after, 1+5*f)
				if err != nil {
					t.Error(err)
					return
				}
				for _, e := range page {
					after++
					if e.Seq != after {
						t.Errorf("follower %d got number %d after %d", f, e.Seq, after-1)
						return
					}
				}
				logs[f] = append(logs[f], page...)
			}
		})
	}
	for m := range messages {
		id, place := fmt.Sprint("m", m), convo.Place(int64(m+1), 0)
		w.append("", convo.MessageStarted{ID: id, Place: place, Type: convo.Bot})
		for p := range pieces {
			w.append("", convo.Delta{Message: id, Type: convo.Bot, Text: fmt.Sprint(p)})
		}
		var text strings.Builder
		for p := range pieces {
			fmt.Fprint(&text, p)
		}
		w.append("", convo.MessageEnded{ID: id, Place: place, Type: convo.Bot, Text: text.String()})
	}
	wg.Wait()
	want := w.events()
	equal(t, "events", len(want), total)
	for _, log := range logs {
		equal(t, "what a follower saw", log, want)
	}
}

func endedContext(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	ctx := cancelled(t)
	_, err := s.Update(ctx, "a", w.id, store.Durable, func(tx store.Tx) error {
		return tx.Append(w.event("", given("x", 1, "text")))
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("the update gave %v", err)
	}
	if _, err = s.Events(ctx, "a", w.id, 0, 9); !errors.Is(err, context.Canceled) {
		t.Fatalf("the read gave %v", err)
	}
	equal(t, "log", len(w.events()), 1)
}
