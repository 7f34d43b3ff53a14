package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// testZone is not UTC and not the machine's.
func testZone() *time.Location { return time.FixedZone("test", 3600) }

func eventChecks() []check {
	return []check{
		{"every kind of event comes back as it was", everyKind},
		{"deltas keep their numbers, times and texts when their message ends", deltasStay},
		{"a page may begin and end anywhere", pagesAnywhere},
		{"messages that come at the same time do not disturb each other", overlapping},
		{"a reader between two pages may miss an end and still sees every delta", endBetweenPages},
		{"deltas of one message may differ in turn and origin", voices},
		{"the text of a deleted message is erased from all its events", erasedText},
		{"the old events of a changed message stay", changeKeeps},
		{"a message may be written and erased in one update", erasedAtOnce},
		{"a text may be long", longText},
	}
}

// bodies are one of every kind, in a valid order, in a turn "t".
func bodies() []convo.Body {
	text := "new\x00text"
	yes, name := true, "näme <&>"
	meta := convo.JSON(`{ "b" : 1.0,"a":"<&>" }`)
	fields := convo.MessageFields{Type: convo.User, Name: &name, Description: new(string), Meta: meta}
	answered := convo.ModelAnswered{
		Model: "m", Usage: convo.Usage{Input: convo.Tokens{N: 1}, Reasoning: convo.Tokens{N: 2, Estimated: true}},
		FirstToken: time.Second, Took: time.Minute,
	}
	return []convo.Body{
		convo.ConversationChanged{Fields: convo.Fields{
			Name: &name, Description: &name, Meta: meta, BotID: &name, ContactID: &name, TaskID: &name, SpaceID: &name,
			Config: convo.Config{
				Model: &name, Backstory: &name, DatasetID: &name, SkillsetID: &name, Privacy: &yes, Moderation: new(bool), Unmasked: &yes,
			},
		}},
		convo.TurnOpened{Front: "test", Zone: "Europe/Berlin", Background: true},
		convo.MessageGiven{ID: "q", Place: 0, Fields: fields, Text: "question\n"},
		convo.TurnQueued{},
		convo.TurnStarted{Slot: 1},
		convo.ModelAsked{Model: "m", From: 17, Prompt: 230, Force: "f"},
		convo.MessageStarted{ID: "a", Place: convo.Place(1, 1), Type: convo.Bot},
		convo.Delta{Message: "a", Type: convo.Bot, Text: "an"},
		convo.TurnWaiting{},
		convo.TurnResumed{},
		convo.Delta{Message: "a", Type: convo.Bot, Text: "swer"},
		convo.MessageEnded{ID: "a", Place: convo.Place(1, 1), Type: convo.Bot, Text: "answer", Meta: meta, Incomplete: true},
		convo.ToolRequested{
			ID: "c", Message: "r", Place: convo.Place(1, 2), Name: "f", Arguments: meta, Runs: convo.RunsChannel, Channel: "ch",
			Signature: "sig\x00nature",
		},
		convo.ToolRequested{ID: "d", Message: "s", Place: convo.Place(1, 3), Name: "f", Runs: convo.RunsServer},
		convo.ToolStarted{ID: "c", Message: "r", Name: "f", Channel: "ch", Input: meta},
		convo.TurnWaiting{Answered: &answered, Left: []convo.ToolRequested{{ID: "l", Message: "m", Name: "f", Arguments: meta}}},
		convo.TurnResumed{Rerun: true},
		convo.ToolEnded{
			ID: "c", Message: "e", Place: convo.Place(1, 4), Name: "f", Arguments: meta, Channel: "ch", Output: meta, Outcome: convo.ToolDone,
		},
		convo.ToolEnded{ID: "d", Message: "g", Place: convo.Place(1, 5), Name: "f", Output: convo.JSON("null"), Outcome: convo.ToolFailed},
		answered,
		convo.TurnEnded{Reason: convo.EndFailed, Failure: &convo.Failure{
			Kind: convo.RateLimited, Message: "wait", RetryAfter: time.Second,
		}},
		convo.MessageChanged{ID: "q", Fields: fields},
		convo.MessageChanged{ID: "q", Fields: convo.MessageFields{Type: convo.Context}, Text: &text},
		convo.Rated{ID: "r", Message: "a", Value: -1, Reason: "no"},
		convo.MessageDeleted{ID: "a"},
	}
}

