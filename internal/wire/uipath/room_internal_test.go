package uipath

import (
	"testing"
	"time"
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
