package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
)

// try says something as the socket session "s1", and gives the errors.
func (b *bundle) try(conversation string, said ...engine.Said) []error {
	b.t.Helper()
	return b.tryAs("s1", conversation, said...)
}

func (b *bundle) tryAs(session, conversation string, said ...engine.Said) []error {
	b.t.Helper()
	errs, err := b.Say(b.t.Context(), b.actor, conversation, engine.Saying{Front: "test", From: session, Said: said})
	if err != nil {
		b.t.Fatal(err)
	}
	if len(errs) != len(said) {
		b.t.Fatalf("%d errors for %d things said", len(errs), len(said))
	}
	return errs
}

// utter says something that is taken.
func (b *bundle) utter(conversation string, said ...engine.Said) {
	b.t.Helper()
	for i, err := range b.try(conversation, said...) {
		if err != nil {
			b.t.Fatalf("%+v: %v", said[i], err)
		}
	}
}

// spokenText is an exchange of one text.
func spokenText(exchange, text string) []engine.Said {
	m := "m-" + exchange
	return []engine.Said{
		engine.SaidExchange{Exchange: exchange},
		engine.SaidMessage{Exchange: exchange, Message: m, Role: "user"},
		engine.SaidPart{Exchange: exchange, Message: m, Part: "p", MediaType: "text/plain"},
		engine.SaidText{Exchange: exchange, Message: m, Part: "p", Text: text},
		engine.SaidPartEnd{Exchange: exchange, Message: m, Part: "p"},
		engine.SaidMessageEnd{Exchange: exchange, Message: m},
	}
}

// exchange waits for the end of an exchange, and gives its events.
func (b *bundle) exchange(conversation, alias string) []convo.Event {
	b.t.Helper()
	var own []convo.Event
	turn := ""
	err := b.Follow(b.t.Context(), b.actor, conversation, 0, func(events []convo.Event) error {
		for _, e := range events {
			if o, ok := e.Body.(convo.TurnOpened); ok && o.Alias == alias {
				turn = e.Turn
			}
			if turn == "" || e.Turn != turn {
				continue
			}
			own = append(own, e)
			if _, over := e.Body.(convo.TurnEnded); over {
				return errEnough
			}
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		b.t.Fatal(err)
	}
	return own
}

func wantWhy(t *testing.T, err error, why engine.Why) {
	t.Helper()
	got, ok := errors.AsType[*engine.Refused](err)
	if !ok || got.Why != why {
		t.Errorf("error = %v, want %s", err, why)
	}
}

// wantFailed holds the end of an exchange that failed before its turn ran.
func wantFailed(t *testing.T, events []convo.Event, why engine.Why) {
	t.Helper()
	e := end(t, events)
	if e.Reason != convo.EndFailed || e.Failure == nil || e.Failure.Code != string(why) {
		t.Errorf("the exchange ended as %+v, %+v, want it to fail as %s", e, e.Failure, why)
	}
}

func TestWhatAClientSaysIsAnsweredWhenItsMessageEnds(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("It ", "is."))
	id := b.conversation(convo.Fields{})
	said := spokenText("X", "Is it?")
	b.utter(id, said[:4]...)
	b.wantListed(id, "")
	b.utter(id, engine.SaidText{Exchange: "X", Message: "m-X", Part: "p", Text: " 🗼 Really?"})
	b.utter(id, said[4:]...)

	events := b.exchange(id, "X")
	want := "opened message part delta part-end ended queued started asked message delta ended answered end"
	if got := pieces(events); got != want {
		t.Errorf("events:\n got %s\nwant %s", got, want)
	}
	b.wantListed(id, "user:Is it? 🗼 Really? | bot:It is.")
	for _, e := range events {
		if _, own := e.Body.(convo.TurnQueued); (e.Origin == "s1") != (own || e.Seq < events[0].Seq+7) {
			t.Errorf("%T has the origin %q", e.Body, e.Origin)
		}
	}
	m := b.messages(id)[0]
	if m.Alias != "m-X" || len(m.Parts) != 1 || m.Parts[0].Alias != "p" || m.Parts[0].MediaType != "text/plain" || m.Parts[0].End != len(m.Text) {
		t.Errorf("the message is %+v", m)
	}
	call, err := b.model.Await(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := lastUser(call); got != "Is it? 🗼 Really?" {
		t.Errorf("the model was asked %q", got)
	}
}

// lastUser is the text of the last user message of a request.
func lastUser(call *scripted.Call) string {
	for _, m := range slices.Backward(call.Request.Messages) {
		if m.Role == model.User {
			return m.Text
		}
	}
	return ""
}

// pieces is kinds with those of parts.
func pieces(events []convo.Event) string {
	var parts []string
	for _, e := range events {
		name := kinds([]convo.Event{e})
		switch e.Body.(type) {
		case convo.PartStarted:
			name = "part"
		case convo.PartEnded:
			name = "part-end"
		case convo.Cited:
			name = "cited"
		case convo.MessageDeleted:
			name = "deleted"
		case convo.PassedOn:
			name = "aside"
		}
		if len(parts) == 0 || name != "delta" || parts[len(parts)-1] != "delta" {
			parts = append(parts, name)
		}
	}
	return strings.Join(parts, " ")
}

func TestExchangesSaidAtOnceRunOneAfterTheOther(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("one"), answer("two"), answer("three"))
	id := b.conversation(convo.Fields{})
	b.utter(id, engine.SaidExchange{Exchange: "C"})
	b.utter(id, slices.Concat(spokenText("A", "1"), spokenText("B", "2"))...)
	b.utter(id, spokenText("C", "3")[1:]...)
	b.exchange(id, "C")
	b.wantListed(id, "user:1 | bot:one | user:2 | bot:two | user:3 | bot:three")
	b.say(id, "4")
	b.wantListed(id, "user:1 | bot:one | user:2 | bot:two | user:3 | bot:three | user:4 | bot:You said: 4")
}

func TestWhatLostItsStartGetsOne(t *testing.T) {
	t.Parallel()
	for name, left := range map[string][]int{
		"the first and every second": {1, 3, 5},
		"all but the end":            {3, 5},
		"nothing but the exchange":   {0, 3, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, answer("yes"))
			id := b.conversation(convo.Fields{})
			all := spokenText("X", "Hello?")
			for _, i := range left {
				b.utter(id, all[i])
			}
			b.exchange(id, "X")
			b.wantListed(id, "user:Hello? | bot:yes")
			for i := range all { // and then all of it comes late
				b.utter(id, all[i])
			}
			b.wantListed(id, "user:Hello? | bot:yes")
			if n := len(b.model.Calls()); n != 1 {
				t.Errorf("the model was asked %d times", n)
			}
		})
	}
}