func everyKind(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	var want []convo.Event
	for _, b := range bodies() {
		e := w.event("t", b)
		e.Origin = "origin"
		events, err := w.update(func(tx store.Tx) error { return tx.Append(e) })
		must(t, err)
		want = append(want, events...)
	}
	for i := range want {
		if erased, ok := convo.Erase(want[i].Body, "a"); ok {
			want[i].Body = erased
		}
	}
	equal(t, "log", w.events()[1:], want)
}

func deltasStay(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	var want []convo.Event
	place := convo.Place(1, 0)
	add := func(b convo.Body) {
		w.now = w.now.Add(time.Duration(len(want)*7) * time.Millisecond)
		want = append(want, w.append("t", b)...)
	}
	add(convo.TurnOpened{})
	add(convo.MessageStarted{ID: "m", Place: place, Type: convo.Reasoning})
	text := ""
	for i, p := range []string{"", "é", strings.Repeat("long ", 100), "", "日本", "z"} {
		text += p
		add(convo.Delta{Message: "m", Type: convo.Reasoning, Text: p})
		if i%2 == 1 {
			add(convo.Rated{ID: p})
		}
	}
	equal(t, "before the end", w.events()[1:], want)
	add(convo.MessageEnded{ID: "m", Place: place, Type: convo.Reasoning, Text: text})
	add(convo.TurnEnded{Reason: convo.EndDone})
	equal(t, "after the end", w.events()[1:], want)
}

// overlap writes two messages whose pieces alternate, with other events
// between, and a third one that does not end.
func overlap(w *writer) {
	w.append("t", convo.TurnOpened{}, convo.TurnQueued{}, convo.TurnStarted{Slot: 1})
	for i, id := range []string{"x", "y", "z"} {
		w.append("t", convo.MessageStarted{ID: id, Place: convo.Place(1, int64(i)), Type: convo.Bot})
	}
	texts := map[string]string{}
	for i := range 40 {
		id := []string{"x", "y", "z", "y"}[i%4]
		if texts["x"] == "end" && id == "x" {
			continue
		}
		piece := string(rune('a'+i%26)) + strings.Repeat(".", i%5)
		texts[id] += piece
		w.append("t", convo.Delta{Message: id, Type: convo.Bot, Text: piece})
		if i%7 == 0 {
			w.append("t", convo.Rated{ID: id, Value: i})
		}
		if i == 20 {
			w.append("t", convo.MessageEnded{ID: "x", Place: convo.Place(1, 0), Type: convo.Bot, Text: texts["x"]})
			texts["x"] = "end"
		}
	}
	w.append("t", convo.MessageEnded{ID: "y", Place: convo.Place(1, 1), Type: convo.Bot, Text: texts["y"]})
	w.append("", given("g", 2, "outside"))
}

func pagesAnywhere(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	overlap(w)
	all := w.events()
	for after := range len(all) + 3 {
		for _, limit := range []int{1, 2, 3, 5, 8, len(all), len(all) + 5} {
			got, err := w.store.Events(t.Context(), "a", w.id, int64(after), limit)
			must(t, err)
			first := min(after, len(all))
			equal(t, "page", got, all[first:min(first+limit, len(all))])
		}
	}
	got, err := w.store.Events(t.Context(), "a", w.id, -5, 2)
	must(t, err)
	equal(t, "page from before the start", numbers(got), []int64{1, 2})
}

func overlapping(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	overlap(w)
	texts := map[string]string{}
	for i, e := range w.events() {
		if e.Seq != int64(i+1) {
			t.Fatalf("event %d has number %d", i, e.Seq)
		}
		switch b := e.Body.(type) {
		case convo.Delta:
			texts[b.Message] += b.Text
		case convo.MessageEnded:
			equal(t, "text of "+b.ID, texts[b.ID], b.Text)
		}
	}
}

func endBetweenPages(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	place := convo.Place(1, 0)
	w.append("", convo.MessageStarted{ID: "m", Place: place, Type: convo.Bot})
	for _, p := range []string{"a", "b", "c", "d"} {
		w.append("", convo.Delta{Message: "m", Type: convo.Bot, Text: p})
	}
	read := func(after int64, limit int) []convo.Event {
		events, err := w.store.Events(t.Context(), "a", w.id, after, limit)
		must(t, err)
		return events
	}
	first := read(0, 4)
	w.append("", convo.MessageEnded{ID: "m", Place: place, Type: convo.Bot, Text: "abcd"})
	rest := read(4, 100)
	equal(t, "numbers", numbers(append(first, rest...)), []int64{1, 2, 3, 4, 5, 6, 7})
	equal[convo.Body](t, "delta after the end", rest[0].Body, convo.Delta{Message: "m", Type: convo.Bot, Text: "c"})
}

