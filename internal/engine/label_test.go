package engine_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
)

// labelled waits for a change of the conversation's name, and gives it.
func (b *bundle) labelled(conversation string) convo.ConversationChanged {
	b.t.Helper()
	var changed convo.ConversationChanged
	err := b.Follow(b.t.Context(), b.actor, conversation, 0, func(events []convo.Event) error {
		for _, e := range events {
			if c, ok := e.Body.(convo.ConversationChanged); ok && c.Relabelled != convo.NotRelabelled {
				changed = c
				return errEnough
			}
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		b.t.Fatal(err)
	}
	return changed
}

func unlabelled() convo.Fields { return convo.Fields{Agenda: convo.Agenda{AutoLabel: true}} }

func TestTheFirstExchangeGivesAConversationItsLabel(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, question, made, want string }{
		{"as the model writes it", "Where is the tower?", "Eiffel Tower", "Eiffel Tower"},
		{"without what models put around it", "Where?", "\n**Title: “Der Turm”.**\nI hope that helps", "Der Turm"},
		{"no longer than labels are", "Where?", strings.Repeat("tower ", 40), strings.TrimSpace(strings.Repeat("tower ", 16)) + "…"},
		{"of the first words, if it writes none", "Where is\nthe tower?", " \n ", "Where is the tower?"},
		{"of the first of them, wherever they stand", strings.Repeat("\n", 500) + "Where?", " ", "Where?"},
		{"of a few of them", strings.Repeat("🗼 tower ", 20), "", strings.TrimSpace(strings.Repeat("🗼 tower ", 7)) + " 🗼…"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, answer("In Paris."), answer(c.made), answer("Yes."))
			id := b.conversation(unlabelled())
			b.utter(id, spokenText("X", c.question)...)
			b.exchange(id, "X")
			got := b.labelled(id)
			if text := *got.Fields.Name; text != c.want || got.Relabelled != convo.ByModel || !got.Fields.AutoLabel {
				t.Errorf("label %q, %+v; want %q", text, got, c.want)
			}
			call, _ := b.model.Await(t.Context(), 2)
			if said := lastUser(call); !strings.Contains(said, "In Paris.") || len(said) > 4100 {
				t.Errorf("the model was shown %q", said)
			}
			b.say(id, "Really?")
			b.stop()
			if n := len(b.model.Calls()); n != 3 {
				t.Errorf("the model was asked %d times, want one label", n)
			}
			usage, err := b.Usage(t.Context(), b.actor, id, time.Time{}, time.Time{})
			if err != nil || usage.Tokens != 20 {
				t.Errorf("usage = %+v, %v: a label is no turn", usage, err)
			}
		})
	}
}

func TestAConversationThatHasALabelOrWantsNoneKeepsIt(t *testing.T) {
	t.Parallel()
	named := unlabelled()
	named.Name = ptr("Mine")
	for name, fields := range map[string]convo.Fields{"it has one": named, "it wants none": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, answer("yes"))
			id := b.conversation(fields)
			b.say(id, "Hello")
			b.stop()
			if n := len(b.model.Calls()); n != 1 {
				t.Errorf("the model was asked %d times", n)
			}
		})
	}
}

func TestAModelThatMakesNoLabelIsNotWaitedForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, answer("yes"), scripted.Script{scripted.Text("To"), scripted.Wait(nil)})
		defer b.stop()
		id := b.conversation(unlabelled())
		b.say(id, "Hello there")
		began := time.Now()
		if got := *b.labelled(id).Fields.Name; got != "Hello there" {
			t.Errorf("label %q", got)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

func TestADrainMakesTheLabelOfWhatWasSaid(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("yes"), scripted.Script{scripted.Wait(nil)})
	id := b.conversation(unlabelled())
	b.say(id, "Hello there")
	if _, err := b.model.Await(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if err := b.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	c, err := b.Conversation(t.Context(), b.actor, id)
	if err != nil || c.Name == nil || *c.Name != "Hello there" {
		t.Errorf("the conversation is %+v, %v", c, err)
	}
}

func TestANameThatACallerGivesEndsTheLabelling(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := setup(t, answer("yes"), scripted.Script{scripted.Wait(gate), scripted.Text("Late"), scripted.Finish(model.StopEnd)}, answer("again"))
	id := b.conversation(unlabelled())
	b.say(id, "Hello")
	if _, err := b.model.Await(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	rename := func(name *string) {
		change := func(f *convo.Fields) { f.Name = name }
		if err := b.UpdateConversation(t.Context(), b.actor, id, change, nil); err != nil {
			t.Fatal(err)
		}
	}
	rename(ptr("Mine"))
	if got := b.labelled(id); got.Relabelled != convo.ByCaller || got.Fields.AutoLabel {
		t.Errorf("the change is %+v", got)
	}
	close(gate)
	rename(nil)
	b.say(id, "And?")
	b.stop()
	c, err := b.Conversation(t.Context(), b.actor, id)
	if err != nil || c.Name != nil {
		t.Errorf("the conversation is %+v, %v", c, err)
	}
}

func TestWithoutALanguageModelTheFirstWordsAreTheLabel(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("yes"))
	b.fixed.kind = "quote"
	id := b.conversation(unlabelled())
	b.say(id, "Where is the tower?")
	if got := *b.labelled(id).Fields.Name; got != "Where is the tower?" {
		t.Errorf("label %q", got)
	}
	b.stop()
	if n := len(b.model.Calls()); n != 1 {
		t.Errorf("the model was asked %d times", n)
	}
}

func TestAFileAloneGivesItsNameAsTheLabel(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("nice"))
	id := b.conversation(unlabelled())
	b.utter(id, attachment("X", b.file(id, "cat.png", "image/png", "x"))...)
	b.utter(id, engine.SaidMessageEnd{Exchange: "X", Message: "m"})
	if got := *b.labelled(id).Fields.Name; got != "cat.png" {
		t.Errorf("label %q", got)
	}
}

func TestALabelIsCountedAndHeldAgainstQuotas(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want    string
		quota, tokens int64
	}{{"with room", "A tower", 101, 100 + 4050}, {"used up", "Where is the tower?", 100, 100}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := withQuotas(t, []engine.Quota{{Tokens: c.quota, Per: engine.Daily}},
				costs(100), scripted.Script{scripted.Text("A tower"), scripted.Usage(4000, 50), scripted.Finish(model.StopEnd)})
			id := b.conversation(unlabelled())
			b.utter(id, spokenText("X", "Where is the tower?")...)
			b.exchange(id, "X")
			if got := *b.labelled(id).Fields.Name; got != c.want {
				t.Errorf("label %q, want %q", got, c.want)
			}
			if sum, _ := b.spent(); sum.Tokens != c.tokens {
				t.Errorf("%d tokens were counted, want %d", sum.Tokens, c.tokens)
			}
		})
	}
}
