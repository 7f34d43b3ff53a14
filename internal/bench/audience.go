package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// audience are the listeners of a load.
type audience struct {
	listeners []*listener
	stalled   []*listener
	reading   sync.WaitGroup
}

// attachSpec asks for sockets.
type attachSpec struct {
	To            address
	Conversations []string
	Readers       int  // sockets of each conversation, or of all of them
	Together      bool // each socket has all conversations
	Stalled       bool // they do not read from then on
}

// attaching is how many sockets are opened at once.
const attaching = 32

// attach opens sockets, which stay open.
func (a *audience) attach(ctx context.Context, s attachSpec) (any, error) {
	var sets [][]string
	for range s.Readers {
		if s.Together {
			sets = append(sets, s.Conversations)
			continue
		}
		for _, id := range s.Conversations {
			sets = append(sets, []string{id})
		}
	}
	opened := make([]*listener, len(sets))
	errs := make([]error, attaching)
	var all sync.WaitGroup
	for worker := range attaching {
		all.Go(func() {
			for i := worker; i < len(sets) && errs[worker] == nil; i += attaching {
				opened[i], errs[worker] = listen(ctx, s.To, sets[i])
			}
		})
	}
	all.Wait()
	for _, l := range opened {
		if l == nil {
			continue
		}
		if s.Stalled {
			a.stalled = append(a.stalled, l)
			continue
		}
		a.listeners = append(a.listeners, l)
		a.reading.Go(l.read)
	}
	return len(opened), errors.Join(errs...)
}

// expectSpec says what is to come: so many answers in each conversation.
type expectSpec struct {
	Conversations []string
	Answers       int
	Answer        answerSpec
}

// expect has every listener wait for the answers of its conversations.
func (a *audience) expect(_ context.Context, s expectSpec) (any, error) {
	for i, l := range a.listeners {
		l.mu.Lock()
		l.heard, l.err = make(chan struct{}), nil
		l.answers = map[string]*checker{}
		l.events, l.late = 0, nil
		mine := s.Conversations
		if l.sessions == 1 {
			mine = s.Conversations[i%len(s.Conversations):][:1]
		}
		for _, id := range mine {
			l.answers[id] = newChecker(s.Answer)
		}
		l.left = s.Answers * len(mine)
		l.mu.Unlock()
	}
	return nil, nil
}

// heardReport is what all listeners got.
type heardReport struct {
	Events int64
	Late   quantiles
}

// heard waits until every listener has all it expected.
func (a *audience) heard(ctx context.Context, _ struct{}) (any, error) {
	var report heardReport
	var late []time.Duration
	for i, l := range a.listeners {
		select {
		case <-l.heard: // expect, which made it, ran before
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		l.mu.Lock()
		err := l.err
		report.Events += l.events
		late = append(late, l.late...)
		l.mu.Unlock()
		if err != nil {
			return nil, fmt.Errorf("listener %d: %w", i, err)
		}
	}
	report.Late = sumUp(late)
	return report, nil
}

// detach closes all sockets.
func (a *audience) detach(context.Context, struct{}) (any, error) {
	for _, l := range append(a.listeners, a.stalled...) {
		_ = l.socket.Close()
	}
	a.reading.Wait()
	a.listeners, a.stalled = nil, nil
	return nil, nil
}

// askSpec asks for answers in conversations, by HTTP.
type askSpec struct {
	To            address
	Conversations []string
	Answers       int // in each, one after the other
	Answer        answerSpec
}

// askAll asks and waits until all answers are complete. Who asks reads the result
// only: it would be a reader that nobody counts.
func askAll(ctx context.Context, s askSpec) (any, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for _, id := range s.Conversations {
		all.Go(func() {
			for range s.Answers {
				if err := (followSpec{To: s.To, Conversation: id, Answer: s.Answer}).ask(ctx); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	all.Wait()
	return nil, context.Cause(ctx)
}
