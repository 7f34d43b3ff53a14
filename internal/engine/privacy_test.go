package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/tool"
)

// mimic is a model that records all that it is sent, and answers as it is told with
// what it has read.
type mimic struct {
	mu      sync.Mutex
	sent    []string
	answers func(n int, r *model.Request) []model.Event
}

func (m *mimic) Models(context.Context) ([]model.Info, error) { return nil, nil }

func (m *mimic) Stream(_ context.Context, r *model.Request) iter.Seq2[model.Event, error] {
	m.mu.Lock()
	n := len(m.sent)
	m.sent = append(m.sent, fmt.Sprintf("%+v", *r))
	m.mu.Unlock()
	events := m.answers(n, r)
	return func(yield func(model.Event, error) bool) {
		for _, event := range append(events, model.Event{Type: model.Finish, Stop: model.StopEnd}) {
			if !yield(event, nil) {
				return
			}
		}
	}
}

// all is all that it was sent.
func (m *mimic) all() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.sent, "\n")
}

// placeholder is what stands for a value.
var placeholder = regexp.MustCompile(`\b[a-z0-9]{11}\b`)

// holders are the placeholders in the last message of the user.
func holders(r *model.Request) []string {
	for _, m := range slices.Backward(r.Messages) {
		if m.Role == model.User {
			return placeholder.FindAllString(m.Text, -1)
		}
	}
	return nil
}

// said makes the events of an answer, byte by byte.
func said(text string) []model.Event {
	var events []model.Event
	for _, r := range text {
		events = append(events, model.Event{Type: model.Text, Text: string(r), More: true})
	}
	return events
}

