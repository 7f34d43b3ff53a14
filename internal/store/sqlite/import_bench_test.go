package sqlite_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// words makes texts that deflate about as well as what people and models write.
type words struct {
	r    *rand.Rand
	list []string
}

func newWords(seed uint64) *words {
	w := &words{r: rand.New(rand.NewPCG(seed, 2))}
	for range 4000 {
		b := make([]byte, 2+w.r.IntN(9))
		for i := range b {
			b[i] = "etaoinshrdlucmfwypvbgk"[min(w.r.IntN(22), w.r.IntN(22))]
		}
		w.list = append(w.list, string(b))
	}
	return w
}

// text has 1000 bytes on average, lognormally.
func (w *words) text() string {
	size := int(1000 * math.Exp(w.r.NormFloat64()*0.8-0.32))
	var b strings.Builder
	for b.Len() < size {
		b.WriteString(w.list[int(math.Pow(w.r.Float64(), 3)*float64(len(w.list)))])
		b.WriteByte(' ')
	}
	return b.String()[:size]
}

// uuid gives ids as the server does: in the order of time, with a random tail.
func (w *words) uuid(at time.Time) string {
	ms := at.UnixMilli()
	return fmt.Sprintf("%08x-%04x-7%03x-%04x-%012x", ms>>16, ms&0xffff, w.r.IntN(1<<12), 0x8000|w.r.IntN(1<<14), w.r.Int64N(1<<48))
}

// conversation makes the log of a conversation of turns with a question and an
// answer each.
func (w *words) conversation(turns int, now time.Time) []convo.Event {
	var events []convo.Event
	origin := "01890000-0000-7000-8000-00000000aaaa"
	add := func(turn string, body convo.Body) {
		now = now.Add(time.Duration(w.r.IntN(900)) * time.Millisecond)
		e := convo.Event{Seq: int64(len(events) + 1), At: now, Turn: turn, Body: body}
		if turn != "" {
			e.Origin = origin
		}
		events = append(events, e)
	}
	add("", convo.ConversationCreated{})
	usage := convo.Usage{Input: convo.Tokens{N: 812}, Output: convo.Tokens{N: 211}}
	for slot := range int64(turns) {
		turn, answer, text := w.uuid(now), w.uuid(now), w.text()
		place := convo.Place(slot+1, 1)
		add(turn, convo.TurnOpened{Front: "chatbotkit"})
		add(turn, convo.MessageGiven{ID: w.uuid(now), Fields: convo.MessageFields{Type: convo.User}, Text: w.text()})
		add(turn, convo.TurnQueued{})
		add(turn, convo.TurnStarted{Slot: slot + 1})
		add(turn, convo.ModelAsked{Model: "gpt-4o", Prompt: 800})
		add(turn, convo.MessageStarted{ID: answer, Place: place, Type: convo.Bot})
		add(turn, convo.Delta{Message: answer, Type: convo.Bot, Text: text})
		add(turn, convo.MessageEnded{ID: answer, Place: place, Type: convo.Bot, Text: text})
		add(turn, convo.ModelAnswered{Model: "gpt-4o", Usage: usage, FirstToken: 400 * time.Millisecond, Took: 3 * time.Second})
		add(turn, convo.TurnEnded{Reason: convo.EndDone, Usage: usage})
	}
	return events
}

// BenchmarkImport fills a folder with conversations of 20 messages with texts of
// 1000 bytes on average, and says how many messages a second went in and how
// large the folder is against the texts.
func BenchmarkImport(b *testing.B) {
	folder := b.TempDir()
	s := open(b, folder, "")
	const turns, variants = 10, 64
	w := newWords(1)
	logs := make([][]convo.Event, variants)
	bare := 0
	for i := range logs {
		logs[i] = w.conversation(turns, time.UnixMilli(1_800_000_000_000+int64(i)*1e6))
		for _, e := range logs[i] {
			if _, ok := e.Body.(convo.Delta); !ok {
				bare += e.Size()
			}
		}
	}
	var next atomic.Int64
	b.SetParallelism(4)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := next.Add(1)
			if err := s.Import(b.Context(), "a", conversationID(n), logs[n%variants]); err != nil {
				b.Error(err)
			}
		}
	})
	if err := s.Sync(b.Context()); err != nil {
		b.Error(err)
	}
	b.ReportMetric(float64(b.N*turns*2)/b.Elapsed().Seconds(), "messages/s")
	if err := s.Close(); err != nil {
		b.Error(err)
	}
	info, err := os.Stat(filepath.Join(folder, "parley.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/(float64(bare)/variants*float64(b.N)), "folder/text")
}

// BenchmarkCreateWithMessages makes a conversation with many messages in one
// update: the time of each must not depend on how many there are.
func BenchmarkCreateWithMessages(b *testing.B) {
	for _, n := range []int{1000, 20_000} {
		b.Run(fmt.Sprint(n, " messages"), func(b *testing.B) {
			s := open(b, b.TempDir(), "")
			events := []convo.Event{{At: time.Now(), Body: convo.ConversationCreated{}}}
			for i := range int64(n) {
				events = append(events, convo.Event{At: time.Now(), Body: convo.MessageGiven{
					ID: conversationID(i), Place: convo.Place(i+1, 0), Text: "some words",
					Fields: convo.MessageFields{Type: convo.User},
				}})
			}
			i := int64(0)
			for b.Loop() {
				i++
				write(b, s, conversationID(i), store.Buffered, events...)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/message")
		})
	}
}

// BenchmarkPageOfLongAnswer reads a page from the middle of an answer that is as
// long as answers get, and came in many pieces.
func BenchmarkPageOfLongAnswer(b *testing.B) {
	for _, pieces := range []int{1000, 100_000} {
		b.Run(fmt.Sprint(pieces, " pieces"), func(b *testing.B) {
			s := open(b, b.TempDir(), "")
			w := newWords(1)
			place := convo.Place(1, 0)
			bodies := []convo.Body{convo.ConversationCreated{}, convo.MessageStarted{ID: "m", Place: place, Type: convo.Bot}}
			var text strings.Builder
			for range pieces {
				piece := w.list[w.r.IntN(len(w.list))] + " " + w.list[w.r.IntN(99)] + " and more words in it"
				text.WriteString(piece)
				bodies = append(bodies, convo.Delta{Message: "m", Type: convo.Bot, Text: piece})
			}
			bodies = append(bodies, convo.MessageEnded{ID: "m", Place: place, Type: convo.Bot, Text: text.String()})
			events := make([]convo.Event, len(bodies))
			for i, body := range bodies {
				events[i] = convo.Event{Seq: int64(i + 1), At: time.UnixMilli(int64(i)), Body: body}
			}
			if err := s.Import(b.Context(), "a", conversationID(1), events); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if page, err := s.Events(b.Context(), "a", conversationID(1), int64(pieces/2), 256); err != nil || len(page) != 256 {
					b.Fatal(len(page), err)
				}
			}
		})
	}
}
