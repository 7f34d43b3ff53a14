package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/tool"
)

// harbour is a value that only its caller knows.
const harbour = "Zyxland Harbour"

// knowing is a turn whose caller knows it.
func knowing(text string) engine.TurnInput {
	return engine.TurnInput{Text: &text, Front: "test", Entities: []convo.Entity{{Type: "place", Text: harbour}}}
}

// halves are parts of it that nobody outside may see.
var halves = []string{"Zyx", "yxland", "Harb", "arbour"}

func TestALongResultIsCutWithinNoKnownValue(t *testing.T) {
	t.Parallel()
	for shift := range len(harbour) {
		t.Run(fmt.Sprint("at ", shift), func(t *testing.T) {
			t.Parallel()
			lookUp := specTool{
				spec: tool.Spec{Name: "lookUp", Parameters: convo.JSON(`{"type":"object"}`)},
				run: func(context.Context, tool.Call) (tool.Result, error) {
					long := strings.Repeat("x", tool.MaxOutput-128-shift)
					return tool.Result{Output: convo.JSON(`"` + long + harbour + strings.Repeat(" and more", 100) + `"`)}, nil
				},
			}
			b, m := withMimic(t, []tool.Tool{lookUp}, func(n int, _ *model.Request) []model.Event {
				if n == 0 {
					return []model.Event{{Type: model.ToolCall, Call: &model.Call{ID: "c", Name: "lookUp", Arguments: `{}`}}}
				}
				return said("ok")
			})
			b.fixed.window = 1 << 20
			id := b.conversation(privately(convo.Fields{}))
			r, err := b.Complete(t.Context(), b.actor, id, knowing("hi"), nil)
			if err != nil {
				t.Fatal(err)
			}
			b.read(r)
			if !strings.Contains(m.all(), "[cut: ") {
				t.Fatal("the result was not cut")
			}
			mustNotHold(t, "the prompts", m.all(), halves...)
			mustNotHold(t, "the store", b.atRest(id), halves...)
		})
	}
}

func TestALabelIsCutWithinNoKnownValue(t *testing.T) {
	t.Parallel()
	for _, before := range []int{47, 52, 59, 1990, 1999} {
		t.Run(fmt.Sprint("behind ", before), func(t *testing.T) {
			t.Parallel()
			b, m := withMimic(t, nil, func(n int, _ *model.Request) []model.Event {
				return said([]string{"ok", ""}[min(n, 1)])
			})
			id := b.conversation(privately(unlabelled()))
			r, err := b.Complete(t.Context(), b.actor, id, knowing(strings.Repeat("é", before/2)+" "+harbour+" it is "+strings.Repeat("long ", 100)), nil)
			if err != nil {
				t.Fatal(err)
			}
			b.read(r)
			label := *b.labelled(id).Fields.Name
			if strings.Contains(label, "Zyx") && !strings.Contains(label, harbour) || placeholder.MatchString(label) {
				t.Errorf("the label is %q", label)
			}
			mustNotHold(t, "the prompts", m.all(), halves...)
			mustNotHold(t, "the store", b.atRest(id), halves...)
		})
	}
}

func TestATitleOfWhatWasFoundIsCutWithinNoKnownValue(t *testing.T) {
	t.Parallel()
	for _, stateless := range []bool{false, true} {
		t.Run(fmt.Sprint("stateless ", stateless), func(t *testing.T) {
			t.Parallel()
			b, m := withMimic(t, nil, func(int, *model.Request) []model.Event { return said("so it is [1]") })
			in := knowing("where is the port of " + harbour)
			for shift := range 20 {
				in.Given.Datasets = []engine.InlineDataset{{Records: []engine.InlineRecord{{
					Text: "the port " + strings.Repeat("x", 300-9-1-shift) + " " + harbour + ", and more of it",
				}}}}
				events, id := []convo.Event(nil), ""
				if stateless {
					r, err := b.CompleteStateless(t.Context(), b.actor, engine.StatelessInput{
						Config: convo.Config{Privacy: new(true)}, Messages: []engine.NewMessage{message(convo.User, *in.Text)}, Given: in.Given, Entities: in.Entities,
					}, nil)
					if err != nil {
						t.Fatal(err)
					}
					events = b.read(r)
				} else {
					id = b.conversation(privately(convo.Fields{}))
					r, err := b.Complete(t.Context(), b.actor, id, in, nil)
					if err != nil {
						t.Fatal(err)
					}
					events = b.read(r)
					mustNotHold(t, "the store", b.atRest(id), halves...)
				}
				if text := spoken(events); text != "so it is [1]" {
					t.Errorf("shown: %q", text)
				}
			}
			if !strings.Contains(m.all(), "Found for the last message") {
				t.Fatal("nothing was found")
			}
			mustNotHold(t, "the prompts", m.all(), halves...)
		})
	}
}