func TestAStartThatComesLateIsNoSecondExchange(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("yes"))
	id := b.conversation(convo.Fields{})
	all := spokenText("X", "Hello?")
	b.utter(id, all[1], all[0], all[2], all[3], all[1])
	wantWhy(t, b.try(id, engine.SaidExchange{Exchange: "Y"}, engine.SaidExchange{Exchange: "Y"})[1], engine.ExchangeTaken)
	b.utter(id, all[5], engine.SaidStop{Exchange: "Y"})
	b.exchange(id, "X")
	b.wantListed(id, "user:Hello? | bot:yes")
}

func TestPartsOfAMessageStandApartInThePrompt(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("yes"), answer("again"))
	id := b.conversation(convo.Fields{})
	in := func(part, text string) []engine.Said {
		return []engine.Said{
			engine.SaidPart{Exchange: "X", Message: "m", Part: part},
			engine.SaidText{Exchange: "X", Message: "m", Part: part, Text: text},
		}
	}
	b.utter(id, slices.Concat(in("1", "one"), in("2", "two"))...)
	b.utter(id, engine.SaidText{Exchange: "X", Message: "m", Part: "1", Text: "late"})
	b.utter(id, engine.SaidPart{Exchange: "X", Message: "m", Part: "f", MediaType: "image/png", Name: "cat.png",
		File: &convo.FileRef{URI: "https://example.com/cat.png", Size: 17}})
	b.utter(id, engine.SaidMessageEnd{Exchange: "X", Message: "m"})
	b.exchange(id, "X")

	const asked = "one\n\ntwo\n\n[file \"cat.png\", image/png, 17 bytes]"
	first, _ := b.model.Await(t.Context(), 1)
	if got := lastUser(first); got != asked {
		t.Errorf("the model was asked %q", got)
	}
	b.say(id, "and?")
	second, _ := b.model.Await(t.Context(), 2)
	if got := second.Request.Messages[0].Text; got != asked {
		t.Errorf("later it reads %q", got)
	}
	b.wantListed(id, "user:onetwo | bot:yes | user:and? | bot:again")
	parts := b.messages(id)[0].Parts
	if len(parts) != 3 || parts[0].MediaType != "text/markdown" || parts[1].Start != 3 || parts[1].End != 6 || parts[2].File == nil {
		t.Errorf("parts = %+v", parts)
	}
}

func TestOneFileIsAMessage(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("nice"))
	id := b.conversation(convo.Fields{})
	b.utter(id,
		engine.SaidPart{Exchange: "X", Message: "m", Part: "f", MediaType: "image/png", File: &convo.FileRef{URI: "https://example.com/cat.png"}},
		engine.SaidPartEnd{Exchange: "X", Message: "m", Part: "f"},
		engine.SaidMessageEnd{Exchange: "X", Message: "m"})
	if got := end(t, b.exchange(id, "X")).Reason; got != convo.EndDone {
		t.Errorf("it ended as %s", got)
	}
}

