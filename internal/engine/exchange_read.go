package engine

import (
	"context"
	"iter"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// exchanges makes exchanges of turns of one conversation. What happened in them is
// read from their events, without what was said; that comes from the messages as
// they are now, for they may have been changed or deleted since.
func (e *Engine) exchanges(ctx context.Context, key hub.Key, turns []convo.Turn) ([]Exchange, error) {
	if len(turns) == 0 {
		return nil, nil
	}
	builders := make(map[string]*exchangeBuilder, len(turns))
	first, open := turns[0].OpenedSeq, len(turns)
	shown := e.revealer(ctx, key)
	for _, t := range turns {
		builders[t.ID] = newExchangeBuilder(shown.turn(t))
		first = min(first, t.OpenedSeq)
	}
	err := e.store.Steps(ctx, key.Tenant, key.Conversation, first-1, func(event convo.Event) bool {
		if b := builders[event.Turn]; b != nil {
			event.Body = shown.body(event.Body)
			b.add(event)
			if _, ended := event.Body.(convo.TurnEnded); ended {
				open--
			}
		}
		return open > 0 && shown.err == nil
	})
	if err = errOr(err, shown.err); err != nil {
		return nil, err
	}
	list := make([]Exchange, len(turns))
	for i, t := range turns {
		if list[i], err = e.exchange(ctx, key, builders[t.ID]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// exchange finishes one with its messages as they are now, behind those that it
// adopted.
func (e *Engine) exchange(ctx context.Context, key hub.Key, b *exchangeBuilder) (Exchange, error) {
	current := map[string]convo.Message{}
	shown := e.revealer(ctx, key)
	for m, err := range e.allMessages(ctx, key, store.MessageQuery{Turn: b.Turn.ID}) {
		if err != nil {
			return Exchange{}, err
		}
		current[m.ID] = shown.message(m)
	}
	adopted, err := e.adopted(ctx, key, b.Turn.Slot)
	if err = errOr(err, shown.err); err != nil {
		return Exchange{}, err
	}
	x := b.finish(current)
	x.Messages = append(adopted, x.Messages...)
	return x, nil
}

// adopted gives the users' messages that were stored outside any turn, between the
// turn before the one with that slot and it: they are what it answers, too.
func (e *Engine) adopted(ctx context.Context, key hub.Key, slot int64) ([]ExchangeMessage, error) {
	messages, err := e.outside(ctx, key, slot)
	if err != nil {
		return nil, err
	}
	adopted := make([]ExchangeMessage, len(messages))
	for i, m := range messages {
		adopted[i] = ExchangeMessage{Message: m, Role: RoleUser}
	}
	return adopted, nil
}

// maxAdopted bounds the messages that one turn is shown with: the last ones count.
const maxAdopted = 100

// outside gives the users' messages that the turn with that slot adopts.
func (e *Engine) outside(ctx context.Context, key hub.Key, slot int64) ([]convo.Message, error) {
	if slot == 0 {
		return nil, nil // it has not started
	}
	before, err := e.store.SlotBefore(ctx, key.Tenant, key.Conversation, slot)
	if err != nil || before == slot-1 {
		return nil, err
	}
	list, err := e.store.Messages(ctx, key.Tenant, key.Conversation, store.MessageQuery{
		After: convo.Place(slot, 0), Desc: true, Limit: maxAdopted, Types: []convo.MessageType{convo.User},
	})
	adopted := slices.DeleteFunc(list, func(m convo.Message) bool { return m.Turn != "" || convo.SlotOf(m.Place) <= before })
	slices.Reverse(adopted)
	shown := e.revealer(ctx, key)
	for i := range adopted {
		adopted[i] = shown.message(adopted[i])
	}
	return adopted, errOr(err, shown.err)
}

// allMessages gives the messages of a query as they are, page by page.
func (e *Engine) allMessages(ctx context.Context, key hub.Key, q store.MessageQuery) iter.Seq2[convo.Message, error] {
	return func(yield func(convo.Message, error) bool) {
		for pages := newPager(); ; {
			q.Limit = pages.limit
			page, err := e.store.Messages(ctx, key.Tenant, key.Conversation, q)
			if err != nil {
				yield(convo.Message{}, err)
				return
			}
			size := 0
			for _, m := range page {
				size += len(m.Text) + len(m.Meta)
				if !yield(m, nil) {
					return
				}
			}
			if len(page) < q.Limit {
				return
			}
			q.After = page[len(page)-1].Place
			pages.turn(size)
		}
	}
}
