package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/tool"
)

// rememberers are given the memories, and may write them.
var rememberers = engine.Given{Memory: true, Remember: engine.RememberContact}

// contact makes one and gives its id.
func (b *bundle) contact(fingerprint string) string {
	b.t.Helper()
	return b.object(engine.Contacts(), engine.Draft{ObjectFields: convo.ObjectFields{Alias: &fingerprint}, Body: convo.Contact{}}).ID
}

// remembering is an answer that remembers texts.
func remembering(texts ...string) scripted.Script {
	var calls []string
	for _, text := range texts {
		calls = append(calls, "remember", fmt.Sprintf(`{"text":%q}`, text))
	}
	return calling(calls...)
}

// memories are those of the bundle's tenant.
func (b *bundle) memories() []convo.Record {
	b.t.Helper()
	page, err := b.Memories(b.t.Context(), b.actor, engine.About{}, engine.List{})
	if err != nil {
		b.t.Fatal(err)
	}
	return page.Items
}

// offers reports whether the model was offered a tool in a call.
func (b *bundle) offers(call int, name string) bool {
	b.t.Helper()
	return slices.ContainsFunc(b.model.Calls()[call].Request.Tools, func(t model.Tool) bool { return t.Name == name })
}

// outputs are the results of a turn's calls.
func outputs(events []convo.Event) (list []string) {
	for _, e := range events {
		if b, ok := e.Body.(convo.ToolEnded); ok {
			list = append(list, string(b.Output))
		}
	}
	return list
}

func TestWhatATurnRemembersOfAContactIsKnownInItsOtherConversations(t *testing.T) {
	t.Parallel()
	b := setup(t, remembering("The user's  name\n is Ann."), answer("Hello Ann"), answer("Ann"), answer("who?"))
	ann, ben := b.contact("ann"), b.contact("ben")
	bot := b.object(engine.Bots(), bot(convo.Config{})).ID
	first := b.conversation(convo.Fields{ContactID: &ann, BotID: &bot})
	events := b.askWith(first, "I am Ann", rememberers)
	if got := fmt.Sprint(outputs(events)); got != `[{"remembered":true}]` {
		t.Errorf("the tool says %s", got)
	}
	got := b.memories()
	if len(got) != 1 || got[0].Text != "The user's name is Ann." || got[0].ContactID != ann || got[0].BotID != bot {
		t.Fatalf("it remembers %+v", got)
	}
	entries, err := b.Entries(t.Context(), b.actor, engine.List{Desc: true, Take: 10})
	made := slices.IndexFunc(entries.Items, func(e convo.Entry) bool { return e.Type == "memory.create" })
	if err != nil || made < 0 || entries.Items[made].IDs["memoryId"] != got[0].ID || entries.Items[made].IDs["conversationId"] != first {
		t.Errorf("%v: the event log has %+v", err, entries.Items)
	}

	second := b.conversation(convo.Fields{ContactID: &ann, BotID: &bot})
	b.askWith(second, "what is my name", rememberers)
	if told := fmt.Sprint(b.prompt(2)); !strings.Contains(told, "The user's name is Ann.") {
		t.Errorf("the model is told %s", told)
	}
	other := b.conversation(convo.Fields{ContactID: &ben, BotID: &bot})
	b.askWith(other, "what is my name", rememberers)
	if told := fmt.Sprint(b.prompt(3)); strings.Contains(told, "Ann") {
		t.Errorf("of somebody else the model is told %s", told)
	}
}

func TestAStatelessTurnRemembersItsContact(t *testing.T) {
	t.Parallel()
	b := setup(t, remembering("Likes tea."), answer("noted"), remembering("Likes tea."), answer("noted"))
	ann := b.contact("ann")
	for _, in := range []engine.StatelessInput{
		{ContactID: new("ann")},
		{Contact: &engine.Draft{ObjectFields: convo.ObjectFields{Alias: new("ann")}, Body: convo.Contact{}}},
	} {
		in.Given, in.Messages = rememberers, []engine.NewMessage{message(convo.User, "I like tea")}
		r, err := b.CompleteStateless(t.Context(), b.actor, in, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.read(r)
		if got := b.memories(); len(got) != 1 || got[0].ContactID != ann || got[0].BotID != "" {
			t.Errorf("it remembers %+v", got)
		}
	}
}

func TestTheSameFactIsRememberedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, remembering("Likes tea."), answer("ok"), remembering("Likes tea.", "Likes  tea. ", "Likes coffee."), answer("ok"), remembering("Likes tea."), answer("ok"))
	id := b.conversation(convo.Fields{ContactID: new(b.contact("ann"))})
	b.askWith(id, "one", rememberers)
	before := b.memories()[0]
	b.askWith(id, "two", rememberers)
	after := b.memories()
	if len(after) != 2 || after[1].ID != before.ID && after[0].ID != before.ID {
		t.Errorf("it remembers %+v", after)
	}
	b.askWith(b.conversation(convo.Fields{ContactID: new(b.contact("ben"))}), "three", rememberers)
	if got := b.memories(); len(got) != 3 {
		t.Errorf("of two contacts it remembers %+v", got)
	}
}

