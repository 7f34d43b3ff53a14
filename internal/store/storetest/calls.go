package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func callChecks() []check {
	return []check{
		{"a turn shows its open calls, in the order of their requests", openCalls},
		{"a call's request and its end are messages", callMessages},
		{"the numbers of sources run on, and stay", sourceNumbers},
		{"calls are long and short, in one update and in many", callSizes},
		{"what a deleted request said is erased, also from its start and its turn", erasedRequest},
		{"what a deleted response said is erased", erasedResponse},
		{"a call that makes a message that exists is refused", callConflicts},
		{"an ended turn has no open calls", endedTurnHasNoCalls},
		{"a turn in the background says so, and how often it went on", background},
	}
}

// asks runs a turn up to the requests of calls, whose ids are c0, c1, ….
func (w *writer) asks(turn string, slot int64, calls ...convo.ToolRequested) {
	w.t.Helper()
	w.append(turn, convo.TurnOpened{Front: "test"}, convo.TurnQueued{}, convo.TurnStarted{Slot: slot})
	var bodies []convo.Body
	for _, c := range calls {
		bodies = append(bodies, c)
	}
	w.append(turn, bodies...)
}

// requested is the request of a call in a slot.
func requested(id string, slot, index int64, arguments string) convo.ToolRequested {
	return convo.ToolRequested{
		ID: id, Message: "req-" + id, Place: convo.Place(slot, index), Name: "f", Arguments: jsonOf(arguments), Runs: convo.RunsServer,
	}
}

// jsonOf gives a JSON text; "" is none.
func jsonOf(text string) convo.JSON {
	if text == "" {
		return nil
	}
	return convo.JSON(text)
}

// over is the end of a call that was requested so.
func over(r convo.ToolRequested, index int64, output string) convo.ToolEnded {
	return convo.ToolEnded{
		ID: r.ID, Message: "res-" + r.ID, Place: convo.Place(convo.SlotOf(r.Place), index), Name: r.Name,
		Arguments: r.Arguments, Output: jsonOf(output), Outcome: convo.ToolDone,
	}
}

func openCalls(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	w.append("", given("g", 1, "before"))
	one, two := requested("c1", 2, 0, `{ "a": 1.0 }`), requested(uuid(7), 2, 1, "")
	two.Runs, two.Channel, two.Signature = convo.RunsChannel, "channel", "sig"
	w.asks("t", 2, one, two)
	first := w.head().LastSeq - 1
	shows := func(want ...convo.OpenCall) {
		t.Helper()
		got, err := s.Turn(t.Context(), "a", w.id, "t")
		must(t, err)
		equal(t, "calls", got.Calls, want)
		all, err := s.OpenTurns(t.Context())
		must(t, err)
		equal(t, "calls of all open turns", all[0].Calls, want)
		h := w.head()
		equal(t, "calls in the head", h.Open[0].Calls, want)
		_, err = w.update(func(tx store.Tx) error {
			turn, err := tx.Turn("t")
			must(t, err)
			equal(t, "calls in an update", turn.Calls, want)
			equal(t, "calls in its head", tx.Head().Open[0].Calls, want)
			return errRefused
		})
		equal(t, "error", err, errRefused)
	}
	a, b := one.Open(first), two.Open(first+1)
	shows(a, b)
	b.Started = w.append("t", convo.ToolStarted{ID: two.ID, Message: two.Message, Name: "f", Channel: "channel"})[0].At.UnixMilli()
	shows(a, b)
	w.append("t", over(one, 2, "null"))
	shows(b)
	s = d.Restart(t, s)
	w.store = s
	shows(b)
	w.append("t", over(two, 3, "false"))
	shows()
}

