package engine

import (
	"context"
	"sync"

	"github.com/parleyhq/parley/internal/hub"
)

// channelKey names a channel.
type channelKey struct{ tenant, channel string }

// inTx is the key under which transactions of a channel that belong to no
// conversation are carried out: no conversation has a colon in its id.
func (k channelKey) inTx() hub.Key {
	return hub.Key{Tenant: k.tenant, Conversation: "channel:" + k.channel}
}

// channelHub wakes the subscribers of channels. It holds no messages: whoever
// is woken reads the store, in its own time, so that a slow subscriber costs
// nothing beyond its place.
type channelHub struct {
	mu   sync.Mutex
	subs map[channelKey]map[*channelSub]struct{}
}

func newChannelHub() *channelHub {
	return &channelHub{subs: map[channelKey]map[*channelSub]struct{}{}}
}

// ring wakes the subscribers of a channel after something was committed.
func (h *channelHub) ring(key channelKey) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.subs[key] {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

// subscribe starts to listen. What is committed from now on wakes it.
func (h *channelHub) subscribe(key channelKey) *channelSub {
	s := &channelSub{hub: h, key: key, wake: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.subs[key] == nil {
		h.subs[key] = map[*channelSub]struct{}{}
	}
	h.subs[key][s] = struct{}{}
	return s
}

// channelSub is one subscriber's place.
type channelSub struct {
	hub  *channelHub
	key  channelKey
	wake chan struct{}
}

// wait returns when something was committed since the last wait returned, or
// with the cause of the end of ctx.
func (s *channelSub) wait(ctx context.Context) error {
	select {
	case <-s.wake:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// cancel ends the subscription.
func (s *channelSub) cancel() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	delete(s.hub.subs[s.key], s)
	if len(s.hub.subs[s.key]) == 0 {
		delete(s.hub.subs, s.key)
	}
}
