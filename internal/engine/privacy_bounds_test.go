package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/tool"
)

func TestAModelThatRepeatsAPlaceholderFillsNoMemory(t *testing.T) {
	t.Parallel()
	const many = 20_000
	value := strings.Repeat("Zyx land ", 440)
	for _, stateless := range []bool{false, true} {
		t.Run(fmt.Sprint("stateless ", stateless), func(t *testing.T) {
			t.Parallel()
			var calls []convo.JSON
			lookUp := specTool{spec: tool.Spec{Name: "lookUp", Parameters: convo.JSON(`{"type":"object"}`)}}
			b, _ := withMimic(t, []tool.Tool{lookUp}, func(n int, r *model.Request) []model.Event {
				repeated := strings.Repeat(holders(r)[0]+" ", many)
				if n == 0 {
					return []model.Event{{Type: model.ToolCall, Call: &model.Call{ID: "c", Name: "lookUp", Arguments: `{"a":"` + repeated + `"}`}}}
				}
				return []model.Event{{Type: model.Text, Text: repeated}}
			})
			b.fixed.window = 1 << 30
			text, known := "it is "+value, []convo.Entity{{Type: "place", Text: value}}
			var r *engine.Reading
			var err error
			if stateless {
				r, err = b.CompleteStateless(t.Context(), b.actor, engine.StatelessInput{
					Config: convo.Config{Privacy: new(true)}, Messages: []engine.NewMessage{message(convo.User, text)}, Entities: known,
				}, nil)
			} else {
				r, err = b.Complete(t.Context(), b.actor, b.conversation(privately(convo.Fields{})), engine.TurnInput{Text: &text, Entities: known}, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			events := b.read(r)
			for _, e := range events {
				if c, ok := e.Body.(convo.ToolRequested); ok {
					calls = append(calls, c.Arguments)
				}
			}
			limit := engine.DefaultLimits().Answer
			if n := len(spoken(events)); n < limit/2 || n > limit+3<<20 {
				t.Errorf("the answer has %d bytes; %d are the limit", n, limit)
			}
			if last := end(t, events); last.Reason != convo.EndLength {
				t.Errorf("the turn ends with %+v", last)
			}
			if len(calls) != 1 || len(calls[0]) > 10<<20 {
				t.Errorf("%d calls", len(calls))
			}
		})
	}
}

func TestWhatIsTooLongForOneValueIsRefused(t *testing.T) {
	t.Parallel()
	b, m := withMimic(t, nil, nil)
	id := b.conversation(privately(convo.Fields{}))
	text := "hi"
	for name, known := range map[string][]convo.Entity{
		"a long one": {{Type: "x", Text: "fine"}, {Type: "x", Text: strings.Repeat("x", 4097)}}, "too many": make([]convo.Entity, 10_001),
	} {
		in := message(convo.User, text)
		in.Entities = known
		_, err := b.CreateMessage(t.Context(), b.actor, id, in, nil)
		_, turn := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: &text, Entities: known}, nil)
		_, alone := b.CompleteStateless(t.Context(), b.actor, engine.StatelessInput{Messages: []engine.NewMessage{in}, Entities: known}, nil)
		change := b.UpdateMessage(t.Context(), b.actor, id, "x", func(*convo.MessageFields, *string) {}, known, nil)
		for _, err := range []error{err, turn, alone, change} {
			if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), "entities") {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
	b.wantListed(id, "")
	if m.all() != "" {
		t.Error("a model was asked")
	}
}

// A message with as many values as a vault takes is masked in a time that goes by its
// length.
func TestManyValuesAreKnownAtOnce(t *testing.T) {
	t.Parallel()
	b, m := withMimic(t, nil, func(int, *model.Request) []model.Event { return said("ok") })
	b.fixed.window = 1 << 20
	id := b.conversation(privately(convo.Fields{}))
	var known []convo.Entity
	var text strings.Builder
	for i := range 8000 {
		known = append(known, convo.Entity{Type: "customer", Text: fmt.Sprintf("customer %d of Zyxland", i)})
		fmt.Fprintf(&text, "customer %d of Zyxland; ", i)
	}
	said := text.String()
	r, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: &said, Entities: known}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.read(r)
	mustNotHold(t, "the prompt", m.all(), "Zyx", "customer")
	more := append(known, convo.Entity{Text: "one more"})
	for i := range 2000 {
		more = append(more, convo.Entity{Type: "customer", Text: fmt.Sprintf("another customer %d of Zyxland", i)})
	}
	_, err = b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: ptr("hi"), Entities: more[8000:]}, nil)
	if convo.ErrorKind(err) != convo.TooLarge {
		t.Errorf("more than fit: got %v", err)
	}
}