func callMessages(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	r := requested("c", 1, 0, `{ "a": "é" }`)
	r.Signature = "sig\x00"
	w.asks("t", 1, r)
	asked := w.now
	w.append("t", convo.ToolStarted{ID: "c", Message: r.Message, Name: "f", Input: convo.JSON(`{}`)})
	end := over(r, 1, `"te<x>t"`)
	w.append("t", end)
	want := []convo.Message{
		{ID: "req-c", Place: r.Place, Created: asked, MessageFields: convo.MessageFields{Meta: r.Activity()}},
		{ID: "res-c", Place: end.Place, Created: w.now, MessageFields: convo.MessageFields{Meta: end.Activity()}},
	}
	for i := range want {
		want[i].Conversation, want[i].Turn, want[i].Type, want[i].Updated = w.id, "t", convo.Activity, want[i].Created
		got, err := w.store.Message(t.Context(), "a", w.id, want[i].ID)
		must(t, err)
		equal(t, "message", got, want[i])
	}
	equal(t, "list", w.messages(store.MessageQuery{Types: []convo.MessageType{convo.Activity}}), want)
	filter := []convo.MetaFilter{{Key: "activity", Value: "x"}}
	equal(t, "list by another meta", len(w.messages(store.MessageQuery{Meta: filter})), 0)
	h := w.head()
	equal(t, "next index", h.Open[0].Next, 2)
	w.append("", convo.MessageChanged{ID: "res-c", Fields: convo.MessageFields{Type: convo.Context}, Text: new("text")})
	got, err := w.store.Message(t.Context(), "a", w.id, "res-c")
	must(t, err)
	equal(t, "changed text", got.Text, "text")
	equal(t, "changed meta", len(got.Meta), 0)
}

// sourceNumbers gives sources numbers, by a message and by a call's end, and takes both away
// again.
func sourceNumbers(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	r := requested("c", 1, 1, `{}`)
	w.asks("t", 1, r)
	equal(t, "before", w.head().Sources, 0)
	given := convo.MessageGiven{
		ID: "m", Place: convo.Place(1, 0), Fields: convo.MessageFields{Type: convo.Context}, Text: "text",
		Sources: convo.Numbers{First: 1, Count: 2},
	}
	w.append("t", given)
	equal(t, "with a message", w.head().Sources, 2)
	w.append("t", convo.ToolStarted{ID: "c", Message: r.Message, Name: "f", Input: convo.JSON(`{}`)})
	end := over(r, 2, `{}`)
	end.Sources = convo.Numbers{First: 3, Count: 1}
	w.append("t", end)
	equal(t, "with a call", w.head().Sources, 3)
	got, err := s.Message(t.Context(), "a", w.id, end.Message)
	must(t, err)
	equal(t, "the meta of the end", string(got.Meta), string(end.Activity()))
	for i, e := range w.events() {
		if b, ok := e.Body.(convo.MessageGiven); ok {
			equal(t, fmt.Sprint("event ", i), b.Sources, given.Sources)
		}
	}
	w.append("", convo.MessageDeleted{ID: end.Message}, convo.MessageDeleted{ID: "m"})
	equal(t, "without both", w.head().Sources, 3)
}

func callSizes(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	text := `"` + strings.Repeat("long ", 60_000) + `"`
	long := `{"a":` + text + `}`
	var calls []convo.ToolRequested
	for i, arguments := range []string{long, "{}", `{"a":"` + strings.Repeat("x", 130) + `"}`, ""} {
		calls = append(calls, requested(uuid(i), 1, int64(i), arguments))
	}
	w.asks("t", 1, calls...)
	for i, output := range []string{"0", long, "", text} {
		w.append("t", convo.ToolStarted{ID: calls[i].ID, Message: calls[i].Message, Name: "f", Input: calls[i].Arguments})
		w.append("t", over(calls[i], int64(4+i), output))
	}
	w.append("t", convo.TurnEnded{Reason: convo.EndDone})
	other := d.Open(t)
	must(t, other.Import(t.Context(), "a", uuid(1), w.events()))
	equal(t, "what was imported", look(t, other, "a", uuid(1)), look(t, w.store, "a", uuid(1)))
	equal(t, "arguments", string(w.events()[4].Body.(convo.ToolRequested).Arguments), long)
}

