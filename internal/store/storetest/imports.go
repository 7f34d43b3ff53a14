package storetest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func importChecks() []check {
	return []check{
		{"an imported conversation is the one that was exported", importIsExport},
		{"an imported conversation goes on as any other", importGoesOn},
		{"an import keeps the numbers that were skipped", importKeepsSkips},
		{"an import leaves no text of deleted messages", importErases},
		{"an import leaves nothing of what deleted calls were given and gave", importErasesCalls},
		{"a conversation that exists is not imported", importConflicts},
		{"a log that contradicts itself is refused by number, and nothing is written", importRefuses},
		{"what exists in one tenant may be imported into another", importIntoTenant},
		{"imports of many callers are all written", importTogether},
		{"a closed store imports and syncs nothing", importClosed},
	}
}

// rich writes a conversation with everything that a log can hold.
func rich(t testing.TB, s store.Store, id string) *writer {
	t.Helper()
	w := converse(t, s, "a", id)
	w.turn(uuid(10), 1, "hello", uuid(11), "he", "llo ", strings.Repeat("日本 ", 200))
	w.append("", convo.ConversationChanged{Fields: convo.Fields{Name: new("é"), Meta: convo.JSON(`{"k":1}`)}})
	w.append(uuid(12), convo.TurnOpened{Front: "test", Zone: "Europe/Berlin", Background: true},
		convo.MessageGiven{ID: "q2", Fields: convo.MessageFields{Type: convo.User, Meta: convo.JSON(`{"m":"x"}`)}, Text: "two"},
		convo.TurnQueued{})
	w.append("", given("outside", 2, strings.Repeat("long ", 100)))
	call, left := requested("c", 3, 3, `{"a":"`+strings.Repeat("é", 100)+`"}`), requested("left", 3, 6, `{ "b": 1 }`)
	call.Message, call.Runs, call.Channel, call.Signature = "r1", convo.RunsChannel, "ch", "signature"
	left.Runs = convo.RunsCaller
	answered := convo.ModelAnswered{Model: "m", FirstToken: time.Second, Took: 2 * time.Second}
	w.append(uuid(12), convo.TurnStarted{Slot: 3}, convo.ModelAsked{Model: "m", From: 7, Prompt: 8},
		convo.MessageStarted{ID: "r", Place: convo.Place(3, 1), Type: convo.Reasoning},
		convo.MessageStarted{ID: "b", Place: convo.Place(3, 2), Type: convo.Bot},
		convo.Delta{Message: "r", Type: convo.Reasoning, Text: "think"},
		convo.Delta{Message: "b", Type: convo.Bot, Text: "a"},
		convo.Delta{Message: "r", Type: convo.Reasoning, Text: "ing"},
		convo.MessageEnded{ID: "r", Place: convo.Place(3, 1), Type: convo.Reasoning, Text: "thinking"},
		convo.TurnWaiting{}, convo.TurnResumed{},
		call, convo.ToolRequested{ID: "c2", Message: "r2", Place: convo.Place(3, 4), Name: "g", Runs: convo.RunsServer},
		convo.ToolStarted{ID: "c", Message: "r1", Name: "f", Channel: "ch", Input: call.Arguments},
		convo.TurnWaiting{Answered: &answered, Left: []convo.ToolRequested{left}}, convo.TurnResumed{Rerun: true},
		over(call, 5, `{ "é": null }`), left,
		convo.MessageEnded{ID: "b", Place: convo.Place(3, 2), Type: convo.Bot, Text: "ab", Incomplete: true},
		answered,
		convo.TurnEnded{Reason: convo.EndFailed, Failure: &convo.Failure{Kind: convo.UpstreamFailed, Message: "no"}})
	w.append("", convo.MessageChanged{ID: "q2", Fields: convo.MessageFields{Type: convo.Context}, Text: new("changed")},
		convo.MessageChanged{ID: "q2", Fields: convo.MessageFields{Type: convo.User, Name: new("n")}},
		convo.MessageDeleted{ID: "outside"}, convo.MessageDeleted{ID: "r2"},
		convo.Rated{ID: "v", Message: "b", Value: -1, Reason: "why"})
	w.append(uuid(13), convo.TurnOpened{Front: "test"},
		convo.MessageGiven{ID: "never placed", Fields: convo.MessageFields{Type: convo.User}, Text: "three"},
		convo.TurnEnded{Reason: convo.EndStopped})
	return w
}

