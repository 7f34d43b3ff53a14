package engine_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model/scripted"
)

// A server that remembers a conversation and one that was just started ask the
// model the same, whatever happened to the conversation.
func TestWhatIsRememberedIsWhatIsStored(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		remembers, forgets := setup(t), setup(t)
		for _, b := range []*bundle{remembers, forgets} {
			b.stop()
			b.tools = toolSet{gives("tool", `"used"`)}
			b.start()
		}
		a, b := newWriter(remembers, seed), newWriter(forgets, seed)
		for step := range 25 {
			a.step()
			b.step()
			forgets.stop()
			forgets.start()
			a.ask(step)
			b.ask(step)
			prompts := len(remembers.model.Calls())
			got, want := nameless(short(remembers.prompt(prompts-1))), nameless(short(forgets.prompt(prompts-1)))
			if got != want {
				t.Fatalf("seed %d, step %d: the prompt is\n%s\nwant\n%s", seed, step, got, want)
			}
		}
	}
}

// nameless writes the ids of calls as numbers, in their order: no two servers make
// the same.
func nameless(prompt string) string {
	seen := map[string]string{}
	return regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).ReplaceAllStringFunc(prompt, func(id string) string {
		if seen[id] == "" {
			seen[id] = fmt.Sprint("#", len(seen)+1)
		}
		return seen[id]
	})
}

// writer does the same to a conversation as every other one with its seed.
type writer struct {
	*bundle
	id     string
	random *rand.Rand
}

func newWriter(b *bundle, seed uint64) *writer {
	w := &writer{bundle: b, random: rand.New(rand.NewPCG(seed, 1))}
	b.fixed.window = 120
	if seed%3 == 0 {
		b.fixed.latest, b.fixed.window = 4, 32_000
	}
	w.id = b.conversation(convo.Fields{}, message(convo.Backstory, "an inn"))
	return w
}

// step changes the conversation, or leaves it.
func (w *writer) step() {
	var err error
	list := w.messages(w.id)
	chosen := list[w.random.IntN(len(list))]
	switch w.random.IntN(6) {
	case 0:
		kind := convo.MessageTypes[w.random.IntN(len(convo.MessageTypes))]
		m := message(kind, fmt.Sprint("new ", w.random.IntN(100)))
		if kind == convo.Activity {
			m = w.activity()
		}
		_, err = w.CreateMessage(w.t.Context(), w.actor, w.id, m, nil)
	case 1:
		err = w.UpdateMessage(w.t.Context(), w.actor, w.id, chosen.ID, func(_ *convo.MessageFields, text *string) {
			*text = "changed"
		}, nil, nil)
	case 2:
		if len(list) > 1 {
			err = w.DeleteMessage(w.t.Context(), w.actor, w.id, chosen.ID, nil)
		}
	case 3:
		err = w.UpdateConversation(w.t.Context(), w.actor, w.id, func(f *convo.Fields) {
			f.Backstory = ptr(fmt.Sprint("told ", w.random.IntN(100)))
		}, nil)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// activity is a call or a result, with an id or without, of few that may fit.
func (w *writer) activity() engine.NewMessage {
	id := []string{"", "1", "2"}[w.random.IntN(3)]
	if w.random.IntN(2) == 0 {
		return call("request", id, "f", `{}`, "")
	}
	return call("response", id, "f", `{}`, `"done"`)
}

// ask runs a turn, now and then without a new message.
func (w *writer) ask(step int) {
	in := engine.TurnInput{Front: "test", Text: ptr(fmt.Sprint("question ", step)), Given: functions(data("f", `1`), unanswered("g"))}
	if w.random.IntN(5) == 0 {
		in.Text = nil
	}
	for range w.random.IntN(3) {
		calls := [][]string{{"f", `{}`}, {"tool", `{}`, "f", `{"n":1}`}, {"g", `{}`}, {"unknown", `{}`}}
		script := calling(calls[w.random.IntN(len(calls))]...)
		if w.random.IntN(2) == 0 {
			script = append(scripted.Script{scripted.Text("well")}, script...)
		}
		w.model.Add(script...)
	}
	r, err := w.Complete(w.t.Context(), w.actor, w.id, in, nil)
	if convo.ErrorKind(err) == convo.Invalid { // beyond the window
		return
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.read(r)
}

func TestAnExchangeThatIsTooLargeIsRefusedBeforeItHasAnEffect(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fixed.window = 100
	id := b.conversation(convo.Fields{})
	b.say(id, "1") // from here on the conversation is remembered
	large := message(convo.Context, strings.Repeat("x", 500))
	if _, err := b.CreateMessage(t.Context(), b.actor, id, message(convo.User, "first"), nil); err != nil {
		t.Fatal(err)
	}
	m, err := b.CreateMessage(t.Context(), b.actor, id, large, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := b.listed(id)
	_, err = b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: ptr("2")}, nil)
	wantKind(t, err, convo.Invalid)
	_, err = b.Complete(t.Context(), b.actor, id, engine.TurnInput{}, nil)
	wantKind(t, err, convo.Invalid)
	b.wantListed(id, before)
	if n := len(b.model.Calls()); n != 1 {
		t.Errorf("the model was asked %d times", n)
	}
	if err := b.DeleteMessage(t.Context(), b.actor, id, m.ID, nil); err != nil {
		t.Fatal(err)
	}
	if e := end(t, b.say(id, "2")); e.Reason != convo.EndDone {
		t.Errorf("end = %+v", e)
	}
}

func TestATurnThatFollowsAnotherReadsNothing(t *testing.T) {
	t.Parallel()
	b, s := setupHooked(t, answer("one"), scripted.Script{scripted.Reasoning("well"), scripted.Text("two")}, answer("three"))
	id := b.conversation(convo.Fields{})
	b.say(id, "1")
	s.messages = func() { t.Error("the history was read") }
	b.say(id, "2")
	b.say(id, "3")
	want := "user:1 | now | assistant:one | user:2 | now | assistant:two | user:3 | now"
	if got := short(b.prompt(2)); got != want {
		t.Errorf("the prompt: %s", got)
	}
}

func TestATurnThatFollowsOneWithCallsReadsNothing(t *testing.T) {
	t.Parallel()
	b, s := setupHooked(t, answer("zero"), calling("f", `{}`, "f", `{}`), answer("one"), answer("two"))
	a := &asker{bundle: b, id: b.conversation(convo.Fields{})}
	b.say(a.id, "0") // from here on the conversation is remembered
	given := functions(data("f", `1`))
	s.messages = func() { t.Error("the history was read") }
	a.run(given)
	a.run(given)
	before, after := a.prompt(2), a.prompt(3)
	if len(after) != len(before)+1 || strings.Count(short(after), "result:1<-") != 2 || !strings.HasPrefix(short(after), short(before)) {
		t.Errorf("the prompt is\n%s\nbefore it was\n%s", short(after), short(before))
	}
}
