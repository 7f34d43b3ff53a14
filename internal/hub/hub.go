// Package hub tells readers of a conversation that its log has grown, and
// hands them the fresh events.
//
// It is a hint, never the truth: events are published after they are
// committed, and a reader who missed some of them, because it was slow or
// because the hub never had them, is told so and reads the store. So delivery
// is gap-free and in order by construction, whatever the hub loses.
//
// What it may lose: anything. A topic exists only while somebody subscribes to
// it, and keeps the last events up to [ringEvents] and about [ringBytes] of
// text. Publishing never waits for a reader, and a reader costs no memory
// beyond its place, however slow it is.
package hub

import (
	"context"
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/parleyhq/parley/internal/convo"
)

const (
	ringEvents = 256
	ringBytes  = 1 << 20
)

// Key names a conversation.
type Key struct{ Tenant, Conversation string }

// Hub is a set of topics, one for each conversation that has readers.
type Hub struct {
	mu     sync.Mutex
	topics map[Key]*topic

	readers, delivered, missed atomic.Int64
}

// Stats is what a hub has to do.
type Stats struct {
	Topics    int   // conversations that have readers
	Readers   int64 // subscriptions that are not cancelled
	Delivered int64 // events that readers were given since the start, each reader's counted
	Missed    int64 // how often a reader was too late for the ring, and had to read the store
}

// New makes an empty hub.
func New() *Hub { return &Hub{topics: map[Key]*topic{}} }

// Publish hands committed events of one conversation, in the order of their
// numbers, to whoever reads it. Calls may come out of order: what is late is
// left to the store.
func (h *Hub) Publish(key Key, events []convo.Event) {
	h.mu.Lock()
	t := h.topics[key]
	h.mu.Unlock()
	if t != nil && len(events) > 0 {
		t.publish(events)
	}
}

// Close ends all subscriptions of a conversation with err, after they have
// been given what was published before.
func (h *Hub) Close(key Key, err error) {
	h.mu.Lock()
	t := h.topics[key]
	delete(h.topics, key)
	h.mu.Unlock()
	if t != nil {
		t.close(err)
	}
}

// Subscribe starts to collect what is published from now on. Call Cancel when
// done.
func (h *Hub) Subscribe(key Key) *Subscription {
	return h.subscribe(key, &Subscription{hub: h, key: key, wake: make(chan struct{}, 1)})
}

// Notify is Subscribe for a reader who has no goroutine that waits: it calls a
// function instead, which must neither block nor call the hub, after each
// publication and when the topic is closed.
func (h *Hub) Notify(key Key, notify func()) *Subscription {
	return h.subscribe(key, &Subscription{hub: h, key: key, notify: notify})
}

func (h *Hub) subscribe(key Key, s *Subscription) *Subscription {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[key]
	if t == nil {
		t = &topic{readers: map[*Subscription]struct{}{}}
		h.topics[key] = t
	}
	s.topic = t
	t.mu.Lock()
	t.readers[s] = struct{}{}
	t.mu.Unlock()
	h.readers.Add(1)
	return s
}

// Topics counts the conversations that have readers.
func (h *Hub) Topics() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.topics)
}

// Stats says what there is to do, and what was done.
func (h *Hub) Stats() Stats {
	return Stats{Topics: h.Topics(), Readers: h.readers.Load(), Delivered: h.delivered.Load(), Missed: h.missed.Load()}
}

// topic is a ring of the newest events of one conversation.
type topic struct {
	mu      sync.Mutex
	ring    []convo.Event // append-only backing: readers hold parts of it
	base    int64         // everything after this number, up to the last, is in the ring
	bytes   int           // of text in the ring
	cut     int           // and of what was cut off it, but still stands in its backing
	err     error
	readers map[*Subscription]struct{}
}

func (t *topic) publish(events []convo.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range events {
		t.add(e)
	}
	t.trim()
	for s := range t.readers {
		s.ring()
	}
}

func (t *topic) add(e convo.Event) {
	before := e.Seq - 1
	if r, ok := e.Body.(convo.Restarted); ok {
		before = r.From - 1
	}
	if n := len(t.ring); n == 0 || t.ring[n-1].Seq != before {
		if n > 0 && e.Seq <= t.ring[n-1].Seq {
			return // late: whoever misses it has found the hole already
		}
		t.ring, t.base, t.bytes, t.cut = nil, before, 0, 0
	}
	t.ring = append(t.ring, e)
	t.bytes += e.Size()
}

func (t *topic) trim() {
	cut := 0
	for len(t.ring)-cut > 1 && (len(t.ring)-cut > ringEvents || t.bytes > ringBytes) {
		size := t.ring[cut].Size()
		t.bytes -= size
		t.cut += size
		t.base = t.ring[cut].Seq
		cut++
	}
	t.ring = t.ring[cut:]
	if t.cut > ringBytes { // what was cut off still stands in the backing
		t.ring, t.cut = slices.Clone(t.ring), 0
	}
}

func (t *topic) close(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err = err
	for s := range t.readers {
		s.ring()
	}
}

// Subscription is one reader's place in a topic. It belongs to one goroutine.
type Subscription struct {
	hub   *Hub
	key   Key
	topic *topic
	wake  chan struct{}

	notify func() // instead of wake
}

func (s *Subscription) ring() {
	if s.notify != nil {
		s.notify()
		return
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Fresh gives the published events with numbers above after. With whole false
// some of them are not here any more, or never were, and the store has to be
// read. With whole true and no events there is nothing newer than after among
// what was published since the subscription was made: what was committed before
// that, only the store knows. err is what the topic was closed with, once everything before it has
// been given. The slice is shared: do not change it.
func (s *Subscription) Fresh(after int64) (events []convo.Event, whole bool, err error) {
	t := s.topic
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(t.ring)
	if n == 0 || t.ring[n-1].Seq <= after {
		return nil, n > 0, t.err
	}
	if after < t.base {
		s.hub.missed.Add(1)
		return nil, false, nil
	}
	i := sort.Search(n, func(i int) bool { return t.ring[i].Seq > after })
	s.hub.delivered.Add(int64(n - i))
	return t.ring[i:n:n], true, nil
}

// Wait returns when something was published or the topic was closed since the
// last Wait returned, or when ctx ends, with its cause; what was published
// before that comes first.
func (s *Subscription) Wait(ctx context.Context) error {
	select {
	case <-s.wake:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-s.wake:
		return nil
	default:
		return context.Cause(ctx)
	}
}

// Cancel ends the subscription. The last one takes the topic with it.
func (s *Subscription) Cancel() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.topic.mu.Lock()
	defer s.topic.mu.Unlock()
	if _, there := s.topic.readers[s]; there {
		s.hub.readers.Add(-1)
	}
	delete(s.topic.readers, s)
	if len(s.topic.readers) == 0 && s.hub.topics[s.key] == s.topic {
		delete(s.hub.topics, s.key)
	}
}
