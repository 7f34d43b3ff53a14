package storetest

import (
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func sessionChecks() []check {
	return []check{
		{"what a client is saying stands in its turn until it ends", sessionComing},
		{"a message of several parts is read as it was said", sessionParts},
		{"what clients named is found by that name, and no two are called alike", sessionAliases},
		{"a vote on a turn is the turn's, also when it has ended", sessionRated},
		{"what a call waits for stands in its turn", sessionCalls},
		{"a deletion leaves nothing of parts, citations and answers", sessionErased},
		{"turns are listed as they were opened, and messages by turn", sessionTurns},
		{"an owner's conversations are listed by their activity", sessionAgenda},
	}
}

// twice gives the store as it is, and then after a restart, and what to call it.
func (w *writer) twice(d Driver) iter.Seq2[string, store.Store] {
	return func(yield func(string, store.Store) bool) {
		if !yield("as it was written", w.store) {
			return
		}
		w.store = d.Restart(w.t, w.store)
		yield("after a restart", w.store)
	}
}

// said are the events of a client's message of three parts, but for its end.
func said() []convo.Body {
	file := convo.Part{ID: "p2", Alias: "P-2", MediaType: "image/png", Name: "cat", File: &convo.FileRef{URI: "urn:x", Size: 3}}
	return []convo.Body{
		convo.MessageStarted{ID: "m", Type: convo.User, Alias: "M-1", Meta: convo.JSON(`{"a": 1}`)},
		convo.PartStarted{Message: "m", Part: convo.Part{ID: "p1", Alias: "P-1", MediaType: "text/markdown"}},
		convo.Delta{Message: "m", Type: convo.User, Part: "p1", Text: "a🗼"},
		convo.Cited{Message: "m", Part: "p1", Citation: convo.Citation{
			ID: "c", Offset: 3, Length: 2, Sources: []convo.Source{{Title: "T", Number: 1, URL: "https://example.com"}}}},
		convo.Delta{Message: "m", Type: convo.User, Part: "p1", Text: "bc"},
		convo.PartEnded{Message: "m", Part: "p1", Meta: convo.JSON(`{"b":2}`)},
		convo.PartStarted{Message: "m", Part: file},
		convo.PartEnded{Message: "m", Part: "p2"},
		convo.PartStarted{Message: "m", Part: convo.Part{ID: "p3", Transcript: true}},
		convo.Delta{Message: "m", Type: convo.User, Part: "p3", Text: "é"},
	}
}

// open opens a turn in which a client has said something, of which nothing has ended.
func (w *writer) open() []convo.Event {
	opened := convo.TurnOpened{Front: "uipath", Alias: "X-1", Metadata: convo.JSON(`{"m":[1]}`), Implied: true}
	events := w.append("t", opened)
	for _, b := range said() {
		events = append(events, w.append("t", b)...)
	}
	return events
}

// end ends what open began, as the engine does.
func (w *writer) end() {
	w.t.Helper()
	_, err := w.update(func(tx store.Tx) error {
		coming := tx.Head().Turn("t").ComingMessage("m")
		text, err := tx.Text("m")
		if err != nil {
			return err
		}
		e := w.event("t", nil)
		e.Body = coming.End(text, func(part string) convo.Length { return tx.Length("m", part) }, false, e.At)
		return tx.Append(e)
	})
	must(w.t, err)
}

func sessionComing(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", "c")
	events := w.open()
	at := func(n int) time.Time { return events[n].At }
	cited := convo.Citation{ID: "c", Offset: 3, Length: 2, Created: at(4),
		Sources: []convo.Source{{Title: "T", Number: 1, URL: "https://example.com"}}}
	want := []convo.Coming{{
		ID: "m", Alias: "M-1", Type: convo.User, Meta: convo.JSON(`{"a": 1}`), Created: at(1),
		Parts: []convo.ComingPart{
			{Ended: true, Part: convo.Part{ID: "p1", Alias: "P-1", MediaType: "text/markdown", Meta: convo.JSON(`{"b":2}`),
				Citations: []convo.Citation{cited}, Created: at(2), Updated: at(6)}},
			{Ended: true, Part: convo.Part{ID: "p2", Alias: "P-2", MediaType: "image/png", Name: "cat",
				File: &convo.FileRef{URI: "urn:x", Size: 3}, Created: at(7), Updated: at(8)}},
			{Part: convo.Part{ID: "p3", Transcript: true, Created: at(9), Updated: at(9)}},
		},
	}}
	for name, store := range w.twice(d) {
		head, err := store.Head(t.Context(), "a", "c")
		must(t, err)
		equal(t, name, head.Open[0].Coming, want)
		turn := head.Open[0]
		equal(t, "the turn's own", []any{turn.Alias, string(turn.Metadata), turn.Implied}, []any{"X-1", `{"m":[1]}`, true})
		again, err := store.Turn(t.Context(), "a", "c", "t")
		must(t, err)
		equal(t, "turn", again, turn)
	}
	_, err := w.update(func(tx store.Tx) error {
		must(t, tx.Append(w.event("t", convo.Delta{Message: "m", Type: convo.User, Part: "p3", Text: "🗼"})))
		for part, length := range map[string]convo.Length{
			"p1": {Bytes: 7, Units: 5}, "p2": {}, "p3": {Bytes: 6, Units: 3}, "": {Bytes: 13, Units: 8}, "none": {},
		} {
			equal(t, "length of "+part, tx.Length("m", part), length)
		}
		text, err := tx.Text("m")
		equal(t, "text", text, "a🗼bcé🗼")
		equal(t, "of nothing", tx.Length("other", ""), convo.Length{})
		return err
	})
	must(t, err)
	w.end()
	equal(t, "at the end", w.head().Open[0].Coming, nil)
}

func sessionParts(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", "c")
	before := w.open()
	w.end()
	w.append("t", convo.TurnQueued{})
	w.append("t", convo.TurnStarted{Slot: 1})
	for name, store := range w.twice(d) {
		m, err := store.Message(t.Context(), "a", "c", "m")
		must(t, err)
		equal(t, name, []any{m.Text, m.Alias, string(m.Meta), m.Place}, []any{"a🗼bcé", "M-1", `{"a": 1}`, convo.Place(1, 0)})
		var ranges [][2]int
		for _, p := range m.Parts {
			ranges = append(ranges, [2]int{p.Start, p.End})
		}
		equal(t, "ranges", ranges, [][2]int{{0, 7}, {7, 7}, {7, 9}})
		events, err := store.Events(t.Context(), "a", "c", 1, len(before))
		must(t, err)
		equal(t, "events", events, before)
	}
	w.append("", convo.MessageChanged{ID: "m", Fields: convo.MessageFields{Type: convo.User}, Text: new("new")})
	m, err := w.store.Message(t.Context(), "a", "c", "m")
	must(t, err)
	equal(t, "texts", len(m.Parts), 2)
	equal(t, "changed", []any{m.Parts[0].ID, m.Parts[0].End, m.Parts[0].Citations == nil, m.Parts[1].ID}, []any{"p1", 3, true, "p2"})
}

func sessionAliases(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", "c")
	_, err := w.update(func(tx store.Tx) error {
		_, err := tx.TurnByAlias("X-1")
		mustBe(t, err, convo.NotFound)
		must(t, tx.Append(w.event("t", convo.TurnOpened{Alias: "X-1"})))
		turn, err := tx.TurnByAlias("X-1")
		must(t, err)
		equal(t, "turn in its transaction", turn.ID, "t")
		return nil
	})
	must(t, err)
	_, err = w.try("u", convo.TurnOpened{Alias: "X-1"})
	mustBe(t, err, convo.Conflict)
	_, err = w.try("u", convo.TurnOpened{Alias: "t"})
	mustBe(t, err, convo.Conflict)
	w.append("t", convo.MessageStarted{ID: "m", Type: convo.User, Alias: "M-1"})
	_, err = w.try("t", convo.MessageStarted{ID: "n", Alias: "M-1"})
	mustBe(t, err, convo.Conflict)
	_, err = w.try("t", convo.MessageGiven{ID: "n", Alias: "M-1", Place: 1})
	mustBe(t, err, convo.Conflict)
	w.append("t", convo.MessageEnded{ID: "m", Type: convo.User, Alias: "M-1", Text: "x"})
	w.append("u", convo.TurnOpened{Alias: "x-1"}, convo.MessageGiven{ID: "n", Alias: "M-1", Fields: convo.MessageFields{Type: convo.User}})
	w.append("t", convo.TurnEnded{Reason: convo.EndDone})
	w.store = d.Restart(t, w.store)
	for _, c := range []struct{ turn, alias, want string }{{"t", "M-1", "m"}, {"u", "M-1", "n"}, {"u", "m-1", ""}, {"v", "M-1", ""}, {"t", "", ""}} {
		m, err := w.store.MessageByAlias(t.Context(), "a", "c", c.turn, c.alias)
		equal(t, c.turn+" "+c.alias, m.ID, c.want)
		if c.want == "" {
			mustBe(t, err, convo.NotFound)
		}
		_, err = w.update(func(tx store.Tx) error {
			m, _ := tx.MessageByAlias(c.turn, c.alias)
			equal(t, "in a transaction", m.ID, c.want)
			return nil
		})
		must(t, err)
	}
	turn, err := w.store.TurnByAlias(t.Context(), "a", "c", "X-1")
	must(t, err)
	equal(t, "turn", []any{turn.ID, turn.State}, []any{"t", convo.StateEnded})
	_, err = w.store.TurnByAlias(t.Context(), "b", "c", "X-1")
	mustBe(t, err, convo.NotFound)
	w.append("", convo.MessageDeleted{ID: "m"})
	_, err = w.store.MessageByAlias(t.Context(), "a", "c", "t", "M-1")
	mustBe(t, err, convo.NotFound)
	_, err = w.update(store.Tx.Delete)
	must(t, err)
	w = converse(t, w.store, "a", "c")
	_, err = w.store.TurnByAlias(t.Context(), "a", "c", "X-1")
	mustBe(t, err, convo.NotFound)
}

func sessionRated(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", "c")
	w.append("t", convo.TurnOpened{}, convo.Rated{ID: "r1", Value: -1, Reason: "early"})
	equal(t, "of an open turn", []any{w.head().Open[0].Rating, w.head().Open[0].RatingReason}, []any{-1, "early"})
	w.append("t", convo.TurnEnded{Reason: convo.EndDone})
	vote := w.append("t", convo.Rated{ID: "r2", Value: 1, Reason: "fine"})[0]
	w.append("t", convo.Rated{ID: "r3", Message: "m", Value: -1})
	w.append("", convo.Rated{ID: "r4", Value: -1})
	w.append("unknown", convo.Rated{ID: "r5", Value: -1})
	for _, s := range w.twice(d) {
		turn, err := s.Turn(t.Context(), "a", "c", "t")
		must(t, err)
		equal(t, "vote", []any{turn.Rating, turn.RatingReason, turn.RatedSeq}, []any{1, "fine", vote.Seq})
	}
}

func sessionCalls(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", "c")
	w.append("t", convo.TurnOpened{}, convo.TurnQueued{}, convo.TurnStarted{Slot: 1},
		convo.ToolRequested{ID: "k", Message: "q", Place: convo.Place(1, 0), Name: "f", Arguments: convo.JSON(`{"a":1}`),
			Runs: convo.RunsClient, Asked: convo.Asked{Asks: convo.AsksInterrupt, Input: convo.JSON(`{}`)}},
		convo.ToolRequested{ID: "l", Message: "r", Place: convo.Place(1, 1), Name: "f", Arguments: convo.JSON(`{}`), Runs: convo.RunsServer},
		convo.InterruptStarted{ID: "i", Call: "k", Message: "q", Type: "y", Value: convo.JSON(`[1]`)},
		convo.ToolOffered{ID: "k", Message: "q", To: "s1"})
	check := func(what string, want convo.OpenCall) {
		t.Helper()
		for _, s := range w.twice(d) {
			turn, err := s.Turn(t.Context(), "a", "c", "t")
			must(t, err)
			equal(t, what, turn.Calls[0], want)
			equal(t, "the other call", turn.Calls[1].ID, "l")
		}
	}
	want := convo.OpenCall{ID: "k", Message: "q", Name: "f", Arguments: convo.JSON(`{"a":1}`), Runs: convo.RunsClient, Seq: 5,
		Asks: convo.AsksInterrupt, Interrupt: "i", To: "s1"}
	check("asking", want)
	w.append("t", convo.InterruptEnded{ID: "i", Call: "k", Message: "q", Value: convo.JSON(`{"approved":true}`)})
	e := last(w.append("t", convo.ToolAnswered{ID: "k", Message: "q", Name: "f", Approved: true, Input: convo.JSON(`{"a":2}`)}))
	want.Interrupt, want.Answered, want.Approved = "", e.At.UnixMilli(), true
	want.Arguments, want.InputSeq = convo.JSON(`{"a":2}`), e.Seq
	check("answered", want)
	e = last(w.append("t", convo.ToolStarted{ID: "k", Message: "q", Name: "f", Input: convo.JSON(`{"a":2}`), To: "s2"}))
	want.Started, want.To = e.At.UnixMilli(), "s2"
	check("started", want)
	w.append("", convo.MessageDeleted{ID: "q"})
	want.Arguments = nil
	check("erased", want)
}

func last(events []convo.Event) convo.Event { return events[len(events)-1] }

func sessionErased(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", "c")
	w.open()
	w.end()
	w.append("t", convo.TurnQueued{}, convo.TurnStarted{Slot: 1},
		convo.ToolRequested{ID: "k", Message: "q", Place: convo.Place(1, 1), Name: "f", Arguments: convo.JSON(`{"a":1}`),
			Runs: convo.RunsServer, Asked: convo.Asked{Asks: convo.AsksInterrupt, Input: convo.JSON(`{}`), Output: convo.JSON(`{}`)}},
		convo.InterruptStarted{ID: "i", Call: "k", Message: "q", Type: "y", Value: convo.JSON(`[1]`)},
		convo.InterruptEnded{ID: "i", Call: "k", Message: "q", Value: convo.JSON(`{"approved":true}`)},
		convo.ToolAnswered{ID: "k", Message: "q", Name: "f", Approved: true, Input: convo.JSON(`{"a":2}`)},
		convo.ToolStarted{ID: "k", Message: "q", Name: "f", Input: convo.JSON(`{"a":2}`)})
	w.append("", convo.MessageDeleted{ID: "m"}, convo.MessageDeleted{ID: "q"})
	w.append("t", convo.TurnEnded{Reason: convo.EndStopped})
	for _, s := range w.twice(d) {
		events, err := s.Events(t.Context(), "a", "c", 0, 100)
		must(t, err)
		for _, e := range events {
			for _, id := range []string{"m", "q"} {
				erased, ok := convo.Erase(e.Body, id)
				if ok {
					equal(t, "erased", e.Body, erased)
				}
			}
		}
	}
}

func sessionTurns(t *testing.T, d Driver) {
	w := converse(t, d.Open(t), "a", "c")
	for _, id := range []string{"t1", "t2", "t3", "t4", "t5"} {
		w.append(id, convo.TurnOpened{}, convo.MessageGiven{ID: id + "m", Fields: convo.MessageFields{Type: convo.User}})
	}
	w.append("t4", convo.TurnQueued{})
	w.append("t2", convo.TurnQueued{})
	for range w.twice(d) {
		head := w.head()
		equal(t, "the one that was queued first", head.NextQueued().ID, "t4")
	}
	w.append("t4", convo.TurnEnded{Reason: convo.EndStopped})
	w.append("t2", convo.TurnStarted{Slot: 1})
	w.append("", convo.MessageGiven{ID: "out", Place: convo.Place(2, 0), Fields: convo.MessageFields{Type: convo.User}})
	w.append("t2", convo.MessageGiven{ID: "t2n", Place: convo.Place(1, 1), Fields: convo.MessageFields{Type: convo.Bot}})
	w.append("t1", convo.TurnEnded{Reason: convo.EndStopped})
	for _, desc := range []bool{false, true} {
		var got []string
		q := store.TurnQuery{Desc: desc, Limit: 2}
		for {
			page, err := w.store.TurnsOpened(t.Context(), "a", "c", q)
			must(t, err)
			for _, turn := range page {
				got = append(got, turn.ID)
				q.After = turn.OpenedSeq
			}
			if len(page) < q.Limit {
				break
			}
		}
		want := []string{"t1", "t2", "t3", "t4", "t5"}
		if desc {
			slices.Reverse(want)
		}
		equal(t, "turns", got, want)
	}
	for turn, want := range map[string][]string{"t1": {"t1m"}, "t2": {"t2m", "t2n"}, "t3": {"t3m"}, "none": nil} {
		for _, desc := range []bool{false, true} {
			page, err := w.store.Messages(t.Context(), "a", "c", store.MessageQuery{Turn: turn, Limit: 10, Desc: desc})
			must(t, err)
			var got []string
			for _, m := range page {
				got = append(got, m.ID)
			}
			if desc {
				slices.Reverse(got)
			}
			equal(t, "messages of "+turn, got, want)
		}
	}
}

func sessionAgenda(t *testing.T, d Driver) {
	s := d.Open(t)
	make := func(id, owner, bot, name string, at int) *writer {
		w := &writer{t: t, store: s, tenant: "a", id: id, now: start().Add(time.Duration(at) * time.Second)}
		f := convo.Fields{Name: new(name), Agenda: convo.Agenda{AutoLabel: true, AgentInput: convo.JSON(`{"x": 1}`)}}
		if owner != "" {
			f.Owner = new(owner)
		}
		if bot != "" {
			f.BotID = new(bot)
		}
		w.append("", convo.ConversationCreated{Fields: f})
		return w
	}
	c1 := make("c1", "u", "b", "Ärger", 1)
	make("c2", "u", "", "two", 2)
	make("c3", "", "b", "three", 3)
	make("c4", "v", "b", "four", 4)
	c5 := make("c5", "u", "b", "five", 5)
	hidden := &writer{t: t, store: s, tenant: "a", id: "c6", now: start()}
	hidden.append("", convo.ConversationCreated{Fields: convo.Fields{Channel: new("ch"), Agenda: convo.Agenda{Owner: new("u")}}})
	list := func(owner string, q store.ActiveQuery) (ids []string) {
		t.Helper()
		for q.Limit = 2; ; {
			page, err := s.ConversationsOf(t.Context(), "a", owner, q)
			must(t, err)
			for _, c := range page {
				ids = append(ids, c.ID)
				q.After = store.Position{Created: c.Active, ID: c.ID}
			}
			if len(page) < q.Limit {
				return ids
			}
		}
	}
	equal(t, "by activity", list("u", store.ActiveQuery{}), []string{"c1", "c2", "c5"})
	equal(t, "backwards", list("u", store.ActiveQuery{Desc: true}), []string{"c5", "c2", "c1"})
	equal(t, "without owner", list("", store.ActiveQuery{}), []string{"c3"})
	equal(t, "of a bot", list("u", store.ActiveQuery{Bot: new("b")}), []string{"c1", "c5"})
	equal(t, "without bot", list("u", store.ActiveQuery{Bot: new("")}), []string{"c2"})
	equal(t, "searched", list("u", store.ActiveQuery{Search: "äRG"}), []string{"c1"})
	c1.now = start().Add(time.Hour)
	c1.append("t", convo.TurnOpened{})
	equal(t, "opened", list("u", store.ActiveQuery{}), []string{"c1", "c2", "c5"})
	queued := c1.append("t", convo.TurnQueued{})[0]
	equal(t, "queued", list("u", store.ActiveQuery{}), []string{"c2", "c5", "c1"})
	got, err := s.Conversation(t.Context(), "a", "c1")
	must(t, err)
	equal(t, "active", got.Active, queued.At)
	ended := c1.append("t", convo.TurnEnded{Reason: convo.EndDone})[0]
	equal(t, "ended", c1.head().Conversation.Active, ended.At)
	c5.append("", convo.ConversationChanged{Fields: convo.Fields{Agenda: convo.Agenda{Owner: new("v")}}, Relabelled: convo.ByCaller})
	equal(t, "another owner's", list("v", store.ActiveQuery{}), []string{"c4", "c5"})
	_, err = c1.update(store.Tx.Delete)
	must(t, err)
	s = d.Restart(t, s)
	equal(t, "after a deletion", list("u", store.ActiveQuery{}), []string{"c2"})
}
