package archive_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

const tenant = "default/default"

// fill makes a data folder with n conversations. The machine is restarted in
// between, so that some logs skip numbers.
func fill(t *testing.T, folder string, n int) {
	t.Helper()
	for _, boot := range []string{"first", "second"} {
		s, err := sqlite.Open(t.Context(), folder, sqlite.Options{Boot: boot})
		if err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for worker := range 16 {
			group.Go(func() {
				for i := worker; i < n; i += 16 {
					if err := write(t.Context(), s, i, boot == "second"); err != nil {
						t.Errorf("conversation %d: %v", i, err)
					}
				}
			})
		}
		group.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// write makes a conversation, or goes on with it after the restart.
func write(ctx context.Context, s store.Store, i int, again bool) error {
	if again && i%3 == 0 {
		return nil // its log has no skip
	}
	_, err := s.Update(ctx, tenant, id(i), store.Buffered, func(tx store.Tx) error {
		a := &author{tx: tx, i: i, r: rand.New(rand.NewPCG(uint64(i), 1))}
		if again {
			a.r = rand.New(rand.NewPCG(uint64(i), 2))
			a.messages = 100
		} else {
			a.add("", convo.ConversationCreated{Fields: a.fields()})
		}
		a.talk()
		return a.err
	})
	return err
}

// id gives most conversations an id as the server does, and some one of others.
func id(i int) string {
	if i%10 == 9 {
		return fmt.Sprintf("cl%08dforeign-Id_%d", i, i%7)
	}
	return fmt.Sprintf("01890000-0000-7000-8000-%012x", i*2654435761%(1<<40))
}

// author writes to one conversation what comes to its mind.
type author struct {
	tx       store.Tx
	i        int
	r        *rand.Rand
	messages int
	turns    int
	last     string // a message that is there, or ""
	err      error
}

func (a *author) add(turn string, b convo.Body) {
	if a.err != nil {
		return
	}
	seq := int64(0)
	if head := a.tx.Head(); head != nil {
		seq = head.LastSeq % 1_000_000
	}
	// Some conversations are created in one moment.
	at := time.UnixMilli(1_760_000_000_000 + int64(a.i/3)*1000 + seq*37)
	origin := ""
	if a.r.IntN(3) == 0 {
		origin = "0199aaaa-0000-7000-8000-00000000000" + fmt.Sprint(a.r.IntN(4))
	}
	a.err = a.tx.Append(convo.Event{At: at, Turn: turn, Origin: origin, Body: b})
}

// pick gives one of a list.
func pick[T any](a *author, list ...T) T { return list[a.r.IntN(len(list))] }

// maybe gives a value or nil.
func maybe[T any](a *author, v T) *T {
	if a.r.IntN(2) == 0 {
		return nil
	}
	return &v
}

func (a *author) text() string {
	words := []string{
		"tea", "naïve", "日本語", "🦜🏽‍🚀", "e\u0301", "שלום", "\u2028", "\x00", "\ufffd", `\ufffd`, "<&>", `"quoted"`,
		"line\nbreak\r\n", "\t", "the", "of", "and", "a much longer word than the others",
	}
	var b strings.Builder
	for range a.r.IntN(30) * a.r.IntN(8) {
		b.WriteString(pick(a, words...))
		b.WriteByte(' ')
	}
	return b.String()
}

func (a *author) meta() convo.JSON {
	return pick(a, nil, nil, convo.JSON(`{}`), convo.JSON(`{"a":1.0,"b":[null,true],"é":"\u00e9"}`), convo.JSON("{ \"spaced\":\n\t1e3 }"),
		convo.JSON(`{"activity":{"type":"request","function":{"name":"f","arguments":{"x":12345678901234567890},"id":"call_1"}}}`))
}

func (a *author) fields() convo.Fields {
	return convo.Fields{
		Name: maybe(a, a.text()), Description: maybe(a, ""), Meta: a.meta(), BotID: maybe(a, "bot"), ContactID: maybe(a, "contact"),
		TaskID: maybe(a, "task"), SpaceID: maybe(a, "space"), Agenda: a.agenda(), Config: convo.Config{
			Model: maybe(a, "gpt-4o"), Backstory: maybe(a, a.text()), DatasetID: maybe(a, "d"), SkillsetID: maybe(a, "s"),
			Privacy: maybe(a, a.r.IntN(2) == 0), Moderation: maybe(a, false),
		},
	}
}

func (a *author) messageFields(kind convo.MessageType) convo.MessageFields {
	return convo.MessageFields{Type: kind, Name: maybe(a, a.text()), Description: maybe(a, "d"), Meta: a.meta()}
}

func (a *author) messageID() string {
	a.messages++
	if a.messages%5 == 0 {
		return fmt.Sprintf("foreign-%d-%d", a.i, a.messages)
	}
	return fmt.Sprintf("01890000-1111-7000-8000-%06x%06x", a.i, a.messages)
}

// talk lets happen whatever may happen in a conversation.
func (a *author) talk() {
	for _, kind := range convo.MessageTypes {
		a.give(kind)
	}
	for range 2 + a.r.IntN(6) {
		switch a.r.IntN(8) {
		case 6, 7:
			a.exchange()
		case 0:
			a.add("", convo.ConversationChanged{Fields: a.fields()})
		case 1:
			a.add("", convo.Rated{ID: fmt.Sprint("r", a.messages), Message: pick(a, "", a.last), Value: a.r.IntN(201) - 100, Reason: a.text()})
		case 2:
			a.change()
		case 3:
			a.add("", convo.MessageDeleted{ID: a.last})
			a.give(convo.User)
		default:
			a.turn(pick(a, convo.EndDone, convo.EndLength, convo.EndStopped, convo.EndFailed, convo.EndInterrupted, convo.EndCaller, convo.EndLimit))
		}
	}
	a.leaveOpen()
}

func (a *author) give(kind convo.MessageType) {
	if a.err != nil {
		return
	}
	a.last = a.messageID()
	a.add("", convo.MessageGiven{
		ID: a.last, Place: convo.Place(a.tx.Head().NextSlot, 0), Fields: a.messageFields(kind), Text: a.text(),
	})
}

func (a *author) change() {
	a.add("", convo.MessageChanged{ID: a.last, Fields: a.messageFields(pick(a, convo.MessageTypes...)), Text: maybe(a, a.text())})
}

// open begins a turn with a message of its user.
func (a *author) open() string {
	a.turns++
	turn := fmt.Sprintf("01890000-2222-7000-8000-%06x%03x%03x", a.i, a.messages, a.turns)
	a.add(turn, convo.TurnOpened{Front: "chatbotkit", Zone: pick(a, "", "Europe/Sofia"), Background: a.r.IntN(2) == 0})
	a.add(turn, convo.MessageGiven{ID: a.messageID(), Fields: convo.MessageFields{Type: convo.User}, Text: a.text()})
	a.add(turn, convo.TurnQueued{})
	return turn
}

func (a *author) start(turn string) (slot int64) {
	if a.err != nil {
		return 0
	}
	slot = a.tx.Head().NextSlot
	a.add(turn, convo.TurnStarted{Slot: slot})
	a.add(turn, convo.ModelAsked{Model: "gpt-4o", From: pick(a, 0, convo.Place(1, 0)), Prompt: a.r.Int64N(5000)})
	return slot
}

// turn runs one to its end. Its answer is the last message, or was deleted.
func (a *author) turn(reason convo.EndReason) {
	turn := a.open()
	slot := a.start(turn)
	a.speak(turn, convo.Place(slot, 1), convo.Reasoning, false)
	a.call(turn, slot, 2, true)
	a.speak(turn, convo.Place(slot, 100), convo.Bot, reason == convo.EndStopped || reason == convo.EndFailed)
	usage := convo.Usage{
		Input: convo.Tokens{N: a.r.Int64N(9000), Estimated: a.r.IntN(2) == 0}, Cached: convo.Tokens{N: a.r.Int64N(3)},
		Output: convo.Tokens{N: a.r.Int64N(900)}, Reasoning: convo.Tokens{Estimated: a.r.IntN(2) == 0},
	}
	a.add(turn, convo.ModelAnswered{
		Model: "gpt-4o", Usage: usage, FirstToken: time.Duration(a.r.Int64N(1e9)), Took: time.Duration(a.r.Int64N(1e11)),
	})
	var failure *convo.Failure
	if reason == convo.EndFailed {
		failure = &convo.Failure{Kind: convo.RateLimited, Message: a.text(), RetryAfter: pick(a, 0, 1500*time.Millisecond), Code: pick(a, "", "too_large")}
	}
	a.add(turn, convo.TurnEnded{Reason: reason, Usage: usage, Failure: failure})
}

// speak writes a message piece by piece.
func (a *author) speak(turn string, place int64, kind convo.MessageType, incomplete bool) {
	id, text := a.messageID(), a.text()
	a.add(turn, convo.MessageStarted{ID: id, Place: place, Type: kind})
	rest := text
	for range a.r.IntN(12) {
		n := strings.IndexByte(rest, ' ') + 1
		a.add(turn, convo.Delta{Message: id, Type: kind, Text: rest[:n]})
		rest = rest[n:]
	}
	a.add(turn, convo.MessageEnded{ID: id, Place: place, Type: kind, Text: text, Meta: a.meta(), Incomplete: incomplete})
	a.last = id
}

// call lets a turn make calls, and ends them all if it is to.
func (a *author) call(turn string, slot, index int64, end bool) {
	var open []convo.ToolRequested
	for n := range a.r.Int64N(4) {
		open = append(open, convo.ToolRequested{
			ID: fmt.Sprintf("01890000-3333-7000-8000-%06x%03x%03x", a.i, a.messages, n), Message: a.messageID(),
			Place: convo.Place(slot, index+n), Name: pick(a, "f", "get_weather"), Arguments: a.meta(),
			Runs: pick(a, convo.RunsServer, convo.RunsChannel), Channel: pick(a, "", "channel"), Signature: pick(a, "", a.text()),
		})
		a.add(turn, open[n])
	}
	for _, call := range open {
		if a.r.IntN(2) == 0 {
			a.add(turn, convo.ToolStarted{ID: call.ID, Message: call.Message, Name: call.Name, Channel: call.Channel, Input: call.Arguments})
		}
	}
	if !end {
		return
	}
	left := convo.ToolRequested{
		ID: fmt.Sprint("left ", a.messages), Message: a.messageID(), Place: convo.Place(slot, index+90), Name: "f", Runs: convo.RunsCaller,
	}
	if a.r.IntN(3) == 0 {
		a.add(turn, convo.TurnWaiting{Left: pick(a, nil, []convo.ToolRequested{left})})
		a.add(turn, convo.TurnResumed{Rerun: a.r.IntN(2) == 0})
	}
	for n, call := range open {
		a.last = a.messageID()
		a.add(turn, convo.ToolEnded{
			ID: call.ID, Message: a.last, Place: convo.Place(slot, index+10+int64(n)), Name: call.Name, Arguments: call.Arguments,
			Channel: call.Channel, Output: a.output(), Outcome: pick(a, convo.ToolDone, convo.ToolFailed, convo.ToolCancelled, convo.ToolInterrupted),
		})
	}
	if len(open) > 0 && a.r.IntN(2) == 0 { // what was asked is taken back
		a.add("", convo.MessageDeleted{ID: open[0].Message})
	}
}

func (a *author) output() convo.JSON {
	return pick(a, convo.JSON("null"), convo.JSON("false"), convo.JSON(`""`), convo.JSON(`"日本語 <&>"`), convo.JSON("1.0"), convo.JSON(`[1, 2]`),
		convo.JSON(`{"a":[],"b":"\ufffd"}`), convo.JSON(`{"error":"no"}`))
}

// leaveOpen leaves turns in every state in some of the conversations.
func (a *author) leaveOpen() {
	if a.i%4 != 1 {
		return
	}
	runs := a.open()
	a.open()
	a.hear(false)
	a.add(a.hear(true), convo.TurnQueued{})
	slot := a.start(runs)
	if a.i%8 == 1 {
		a.call(runs, slot, 2, false)
		a.ask(runs, slot, false)
		a.add(runs, convo.TurnWaiting{Answered: maybe(a, convo.ModelAnswered{Model: "gpt-4o"})})
		return
	}
	id := a.messageID()
	a.add(runs, convo.MessageStarted{ID: id, Place: convo.Place(slot, 1), Type: convo.Bot})
	for range a.r.IntN(4) {
		a.add(runs, convo.Delta{Message: id, Type: convo.Bot, Text: "half a senten"})
	}
}
