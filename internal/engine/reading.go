package engine

import (
	"context"
	"errors"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
)

// ErrDeleted ends the reading of a conversation that was deleted meanwhile.
var ErrDeleted error = convo.Errorf(convo.NotFound, "the conversation was deleted")

// Reading is a turn that is being read: one's own, or one that a repeated
// request joined. It must be read with Each, once.
type Reading struct {
	Conversation string // "" for a stateless turn
	Turn         string
	Replayed     bool // the turn was asked for by an earlier request

	e         *Engine
	key       hub.Key
	sub       *hub.Subscription
	after     int64
	own       bool // subscribed since before the turn was opened
	stateless *stateless
	shared    *sharedRun
}

// Each passes the turn's events to emit, in order, until the turn has ended,
// and waits while there is nothing. Events and slices belong to the engine. If
// ctx ends or emit fails, that error is returned; a stateful turn goes on, a
// stateless one ends with its last reader.
func (r *Reading) Each(ctx context.Context, emit func([]convo.Event) error) error {
	switch {
	case r.shared != nil:
		return r.shared.each(ctx, emit)
	case r.stateless != nil:
		return r.stateless.each(ctx, emit)
	}
	defer r.sub.Cancel()
	err := r.e.follow(ctx, r.key, r.sub, r.after, r.own, func(events []convo.Event) (bool, error) {
		own, ended := ofTurn(events, r.Turn)
		if len(own) == 0 {
			return false, nil
		}
		return ended, emit(own)
	})
	if errors.Is(err, ErrDeleted) {
		end := convo.TurnEnded{Reason: convo.EndStopped}
		return emit([]convo.Event{{At: now(), Turn: r.Turn, Body: end}})
	}
	return err
}

// find looks up where a joined turn begins. If nobody carries it out, or the one
// that it waits for, that one is closed: it would be waited for in vain.
func (r *Reading) find(ctx context.Context) error {
	var t convo.Turn
	err := r.e.closeOrphan(ctx, r.key)
	if err == nil {
		t, err = r.e.store.Turn(ctx, r.key.Tenant, r.key.Conversation, r.Turn)
	}
	if err != nil {
		r.sub.Cancel()
		return err
	}
	r.after, r.own = t.OpenedSeq-1, false
	return nil
}

// ofTurn gives the events of one turn; ended says that its last one is there.
func ofTurn(events []convo.Event, turn string) (own []convo.Event, ended bool) {
	all := true
	for _, event := range events {
		all = all && event.Turn == turn
	}
	if !all {
		for _, event := range events {
			if event.Turn == turn {
				own = append(own, event)
			}
		}
		events = own
	}
	if n := len(events); n > 0 {
		_, ended = events[n-1].Body.(convo.TurnEnded)
	}
	return events, ended
}

// follow passes everything after a number to emit, first from the store, then
// live, until emit says that it is done, or fails, or ctx ends.
//
// It misses nothing, because before it waits it knows that whatever is not
// given yet will still be published to sub, and so wake it. What is committed
// after the subscription was made will be. What was committed before may have
// been published to nobody, even if later publications of older events make it
// look as if nothing was missing; so unless the caller knows (live) that all
// after the number came later, the store is read to its end once. From then on
// it is read where the hub says that it does not have all.
func (e *Engine) follow(ctx context.Context, key hub.Key, sub *hub.Subscription, after int64, live bool, emit func([]convo.Event) (bool, error)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(e.over, func() { cancel(context.Cause(e.over)) })()
	pages := newPager()
	read := false // the store was read to its end since the last wait
	for {
		events, whole, err := sub.Fresh(after)
		if err != nil {
			return err
		}
		if len(events) == 0 && !(whole && live) && !read {
			if events, read, err = pages.read(ctx, e.store, key, after); err != nil {
				return gone(ctx, err)
			}
			live = live || read
		}
		if len(events) == 0 {
			if err := sub.Wait(ctx); err != nil {
				return err
			}
			read = false
			continue
		}
		after = events[len(events)-1].Seq
		if events, err = e.reveal(ctx, key, events); err != nil {
			return gone(ctx, err)
		}
		if done, err := emit(events); done || err != nil {
			return err
		}
	}
}

// gone tells a reader whose conversation cannot be read any more why.
func gone(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case convo.ErrorKind(err) == convo.NotFound:
		return ErrDeleted
	}
	return err
}

// Events reads a part of a conversation's log: up to take events with numbers
// above after. last is the number of the last event that was looked at.
func (e *Engine) Events(ctx context.Context, actor convo.Actor, conversation string, after int64, take int) (events []convo.Event, last int64, err error) {
	key, err := within(actor, conversation)
	if err != nil {
		return nil, 0, err
	}
	if err := e.checkAfter(ctx, key, after); err != nil {
		return nil, 0, err
	}
	events, err = e.store.Events(ctx, key.Tenant, key.Conversation, after, take)
	if err != nil || len(events) == 0 {
		return nil, after, err
	}
	last = events[len(events)-1].Seq
	if events, err = e.reveal(ctx, key, events); err != nil {
		return nil, after, err
	}
	return visibleEvents(actor, events), last, nil
}

// Follow passes a conversation's log from after on to emit, and goes on live
// until ctx ends, emit fails, or the conversation is deleted (ErrDeleted).
func (e *Engine) Follow(ctx context.Context, actor convo.Actor, conversation string, after int64, emit func([]convo.Event) error) error {
	key, err := within(actor, conversation)
	if err != nil {
		return err
	}
	sub := e.hub.Subscribe(key)
	defer sub.Cancel()
	if err := e.checkAfter(ctx, key, after); err != nil {
		return err
	}
	return e.follow(ctx, key, sub, after, false, func(events []convo.Event) (bool, error) {
		if events = visibleEvents(actor, events); len(events) == 0 {
			return false, nil
		}
		return false, emit(events)
	})
}

func (e *Engine) checkAfter(ctx context.Context, key hub.Key, after int64) error {
	head, err := e.store.Head(ctx, key.Tenant, key.Conversation)
	if err != nil {
		return err
	}
	if after < 0 || after > head.LastSeq {
		return convo.Errorf(convo.Invalid, "after must be from 0 to %d, the number of the last event", head.LastSeq)
	}
	return nil
}

// visibleEvents leaves out what a session token may not see.
func visibleEvents(actor convo.Actor, events []convo.Event) []convo.Event {
	if !actor.Session() {
		return events
	}
	visible := make([]convo.Event, 0, len(events))
	for _, event := range events {
		switch b := event.Body.(type) {
		case convo.MessageGiven:
			if hiddenFromSessions(b.Fields.Type) {
				continue
			}
		case convo.MessageChanged:
			if hiddenFromSessions(b.Fields.Type) {
				continue
			}
		case convo.MessageStarted:
			if hiddenFromSessions(b.Type) {
				continue
			}
		case convo.Delta:
			if hiddenFromSessions(b.Type) {
				continue
			}
		case convo.MessageEnded:
			if hiddenFromSessions(b.Type) {
				continue
			}
		case convo.ConversationCreated, convo.ConversationChanged:
			continue
		}
		visible = append(visible, event)
	}
	return visible
}
