package uipath

import (
	"context"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// goroutine is the name of the caller's.
func goroutine() string { return strings.Fields(string(debug.Stack()))[1] }

func TestWorkersAreUsedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // which fails where a goroutine is left
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w := newWorkers(ctx)
		used := map[string]int{}
		for range 10 {
			w.start(func() { used[goroutine()]++ })
			synctest.Wait()
		}
		if len(used) != 1 {
			t.Errorf("one after the other, work was done by %v", used)
		}
		time.Sleep(2 * resting) // of the bubble's time
		w.start(func() { used[goroutine()]++ })
		synctest.Wait()
		if len(used) != 2 {
			t.Errorf("after a rest, work was done by %v", used)
		}
	})
}

func TestWorkIsDoneAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := newWorkers(ctx)
		begun, block := 0, make(chan struct{})
		done := make(chan string, 3)
		for range 3 {
			w.start(func() {
				begun++
				<-block
				done <- goroutine()
			})
			synctest.Wait()
		}
		if begun != 3 {
			t.Errorf("%d pieces of work have begun", begun)
		}
		cancel()
		close(block)
		w.wait()
		if len(done) != 3 {
			t.Error("nobody waited for the work")
		}
	})
}
