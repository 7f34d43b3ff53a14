package engine

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// keptBytes is how much of a stateless answer is kept for repeats. A repeat of
// a longer one is refused.
const keptBytes = 1 << 20

// sharedRuns are the stateless turns with an Idempotency-Key that run now.
type sharedRuns struct {
	mu   sync.Mutex
	runs map[convo.RequestID]*sharedRun
}

func newSharedRuns() *sharedRuns { return &sharedRuns{runs: map[convo.RequestID]*sharedRun{}} }

// forget takes a run out, unless another one has its place: one that everybody
// left ends later than its repeat may begin. The caller holds the lock.
func (all *sharedRuns) forget(r *sharedRun) {
	if all.runs[r.id] == r {
		delete(all.runs, r.id)
	}
}

// sharedRun is a stateless turn that several requests may read. It runs on a
// goroutine of its own, and ends early when its last reader leaves.
type sharedRun struct {
	all  *sharedRuns
	id   convo.RequestID
	body [32]byte
	stop context.CancelFunc

	runs    bool          // guarded by the lock of all
	decided chan struct{} // closed when it is known whether it runs

	mu      sync.Mutex
	events  []convo.Event
	bytes   int
	readers int
	ended   bool
	err     error
	grown   chan struct{} // closed and replaced when there is more
}

// share gives the run with the request's key: one that runs, one that ended
// and was kept, or a new one, which is prepared while repeats wait for it.
func (e *Engine) share(ctx context.Context, actor convo.Actor, ask *Ask, prepare func() (*stateless, error)) (run *sharedRun, replayed bool, err error) {
	e.begin(actor, ask)
	ask.abandon() // its record is written at the end, without a delivery
	run, joined, err := e.shared.join(ctx, ask)
	if err != nil || joined {
		return run, true, err
	}
	r, ok, err := e.store.Request(ctx, ask.id)
	if err == nil && ok && time.Since(r.Created) < keyedFor {
		e.shared.decide(run, false)
		run, err = e.kept(r, ask)
		return run, true, err
	}
	var s *stateless
	if err == nil {
		s, err = prepare()
	}
	if err == nil {
		err = e.enter(&e.active)
	}
	if err != nil {
		e.shared.decide(run, false)
		return nil, false, err
	}
	own, stop := context.WithCancel(context.WithoutCancel(ctx))
	run.stop = stop
	e.shared.decide(run, true)
	go func() {
		defer e.active.Done()
		run.carryOut(own, e, actor, s)
	}()
	return run, false, nil
}

// join makes the request a reader of the run with its key. If there is none, it
// holds the place for one, and decide has to follow: nobody else looks for a
// kept answer meanwhile, so that a turn that ends just now is not run again.
func (all *sharedRuns) join(ctx context.Context, ask *Ask) (run *sharedRun, joined bool, err error) {
	for {
		all.mu.Lock()
		run := all.runs[ask.id]
		if run == nil {
			run = &sharedRun{
				all: all, id: ask.id, body: ask.Body, readers: 1,
				decided: make(chan struct{}), grown: make(chan struct{}),
			}
			all.runs[ask.id] = run
			all.mu.Unlock()
			return run, false, nil
		}
		if run.runs {
			err := run.enter(ask)
			all.mu.Unlock()
			return run, true, err
		}
		all.mu.Unlock()
		select {
		case <-run.decided:
		case <-ctx.Done():
			return nil, false, context.Cause(ctx)
		}
	}
}

// decide says that a run for which join held the place runs now, or gives the
// place up.
func (all *sharedRuns) decide(r *sharedRun, runs bool) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if r.runs = runs; !runs {
		delete(all.runs, r.id)
	}
	close(r.decided)
}

// kept makes a run of one that has ended and was kept.
func (e *Engine) kept(r convo.Request, ask *Ask) (*sharedRun, error) {
	if err := e.sameBody(r, ask); err != nil {
		return nil, err
	}
	if len(r.Answer) == 0 {
		return nil, convo.Errorf(convo.Conflict, "the answer to this Idempotency-Key was too long to be kept; use a new key")
	}
	plain, err := e.sealer.Open(r.Answer, r.ID[:])
	if err != nil {
		return nil, err
	}
	events, err := decodeEvents(plain)
	return &sharedRun{events: events, ended: true, readers: 1, all: e.shared}, err
}

func (r *sharedRun) enter(ask *Ask) error {
	if r.body != ask.Body {
		return convo.Errorf(convo.Unprocessable, "this Idempotency-Key was used with another body; use a new key for a new request")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.readers++
	return nil
}

// carryOut runs the turn and keeps its answer, if there is one to keep: a
// failure before anything was shown is not remembered, nor is a turn that
// everybody left.
func (r *sharedRun) carryOut(ctx context.Context, e *Engine, actor convo.Actor, s *stateless) {
	defer r.stop()
	err := r.perform(ctx, e, s)
	if err == nil && r.worthKeeping() {
		if lost := e.keep(ctx, actor, r); lost != nil {
			// Its readers get it all the same; only a repeat asks again.
			e.log.Error("an answer could not be kept for repeats", "error", lost)
		}
	}
	r.all.mu.Lock()
	r.all.forget(r)
	r.all.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended, r.err = true, err
	close(r.grown)
	r.grown = make(chan struct{})
}

// perform runs the turn. No request is there to bear a panic.
func (r *sharedRun) perform(ctx context.Context, e *Engine, s *stateless) (err error) {
	defer func() {
		if p := recover(); p != nil {
			e.log.Error("turn panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return s.carryOut(ctx, r.add)
}

func (r *sharedRun) add(events []convo.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, event := range events {
		if _, whole := event.Body.(convo.MessageEnded); !whole { // its deltas have counted
			r.bytes += event.Size()
		}
	}
	r.events = append(r.events, events...)
	close(r.grown)
	r.grown = make(chan struct{})
	return nil
}

func (r *sharedRun) worthKeeping() bool {
	last, _ := r.events[len(r.events)-1].Body.(convo.TurnEnded)
	acted := slices.ContainsFunc(r.events, func(event convo.Event) bool {
		switch event.Body.(type) {
		case convo.MessageEnded, convo.ToolRequested:
			return true
		}
		return false
	})
	return last.Reason != convo.EndFailed && last.Reason != convo.EndStopped || acted
}

// keep stores the answer of a run that has ended.
func (e *Engine) keep(ctx context.Context, actor convo.Actor, r *sharedRun) error {
	kept := convo.Request{ID: r.id, Keyed: true, Body: r.body, Attempt: newID(), Tenant: actor.Tenant, Created: now()}
	if r.bytes <= keptBytes {
		plain, err := encodeEvents(r.events)
		if err != nil {
			return err
		}
		kept.Answer = e.sealer.Seal(plain, r.id[:])
	}
	return e.store.PutRequest(context.WithoutCancel(ctx), kept)
}

// each passes all events to emit, from the first one.
func (r *sharedRun) each(ctx context.Context, emit func([]convo.Event) error) error {
	defer r.leave()
	given := 0
	for {
		r.mu.Lock()
		fresh, ended, err, grown := r.events[given:len(r.events):len(r.events)], r.ended, r.err, r.grown
		r.mu.Unlock()
		if len(fresh) > 0 {
			given += len(fresh)
			if err := emit(fresh); err != nil {
				return err
			}
			continue
		}
		if ended {
			return err
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// leave cancels the run when nobody reads it any more.
func (r *sharedRun) leave() {
	r.all.mu.Lock()
	defer r.all.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.readers--
	if r.readers > 0 || r.ended {
		return
	}
	r.all.forget(r)
	r.stop()
}
