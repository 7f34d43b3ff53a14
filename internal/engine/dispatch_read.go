package engine

import (
	"context"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
)

// eachEvent passes the events of the turn that was dispatched to the channel, from
// the first one to the last.
func (s *Subscription) eachEvent(ctx context.Context, emit func(string, []convo.Event) error) error {
	d := s.dispatch
	key := hub.Key{Tenant: d.Tenant, Conversation: d.Conversation}
	r := &Reading{e: s.e, key: key, Conversation: d.Conversation, Turn: d.Turn, sub: s.e.hub.Subscribe(key)}
	pass := func(events []convo.Event) error { return emit(d.Conversation, events) }
	if d.Hidden {
		pass = func(events []convo.Event) error { return emit("", bare(events)) }
	}
	switch err := r.find(ctx); {
	case convo.ErrorKind(err) == convo.NotFound: // the conversation was deleted just now
		return pass([]convo.Event{{At: now(), Turn: d.Turn, Body: convo.TurnEnded{Reason: convo.EndStopped}}})
	case err != nil:
		return err
	}
	return r.Each(ctx, pass)
}

// bare gives events as those of a turn without a conversation: without numbers and
// without the ids of messages that nobody can read.
func bare(events []convo.Event) []convo.Event {
	events = slices.Clone(events)
	for i := range events {
		events[i].Seq, events[i].Turn = 0, ""
		switch b := events[i].Body.(type) {
		case convo.MessageStarted:
			b.ID = ""
			events[i].Body = b
		case convo.Delta:
			b.Message = ""
			events[i].Body = b
		case convo.MessageEnded:
			b.ID = ""
			events[i].Body = b
		case convo.ToolRequested:
			b.Message = ""
			events[i].Body = b
		case convo.ToolStarted:
			b.Message = ""
			events[i].Body = b
		case convo.ToolEnded:
			b.Message = ""
			events[i].Body = b
		}
	}
	return events
}

// sweptAtOnce is how many dispatches are looked up together.
const sweptAtOnce = 100

// sweepDispatches removes the conversations of dispatched turns that ended before
// that time, and their channels with them. One that cannot be removed keeps no other
// of its page.
func (e *Engine) sweepDispatches(ctx context.Context, before time.Time) error {
	for {
		list, err := e.store.ExpiredDispatches(ctx, before, sweptAtOnce)
		if err != nil {
			return err
		}
		var failed error
		for _, d := range list {
			err := e.DeleteConversation(ctx, convo.Actor{Tenant: d.Tenant}, d.Conversation, nil)
			if err != nil && convo.ErrorKind(err) != convo.NotFound && failed == nil {
				failed = err
			}
		}
		if failed != nil || len(list) < sweptAtOnce {
			return failed
		}
	}
}
