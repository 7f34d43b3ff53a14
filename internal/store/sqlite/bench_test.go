package sqlite_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// begin makes a conversation with a message that comes piece by piece.
func begin(b *testing.B, s store.Store, id string) {
	b.Helper()
	write(b, s, id, store.Buffered,
		convo.Event{At: time.Now(), Body: convo.ConversationCreated{}},
		convo.Event{At: time.Now(), Turn: "t", Body: convo.TurnOpened{Front: "bench"}},
		convo.Event{At: time.Now(), Turn: "t", Body: convo.TurnStarted{Slot: 1}},
		convo.Event{At: time.Now(), Turn: "t", Body: convo.MessageStarted{ID: "m", Place: convo.Place(1, 0), Type: convo.Bot}},
	)
}

func write(b *testing.B, s store.Store, id string, sync store.Sync, events ...convo.Event) {
	_, err := s.Update(b.Context(), "a", id, sync, func(tx store.Tx) error {
		for _, e := range events {
			if err := tx.Append(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Error(err)
	}
}

func conversationID(n int64) string { return fmt.Sprintf("01890000-0000-7000-8000-%012x", n) }

func BenchmarkAppendDelta(b *testing.B) {
	delta := func() convo.Event {
		return convo.Event{At: time.Now(), Turn: "t", Body: convo.Delta{Message: "m", Type: convo.Bot, Text: " token"}}
	}
	b.Run("1 conversation", func(b *testing.B) {
		s := open(b, b.TempDir(), "")
		begin(b, s, conversationID(0))
		b.ReportAllocs()
		for b.Loop() {
			write(b, s, conversationID(0), store.Buffered, delta())
		}
	})
	b.Run("64 conversations at once", func(b *testing.B) {
		s := open(b, b.TempDir(), "")
		for n := range int64(64) {
			begin(b, s, conversationID(n))
		}
		var next atomic.Int64
		b.ReportAllocs()
		b.SetParallelism(64 / 2) // of two processors, on the reference machine
		b.RunParallel(func(pb *testing.PB) {
			id := conversationID(next.Add(1) % 64)
			for pb.Next() {
				write(b, s, id, store.Buffered, delta())
			}
		})
	})
}

// BenchmarkDurableTurn is a turn of 64 callers at once: a question that is
// durable when it is acknowledged, an answer in 20 pieces, and its durable end.
func BenchmarkDurableTurn(b *testing.B) {
	s := open(b, b.TempDir(), "")
	var next atomic.Int64
	pieces := strings.SplitAfter(strings.Repeat("some words ", 20), " ")[:20]
	text := strings.Join(pieces, "")
	b.ReportAllocs()
	b.SetParallelism(64 / 2)
	b.RunParallel(func(pb *testing.PB) {
		id := conversationID(next.Add(1))
		write(b, s, id, store.Buffered, convo.Event{At: time.Now(), Body: convo.ConversationCreated{}})
		for slot := int64(1); pb.Next(); slot++ {
			turn, answer := conversationID(2*slot), conversationID(2*slot+1)
			place := convo.Place(slot, 1)
			event := func(body convo.Body) convo.Event { return convo.Event{At: time.Now(), Turn: turn, Body: body} }
			write(b, s, id, store.Durable, event(convo.TurnOpened{Front: "bench"}),
				event(convo.MessageGiven{ID: turn, Fields: convo.MessageFields{Type: convo.User}, Text: text}),
				event(convo.TurnQueued{}), event(convo.TurnStarted{Slot: slot}), event(convo.ModelAsked{Model: "m"}))
			write(b, s, id, store.Buffered, event(convo.MessageStarted{ID: answer, Place: place, Type: convo.Bot}),
				event(convo.Delta{Message: answer, Type: convo.Bot, Text: pieces[0]}))
			for _, p := range pieces[1:] {
				write(b, s, id, store.Buffered, event(convo.Delta{Message: answer, Type: convo.Bot, Text: p}))
			}
			write(b, s, id, store.Durable,
				event(convo.MessageEnded{ID: answer, Place: place, Type: convo.Bot, Text: text}),
				event(convo.ModelAnswered{Model: "m"}), event(convo.TurnEnded{Reason: convo.EndDone}))
		}
	})
}