func importIsExport(t *testing.T, d Driver) {
	from, to := d.Open(t), d.Open(t)
	w := rich(t, from, uuid(1))
	must(t, to.Import(t.Context(), "a", uuid(1), w.events()))
	must(t, to.Sync(t.Context()))
	equal(t, "what was imported", look(t, to, "a", uuid(1)), look(t, from, "a", uuid(1)))
	for _, turn := range []string{uuid(10), uuid(12), uuid(13)} {
		got, err := to.Turn(t.Context(), "a", uuid(1), turn)
		must(t, err)
		want, err := from.Turn(t.Context(), "a", uuid(1), turn)
		must(t, err)
		equal(t, "turn "+turn, got, want)
	}
	_, err := to.Message(t.Context(), "a", uuid(1), "outside")
	mustBe(t, err, convo.NotFound)
	for after := range int64(len(w.events())) { // folded deltas are read from any number
		got, err := to.Events(t.Context(), "a", uuid(1), after, 2)
		must(t, err)
		equal(t, fmt.Sprint("events after ", after), got, w.events()[after:min(after+2, int64(len(w.events())))])
	}
}

func importGoesOn(t *testing.T, d Driver) {
	from, to := d.Open(t), d.Open(t)
	w := rich(t, from, uuid(1))
	must(t, to.Import(t.Context(), "a", uuid(1), w.events()))
	both := []*writer{w, {t: t, store: to, tenant: "a", id: uuid(1), now: w.now}}
	for _, w := range both {
		w.turn(uuid(20), 4, "more", uuid(21), "and ", "more")
		w.append("", convo.MessageChanged{ID: uuid(11), Fields: convo.MessageFields{Type: convo.Bot}, Text: new("new")},
			convo.MessageDeleted{ID: "q2"})
		_, err := w.try("", given(uuid(11), 9, "twice"))
		mustBe(t, err, convo.Conflict)
	}
	equal(t, "what it became", look(t, to, "a", uuid(1)), look(t, from, "a", uuid(1)))
}

func importKeepsSkips(t *testing.T, d Driver) {
	w := rich(t, d.Open(t), uuid(1))
	w.store = d.Restart(t, w.store)
	w.append("", given("after", 5, "the restart"))
	to := d.Open(t)
	must(t, to.Import(t.Context(), "a", uuid(1), w.events()))
	equal(t, "what was imported", look(t, to, "a", uuid(1)), look(t, w.store, "a", uuid(1)))
	there := &writer{t: t, store: to, tenant: "a", id: uuid(1), now: w.now}
	last := there.head().LastSeq
	equal(t, "the next number", numbers(there.append("", given("next", 6, "")))[0], last+1)
}

func importErases(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	w.turn(uuid(10), 1, "hello", uuid(11), "sec", "ret")
	w.append("", convo.MessageChanged{ID: uuid(11), Fields: convo.MessageFields{Type: convo.Bot}, Text: new("secret")})
	events := append(w.events(), convo.Event{
		Seq: w.head().LastSeq + 1, At: w.now, Body: convo.MessageDeleted{ID: uuid(11)},
	})
	w.append("", convo.MessageDeleted{ID: uuid(11)})
	to := d.Open(t)
	must(t, to.Import(t.Context(), "a", uuid(1), events))
	got, err := to.Events(t.Context(), "a", uuid(1), 0, 100)
	must(t, err)
	if s := show(got); strings.Contains(s, "sec") || strings.Contains(s, "ret") {
		t.Fatalf("the text is still there: %s", s)
	}
	equal(t, "bodies", bodiesOf(got), bodiesOf(w.events()))
	if len(events) == len(got) {
		equal(t, "the caller's event", events[len(events)-2].Body.(convo.MessageChanged).Text, new("secret"))
	}
}

