package uipath

import (
	"context"
	"sync"
	"time"
)

// resting is how long a goroutine waits for more work.
const resting = time.Second

// workers do pieces of work, each at once. A goroutine that has done one waits a
// moment for the next: a new one for every event of a conversation would spend most
// of its time growing its stack.
type workers struct {
	ctx   context.Context // ends those that rest
	next  chan func()     // to one that rests
	group sync.WaitGroup

	mu     sync.Mutex // for whoever starts work; nothing else is locked under it
	closed bool
}

func newWorkers(ctx context.Context) *workers {
	return &workers{ctx: ctx, next: make(chan func())}
}

// start does not wait for the work, nor for anything else. It reports false when no
// work is begun any more.
func (w *workers) start(work func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	select {
	case w.next <- work:
	default:
		w.group.Go(func() { w.run(work) })
	}
	return true
}

// close lets no work begin any more.
func (w *workers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

func (w *workers) run(work func()) {
	rest := time.NewTimer(resting)
	defer rest.Stop()
	for {
		work()
		rest.Reset(resting)
		select {
		case work = <-w.next:
		case <-rest.C:
			return
		case <-w.ctx.Done():
			return
		}
	}
}

// wait returns when all work is done, after close and the end of the context.
func (w *workers) wait() { w.group.Wait() }
