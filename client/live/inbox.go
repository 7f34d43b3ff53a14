package live

import (
	"context"
	"sync"
)

// maxArrived bounds what came from the server and was not yet looked at. Then
// nothing more is read, until the program does.
const maxArrived = 256

// arrival is what the session's handlers are told of next.
type arrival struct {
	event *envelope
	own   bool // this program said it

	notice Event     // of the connection
	stored *Exchange // read over REST

	ended bool // there is nothing more
	err   error
}

// inbox is a queue between the connection and the handlers. What the program
// itself says is bounded by the outbox, and never waits here.
type inbox struct {
	mu    sync.Mutex
	queue []arrival
	alien int           // those that are not the program's own
	wake  chan struct{} // something came
	room  chan struct{} // something left
}

func newInbox() *inbox {
	return &inbox{wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// put adds without waiting.
func (b *inbox) put(a arrival) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add(a)
}

// add needs the lock.
func (b *inbox) add(a arrival) {
	b.queue = append(b.queue, a)
	if !a.own {
		b.alien++
	}
	signal(b.wake)
}

// putSoon waits until there is room. It reports whether it was added before ctx
// ended.
func (b *inbox) putSoon(ctx context.Context, a arrival) bool {
	for {
		b.mu.Lock()
		if b.alien < maxArrived {
			b.add(a)
			b.mu.Unlock()
			return true
		}
		b.mu.Unlock()
		select {
		case <-b.room:
		case <-ctx.Done():
			return false
		}
	}
}

// take waits for the next one. ok is false when ctx has ended.
func (b *inbox) take(ctx context.Context) (a arrival, ok bool) {
	for {
		b.mu.Lock()
		if len(b.queue) > 0 {
			a, b.queue[0] = b.queue[0], arrival{}
			b.queue = b.queue[1:]
			if !a.own {
				b.alien--
			}
			signal(b.room)
			b.mu.Unlock()
			return a, true
		}
		b.queue = nil
		b.mu.Unlock()
		select {
		case <-b.wake:
		case <-ctx.Done():
			return arrival{}, false
		}
	}
}