// withMimic is a server whose model is a mimic, and whose keys are real.
func withMimic(t *testing.T, tools []tool.Tool, answers func(n int, r *model.Request) []model.Event) (*bundle, *mimic) {
	t.Helper()
	b := setup(t)
	box, err := seal.New(make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	m := &mimic{answers: answers}
	b.stop()
	b.sealer, b.fixed.provider = box, m
	if tools != nil {
		b.tools = toolSet(tools)
	}
	b.start()
	return b, m
}

const (
	mail = "ann.example@mail.example.com"
	card = "4111 1111 1111 1111"
	boss = "the.boss@shop.example.org"
)

func privately(fields convo.Fields) convo.Fields {
	fields.Privacy = new(true)
	return fields
}

// atRest is all that the store has of a conversation.
func (b *bundle) atRest(conversation string) string {
	b.t.Helper()
	events, err := b.store.Events(b.t.Context(), b.actor.Tenant, conversation, 0, 10_000)
	if err != nil {
		b.t.Fatal(err)
	}
	messages := b.messages(conversation)
	head, err := b.store.Head(b.t.Context(), b.actor.Tenant, conversation)
	if err != nil {
		b.t.Fatal(err)
	}
	vault, err := b.store.Vault(b.t.Context(), b.actor.Tenant, conversation)
	if err != nil {
		b.t.Fatal(err)
	}
	text := fmt.Sprintf("%+v\n%+v\n%+v\n%s", events, messages, head, vault)
	for _, e := range events {
		if body, err := json.Marshal(e.Body); err == nil {
			text += "\n" + string(body)
		}
		text += fmt.Sprintf("\n%s", e.Body)
	}
	return text
}

func mustNotHold(t *testing.T, where, text string, values ...string) {
	t.Helper()
	for _, v := range values {
		if strings.Contains(text, v) {
			t.Errorf("%s holds %q", where, v)
		}
	}
}

func TestAPrivateTurnShowsTheModelPlaceholdersAndPeopleTheValues(t *testing.T) {
	t.Parallel()
	b, m := withMimic(t, nil, func(_ int, r *model.Request) []model.Event {
		known := holders(r)
		return said("I write to " + strings.ToUpper(known[0]) + " about **" + known[1] + "**, " + known[0] + "'s card.")
	})
	id := b.conversation(privately(convo.Fields{Config: convo.Config{Backstory: ptr("Ask " + boss)}}))
	events := b.read(b.complete(id, "My mail is "+mail+" and my card "+card+".", nil))
	want := "I write to " + mail + " about **" + card + "**, " + mail + "'s card."
	if got := spoken(events); got != want {
		t.Errorf("shown: %q", got)
	}
	mustNotHold(t, "the prompt", m.all(), mail, card, boss)
	mustNotHold(t, "the store", b.atRest(id), mail, card)
	again := b.read(b.complete(id, "Again: "+mail, nil))
	if got := spoken(again); !strings.HasPrefix(got, "I write to "+mail) && end(t, again).Failure == nil {
		t.Errorf("then: %q", got)
	}
}

func TestTheSameValueHasTheSamePlaceholder(t *testing.T) {
	t.Parallel()
	b, m := withMimic(t, nil, func(_ int, r *model.Request) []model.Event { return said(holders(r)[0] + "!") })
	id := b.conversation(privately(convo.Fields{}))
	var first string
	for n, text := range []string{"It is " + mail, "I said " + strings.ToUpper(mail)} {
		events := b.read(b.complete(id, text, nil))
		if got := spoken(events); got != mail+"!" {
			t.Errorf("turn %d shows %q", n, got)
		}
		messages := b.messages(id)
		holder := placeholder.FindString(messages[len(messages)-1].Text)
		if first == "" {
			first = holder
		}
		if holder != first || holder == "" {
			t.Errorf("turn %d stores %q", n, messages[len(messages)-1].Text)
		}
	}
	mustNotHold(t, "the prompts", strings.ToLower(m.all()), mail)
}

func TestAPrivateConversationWhoseKeyIsLostShowsPlaceholdersAndGoesOn(t *testing.T) {
	t.Parallel()
	b, _ := withMimic(t, nil, func(_ int, r *model.Request) []model.Event { return said("Hello " + holders(r)[0] + "!") })
	id := b.conversation(privately(convo.Fields{}))
	b.read(b.complete(id, "I am "+mail, nil))
	box, err := seal.New(bytes.Repeat([]byte{1}, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	b.stop()
	b.sealer = box
	b.start()
	if got := spoken(b.read(b.complete(id, "I am "+boss, nil))); got != "Hello "+boss+"!" {
		t.Errorf("what came later is shown as %q", got)
	}
	events, _, err := b.Events(t.Context(), b.actor, id, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%+v", events)
	mustNotHold(t, "the log as it is read", text, mail)
	if !strings.Contains(text, boss) || !regexp.MustCompile(`I am [a-z0-9]{11}\b`).MatchString(text) {
		t.Errorf("the log is read as %s", text)
	}
}

func TestWhoReadsLaterSeesWhatWasShownLive(t *testing.T) {
	t.Parallel()
	b, _ := withMimic(t, nil, func(_ int, r *model.Request) []model.Event { return said("Hello " + holders(r)[0] + "! 😀") })
	id := b.conversation(privately(convo.Fields{}))
	live := b.read(b.complete(id, "I am "+mail, nil))
	b.stop()
	b.start() // with no vault in memory
	for after := int64(0); after < live[len(live)-1].Seq; after++ {
		events, _, err := b.Events(t.Context(), b.actor, id, after, 100)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, e := range events {
			if d, ok := e.Body.(convo.Delta); ok {
				text += d.Text
			}
			if m, ok := e.Body.(convo.MessageEnded); ok && m.Text != "Hello "+mail+"! 😀" {
				t.Errorf("after %d the message is %q", after, m.Text)
			}
		}
		if !strings.HasSuffix("Hello "+mail+"! 😀", text) || placeholder.MatchString(text) {
			t.Errorf("after %d: %q", after, text)
		}
	}
	exchanges, _, err := b.Exchanges(t.Context(), b.actor, id, queryTurns())
	if err != nil || len(exchanges) != 1 || exchanges[0].Messages[1].Text != "Hello "+mail+"! 😀" || exchanges[0].Messages[0].Text != "I am "+mail {
		t.Errorf("%+v, %v", exchanges, err)
	}
	stored := b.messages(id)
	if strings.Contains(stored[0].Text+stored[1].Text, mail) {
		t.Errorf("ChatBotKit reads %+v", stored)
	}
}

func TestAToolGetsPlaceholdersUnlessItMayKnow(t *testing.T) {
	t.Parallel()
	for _, reveals := range []bool{false, true} {
		t.Run(fmt.Sprint("reveals ", reveals), func(t *testing.T) {
			t.Parallel()
			var got convo.JSON
			lookUp := specTool{
				spec: tool.Spec{Name: "lookUp", Reveals: reveals, Parameters: convo.JSON(`{"type":"object","properties":{"mail":{"type":"string","pattern":"@"}},"required":["mail"]}`)},
				run: func(_ context.Context, c tool.Call) (tool.Result, error) {
					got = c.Arguments
					return tool.Result{Output: convo.JSON(`{"owner":"` + mail + `","card":"` + card + `"}`)}, nil
				},
			}
			b, m := withMimic(t, []tool.Tool{lookUp}, func(n int, r *model.Request) []model.Event {
				if n == 0 {
					return []model.Event{{Type: model.ToolCall, Call: &model.Call{ID: "c", Name: "lookUp", Arguments: `{"mail":"` + holders(r)[0] + `"}`}}}
				}
				last := r.Messages[len(r.Messages)-1]
				return said("It says " + last.Text)
			})
			id := b.conversation(privately(convo.Fields{}))
			events := b.read(b.complete(id, "Who is "+mail+"?", nil))
			if given := string(got); reveals != (given == `{"mail":"`+mail+`"}`) || !reveals && strings.Contains(given, "@") {
				t.Errorf("the tool got %s", given)
			}
			if text := spoken(events); !strings.Contains(text, card) || !strings.Contains(text, mail) {
				t.Errorf("shown: %q", text)
			}
			for _, e := range events {
				if r, ok := e.Body.(convo.ToolRequested); ok && string(r.Arguments) != `{"mail":"`+mail+`"}` {
					t.Errorf("the call shows %s", r.Arguments)
				}
			}
			mustNotHold(t, "the prompts", m.all(), mail, card)
			mustNotHold(t, "the store", b.atRest(id), mail, card)
		})
	}
}

// specTool is a tool with a specification of its own.
type specTool struct {
	spec tool.Spec
	run  func(context.Context, tool.Call) (tool.Result, error)
}

func (s specTool) Spec() tool.Spec { return s.spec }

func (s specTool) Call(ctx context.Context, c tool.Call) (tool.Result, error) { return s.run(ctx, c) }

func TestAStatelessCallerNeverSeesAPlaceholder(t *testing.T) {
	t.Parallel()
	b, m := withMimic(t, nil, func(_ int, r *model.Request) []model.Event {
		return said("Hello " + holders(r)[0] + ", " + holders(r)[1])
	})
	in := engine.StatelessInput{
		Config: convo.Config{Privacy: new(true)}, Messages: []engine.NewMessage{message(convo.User, "I am "+mail+" of Zyxland")},
		Entities: []convo.Entity{{Type: "place", Text: "Zyxland"}},
	}
	r, err := b.CompleteStateless(t.Context(), b.actor, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := spoken(b.read(r)); got != "Hello "+mail+", Zyxland" {
		t.Errorf("shown: %q", got)
	}
	mustNotHold(t, "the prompt", m.all(), mail, "Zyxland")
}

func TestSendGivesWhatWasFoundWithItsPlaces(t *testing.T) {
	t.Parallel()
	b, _ := withMimic(t, nil, nil)
	id := b.conversation(privately(convo.Fields{}))
	in := message(convo.User, "😀 write to "+mail+" in Zyxland")
	in.Entities = []convo.Entity{{Type: "place", Text: "Zyxland", Replacement: &convo.Replacement{Text: "a1b2c3d4e5f"}}}
	stored, err := b.CreateMessage(t.Context(), b.actor, id, in, nil)
	if err != nil || len(stored.Entities) != 2 {
		t.Fatalf("%+v, %v", stored, err)
	}
	if e := stored.Entities[0]; e.Type != "email" || e.Begin != 12 || e.End != 12+len(mail) || e.Text != mail || e.Replacement.Begin != 12 || e.Replacement.End != 23 {
		t.Errorf("%+v %+v", e, e.Replacement)
	}
	if e := stored.Entities[1]; e.Type != "place" || e.Replacement.Text != "a1b2c3d4e5f" || e.Replacement.Begin != 23+len(" in ") {
		t.Errorf("%+v %+v", e, e.Replacement)
	}
	if m := b.messages(id)[0]; !strings.HasSuffix(m.Text, " in a1b2c3d4e5f") || strings.Contains(m.Text, mail) {
		t.Errorf("stored: %q", m.Text)
	}
}

func queryTurns() store.TurnQuery { return store.TurnQuery{Limit: 10} }

func TestASummaryOfAPrivateConversationIsMadeAndStoredMasked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		auto bool
	}{{"on demand", false}, {"by itself", true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, m := withMimic(t, nil, func(n int, r *model.Request) []model.Event {
				if n == 0 {
					return said("Noted.")
				}
				return said("They gave " + strings.Join(holders(r), " and ") + ".")
			})
			if c.auto {
				b.stop()
				b.compact, b.fixed.window = true, 1000
				b.start()
			}
			id := b.conversation(privately(convo.Fields{}))
			b.say(id, "It is "+mail+" and "+card+". "+strings.Repeat("and so on ", 300))
			if c.auto {
				b.awaitCheckpoint(id)
			} else {
				made, err := b.Compact(t.Context(), b.actor, id, nil)
				if err != nil {
					t.Fatal(err)
				}
				if want := "They gave " + mail + " and " + card + "."; made.Text != want {
					t.Errorf("shown: %q, want %q", made.Text, want)
				}
			}
			if got := spoken(b.say(id, "Again?")); got != "They gave ." {
				t.Errorf("then: %q", got) // the placeholders stand in the summary, not in what the user said
			}
			mustNotHold(t, "the prompts", m.all(), mail, card)
			mustNotHold(t, "the store", b.atRest(id), mail, card)
			list := b.messages(id)
			if got := list[2]; got.Type != convo.Checkpoint || len(placeholder.FindAllString(got.Text, -1)) != 2 {
				t.Errorf("the checkpoint is %q: %q", got.Type, got.Text)
			}
		})
	}
}