func TestASystemMessageIsAnOrderAndStartsNoTurn(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("Bonjour"))
	id := b.conversation(convo.Fields{})
	all := spokenText("X", "Hello")
	b.utter(id, all[0], engine.SaidMessage{Exchange: "X", Message: "sys", Role: "system"},
		engine.SaidText{Exchange: "X", Message: "sys", Part: "p", Text: "Speak French."},
		engine.SaidMessageEnd{Exchange: "X", Message: "sys"})
	if n := len(b.model.Calls()); n != 0 {
		t.Fatalf("the model was asked %d times", n)
	}
	b.utter(id, all[1:]...)
	b.exchange(id, "X")
	b.wantListed(id, "instruction:Speak French. | user:Hello | bot:Bonjour")
}

func TestMessagesThatMayNotBeAreRefusedAlone(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := setup(t, scripted.Script{scripted.Wait(gate), scripted.Text("yes"), scripted.Finish(model.StopEnd)})
	id := b.conversation(convo.Fields{})
	errs := b.try(id, slices.Concat(
		[]engine.Said{
			engine.SaidMessageEnd{Exchange: "none", Message: "m"},
			engine.SaidMessage{Exchange: "X", Message: "a", Role: "assistant"},
			engine.SaidPart{Exchange: "X", Message: "m-X", Part: "q", MediaType: "no type"},
		},
		spokenText("X", "Hello")[1:],
		[]engine.Said{
			engine.SaidMessage{Exchange: "X", Message: "late", Role: "user"},
			engine.SaidText{Exchange: "X", Message: "later", Part: "p", Text: "late"},
		})...)
	wantWhy(t, errs[0], engine.UnknownExchange)
	wantWhy(t, errs[1], engine.BadMessage)
	wantWhy(t, errs[2], engine.BadPart)
	wantWhy(t, errs[8], engine.BadMessage)
	wantWhy(t, errs[9], engine.BadMessage)
	for _, err := range errs[3:8] {
		if err != nil {
			t.Error(err)
		}
	}
	close(gate)
	b.exchange(id, "X")
	b.wantListed(id, "user:Hello | bot:yes")
}

func TestAnExchangeThatCannotHaveItsTurnFailsInTheLog(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		text   string
		window int64
		model  string
		why    engine.Why
		kept   string
	}{
		{"an empty message", "", 1000, "", engine.NoContent, ""},
		{"a message that the model's window does not hold", strings.Repeat("long ", 1000), 1000, "", engine.TooLarge, ""},
		{"a message that is longer than messages are", strings.Repeat("x", 256<<10+1), 1 << 20, "", engine.TooLarge, ""},
		{"no model to answer", "Hello", 1000, "unknown", engine.NoAgent, "user:Hello"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, answer("yes"))
			b.fixed.window = c.window
			id := b.conversation(convo.Fields{})
			if c.model != "" {
				b.fixed.refused = true
			}
			b.utter(id, spokenText("X", c.text)...)
			wantFailed(t, b.exchange(id, "X"), c.why)
			b.wantListed(id, c.kept)
			b.fixed.refused = false
			b.utter(id, spokenText("Y", "short")...)
			if got := spoken(b.exchange(id, "Y")); got != "yes" {
				t.Errorf("the next exchange said %q", got)
			}
		})
	}
}

func TestMoreExchangesThanMayWaitAreRefused(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := setup(t, scripted.Script{scripted.Wait(gate), scripted.Finish(model.StopEnd)})
	id := b.conversation(convo.Fields{})
	b.utter(id, spokenText("running", "1")...)
	for i := range 16 {
		b.utter(id, engine.SaidExchange{Exchange: fmt.Sprint("waits", i)})
	}
	errs := b.try(id, spokenText("X", "one too many")...)
	wantWhy(t, errs[0], engine.QueueFull)
	for _, err := range errs[1:] {
		if err != nil {
			t.Errorf("what follows of a refused exchange: %v", err)
		}
	}
	close(gate)
	b.exchange(id, "running")
	for i := range 16 {
		b.utter(id, engine.SaidStop{Exchange: fmt.Sprint("waits", i)})
	}
	if strings.Contains(b.listed(id), "too many") {
		t.Error("a refused message was stored")
	}
}

