package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// lateness is how long after its caller was told so an update is written.
const lateness = 100 * time.Millisecond

// errLater ends the transaction that only found out what an update would do.
var errLater = errors.New("to be written later")

// eager is a store that says of some updates that they are written, with the
// numbers that their events will have, and writes them a moment later. Updates
// of one conversation keep their order, so that nothing but a kill shows the lie.
type eager struct {
	store.Store
	late func([]convo.Event) bool // which updates

	mu            sync.Mutex
	conversations map[string]*sync.Mutex // held until the last update is written
}

func newEager(s store.Store, late func([]convo.Event) bool) *eager {
	return &eager{Store: s, late: late, conversations: map[string]*sync.Mutex{}}
}

// text is the pieces of an answer.
func text(events []convo.Event) bool {
	_, ok := events[len(events)-1].Body.(convo.Delta)
	return ok
}

// messages is a message from outside a turn.
func messages(events []convo.Event) bool {
	_, ok := events[0].Body.(convo.MessageGiven)
	return ok && events[0].Turn == ""
}

// Update implements store.Log, and does not always keep its promise.
func (s *eager) Update(ctx context.Context, tenant, conversation string, level store.Sync, fn func(store.Tx) error) ([]convo.Event, error) {
	turn := s.conversation(conversation)
	turn.Lock()
	var planned rehearsal
	_, err := s.Store.Update(ctx, tenant, conversation, store.Buffered, func(tx store.Tx) error {
		planned = rehearsal{Tx: tx}
		if err := fn(&planned); err != nil {
			return err
		}
		return errLater
	})
	if !errors.Is(err, errLater) || len(planned.events) == 0 || !s.late(planned.events) {
		defer turn.Unlock()
		return s.Store.Update(ctx, tenant, conversation, level, fn)
	}
	time.AfterFunc(lateness, func() {
		defer turn.Unlock()
		// Nobody is left to be told of a failure.
		_, _ = s.Store.Update(context.WithoutCancel(ctx), tenant, conversation, level, planned.perform)
	})
	return planned.events, nil
}

// UpdateAll implements store.Log.
func (s *eager) UpdateAll(ctx context.Context, changes []*store.Change) {
	store.UpdateEach(ctx, s, changes)
}

func (s *eager) conversation(id string) *sync.Mutex {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conversations[id] == nil {
		s.conversations[id] = new(sync.Mutex)
	}
	return s.conversations[id]
}

// rehearsal notes what a transaction writes, so that just that is written later.
type rehearsal struct {
	store.Tx
	events []convo.Event
	writes []func(store.Tx) error
}

// Append implements store.Tx.
func (r *rehearsal) Append(e convo.Event) error {
	r.writes = append(r.writes, func(tx store.Tx) error { return tx.Append(e) })
	if err := r.Tx.Append(e); err != nil {
		return err
	}
	e.Seq = r.Head().LastSeq
	r.events = append(r.events, e)
	return nil
}

// PutRequest implements store.Tx.
func (r *rehearsal) PutRequest(request convo.Request) error {
	r.writes = append(r.writes, func(tx store.Tx) error { return tx.PutRequest(request) })
	return r.Tx.PutRequest(request)
}

func (r *rehearsal) perform(tx store.Tx) error {
	for _, write := range r.writes {
		if err := write(tx); err != nil {
			return err
		}
	}
	return nil
}
