package transfer_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/sqlite"
	"github.com/parleyhq/parley/internal/transfer"
)

// The size of what the benchmarks move: answers come in pieces, as they do.
const (
	benchConversations = 300
	benchTurns         = 10
	benchPieces        = 20
)

// benchLog is the log of one conversation with some turns of two messages.
func benchLog(n int) []convo.Event {
	words := strings.Fields("a server keeps what people and models say to each other in the order in which it was said")
	text := func(k int) string {
		var b strings.Builder
		for i := range 100 {
			b.WriteString(words[(i*i+k*7+n*13)%len(words)])
			b.WriteByte(' ')
		}
		return b.String()
	}
	var events []convo.Event
	add := func(turn string, b convo.Body) {
		seq := int64(len(events) + 1)
		events = append(events, convo.Event{Seq: seq, At: born.Add(time.Duration(n*1000+int(seq)) * time.Millisecond), Turn: turn, Body: b})
	}
	add("", convo.ConversationCreated{})
	for k := range benchTurns {
		id := func(kind int) string { return fmt.Sprintf("01890000-%04x-7000-8000-%06x%06x", kind, n, k) }
		turn, slot := id(1), int64(k+1)
		add(turn, convo.TurnOpened{Front: "chatbotkit"})
		add(turn, convo.MessageGiven{ID: id(2), Fields: convo.MessageFields{Type: convo.User}, Text: text(k)})
		add(turn, convo.TurnQueued{})
		add(turn, convo.TurnStarted{Slot: slot})
		add(turn, convo.ModelAsked{Model: "gpt-4o", Prompt: 1000})
		add(turn, convo.MessageStarted{ID: id(3), Place: convo.Place(slot, 1), Type: convo.Bot})
		answer := text(k + 1)
		for i := range benchPieces {
			add(turn, convo.Delta{Message: id(3), Type: convo.Bot, Text: answer[i*len(answer)/benchPieces : (i+1)*len(answer)/benchPieces]})
		}
		add(turn, convo.MessageEnded{ID: id(3), Place: convo.Place(slot, 1), Type: convo.Bot, Text: answer})
		add(turn, convo.ModelAnswered{Model: "gpt-4o", Took: time.Second})
		add(turn, convo.TurnEnded{Reason: convo.EndDone})
	}
	return events
}

func benchStore(b *testing.B) store.Store {
	b.Helper()
	s, err := sqlite.Open(b.Context(), b.TempDir(), sqlite.Options{})
	must(b, err)
	b.Cleanup(func() { must(b, s.Close()) })
	return s
}

// benchArchive is a store with what is moved, and its export.
func benchArchive(b *testing.B) (store.Store, []byte) {
	b.Helper()
	s := benchStore(b)
	for n := range benchConversations {
		must(b, s.Import(b.Context(), tenant, fmt.Sprintf("01890000-0000-7000-8000-%012x", n), benchLog(n)))
	}
	return s, export(b, s)
}

func report(b *testing.B, data []byte) {
	b.SetBytes(int64(len(data)))
	b.ReportMetric(float64(benchConversations*b.N)/b.Elapsed().Seconds(), "conversations/s")
	b.ReportMetric(float64(bytes.Count(data, []byte{'\n'})*b.N)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkExport(b *testing.B) {
	s, data := benchArchive(b)
	for b.Loop() {
		must(b, transfer.Export(b.Context(), s, tenant, io.Discard, nil, nil))
	}
	report(b, data)
}

func BenchmarkImport(b *testing.B) {
	_, data := benchArchive(b)
	for b.Loop() {
		b.StopTimer()
		other := benchStore(b)
		b.StartTimer()
		_, err := transfer.Import(b.Context(), other, tenant, bytes.NewReader(data), false, nil)
		must(b, err)
	}
	report(b, data)
}

// BenchmarkSkip imports what is there.
func BenchmarkSkip(b *testing.B) {
	s, data := benchArchive(b)
	for b.Loop() {
		_, err := transfer.Import(b.Context(), s, tenant, bytes.NewReader(data), false, nil)
		must(b, err)
	}
	report(b, data)
}

// BenchmarkWrite makes durable writes: alone, while one export after the other
// runs, and to tell what of that is the processor's time, beside a busy loop.
func BenchmarkWrite(b *testing.B) {
	for name, beside := range map[string]func(context.Context, store.Store) error{
		"alone": nil,
		"exporting": func(ctx context.Context, s store.Store) error {
			return transfer.Export(ctx, s, tenant, io.Discard, nil, nil)
		},
		"busy": func(context.Context, store.Store) error { benchLog(0); return nil },
	} {
		b.Run(name, func(b *testing.B) {
			s, _ := benchArchive(b)
			ctx, cancel := context.WithCancel(b.Context())
			var group sync.WaitGroup
			group.Go(func() {
				for beside != nil && ctx.Err() == nil {
					if err := beside(ctx, s); err != nil && ctx.Err() == nil {
						b.Error(err)
						return
					}
				}
			})
			put(b, s, "written", of("", convo.ConversationCreated{}))
			for b.Loop() {
				_, err := s.Update(ctx, tenant, "written", store.Durable, func(tx store.Tx) error {
					head := tx.Head()
					return tx.Append(of("", given(fmt.Sprint("m", head.NextSlot), convo.Place(head.NextSlot, 0), "text")))
				})
				must(b, err)
			}
			cancel()
			group.Wait()
		})
	}
}