func voices(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	w.append("t", convo.TurnOpened{})
	w.append(uuid(5), convo.TurnOpened{})
	place, text := convo.Place(1, 0), ""
	for i, e := range []convo.Event{
		{}, {Turn: "t"}, {Turn: "t", Origin: uuid(9)}, {Turn: uuid(5)}, {Turn: "unknown"}, {},
	} {
		piece := strings.Repeat("x", i)
		text += piece
		at := w.event(e.Turn, convo.Delta{Message: "m", Type: convo.Bot, Text: piece})
		at.Origin = e.Origin
		_, err := w.update(func(tx store.Tx) error { return tx.Append(at) })
		must(t, err)
	}
	before := w.events()
	end := w.append("t", convo.MessageEnded{ID: "m", Place: place, Type: convo.Bot, Text: text})
	equal(t, "log", w.events(), append(before, end...))
}

// mentions reports whether a text stands anywhere in a log.
func mentions(events []convo.Event, text string) bool {
	return strings.Contains(show(events), text)
}

func erasedText(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	w.turn("t", 1, "a question", "m", "sec", "", "ret")
	w.append("", given("g", 2, "secret too"))
	text, name := "secret again", "secret name"
	fields := convo.MessageFields{Type: convo.Bot, Name: &name, Meta: convo.JSON(`{"x":"secret meta"}`)}
	for _, id := range []string{"m", "g"} {
		w.append("", convo.MessageChanged{ID: id, Fields: fields})
		w.append("", convo.MessageChanged{ID: id, Fields: fields, Text: &text})
		w.append("", convo.MessageChanged{ID: id, Fields: convo.MessageFields{Type: convo.Bot}})
	}
	before := w.events()
	if !mentions(before, "secret") {
		t.Fatal("the test has no secret")
	}
	for _, id := range []string{"m", "g"} {
		w.append("", convo.MessageDeleted{ID: id})
		_, err := s.Message(t.Context(), "a", w.id, id)
		mustBe(t, err, convo.NotFound)
	}
	after := w.events()
	if mentions(after, "sec") || mentions(after, "ret") {
		t.Fatalf("the log still says it:%s", show(after))
	}
	want := before
	for i := range want {
		for _, id := range []string{"m", "g"} {
			if erased, ok := convo.Erase(want[i].Body, id); ok {
				want[i].Body = erased
			}
		}
	}
	equal(t, "log", after[:len(want)], want)
	equal(t, "messages", ids(w.messages(store.MessageQuery{})), []string{"t-q"})
}

func changeKeeps(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	w.turn("t", 1, "a question", "m", "be", "fore")
	before := w.events()
	text := "after"
	w.append("", convo.MessageChanged{ID: "m", Fields: convo.MessageFields{Type: convo.Bot}, Text: &text})
	equal(t, "log", w.events()[:len(before)], before)
}

func erasedAtOnce(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	place, text := convo.Place(1, 0), "secret"
	w.append("", convo.MessageStarted{ID: "m", Place: place, Type: convo.Bot},
		convo.Delta{Message: "m", Type: convo.Bot, Text: "sec"},
		convo.Delta{Message: "m", Type: convo.Bot, Text: "ret"},
		convo.MessageEnded{ID: "m", Place: place, Type: convo.Bot, Text: text},
		convo.MessageChanged{ID: "m", Fields: convo.MessageFields{Type: convo.Bot}, Text: &text},
		convo.MessageDeleted{ID: "m"},
		given("m", 2, "again"))
	if got := w.events(); mentions(got, "sec") || len(got) != 8 {
		t.Fatalf("log:%s", show(got))
	}
	equal(t, "messages", w.messages(store.MessageQuery{})[0].Text, "again")
}

func longText(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", uuid(1))
	piece := strings.Repeat("0123456789abcdef", 4096)
	place, text := convo.Place(1, 0), ""
	for range 64 {
		w.append("", convo.Delta{Message: "m", Type: convo.Bot, Text: piece})
		text += piece
	}
	w.append("", convo.MessageEnded{ID: "m", Place: place, Type: convo.Bot, Text: text})
	m, err := w.store.Message(t.Context(), "a", w.id, "m")
	must(t, err)
	if m.Text != text {
		t.Fatal("the text is another one")
	}
	if last := w.events()[64]; last.Body.(convo.Delta).Text != piece {
		t.Fatal("the last delta is another one")
	}
}
