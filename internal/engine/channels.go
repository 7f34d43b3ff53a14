package engine

import (
	"context"
	"errors"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// channelHistory is how many messages a subscriber may ask for that were
// published before. The store keeps more, for those who read slowly.
const channelHistory = 100

// channelPage is how many messages are read at once.
const channelPage = 100

// Publish puts a message on a channel of the actor's tenant. The call that has
// waited the longest for one there takes it as its result. Nobody needs to wait or
// listen. A session token may publish only to a call of its own conversation. It
// takes any JSON value.
func (e *Engine) Publish(ctx context.Context, actor convo.Actor, channel string, message convo.JSON, ask *Ask) error {
	if err := convo.CheckChannel(channel); err != nil {
		return err
	}
	key := channelKey{actor.Tenant, channel}
	passed := map[*wait]bool{}
	for {
		w := e.waits.oldest(key, func(w *wait) bool {
			return !passed[w] && (!actor.Session() || w.key.Conversation == actor.Conversation)
		})
		if w == nil {
			return e.publish(ctx, actor, key, message, ask)
		}
		passed[w] = true
		if done, err := e.publishTo(ctx, actor, w, message, ask); done || err != nil {
			e.channels.ring(key)
			return err
		}
	}
}

// publish puts a message on a channel and answers nobody.
func (e *Engine) publish(ctx context.Context, actor convo.Actor, key channelKey, message convo.JSON, ask *Ask) error {
	err := e.once(ctx, key.inTx(), actor, ask, func(tx store.Tx) (any, error) {
		if actor.Session() {
			return nil, errSessionPublishes()
		}
		_, err := tx.Publish(key.channel, message, now())
		return nil, err
	})
	if err == nil {
		e.channels.ring(key)
	}
	return err
}

func errSessionPublishes() error {
	return convo.Errorf(convo.Forbidden, "a session token may publish on a channel only while a turn of its conversation waits for a message there")
}

// ChannelQuery says from where a channel is read.
type ChannelQuery struct {
	History int    // how many messages that were published before; at most 100 count
	After   *int64 // in place of History: go on behind this number
}

// Subscription is a channel that is being read. Each has to be called, once.
type Subscription struct {
	Channel string

	e     *Engine
	key   channelKey
	sub   *channelSub
	after int64

	dispatch *convo.Dispatch // the turn that is read here, if it is one
}

// ErrBehind ends a subscription whose reader was so slow that messages are gone
// which it has not seen. It may come back, and go on with what there is.
var ErrBehind = errors.New("the subscriber was too slow: messages that it has not seen are gone")

// Subscribe opens a channel of the actor's tenant for reading. Only one with a
// dispatched turn has an end of its own, and is read from its beginning: which of
// the turn's events a caller has seen is for the front to know.
func (e *Engine) Subscribe(ctx context.Context, actor convo.Actor, channel string, q ChannelQuery) (*Subscription, error) {
	if err := account(actor); err != nil {
		return nil, err
	}
	if err := convo.CheckChannel(channel); err != nil {
		return nil, err
	}
	key := channelKey{actor.Tenant, channel}
	// Before the channel is looked at, so that nothing is missed in between.
	s := &Subscription{Channel: channel, e: e, key: key, sub: e.channels.subscribe(key)}
	if err := s.begin(ctx, q); err != nil {
		s.sub.cancel()
		return nil, err
	}
	return s, nil
}

// begin finds the number behind which the subscription starts.
func (s *Subscription) begin(ctx context.Context, q ChannelQuery) error {
	if err := s.findTurn(ctx); err != nil || s.dispatch != nil {
		return err
	}
	span, err := s.e.store.ChannelSpan(ctx, s.key.tenant, s.key.channel)
	if err != nil {
		return err
	}
	s.after = max(span.Last-int64(min(q.History, channelHistory)), span.First-1)
	if q.After == nil {
		return nil
	}
	if *q.After < 0 || *q.After > span.Last {
		return convo.Errorf(convo.Invalid, "after must be from 0 to %d, the number of the channel's last message", span.Last)
	}
	s.after = max(*q.After, span.First-1)
	return nil
}

// findTurn looks whether a turn was dispatched to the channel.
func (s *Subscription) findTurn(ctx context.Context) error {
	d, err := s.e.store.Dispatch(ctx, s.key.tenant, s.key.channel)
	if err == nil {
		s.dispatch = &d
	} else if convo.ErrorKind(err) == convo.NotFound {
		err = nil
	}
	return err
}

// Subscriber says what is done with what comes over a channel. If one of its
// functions fails, that ends the subscription.
type Subscriber struct {
	// Messages is given messages in the order of their numbers, without a gap.
	Messages func([]convo.Published) error
	// Events is given the events of the turn that was dispatched to the channel,
	// from the first to the last. Of a turn without a conversation of the
	// caller's, conversation is "" and so are the ids of messages.
	Events func(conversation string, events []convo.Event) error
}

// Each reads the channel, and waits while there is nothing, until ctx ends or
// the turn that was dispatched to it has ended.
func (s *Subscription) Each(ctx context.Context, to Subscriber) error {
	defer s.sub.cancel()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.e.over, func() { cancel(context.Cause(s.e.over)) })()
	if err := s.eachMessage(ctx, to.Messages); err != nil {
		return err
	}
	return s.eachEvent(ctx, to.Events)
}

// eachMessage passes messages on, until a turn is dispatched to the channel.
func (s *Subscription) eachMessage(ctx context.Context, emit func([]convo.Published) error) error {
	woken := false
	for s.dispatch == nil {
		page, err := s.e.store.Published(ctx, s.key.tenant, s.key.channel, s.after, channelPage)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		case len(page) > 0:
			woken = false
			s.e.openMessages(s.key, page)
			if err := s.pass(ctx, page, emit); err != nil {
				return err
			}
		case woken: // not by a message
			woken = false
			if err := s.findTurn(ctx); err != nil {
				return err
			}
		default:
			woken = true
			if err := s.sub.wait(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Subscription) pass(ctx context.Context, page []convo.Published, emit func([]convo.Published) error) error {
	if err := s.whole(ctx, page[0].Seq); err != nil {
		return err
	}
	s.after = page[len(page)-1].Seq
	return emit(page)
}

// whole makes sure that nothing is missing between what was given and the next
// message. A channel that was pruned away and came back has left out numbers.
func (s *Subscription) whole(ctx context.Context, next int64) error {
	if next == s.after+1 {
		return nil
	}
	span, err := s.e.store.ChannelSpan(ctx, s.key.tenant, s.key.channel)
	if err != nil {
		return err
	}
	if next == span.Start+1 && s.after <= span.Start {
		return nil
	}
	return ErrBehind
}
