package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
)

// marked gives what stands in a text at its citations.
func marked(text string, citations []convo.Citation) []string {
	units, marks := utf16.Encode([]rune(text)), []string{}
	for _, c := range citations {
		if c.Offset < 0 || c.Offset+c.Length > len(units) {
			marks = append(marks, fmt.Sprintf("%d+%d of %d", c.Offset, c.Length, len(units)))
			continue
		}
		marks = append(marks, string(utf16.Decode(units[c.Offset:c.Offset+c.Length])))
	}
	return marks
}

// However an answer of a private turn comes, its marks stand where citations say, for
// those who see values, live and later, and in what is stored.
func TestCitationsOfAPrivateAnswerStandAtTheirMarks(t *testing.T) {
	t.Parallel()
	const marks = "[1] [2] [1, 2] [1] [2]"
	for _, size := range []int{1, 2, 3, 5, 7, 11, 1000} {
		t.Run(fmt.Sprint("in pieces of ", size), func(t *testing.T) {
			t.Parallel()
			b, m := withMimic(t, nil, func(_ int, r *model.Request) []model.Event {
				known := holders(r)
				text := []rune("😀 " + known[0] + "[1], **" + strings.ToUpper(known[1]) + "** [2] 漢字 (" + known[0] + ")[1, 2] `x[1]` born " + known[0] + " [3]\n```\n[1]\n```\n🗼[1][2]" + known[1])
				var events []model.Event
				for len(text) > 0 {
					n := min(size, len(text))
					events = append(events, model.Event{Type: model.Text, Text: string(text[:n]), More: true})
					text = text[n:]
				}
				return events
			})
			id := b.conversation(privately(convo.Fields{}))
			in := knowing("I am " + mail + " of " + harbour + "; where is the port?")
			in.Given = guide("the port is far", "the port of "+harbour+" is near")
			r, err := b.Complete(t.Context(), b.actor, id, in, nil)
			if err != nil {
				t.Fatal(err)
			}
			check := func(where, text string, citations []convo.Citation, clear bool) {
				t.Helper()
				if got := strings.Join(marked(text, citations), " "); got != marks {
					t.Errorf("%s cites %q in %q", where, got, text)
				}
				if clear != (strings.Count(text, mail) == 3 && strings.Count(text, harbour) == 2) || clear == placeholder.MatchString(text) {
					t.Errorf("%s: %q", where, text)
				}
			}
			events := b.read(r)
			var live []convo.Citation
			var all strings.Builder
			for _, e := range events {
				switch body := e.Body.(type) {
				case convo.Delta:
					all.WriteString(body.Text)
				case convo.Cited:
					if at := convo.LengthOf(all.String()).Units; body.Citation.Offset != at || body.Shift != 0 {
						t.Errorf("what stands at %d is cited where the text has %d units", body.Citation.Offset, at)
					}
					live = append(live, body.Citation)
				case convo.MessageEnded:
					check("the end of the message", body.Text, body.Citations, true)
				}
			}
			check("the turn", all.String(), live, true)
			b.stop()
			b.start()
			exchanges, _, err := b.Exchanges(t.Context(), b.actor, id, queryTurns())
			if err != nil {
				t.Fatal(err)
			}
			last := exchanges[0].Messages[len(exchanges[0].Messages)-1]
			check("the exchange", last.Text, last.Citations, true)
			stored := b.messages(id)
			end := stored[len(stored)-1]
			check("what is stored", end.Text, end.Citations, false)
			mustNotHold(t, "the prompt", m.all(), append(halves, mail)...)
			mustNotHold(t, "the store", b.atRest(id), append(halves, mail)...)
		})
	}
}

// The numbers of a conversation's sources run on behind a summary and behind messages
// that are deleted.
func TestNumbersRunOnBehindASummaryAndADeletion(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("far [1]"), answer("The port is far."), answer("near [2]"), answer("so [3] and [1]"))
	id := b.conversation(convo.Fields{})
	ask := func(text string) []convo.Event {
		t.Helper()
		r, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: &text, Given: guide("the port is far")}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return b.read(r)
	}
	numbers := func(events []convo.Event) (list []int) {
		for _, e := range events {
			if c, ok := e.Body.(convo.Cited); ok {
				list = append(list, c.Citation.Sources[0].Number)
			}
		}
		return list
	}
	if got := numbers(ask("where is the port?")); fmt.Sprint(got) != "[1]" {
		t.Errorf("first: %v", got)
	}
	if _, err := b.Compact(t.Context(), b.actor, id, nil); err != nil {
		t.Fatal(err)
	}
	if got := numbers(ask("and the port?")); fmt.Sprint(got) != "[2]" {
		t.Errorf("behind the summary: %v", got)
	}
	for _, m := range b.messages(id) {
		if m.Type == convo.Context {
			if err := b.DeleteMessage(t.Context(), b.actor, id, m.ID, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.stop()
	b.start()
	if got := numbers(ask("the port, again?")); fmt.Sprint(got) != "[3]" {
		t.Errorf("behind what was deleted: %v", got)
	}
}
