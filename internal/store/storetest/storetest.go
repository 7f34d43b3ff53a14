// Package storetest is the conformance suite of the store port. Every driver
// runs it with [Run]; drivers that keep their data are compared with the
// reference model over random histories with [Compare].
package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// Driver says how to get stores of one kind.
type Driver struct {
	// Open makes an empty store, which is closed at the end of the test.
	Open func(t testing.TB) store.Store
	// Restart gives the store with the same data after the machine was restarted.
	Restart func(t testing.TB, s store.Store) store.Store
}

// Run checks everything that the port promises.
func Run(t *testing.T, d Driver) {
	groups := map[string][]check{
		"log":           logChecks(),
		"events":        eventChecks(),
		"messages":      messageChecks(),
		"turns":         turnChecks(),
		"calls":         callChecks(),
		"inputs":        inputChecks(),
		"conversations": conversationChecks(),
		"tokens":        tokenChecks(),
		"requests":      requestChecks(),
		"channels":      channelChecks(),
		"dispatches":    dispatchChecks(),
		"callers":       callerChecks(),
		"snapshots":     snapshotChecks(),
		"imports":       importChecks(),
		"objects":       objectChecks(),
		"reseal":        resealChecks(),
		"identities":    identityChecks(),
		"sessions":      sessionChecks(),
		"settings":      settingsChecks(),
		"files":         fileChecks(),
		"sockets":       socketChecks(),
		"steps":         stepChecks(),
		"records":       recordChecks(),
		"vectors":       vectorChecks(),
		"usage":         usageChecks(),
		"votes":         voteChecks(),
	}
	for group, checks := range groups {
		t.Run(group, func(t *testing.T) {
			for _, c := range checks {
				t.Run(c.promise, func(t *testing.T) {
					t.Parallel()
					c.run(t, d)
				})
			}
		})
	}
}

// check is one promise and how it is tested.
type check struct {
	promise string
	run     func(t *testing.T, d Driver)
}

// start is when the tests' clocks begin.
func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// uuid gives an id that looks as the server's do, and sorts as n does.
func uuid(n int) string { return fmt.Sprintf("01890000-0000-7000-8000-%012x", n) }

// writer writes to one conversation, with a clock that moves with each event.
type writer struct {
	t      testing.TB
	store  store.Store
	tenant string
	id     string
	now    time.Time
}

// converse makes a conversation.
func converse(t testing.TB, s store.Store, tenant, id string) *writer {
	w := &writer{t: t, store: s, tenant: tenant, id: id, now: start()}
	w.append("", convo.ConversationCreated{})
	return w
}

// event makes an event at the next moment.
func (w *writer) event(turn string, body convo.Body) convo.Event {
	w.now = w.now.Add(time.Millisecond)
	return convo.Event{At: w.now, Turn: turn, Body: body}
}

// append writes events in one update.
func (w *writer) append(turn string, bodies ...convo.Body) []convo.Event {
	w.t.Helper()
	events, err := w.try(turn, bodies...)
	if err != nil {
		w.t.Fatalf("appending %T: %v", bodies[0], err)
	}
	return events
}

func (w *writer) try(turn string, bodies ...convo.Body) ([]convo.Event, error) {
	return w.update(func(tx store.Tx) error {
		for _, b := range bodies {
			if err := tx.Append(w.event(turn, b)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *writer) update(fn func(store.Tx) error) ([]convo.Event, error) {
	return w.store.Update(w.t.Context(), w.tenant, w.id, store.Buffered, fn)
}

// events reads the whole log.
func (w *writer) events() []convo.Event {
	w.t.Helper()
	events, err := w.store.Events(w.t.Context(), w.tenant, w.id, 0, 1<<20)
	must(w.t, err)
	return events
}

func (w *writer) head() convo.Head {
	w.t.Helper()
	h, err := w.store.Head(w.t.Context(), w.tenant, w.id)
	must(w.t, err)
	return h
}

func (w *writer) messages(q store.MessageQuery) []convo.Message {
	w.t.Helper()
	if q.Limit == 0 {
		q.Limit = 1 << 20
	}
	list, err := w.store.Messages(w.t.Context(), w.tenant, w.id, q)
	must(w.t, err)
	return list
}

// given is a message from outside with its own slot.
func given(id string, slot int64, text string) convo.MessageGiven {
	return convo.MessageGiven{
		ID: id, Place: convo.Place(slot, 0), Fields: convo.MessageFields{Type: convo.User}, Text: text,
	}
}

// turn writes a whole turn: a question, and an answer in pieces.
func (w *writer) turn(id string, slot int64, question, answerID string, pieces ...string) {
	w.t.Helper()
	w.append(id, convo.TurnOpened{Front: "test"},
		convo.MessageGiven{ID: id + "-q", Fields: convo.MessageFields{Type: convo.User}, Text: question},
		convo.TurnQueued{})
	w.append(id, convo.TurnStarted{Slot: slot})
	place := convo.Place(slot, 1)
	w.append(id, convo.MessageStarted{ID: answerID, Place: place, Type: convo.Bot})
	text := ""
	for _, p := range pieces {
		w.append(id, convo.Delta{Message: answerID, Type: convo.Bot, Text: p})
		text += p
	}
	w.append(id, convo.MessageEnded{ID: answerID, Place: place, Type: convo.Bot, Text: text},
		convo.TurnEnded{Reason: convo.EndDone, Usage: convo.Usage{
			Input: convo.Tokens{N: 7}, Output: convo.Tokens{N: 5, Estimated: true},
		}})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mustBe fails unless an error is of that kind.
func mustBe(t testing.TB, err error, kind convo.Kind) {
	t.Helper()
	if convo.ErrorKind(err) != kind {
		t.Fatalf("error %v is of kind %q, want %q", err, convo.ErrorKind(err), kind)
	}
}

func equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(normal(got), normal(want)) {
		t.Fatalf("%s:\n got %s\nwant %s", what, show(got), show(want))
	}
}

// normal makes empty lists look alike.
func normal(v any) any {
	if h, ok := v.(convo.Head); ok && len(h.Open) == 0 {
		h.Open = nil
		return h
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.Slice && r.Len() == 0 {
		return nil
	}
	return v
}

func show(v any) string {
	if events, ok := v.([]convo.Event); ok {
		s := ""
		for _, e := range events {
			s += fmt.Sprintf("\n\t%d %T %s", e.Seq, e.Body, show(e))
		}
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%#v", v)
	}
	return string(b)
}

// numbers gives the numbers of events.
func numbers(events []convo.Event) []int64 {
	var list []int64
	for _, e := range events {
		list = append(list, e.Seq)
	}
	return list
}

// ids gives the ids of messages.
func ids(messages []convo.Message) []string {
	var list []string
	for _, m := range messages {
		list = append(list, m.ID)
	}
	return list
}

// cancelled is a context that has ended.
func cancelled(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