func TestATurnIsOfferedToRememberOnlyWhereItMay(t *testing.T) {
	t.Parallel()
	anyone := engine.Given{Memory: true, Remember: engine.RememberAnyone}
	for name, c := range map[string]struct {
		contact, bot, private, privateBot bool
		given                             engine.Given
		want                              bool
	}{
		"with a contact":                      {contact: true, given: rememberers, want: true},
		"with a contact and a bot":            {contact: true, bot: true, given: anyone, want: true},
		"with a bot, for anyone":              {bot: true, given: anyone, want: true},
		"with a bot alone":                    {bot: true, given: rememberers},
		"with nobody":                         {given: anyone},
		"with a contact, to read only":        {contact: true, given: engine.Given{Memory: true}},
		"with a contact, without the feature": {contact: true, given: engine.Given{Remember: engine.RememberContact}},
		"in private":                          {contact: true, private: true, given: rememberers},
		"with a private bot":                  {contact: true, bot: true, privateBot: true, given: rememberers},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, answer("ok"))
			var f convo.Fields
			if c.contact {
				f.ContactID = new(b.contact("ann"))
			}
			if c.bot {
				f.BotID = new(b.object(engine.Bots(), bot(convo.Config{Privacy: &c.privateBot})).ID)
			}
			if c.private {
				f.Privacy = new(true)
			}
			b.askWith(b.conversation(f), "hello", c.given)
			if got := b.offers(0, "remember"); got != c.want {
				t.Errorf("offered: %v, want %v", got, c.want)
			}
		})
	}
}

func TestWhatAnyoneTellsABotIsToldToAll(t *testing.T) {
	t.Parallel()
	b := setup(t, remembering("The office opens at nine."), answer("ok"))
	own := b.object(engine.Bots(), bot(convo.Config{})).ID
	b.askWith(b.conversation(convo.Fields{BotID: &own}), "the office opens at nine", engine.Given{Memory: true, Remember: engine.RememberAnyone})
	if got := b.memories(); len(got) != 1 || got[0].ContactID != "" || got[0].BotID != own {
		t.Errorf("it remembers %+v", got)
	}
	if told := b.model.Calls()[0].Request.Tools[0].Description; !strings.Contains(told, "whoever they are with") {
		t.Errorf("the model is told %q", told)
	}
}

