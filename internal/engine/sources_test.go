package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/tool"
)

const (
	page  = `{"text":"It is tall.","sources":[{"title":"Tower","url":"https://tower.example"}]}`
	pages = `{"sources":[{"title":"City","url":"https://city.example"},{"title":"Tower","url":"https://tower.example"}]}`
)

// quotes tells what the last message of a turn cites, and fails if its text, its
// deltas and its citations do not fit together.
func quotes(t *testing.T, events []convo.Event) string {
	t.Helper()
	var parts []string
	var text strings.Builder
	var logged []convo.Citation
	for i, e := range events {
		switch b := e.Body.(type) {
		case convo.MessageStarted:
			text.Reset()
			logged, parts = nil, nil
		case convo.Delta:
			text.WriteString(b.Text)
		case convo.Cited:
			if at := convo.LengthOf(text.String()).Units; b.Citation.Offset != at {
				t.Errorf("a citation is at %d, but the text has come to %d", b.Citation.Offset, at)
			}
			mark := ""
			if b.Citation.Length > 0 {
				next, ok := events[i+1].Body.(convo.Delta)
				if !ok || !strings.HasPrefix(next.Text, "[") {
					t.Fatalf("the citation is followed by %#v", events[i+1].Body)
				}
				mark = next.Text[:strings.IndexByte(next.Text, ']')+1]
			}
			var numbers []string
			for _, s := range b.Citation.Sources {
				numbers = append(numbers, fmt.Sprint(s.Number, s.Title))
			}
			parts = append(parts, fmt.Sprintf("%d+%d%s %s", b.Citation.Offset, b.Citation.Length, mark, strings.Join(numbers, " ")))
			logged = append(logged, b.Citation)
		case convo.MessageEnded:
			if b.Text != text.String() || fmt.Sprint(b.Citations) != fmt.Sprint(logged) {
				t.Errorf("the message ends with %q and %v, not %q and %v", b.Text, b.Citations, text.String(), logged)
			}
		}
	}
	return strings.Join(parts, ", ")
}

func TestTheModelCitesTheSourcesOfItsTools(t *testing.T) {
	t.Parallel()
	b := withTools(t, []tool.Tool{gives("look", page), gives("search", pages)},
		calling("look", `{}`), calling("search", `{}`), answer("🗼 is tall [", "1", "], in the city [2]", "[1, 3]."))
	id := b.conversation(convo.Fields{})
	events := b.say(id, "How tall?")
	if got, want := quotes(t, events), "11+3[1] 1Tower, 28+3[2] 2City, 31+6[1, 3] 1Tower 3Tower"; got != want {
		t.Errorf("it cites %s, not %s", got, want)
	}
	for n, want := range map[int]string{
		1: page + "\n\nSources:\n1: Tower\nCite a source that you use by its number in square brackets, like [1], right behind what it supports.",
		2: pages + "\n\nSources:\n2: City\n3: Tower\nCite a source that you use by its number in square brackets, like [2], right behind what it supports.",
	} {
		told := b.model.Calls()[n].Request.Messages
		if last := told[len(told)-1]; last.Text != want {
			t.Errorf("the model is told %q", last.Text)
		}
	}
	messages := b.messages(id)
	if last := messages[len(messages)-1]; len(last.Citations) != 3 || last.Citations[1].Sources[0].URL != "https://city.example" || last.Text != "🗼 is tall [1], in the city [2][1, 3]." {
		t.Errorf("the message has %+v", last)
	}

	b.model.Add(answer("Still [1]. [4]")...)
	if got := quotes(t, b.say(id, "Sure?")); got != "6+3[1] 1Tower" {
		t.Errorf("a later turn cites %s", got)
	}
	first, later := b.model.Calls()[2].Request.Messages, b.model.Calls()[3].Request.Messages
	for i := range first {
		if first[i].Text != later[i].Text {
			t.Errorf("message %d of the prompt has changed from %q to %q", i, first[i].Text, later[i].Text)
		}
	}
}

func TestAnAnswerWithoutMarksCitesNothing(t *testing.T) {
	t.Parallel()
	b := withTools(t, []tool.Tool{gives("search", pages)},
		append(scripted.Script{scripted.Text("Let me look. ")}, calling("search", `{}`)...), answer("It is é", " tall"))
	if got := quotes(t, b.say(b.conversation(convo.Fields{}), "How tall?")); got != "" {
		t.Errorf("it cites %s", got)
	}
}

func TestNumbersRunOnThroughAConversation(t *testing.T) {
	t.Parallel()
	b := withTools(t, []tool.Tool{gives("search", pages)}, calling("search", `{}`), answer("One [2]."), calling("search", `{}`), answer("Two [1], [3] and [4]."))
	id := b.conversation(convo.Fields{})
	if got, want := quotes(t, b.say(id, "first")), "4+3[2] 2Tower"; got != want {
		t.Errorf("the first turn cites %s, not %s", got, want)
	}
	for _, m := range b.messages(id) { // what gave the first numbers goes; they are given to nothing else
		if m.Type == convo.Activity {
			if err := b.DeleteMessage(t.Context(), b.actor, id, m.ID, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, want := quotes(t, b.say(id, "second")), "9+3[3] 3City, 17+3[4] 4Tower"; got != want {
		t.Errorf("the second turn cites %s, not %s", got, want)
	}
}

func TestOnlyATextCites(t *testing.T) {
	t.Parallel()
	cut := scripted.Script{scripted.Text("It is"), scripted.Usage(7, 3), scripted.Finish(model.StopLength)}
	b := withTools(t, []tool.Tool{gives("search", pages)}, calling("search", `{}`),
		append(scripted.Script{scripted.Reasoning("[1]"), scripted.Text("Once more [")}, calling("search", `{}`)...), cut, answer(" tall [9]", " [1"))
	a := &asker{bundle: b, id: b.conversation(convo.Fields{}, message(convo.User, "How tall?"))}
	events := a.run(engine.Given{Limits: engine.TurnLimits{Continuations: 1}})
	cites := 0
	for _, e := range events {
		if e.Body.Kind() == convo.KindCited {
			cites++
		}
	}
	if got := quotes(t, events); got != "" || cites != 0 {
		t.Errorf("it cites %s, and %d times in all", got, cites)
	}
	if got := acts(events); !strings.Contains(got, "bot Once more [ |") || !strings.Contains(got, "bot  tall [9] [1 |") {
		t.Errorf("the turn went %s", got)
	}
}

func TestAStatelessTurnCitesToo(t *testing.T) {
	t.Parallel()
	a := &asker{bundle: withTools(t, []tool.Tool{gives("look", page)}, calling("look", `{}`), answer("Tall [1].")), messages: []engine.NewMessage{message(convo.User, "go")}}
	if got := quotes(t, a.run(engine.Given{})); got != "5+3[1] 1Tower" {
		t.Errorf("it cites %s", got)
	}
}

func TestWhatFailedNamesNoSources(t *testing.T) {
	t.Parallel()
	b := withTools(t, []tool.Tool{gives("look", `{"error":"no","sources":[{"title":"x","url":"https://x.example"}]}`)}, calling("look", `{}`), answer("No [1]."))
	if got := quotes(t, b.say(b.conversation(convo.Fields{}), "go")); got != "3+3[1] 1x" {
		t.Errorf("it cites %s", got)
	}
}