// logged is all that a server writes into its log.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func TestTheLogDoesNotSayWhatAToolOfAPrivateTurnWasCalledWith(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]func(arguments string) error{
		"an error":          func(a string) error { return fmt.Errorf("asking for %s: %w", a, errors.New("no route")) },
		"a public error":    func(a string) error { return convo.Errorf(convo.UpstreamFailed, "there is no %s", a) },
		"its cause":         func(a string) error { return convo.WrapError(convo.UpstreamFailed, errors.New(a), "there is none") },
		"an internal error": func(a string) error { return convo.WrapError(convo.Internal, errors.New(a), "there is no %s", a) },
		"a panic":           func(a string) error { panic("no " + a) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lookUp := specTool{
				spec: tool.Spec{Name: "lookUp", Reveals: true, Parameters: convo.JSON(`{"type":"object"}`)},
				run: func(_ context.Context, c tool.Call) (tool.Result, error) {
					return tool.Result{}, fails(string(c.Arguments))
				},
			}
			b, m := withMimic(t, []tool.Tool{lookUp}, func(n int, r *model.Request) []model.Event {
				if n == 0 {
					return []model.Event{{Type: model.ToolCall, Call: &model.Call{ID: "c", Name: "lookUp", Arguments: `{"who":"` + holders(r)[0] + `"}`}}}
				}
				return said("It says " + r.Messages[len(r.Messages)-1].Text)
			})
			log := &logged{}
			b.stop()
			b.log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			b.start()
			id := b.conversation(privately(convo.Fields{}))
			b.read(b.complete(id, "Who is "+mail+"?", nil))
			b.stop()
			b.start()
			log.mu.Lock()
			defer log.mu.Unlock()
			if text := log.text.String(); !strings.Contains(text, "tool") || !strings.Contains(text, "lookUp") {
				t.Errorf("the log is %q", text)
			}
			mustNotHold(t, "the log", log.text.String(), mail)
			mustNotHold(t, "the prompts", m.all(), mail)
			mustNotHold(t, "the store", b.atRest(id), mail)
		})
	}
}

func TestWhatAToolHasCutHoldsNoHalfOfAValue(t *testing.T) {
	t.Parallel()
	for _, value := range []string{harbour, mail, card} {
		for name, answers := range map[string]func(half string) (tool.Result, error){
			"an error": func(half string) (tool.Result, error) {
				return tool.Result{}, convo.Errorf(convo.UpstreamFailed, "status 500: %s%s…", strings.Repeat("x ", 2000), half)
			},
			"a text": func(half string) (tool.Result, error) {
				return tool.Result{Output: convo.JSON(`"` + strings.Repeat("x ", tool.MaxOutput/2-100) + half + `…\n[the answer is longer; this is its beginning]"`)}, nil
			},
			"another's text": func(half string) (tool.Result, error) {
				return tool.Result{Output: convo.JSON(`"` + strings.Repeat("x ", tool.MaxOutput/2-100) + half + `\n[cut: the tool gave 1234567 bytes]"`)}, nil
			},
		} {
			t.Run(name+" with "+value, func(t *testing.T) {
				t.Parallel()
				lookUp := specTool{
					spec: tool.Spec{Name: "lookUp", Parameters: convo.JSON(`{"type":"object"}`)},
					run:  func(context.Context, tool.Call) (tool.Result, error) { return answers(value[:len(value)*2/3]) },
				}
				b, m := withMimic(t, []tool.Tool{lookUp}, func(n int, _ *model.Request) []model.Event {
					if n == 0 {
						return []model.Event{{Type: model.ToolCall, Call: &model.Call{ID: "c", Name: "lookUp", Arguments: `{}`}}}
					}
					return said("ok")
				})
				b.fixed.window = 1 << 20
				id := b.conversation(privately(convo.Fields{}))
				r, err := b.Complete(t.Context(), b.actor, id, knowing("hi"), nil)
				if err != nil {
					t.Fatal(err)
				}
				b.read(r)
				if !strings.Contains(m.all(), "x x x") {
					t.Fatal("the model is told nothing")
				}
				mustNotHold(t, "the prompts", m.all(), append(halves, "ann.", "4111")...)
				mustNotHold(t, "the store", b.atRest(id), append(halves, "ann.", "4111")...)
			})
		}
	}
}