func importErasesCalls(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	r := requested("c", 1, 0, `{"a":"secret"}`)
	w.append("t", convo.TurnOpened{}, convo.TurnStarted{Slot: 1}, convo.TurnWaiting{Left: []convo.ToolRequested{r}}, convo.TurnResumed{},
		r, convo.ToolStarted{ID: "c", Message: r.Message, Name: "f", Input: r.Arguments}, over(r, 1, `"secret"`), convo.TurnEnded{})
	events := w.events()
	for _, id := range []string{"req-c", "res-c"} {
		events = append(events, convo.Event{
			Seq: int64(len(events) + 1), At: w.event("", nil).At, Body: convo.MessageDeleted{ID: id},
		})
		w.append("", convo.MessageDeleted{ID: id})
	}
	to := d.Open(t)
	must(t, to.Import(t.Context(), "a", uuid(1), events))
	got, err := to.Events(t.Context(), "a", uuid(1), 0, 100)
	must(t, err)
	equal(t, "bodies", bodiesOf(got), bodiesOf(w.events()))
	for _, e := range got {
		if size := e.Size(); size > 0 {
			t.Errorf("event %d still holds %d bytes: %+v", e.Seq, size, e.Body)
		}
	}
}

func bodiesOf(events []convo.Event) []convo.Body {
	var list []convo.Body
	for _, e := range events {
		list = append(list, e.Body)
	}
	return list
}

func importConflicts(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	before := look(t, s, "a", uuid(1))
	log := []convo.Event{{Seq: 1, At: start(), Body: convo.ConversationCreated{Fields: convo.Fields{Name: new("other")}}}}
	mustBe(t, s.Import(t.Context(), "a", uuid(1), log), convo.Conflict)
	equal(t, "what is there", look(t, s, "a", uuid(1)), before)
	_, err := w.update(store.Tx.Delete)
	must(t, err)
	must(t, s.Import(t.Context(), "a", uuid(1), log))
	equal(t, "name", w.head().Name, new("other"))
	w.append("", given("m", 1, "goes on"))
}

func importIntoTenant(t *testing.T, d Driver) {
	s := d.Open(t)
	w := rich(t, s, uuid(1))
	must(t, s.Import(t.Context(), "b", uuid(1), w.events()))
	equal(t, "messages", len(look(t, s, "b", uuid(1)).Messages), len(look(t, s, "a", uuid(1)).Messages))
}

func importTogether(t *testing.T, d Driver) {
	s := d.Open(t)
	log := rich(t, d.Open(t), uuid(1)).events()
	var callers sync.WaitGroup
	for n := range 40 {
		callers.Go(func() {
			id, want := uuid(100+n/2), convo.Kind("") // one of two finds it there
			if err := s.Import(t.Context(), "a", id, log); convo.ErrorKind(err) != want && convo.ErrorKind(err) != convo.Conflict {
				t.Errorf("importing %s: %v", id, err)
			}
		})
	}
	callers.Wait()
	must(t, s.Sync(t.Context()))
	for n := range 20 {
		events, err := s.Events(t.Context(), "a", uuid(100+n), 0, 1000)
		must(t, err)
		equal(t, "events", events, log)
	}
}

func importClosed(t *testing.T, d Driver) {
	s := d.Open(t)
	must(t, s.Sync(t.Context()))
	must(t, s.Close())
	log := []convo.Event{{Seq: 1, At: start(), Body: convo.ConversationCreated{}}}
	mustBe(t, s.Import(t.Context(), "a", uuid(1), log), convo.Unavailable)
	mustBe(t, s.Sync(t.Context()), convo.Unavailable)
}