// awaitText waits until a text was said.
func (b *bundle) awaitText(conversation, text string) {
	b.t.Helper()
	var said strings.Builder
	err := b.Follow(b.t.Context(), b.actor, conversation, 0, func(events []convo.Event) error {
		if said.WriteString(spoken(events)); strings.Contains(said.String(), text) {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		b.t.Fatal(err)
	}
}

// last is the number of a conversation's last event.
func (b *bundle) last(conversation string) int64 {
	b.t.Helper()
	head, err := b.store.Head(b.t.Context(), "t", conversation)
	if err != nil {
		b.t.Fatal(err)
	}
	return head.LastSeq
}

func TestAConversationOfAnotherUserIsUnknown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation(convo.Fields{Agenda: convo.Agenda{Owner: ptr("ann")}})
	for _, c := range []struct {
		actor convo.Actor
		id    string
	}{
		{convo.Actor{Tenant: "t", Own: true}, id},
		{convo.Actor{Tenant: "t", User: "bob", Own: true}, id},
		{convo.Actor{Tenant: "u", User: "ann", Own: true}, id},
		{b.actor, "none"},
	} {
		_, err := b.Say(t.Context(), c.actor, c.id, engine.Saying{Said: spokenText("X", "Hello")})
		wantKind(t, err, convo.NotFound)
	}
	if got := b.last(id); got != 1 {
		t.Errorf("the log has %d events", got)
	}
}

func TestWhatClientsPassOnIsKeptAsItIs(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("yes"))
	id := b.conversation(convo.Fields{})
	aside := func(exchange, body string) engine.Said {
		return engine.SaidAside{Exchange: exchange, Front: "f", Body: convo.JSON(body)}
	}
	errs := b.try(id, aside("", `{"a":1}`), aside("none", `{}`), aside("", `{`), engine.SaidExchange{Exchange: "X"}, aside("X", `{"b":2}`))
	wantWhy(t, errs[2], engine.BadAside)
	events, _, err := b.Events(t.Context(), b.actor, id, 0, 100)
	if err != nil || pieces(events) != " aside opened aside" {
		t.Fatalf("events: %s, %v", pieces(events), err)
	}
	if got := events[3].Body.(convo.PassedOn); string(got.Body) != `{"b":2}` || events[3].Turn != events[2].Turn || events[3].Origin != "s1" {
		t.Errorf("passed on: %+v", events[3])
	}
	b.utter(id, engine.SaidStop{Exchange: "X"})
}

func TestCitationsOfClientsCountUnits(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("yes"))
	id := b.conversation(convo.Fields{})
	cites := func(text string, starts, ends bool) engine.Said {
		c := &engine.SaidCitation{ID: "k", Starts: starts, Ends: ends}
		if ends {
			c.Sources = []convo.Source{{Title: "T", Number: 1, URL: "https://example.com"}}
		}
		return engine.SaidText{Exchange: "X", Message: "m", Part: "p", Text: text, Cites: c}
	}
	b.utter(id, cites("🗼 ", false, false), cites("so 🗼", true, true))
	b.utter(id, cites(" and", true, false))
	b.utter(id, cites(" on", false, true), engine.SaidMessageEnd{Exchange: "X", Message: "m"})
	b.exchange(id, "X")
	got := b.messages(id)[0].Parts[0].Citations
	if len(got) != 2 || got[0].Offset != 3 || got[0].Length != 5 || got[1].Offset != 15 || got[1].Length != 0 {
		t.Errorf("citations = %+v", got)
	}
}

func TestASessionTokenSeesNoOrderOfASession(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("yes"))
	id := b.conversation(convo.Fields{})
	b.utter(id, engine.SaidMessage{Exchange: "X", Message: "sys", Role: "system"},
		engine.SaidText{Exchange: "X", Message: "sys", Part: "p", Text: "hidden"},
		engine.SaidMessageEnd{Exchange: "X", Message: "sys"})
	b.utter(id, spokenText("X", "Hello")...)
	b.exchange(id, "X")
	page := convo.Actor{Tenant: "t", Token: "s", Conversation: id}
	events, _, err := b.Events(t.Context(), page, id, 0, 1000)
	if err != nil || len(events) == 0 {
		t.Fatal(events, err)
	}
	if strings.Contains(fmt.Sprintf("%+v", events), "hidden") {
		t.Error("it sees the order")
	}
}

func TestAnExchangeThatFollowsAnotherReadsNoHistory(t *testing.T) {
	t.Parallel()
	b, s := setupHooked(t, answer("one"), answer("Title"), answer("two"), answer("three"))
	id := b.conversation(unlabelled())
	b.utter(id, spokenText("X", "1")...)
	b.exchange(id, "X")
	b.labelled(id)
	b.say(id, "2")
	s.messages = func() { t.Error("the history was read") }
	for _, said := range spokenText("Y", "3") {
		b.utter(id, said)
	}
	b.exchange(id, "Y")
	want := "user:1 | now | assistant:one | user:2 | now | assistant:two | user:3 | now"
	if got := short(b.prompt(3)); got != want {
		t.Errorf("the prompt: %s", got)
	}
}
