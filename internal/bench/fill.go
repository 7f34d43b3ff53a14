package bench

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

// fillSpec asks for conversations in a data folder, with events as real turns
// leave them. The same spec makes the same conversations.
type fillSpec struct {
	Folder        string
	First         int // index of the first conversation
	Conversations int
	Messages      int  // of each; even: a question and an answer a turn
	Mean          int  // bytes of a message
	Noise         bool // random characters instead of words
}

// fillReport is what was written.
type fillReport struct {
	Messages int64
	Text     int64 // bytes of all messages
	Events   int64
	Took     time.Duration
}

func fillFolders(context.Context, json.RawMessage) (any, map[string]operation, error) {
	debug.SetGCPercent(400) // nearly all of its memory is garbage at once
	return nil, map[string]operation{"fill": decoded(fill)}, nil
}

// fill imports conversations from several goroutines, which make them, too.
func fill(ctx context.Context, s fillSpec) (_ any, err error) {
	data, err := sqlite.Open(ctx, s.Folder, sqlite.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	words := newProse()
	var next, messages, text, events atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range 2 * runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= s.Conversations {
					return
				}
				m := s.maker(words, s.First+i)
				if err := data.Import(ctx, benchTenant, conversationID(s.First+i), m.log()); err != nil {
					cancel(fmt.Errorf("conversation %d: %w", s.First+i, err))
					return
				}
				messages.Add(int64(s.Messages))
				text.Add(m.text)
				events.Add(m.seq)
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if err := data.Sync(ctx); err != nil {
		return nil, err
	}
	return fillReport{messages.Load(), text.Load(), events.Load(), time.Since(began)}, nil
}

// filled starts a worker that fills a folder, and gives what it wrote.
func (b *bench) filled(ctx context.Context, specs ...fillSpec) (sum fillReport, err error) {
	open := len(b.open)
	defer func() { b.release(open) }()
	filler, err := b.start(ctx, "filler", nil, nil)
	if err != nil {
		return sum, err
	}
	for _, s := range specs {
		var r fillReport
		if err := filler.call("fill", s, &r); err != nil {
			return sum, err
		}
		b.logf("%s: wrote %d conversations of %d messages in %s: %.0f messages and %.0f events a second", b.name,
			s.Conversations, s.Messages, r.Took.Round(time.Millisecond), float64(r.Messages)/r.Took.Seconds(), float64(r.Events)/r.Took.Seconds())
		sum.Messages, sum.Text, sum.Events, sum.Took = sum.Messages+r.Messages, sum.Text+r.Text, sum.Events+r.Events, sum.Took+r.Took
	}
	return sum, nil
}

// check has the program look whether a folder is sound.
func (b *bench) check(ctx context.Context, data string) error {
	out, err := exec.CommandContext(ctx, b.Program, "check", "--data", data).CombinedOutput()
	if err != nil {
		return fmt.Errorf("parley check does not accept what was written: %w: %.2000s", err, out)
	}
	return nil
}

// storeOf is a store with that many conversations of the usual size.
func storeOf(conversations int) fillSpec {
	return fillSpec{Conversations: conversations, Messages: messagesEach, Mean: meanText}
}

// began returns when a conversation began: one each half a minute.
func began(index int) time.Time {
	return time.UnixMilli(1_735_689_600_000).UTC().Add(time.Duration(index) * 30 * time.Second)
}

// conversationID is the id of a conversation that fill makes.
func conversationID(index int) string {
	return uuidAt(began(index), rand.New(rand.NewPCG(uint64(index), 7)))
}

// uuidAt makes a UUIDv7 of that time.
func uuidAt(t time.Time, rng *rand.Rand) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(t.UnixMilli())<<16|rng.Uint64()&0x0fff|0x7000)
	binary.BigEndian.PutUint64(b[8:], rng.Uint64()>>2|1<<63)
	var s [36]byte
	at := 0
	for i, octet := range b {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			s[at] = '-'
			at++
		}
		hex.Encode(s[at:at+2], []byte{octet})
		at += 2
	}
	return string(s[:])
}

// maker makes the log of one conversation.
type maker struct {
	fillSpec
	words  *prose
	rng    *rand.Rand
	at     time.Time
	events []convo.Event
	seq    int64
	text   int64
	buf    []byte
}

func (s fillSpec) maker(words *prose, index int) *maker {
	return &maker{fillSpec: s, words: words, rng: rand.New(rand.NewPCG(uint64(index), 11)), at: began(index)}
}

// fillToken is the id of the token that has made all of it.
const fillToken = "0193d8a0-0000-7000-8000-000000000001"

func (m *maker) log() []convo.Event {
	m.events = make([]convo.Event, 0, m.Messages*(m.Mean/9+6)) // about as many as there will be
	m.add("", fillToken, convo.ConversationCreated{})
	for slot := range int64(m.Messages / 2) {
		m.turn(slot + 1)
	}
	return m.events
}

func (m *maker) add(turn, origin string, body convo.Body) {
	m.seq++
	m.events = append(m.events, convo.Event{Seq: m.seq, At: m.at, Turn: turn, Origin: origin, Body: body})
}

func (m *maker) wait(least, more time.Duration) {
	m.at = m.at.Add(least + time.Duration(m.rng.Int64N(int64(more)))).Truncate(time.Millisecond)
}

func (m *maker) id() string { return uuidAt(m.at, m.rng) }

func (m *maker) say() string {
	size := textSize(m.Mean, m.rng)
	if m.Noise {
		m.buf = noise(m.buf[:0], size, m.rng)
	} else {
		m.buf = m.words.say(m.buf[:0], size, m.rng)
	}
	m.text += int64(len(m.buf))
	return string(m.buf)
}

// turn is a question and its answer.
func (m *maker) turn(slot int64) {
	m.wait(5*time.Second, time.Minute)
	turn := m.id()
	asked := m.say()
	m.add(turn, fillToken, convo.TurnOpened{Front: "chatbotkit"})
	m.add(turn, fillToken, convo.MessageGiven{ID: m.id(), Fields: convo.MessageFields{Type: convo.User}, Text: asked})
	m.add(turn, fillToken, convo.TurnQueued{})
	m.add(turn, "", convo.TurnStarted{Slot: slot})
	prompt := int64(len(asked) / 4)
	m.add(turn, "", convo.ModelAsked{Model: "m", Prompt: prompt})
	begin := m.at
	m.wait(200*time.Millisecond, 600*time.Millisecond)
	first := m.at.Sub(begin)
	answer, bot, place := m.say(), m.id(), convo.Place(slot, 1)
	m.add(turn, "", convo.MessageStarted{ID: bot, Place: place, Type: convo.Bot})
	m.deltas(turn, bot, answer)
	m.add(turn, "", convo.MessageEnded{ID: bot, Place: place, Type: convo.Bot, Text: answer})
	usage := convo.Usage{Input: convo.Tokens{N: prompt}, Output: convo.Tokens{N: int64(len(answer)/4 + 1)}}
	m.add(turn, "", convo.ModelAnswered{Model: "m", Usage: usage, FirstToken: first, Took: m.at.Sub(begin)})
	m.add(turn, "", convo.TurnEnded{Reason: convo.EndDone, Usage: usage})
}

// deltas cuts an answer into pieces of a word's length, about 50 a second.
func (m *maker) deltas(turn, message, text string) {
	for at := 0; at < len(text); {
		end := min(at+2+m.rng.IntN(6), len(text))
		m.add(turn, "", convo.Delta{Message: message, Type: convo.Bot, Text: text[at:end]})
		m.wait(15*time.Millisecond, 10*time.Millisecond)
		at = end
	}
}