func TestAFunctionOrToolOfTheSameNameHidesIt(t *testing.T) {
	t.Parallel()
	own := engine.Function{Name: "remember", Description: "mine", Parameters: convo.JSON(`{"type":"object"}`), Result: &engine.FunctionResult{Data: convo.JSON(`"mine"`)}}
	for name, c := range map[string]struct {
		tools     []tool.Tool
		functions []engine.Function
		want      string
	}{
		"a function": {functions: []engine.Function{own}, want: `["mine"]`},
		"a tool":     {tools: []tool.Tool{gives("remember", `"theirs"`)}, want: `["theirs"]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withTools(t, c.tools, calling("remember", `{}`), answer("ok"))
			given := rememberers
			given.Functions = c.functions
			events := b.askWith(b.conversation(convo.Fields{ContactID: new(b.contact("ann"))}), "hello", given)
			if got := fmt.Sprint(outputs(events)); got != c.want {
				t.Errorf("the result is %s, not %s", got, c.want)
			}
			if got := b.memories(); len(got) != 0 {
				t.Errorf("it remembers %+v", got)
			}
		})
	}
}

func TestWhatIsTooMuchToRememberIsRefused(t *testing.T) {
	t.Parallel()
	many := make([]string, 12)
	for i := range many {
		many[i] = fmt.Sprint("fact ", i)
	}
	b := setup(t, remembering(strings.Repeat("é", 1001)), remembering(" \n "), remembering(many...), answer("ok"))
	events := b.askWith(b.conversation(convo.Fields{ContactID: new(b.contact("ann"))}), "hello", rememberers)
	if got := b.memories(); len(got) != 10 {
		t.Errorf("it remembers %d facts", len(got))
	}
	all := fmt.Sprint(outputs(events))
	for _, want := range []string{"1,000", "text says nothing", "may remember 10 facts"} {
		if !strings.Contains(all, want) {
			t.Errorf("the model is not told of %q: %s", want, all)
		}
	}
}

func TestNothingIsRememberedOfAContactThatIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t, remembering("Likes tea."), answer("ok"))
	ann := b.contact("ann")
	id := b.conversation(convo.Fields{ContactID: &ann})
	if _, err := b.DeleteObject(t.Context(), b.actor, engine.Contacts(), ann, nil); err != nil {
		t.Fatal(err)
	}
	events := b.askWith(id, "hello", rememberers)
	if got := fmt.Sprint(outputs(events)); !strings.Contains(got, "contactId") {
		t.Errorf("the tool says %s", got)
	}
	if got := b.memories(); len(got) != 0 {
		t.Errorf("it remembers %+v", got)
	}
}

func TestNothingIsRememberedOfAConversationThatWasPrivate(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("ok"), remembering("Has a secret."), answer("ok"))
	id := b.conversation(convo.Fields{ContactID: new(b.contact("ann")), Config: convo.Config{Privacy: new(true)}})
	b.askWith(id, "I am "+mail, rememberers)
	if err := b.UpdateConversation(t.Context(), b.actor, id, func(f *convo.Fields) { f.Privacy = new(false) }, nil); err != nil {
		t.Fatal(err)
	}
	events := b.askWith(id, "remember that", rememberers)
	if got := fmt.Sprint(outputs(events)); !strings.Contains(got, "nothing of it is remembered") {
		t.Errorf("the tool says %s", got)
	}
	if got := b.memories(); len(got) != 0 {
		t.Errorf("it remembers %+v", got)
	}
}

func TestACallThatWasBegunBeforeACrashLeavesOneMemory(t *testing.T) {
	t.Parallel()
	for name, stored := range map[string]bool{"and had not been stored": false, "and had been stored": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, remembering("Likes tea."), answer("ok"))
			ann := b.contact("ann")
			id := b.conversation(convo.Fields{ContactID: &ann})
			if stored {
				if _, err := b.CreateMemory(t.Context(), b.actor, convo.RecordFields{Text: "Likes tea.", ContactID: ann}, nil); err != nil {
					t.Fatal(err)
				}
			}
			b.stop()
			call := wants("1", 1, convo.RunsServer)
			call.Name, call.Arguments = "remember", convo.JSON(`{"text":"Likes tea."}`)
			log := dispatched("I like tea")
			b.left(id, "turn", log[0])
			b.give(id, "turn", rememberers)
			b.left(id, "turn", append(log[1:], convo.ModelAsked{Model: "test/m", Prompt: 8}, call, starts(call))...)
			b.start()
			b.turnEvents(id, "turn")
			if got := b.memories(); len(got) != 1 {
				t.Errorf("it remembers %+v", got)
			}
		})
	}
}

func TestMemoriesAreEmbeddedWhenTheyAreWritten(t *testing.T) {
	t.Parallel()
	b := setup(t, remembering("bbb"), answer("ok"))
	l := &letters{}
	b.embeds(l)
	b.Idle()
	ann := b.contact("ann")
	made, err := b.CreateMemory(t.Context(), b.actor, convo.RecordFields{Text: "aaa", ContactID: ann}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.Idle()
	if _, err = b.UpdateMemory(t.Context(), b.actor, made.ID, func(f *convo.RecordFields) { f.Text = "ccc" }, nil); err != nil {
		t.Fatal(err)
	}
	b.Idle()
	b.askWith(b.conversation(convo.Fields{ContactID: &ann}), "hello", rememberers)
	b.Idle()
	if n := b.unembedded(convo.MemoryDataset); n != 0 {
		t.Errorf("%d memories have no vector", n)
	}
}