func erasedRequest(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	short, long := `{"a":"secret"}`, `{"a":"`+strings.Repeat("secret ", 100)+`"}`
	calls := []convo.ToolRequested{
		requested("c0", 1, 0, short), requested("c1", 1, 1, long), requested("c2", 1, 2, long), requested("c3", 1, 3, short),
	}
	calls[0].Signature = "secret signature"
	w.asks("t", 1, calls...)
	for _, c := range calls[:2] {
		w.append("t", convo.ToolStarted{ID: c.ID, Message: c.Message, Name: "f", Input: c.Arguments})
	}
	left := requested("left", 1, 4, long)
	left.Signature = "secret signature"
	w.append("t", convo.TurnWaiting{Left: []convo.ToolRequested{requested("other", 1, 5, short), left}}, convo.TurnResumed{}, left)
	calls = append(calls, left)
	if size(w.events()) < 100 {
		t.Fatal("the calls say nothing, so this test proves nothing")
	}
	for i, c := range calls {
		if i != 3 { // which is deleted after the end of its turn
			w.append("", convo.MessageDeleted{ID: c.Message})
		}
	}
	turn, err := s.Turn(t.Context(), "a", w.id, "t")
	must(t, err)
	for i, c := range turn.Calls {
		equal(t, "arguments of "+c.ID, len(c.Arguments) > 0, i == 3)
	}
	h := w.head()
	equal(t, "calls in the head", h.Open[0].Calls, turn.Calls)
	w.append("t", convo.ToolStarted{ID: "c3", Message: "req-c3", Name: "f", Input: calls[3].Arguments}, convo.TurnEnded{})
	w.append("", convo.MessageDeleted{ID: "req-c3"})
	// What a wait announced and was never requested is no message's.
	equal(t, "bytes that are left", size(w.events()), len(short))
	equal(t, "messages", len(w.messages(store.MessageQuery{})), 0)
}

// size is what events say beside their structs.
func size(events []convo.Event) (bytes int) {
	for _, e := range events {
		bytes += e.Size()
	}
	return bytes
}

func erasedResponse(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	r := requested("c", 1, 0, `{"a":1}`)
	w.asks("t", 1, r)
	w.append("t", over(r, 1, `"`+strings.Repeat("secret ", 50)+`"`))
	w.append("t", convo.TurnEnded{})
	w.append("", convo.MessageDeleted{ID: "res-c"})
	events := w.events()
	ended := events[len(events)-3].Body.(convo.ToolEnded)
	equal(t, "what is left", ended, convo.ToolEnded{ID: "c", Message: "res-c", Place: convo.Place(1, 1), Name: "f", Outcome: convo.ToolDone})
	if got := string(ended.Activity()); !strings.Contains(got, `"result":"null"`) {
		t.Errorf("an erased response reads %s", got)
	}
	equal(t, "messages", ids(w.messages(store.MessageQuery{})), []string{"req-c"})
}

func callConflicts(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	r := requested("c", 1, 0, "{}")
	w.asks("t", 1, r)
	before := w.events()
	again := requested("d", 1, 1, "{}")
	again.Message = r.Message
	_, err := w.try("t", again)
	mustBe(t, err, convo.Conflict)
	end := over(r, 1, "1")
	end.Message = r.Message
	_, err = w.try("t", end)
	mustBe(t, err, convo.Conflict)
	again.Message = ""
	_, err = w.try("t", again)
	mustBe(t, err, convo.Internal)
	_, err = w.try("t", requested("e", 1, 1, "{}"), given("req-e", 2, "twice"))
	mustBe(t, err, convo.Conflict)
	equal(t, "log", w.events(), before)
}

func endedTurnHasNoCalls(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	r := requested("c", 1, 0, "{}")
	r.Runs = convo.RunsCaller
	w.asks("t", 1, r)
	w.append("t", convo.TurnEnded{Reason: convo.EndCaller})
	turn, err := s.Turn(t.Context(), "a", w.id, "t")
	must(t, err)
	equal(t, "open calls", len(turn.Calls), 0)
	equal(t, "messages", ids(w.messages(store.MessageQuery{})), []string{"req-c"})
}

func background(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	w.append("t", convo.TurnOpened{Front: "test", Background: true}, convo.TurnQueued{}, convo.TurnStarted{Slot: 1},
		convo.TurnResumed{Rerun: true}, convo.TurnWaiting{Answered: &convo.ModelAnswered{Model: "m"}}, convo.TurnResumed{})
	turn, err := s.Turn(t.Context(), "a", w.id, "t")
	must(t, err)
	if !turn.Background || turn.Reruns != 1 || turn.State != convo.StateRunning {
		t.Fatalf("got %+v", turn)
	}
}
