package uipath

import (
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// What the hub calls holds the hub's locks, and rooms are opened and closed, which
// calls the hub, under the lock of them all.
func TestAKickWaitsForNoLock(t *testing.T) {
	t.Parallel()
	l := &live{ctx: t.Context(), workers: newWorkers(t.Context())}
	m := &room{live: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	kicked := make(chan struct{})
	go func() {
		m.kick()
		close(kicked)
	}()
	select {
	case <-kicked:
	case <-time.After(10 * time.Second):
		t.Fatal("the hub is held up")
	}
}

func TestNoWorkBeginsAfterTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorkers(t.Context())
	w.close()
	if w.start(func() { t.Error("it was done") }) {
		t.Error("work was taken")
	}
	w.wait()
}

func TestASlowReaderHoldsFewLargeEvents(t *testing.T) {
	t.Parallel()
	events := make([]convo.Event, readAtOnce)
	for i := range events {
		events[i].Body = convo.Delta{Text: strings.Repeat("x", bytesAtOnce/3)}
	}
	if got := few(events); len(got) != 3 || cap(got) >= len(events) {
		t.Errorf("it holds %d of %d", len(got), cap(got))
	}
	events[0].Body = convo.Delta{Text: strings.Repeat("x", 2*bytesAtOnce)}
	if got := few(events); len(got) != 1 {
		t.Errorf("it holds %d", len(got))
	}
	if got := few(events[:0]); len(got) != 0 {
		t.Errorf("it holds %d of none", len(got))
	}
}
