package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// channel is what is kept of a channel.
type channel struct {
	start, last int64
	messages    []convo.Published
}

func (c *channel) span() convo.ChannelSpan {
	return convo.ChannelSpan{Start: c.start, First: c.last - int64(len(c.messages)) + 1, Last: c.last}
}

// trim forgets the oldest messages beyond what is kept.
func (c *channel) trim() {
	size := 0
	for _, m := range c.messages {
		size += len(m.Message)
	}
	for len(c.messages) > 1 && (len(c.messages) > store.ChannelMessages || size > store.ChannelBytes) {
		size -= len(c.messages[0].Message)
		c.messages = c.messages[1:]
	}
}

// channel gives a channel, or an empty one in its place.
func (s *Store) channel(k key) *channel {
	if c := s.channels[k]; c != nil {
		return c
	}
	return &channel{start: s.channelFloor, last: s.channelFloor}
}

// ChannelSpan implements store.Channels.
func (s *Store) ChannelSpan(ctx context.Context, tenant, name string) (convo.ChannelSpan, error) {
	if err := s.rlock(ctx); err != nil {
		return convo.ChannelSpan{}, err
	}
	defer s.mu.RUnlock()
	return s.channel(key{tenant, name}).span(), nil
}

// Published implements store.Channels.
func (s *Store) Published(ctx context.Context, tenant, name string, after int64, limit int) ([]convo.Published, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	var list []convo.Published
	size := 0
	for _, m := range s.channel(key{tenant, name}).messages {
		if m.Seq <= after {
			continue
		}
		if len(list) == limit || size > store.PublishedBytes {
			break
		}
		m.Message = bytes.Clone(m.Message)
		list, size = append(list, m), size+len(m.Message)
	}
	return list, nil
}

// PruneChannels implements store.Channels.
func (s *Store) PruneChannels(ctx context.Context, before time.Time) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for k, c := range s.channels {
		n := slices.IndexFunc(c.messages, func(m convo.Published) bool { return !m.At.Before(before) })
		if n < 0 {
			s.channelFloor = max(s.channelFloor, c.last)
			delete(s.channels, k)
			continue
		}
		c.messages = slices.Clone(c.messages[n:])
	}
	return nil
}

// Dispatch implements store.Channels.
func (s *Store) Dispatch(ctx context.Context, tenant, name string) (convo.Dispatch, error) {
	if err := s.rlock(ctx); err != nil {
		return convo.Dispatch{}, err
	}
	defer s.mu.RUnlock()
	d, ok := s.dispatches[key{tenant, name}]
	if !ok {
		return d, convo.Errorf(convo.NotFound, "no turn was dispatched to the channel %q", name)
	}
	return d, nil
}

// ExpiredDispatches implements store.Channels.
func (s *Store) ExpiredDispatches(ctx context.Context, before time.Time, limit int) ([]convo.Dispatch, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	var list []convo.Dispatch
	for _, d := range s.dispatches {
		c := s.conversations[key{d.Tenant, d.Conversation}]
		if c == nil || !d.Hidden {
			continue
		}
		if t := c.turns[d.Turn]; t.State == convo.StateEnded && t.Ended.Before(before) {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b convo.Dispatch) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Channel, b.Channel))
	})
	return list[:min(limit, len(list))], nil
}

// Publish implements store.ChannelTx.
func (t *tx) Publish(name string, message convo.JSON, at time.Time) (int64, error) {
	k := key{t.key.tenant, name}
	if _, ok := t.store.dispatches[k]; ok {
		return 0, convo.Errorf(convo.Conflict, "a turn was dispatched to this channel; it takes no messages")
	}
	before := t.store.channels[k]
	c := *t.store.channel(k)
	c.last++
	c.messages = append(slices.Clip(c.messages), convo.Published{Seq: c.last, Message: bytes.Clone(message), At: stored(at)})
	c.trim()
	t.store.channels[k] = &c
	t.undo = append(t.undo, func() {
		delete(t.store.channels, k)
		if before != nil {
			t.store.channels[k] = before
		}
	})
	return c.last, nil
}

// Dispatch implements store.ChannelTx.
func (t *tx) Dispatch(name string) (convo.Dispatch, bool, error) {
	d, ok := t.store.dispatches[key{t.key.tenant, name}]
	return d, ok, nil
}

// PutDispatch implements store.ChannelTx.
func (t *tx) PutDispatch(d convo.Dispatch) error {
	if t.conversation == nil {
		return convo.Errorf(convo.NotFound, "there is no conversation %q", t.key.id)
	}
	k := key{t.key.tenant, d.Channel}
	_, taken := t.store.dispatches[k]
	if taken || t.store.channels[k] != nil {
		return convo.Errorf(convo.Conflict, "this channel is in use already; name another one")
	}
	d.Tenant, d.Conversation, d.Created = t.key.tenant, t.key.id, stored(d.Created)
	t.store.dispatches[k] = d
	t.undo = append(t.undo, func() { delete(t.store.dispatches, k) })
	return nil
}

// dropDispatches removes those of a conversation that is deleted.
func (t *tx) dropDispatches() {
	for k, d := range t.store.dispatches {
		if d.Tenant == t.key.tenant && d.Conversation == t.key.id {
			t.undo = append(t.undo, func() { t.store.dispatches[k] = d })
			delete(t.store.dispatches, k)
		}
	}
}
