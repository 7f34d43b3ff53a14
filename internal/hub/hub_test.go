package hub_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var key = hub.Key{Tenant: "t", Conversation: "c"}

func deltas(from, to int64) []convo.Event {
	var events []convo.Event
	for seq := from; seq <= to; seq++ {
		events = append(events, convo.Event{Seq: seq, Body: convo.Delta{Text: "x"}})
	}
	return events
}

func seqs(events []convo.Event) (list []int64) {
	for _, e := range events {
		list = append(list, e.Seq)
	}
	return list
}

func wantFresh(t *testing.T, s *hub.Subscription, after int64, whole bool, want ...int64) {
	t.Helper()
	events, got, err := s.Fresh(after)
	if err != nil || got != whole || !equal(seqs(events), want) {
		t.Errorf("Fresh(%d) = %v, %v, %v; want %v, %v", after, seqs(events), got, err, want, whole)
	}
}

func equal(a, b []int64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestAReaderGetsWhatIsPublishedInOrder(t *testing.T) {
	t.Parallel()
	h := hub.New()
	s := h.Subscribe(key)
	defer s.Cancel()
	h.Publish(key, deltas(4, 6))
	if err := s.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantFresh(t, s, 3, true, 4, 5, 6)
	wantFresh(t, s, 5, true, 6)
	wantFresh(t, s, 6, true)
	h.Publish(key, deltas(7, 7))
	wantFresh(t, s, 6, true, 7)
}

func TestAReaderIsToldToReadTheStore(t *testing.T) {
	t.Parallel()

	t.Run("when nothing was published since it came", func(t *testing.T) {
		t.Parallel()
		h := hub.New()
		s := h.Subscribe(key)
		defer s.Cancel()
		wantFresh(t, s, 0, false)
	})
	t.Run("when it stands before what is kept", func(t *testing.T) {
		t.Parallel()
		h := hub.New()
		s := h.Subscribe(key)
		defer s.Cancel()
		h.Publish(key, deltas(10, 11))
		wantFresh(t, s, 3, false)
		wantFresh(t, s, 9, true, 10, 11)
	})
	t.Run("when the ring has wrapped", func(t *testing.T) {
		t.Parallel()
		h := hub.New()
		s := h.Subscribe(key)
		defer s.Cancel()
		h.Publish(key, deltas(1, 1000))
		wantFresh(t, s, 0, false)
		events, whole, err := s.Fresh(990)
		if err != nil || !whole || len(events) != 10 {
			t.Errorf("the newest events are gone: %d, %v, %v", len(events), whole, err)
		}
	})
	t.Run("when texts fill the ring", func(t *testing.T) {
		t.Parallel()
		h := hub.New()
		s := h.Subscribe(key)
		defer s.Cancel()
		for seq := int64(1); seq <= 8; seq++ {
			h.Publish(key, []convo.Event{{Seq: seq, Body: convo.MessageGiven{Text: strings.Repeat("x", 256<<10)}}})
		}
		wantFresh(t, s, 0, false)
		wantFresh(t, s, 7, true, 8)
	})
	t.Run("when fields of any kind fill the ring", func(t *testing.T) {
		t.Parallel()
		h := hub.New()
		s := h.Subscribe(key)
		defer s.Cancel()
		large := strings.Repeat("x", 128<<10)
		for seq := int64(1); seq <= 8; seq++ {
			h.Publish(key, []convo.Event{{Seq: seq, Body: convo.ConversationChanged{Fields: convo.Fields{TaskID: &large, SpaceID: &large}}}})
		}
		wantFresh(t, s, 0, false)
		wantFresh(t, s, 7, true, 8)
	})
	t.Run("when events were published out of order", func(t *testing.T) {
		t.Parallel()
		h := hub.New()
		s := h.Subscribe(key)
		defer s.Cancel()
		h.Publish(key, deltas(1, 2))
		h.Publish(key, deltas(4, 4))
		h.Publish(key, deltas(3, 3))
		wantFresh(t, s, 2, false)
		wantFresh(t, s, 3, true, 4)
	})
}

func TestASkipOfNumbersIsNoGap(t *testing.T) {
	t.Parallel()
	h := hub.New()
	s := h.Subscribe(key)
	defer s.Cancel()
	h.Publish(key, deltas(5, 5))
	h.Publish(key, []convo.Event{{Seq: 105, Body: convo.Restarted{From: 6, To: 105}}, {Seq: 106, Body: convo.TurnQueued{}}})
	wantFresh(t, s, 4, true, 5, 105, 106)
}

func TestOtherConversationsStayQuiet(t *testing.T) {
	t.Parallel()
	h := hub.New()
	s := h.Subscribe(key)
	defer s.Cancel()
	h.Publish(hub.Key{Tenant: "other", Conversation: "c"}, deltas(1, 1))
	h.Publish(hub.Key{Tenant: "t", Conversation: "other"}, deltas(1, 1))
	wantFresh(t, s, 0, false)
}

func TestClosingEndsReadersAfterTheLastEvent(t *testing.T) {
	t.Parallel()
	h := hub.New()
	s := h.Subscribe(key)
	defer s.Cancel()
	gone := errors.New("gone")
	h.Publish(key, deltas(1, 2))
	h.Close(key, gone)
	wantFresh(t, s, 0, true, 1, 2)
	if _, _, err := s.Fresh(2); !errors.Is(err, gone) {
		t.Errorf("Fresh after the last event = %v, want the reason", err)
	}
	if h.Topics() != 0 {
		t.Error("a closed topic is still there")
	}
}

func TestTheLastReaderTakesTheTopicAlong(t *testing.T) {
	t.Parallel()
	h := hub.New()
	a, b := h.Subscribe(key), h.Subscribe(key)
	a.Cancel()
	if h.Topics() != 1 {
		t.Error("the topic went with its first reader")
	}
	b.Cancel()
	if h.Topics() != 0 {
		t.Error("the topic stayed without readers")
	}
	h.Publish(key, deltas(1, 1))
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	h := hub.New()
	s := h.Subscribe(key)
	defer s.Cancel()
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("why")
	cancel(why)
	if err := s.Wait(ctx); !errors.Is(err, why) {
		t.Errorf("Wait = %v, want the cause", err)
	}
}

func TestManyReadersOfManyWritersMissNothing(t *testing.T) {
	t.Parallel()
	const events, readers = 5000, 8
	h := hub.New()
	var all sync.WaitGroup
	ready := make(chan struct{}, readers)
	for range readers {
		all.Go(func() {
			s := h.Subscribe(key)
			defer s.Cancel()
			ready <- struct{}{}
			var at int64
			for woken := false; at < events; {
				fresh, whole, err := s.Fresh(at)
				switch {
				case err != nil:
					t.Error(err)
					return
				case len(fresh) > 0:
					if fresh[0].Seq != at+1 {
						t.Errorf("after %d came %d", at, fresh[0].Seq)
						return
					}
					at = fresh[len(fresh)-1].Seq
				case !whole && woken:
					return // it was too slow, and told so
				default:
					woken = true
					if err := s.Wait(t.Context()); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	for range readers {
		<-ready
	}
	for seq := int64(1); seq <= events; seq++ {
		h.Publish(key, deltas(seq, seq))
	}
	all.Wait()
}

func BenchmarkPublish(b *testing.B) {
	h := hub.New()
	s := h.Subscribe(key)
	defer s.Cancel()
	events := deltas(1, 1)
	b.ReportAllocs()
	for i := range b.N {
		events[0].Seq = int64(i + 1)
		h.Publish(key, events)
		if fresh, _, _ := s.Fresh(int64(i)); len(fresh) != 1 {
			b.Fatal("nothing fresh")
		}
	}
}

func TestStatsCountWhatReadersGet(t *testing.T) {
	t.Parallel()
	h := hub.New()
	first, second := h.Subscribe(key), h.Subscribe(key)
	h.Publish(key, deltas(4, 6))
	for _, s := range []*hub.Subscription{first, second} {
		if _, _, err := s.Fresh(3); err != nil {
			t.Fatal(err)
		}
	}
	wantFresh(t, first, 6, true)
	wantFresh(t, first, 1, false) // too late for the ring
	if got, want := h.Stats(), (hub.Stats{Topics: 1, Readers: 2, Delivered: 6, Missed: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	first.Cancel()
	first.Cancel()
	second.Cancel()
	if got, want := h.Stats(), (hub.Stats{Delivered: 6, Missed: 1}); got != want {
		t.Errorf("after everybody left: %+v, want %+v", got, want)
	}
}
