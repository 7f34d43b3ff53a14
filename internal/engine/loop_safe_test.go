package engine_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/memory"
	"github.com/parleyhq/parley/internal/tool"
)

// levelStore notes which calls' starts survive the loss of power.
type levelStore struct {
	*memory.Store
	safe map[string]bool // by call; used by one turn's goroutines, one after the other
}

func (s *levelStore) Update(ctx context.Context, tenant, conversation string, level store.Sync, fn func(store.Tx) error) ([]convo.Event, error) {
	events, err := s.Store.Update(ctx, tenant, conversation, level, fn)
	for _, e := range events {
		if started, ok := e.Body.(convo.ToolStarted); ok && level == store.Durable {
			s.safe[started.ID] = true
		}
	}
	return events, err
}

func (s *levelStore) UpdateAll(ctx context.Context, changes []*store.Change) {
	store.UpdateEach(ctx, s, changes)
}

func TestACallIsSafeFromTheLossOfPowerBeforeItIsBegun(t *testing.T) {
	t.Parallel()
	s := &levelStore{Store: memory.New(), safe: map[string]bool{}}
	calls := 0
	look := toolFunc{"look", func(_ context.Context, c tool.Call) (tool.Result, error) {
		if calls++; !s.safe[c.ID] {
			t.Error("the tool was called before its start was safe")
		}
		return tool.Result{}, nil
	}}
	b := &bundle{t: t, store: s.Store, model: scripted.New(calling("look", `{}`), calling("look", `{}`)), actor: convo.Actor{Tenant: "t", Token: "token"}}
	b.Engine = engine.New(engine.Options{
		Store: s, Hub: hub.New(), Models: &fixedModel{provider: b.model, window: 32_000}, Sealer: openSealer{},
		Limits: engine.DefaultLimits(), Tools: toolSet{look},
	})
	if err := b.Engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer b.stop()
	b.say(b.conversation(convo.Fields{}), "go")
	if calls != 2 {
		t.Errorf("the tool was called %d times", calls)
	}
}

// refusing is a set that has not what was asked for.
type refusing struct{ wanted []tool.Want }

func (r *refusing) Tools(_ context.Context, _ string, want tool.Want) ([]tool.Tool, error) {
	r.wanted = append(r.wanted, want)
	return nil, convo.Errorf(convo.NotFound, "skillset not found")
}

func TestATurnWhoseToolsThereAreNotIsRefusedBeforeItHasAnEffect(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		set := &refusing{}
		a.stop()
		a.tools = set
		a.start()
		a.tell(message(convo.User, "go"))
		given := engine.Given{Want: tool.Want{SkillsetID: "mine"}}
		var err error
		if a.id == "" {
			_, err = a.CompleteStateless(t.Context(), a.actor, engine.StatelessInput{Messages: a.messages, Given: given}, nil)
		} else {
			_, err = a.Complete(t.Context(), a.actor, a.id, engine.TurnInput{Given: given}, nil)
		}
		wantKind(t, err, convo.NotFound)
		if len(set.wanted) == 0 || set.wanted[0].SkillsetID != "mine" {
			t.Errorf("the set was asked for %+v", set.wanted)
		}
		if a.id != "" {
			a.wantListed(a.id, "user:go")
		}
	})
}

func TestWhatNoTurnCanWorkWithIsRefused(t *testing.T) {
	t.Parallel()
	for name, given := range map[string]engine.Given{
		"a name that is none":         functions(data("1 f", `1`)),
		"a name that is too long":     functions(data(strings.Repeat("f", 65), `1`)),
		"a name in use":               functions(data("f", `1`), data("f", `2`)),
		"a channel's name in use":     functions(data("f", `1`), on("f", weather)),
		"a channel id too short":      functions(on("f", "short")),
		"a result that is no JSON":    functions(data("f", `{`)),
		"a schema that is too large":  functions(engine.Function{Name: "f", Parameters: convo.JSON(`{"description":"` + strings.Repeat("x", 300<<10) + `"}`)}),
		"a schema that is too deep":   functions(engine.Function{Name: "f", Parameters: convo.JSON(strings.Repeat(`{"not":`, 101) + `{}` + strings.Repeat(`}`, 101))}),
		"limits that are negative":    {Limits: engine.TurnLimits{Calls: -1}},
		"functions beyond the window": functions(engine.Function{Name: "f", Description: strings.Repeat("x", 200_000)}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id := b.conversation(convo.Fields{})
			text := "go"
			_, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: &text, Given: given}, nil)
			wantKind(t, err, convo.Invalid)
			_, err = b.CompleteStateless(t.Context(), b.actor, engine.StatelessInput{Messages: []engine.NewMessage{message(convo.User, "go")}, Given: given}, nil)
			wantKind(t, err, convo.Invalid)
			b.wantListed(id, "")
		})
	}
}

// signing is a model whose calls carry something that only it can read.
type signing struct{ prompts [][]model.Message }

func (s *signing) Models(context.Context) ([]model.Info, error) { return nil, nil }

func (s *signing) Stream(_ context.Context, req *model.Request) iter.Seq2[model.Event, error] {
	s.prompts = append(s.prompts, req.Messages)
	return func(yield func(model.Event, error) bool) {
		if len(s.prompts) == 1 && !yield(model.Event{Type: model.ToolCall, Call: &model.Call{ID: "1", Name: "f", Arguments: `{}`, Signature: "a \"thought\""}}, nil) {
			return
		}
		yield(model.Event{Type: model.Finish, Stop: model.StopEnd}, nil)
	}
}

func TestAModelGetsBackWhatItSentWithACall(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		provider := &signing{}
		a.fixed.provider = provider
		a.tell(message(convo.User, "go"))
		events := a.run(functions(data("f", `1`)))
		for _, e := range events { // as a caller who keeps the history himself sends it
			if m, ok := e.Body.(interface{ Activity() convo.JSON }); ok && a.id == "" {
				a.tell(activity(string(m.Activity())))
			}
		}
		a.run(functions(data("f", `1`)))
		for _, prompt := range provider.prompts[1:] {
			last := prompt[2]
			if len(last.Calls) != 1 || last.Calls[0].Signature != "a \"thought\"" {
				t.Errorf("the prompt is %+v", prompt)
			}
		}
	})
}

func TestACallMayBeDeletedWhileItRuns(t *testing.T) {
	t.Parallel()
	began, gate := make(chan struct{}), make(chan struct{})
	b := withTools(t, []tool.Tool{toolFunc{"look", func(context.Context, tool.Call) (tool.Result, error) {
		close(began)
		<-gate
		return tool.Result{Output: convo.JSON(`"seen"`)}, nil
	}}}, calling("look", `{"secret":"swordfish"}`), answer("ok"))
	id := b.conversation(convo.Fields{})
	r := b.complete(id, "go", nil)
	<-began
	list := b.messages(id)
	if err := b.DeleteMessage(t.Context(), b.actor, id, list[len(list)-1].ID, nil); err != nil {
		t.Fatal(err)
	}
	close(gate)
	events := b.read(r)
	if end(t, events).Reason != convo.EndDone {
		t.Errorf("the turn went %s", acts(events))
	}
	logged, _, err := b.Events(t.Context(), b.actor, id, 0, 1000)
	if err != nil || strings.Contains(acts(logged), "swordfish") {
		t.Errorf("the log says %s, %v", acts(logged), err)
	}
	b.wantListed(id, "user:go | activity: | bot:ok")
}

// One more than run at once, so that one is requested and has not begun.
func TestACallMayBeDeletedBeforeItBegins(t *testing.T) {
	t.Parallel()
	const calls = 17
	began, gate := make(chan string, calls), make(chan struct{})
	b := withTools(t, []tool.Tool{toolFunc{"look", func(_ context.Context, c tool.Call) (tool.Result, error) {
		began <- c.ID
		<-gate
		return tool.Result{Output: convo.JSON(`"seen"`)}, nil
	}}}, calling(slices.Repeat([]string{"look", `{"secret":"swordfish"}`}, calls)...), answer("ok"))
	id := b.conversation(convo.Fields{})
	r := b.complete(id, "go", nil)
	for range calls - 1 {
		<-began
	}
	for _, m := range b.messages(id)[1:] {
		if err := b.DeleteMessage(t.Context(), b.actor, id, m.ID, nil); err != nil {
			t.Fatal(err)
		}
	}
	close(gate)
	events := b.read(r)
	if end(t, events).Reason != convo.EndDone {
		t.Errorf("the turn went %s", acts(events))
	}
	logged, _, err := b.Events(t.Context(), b.actor, id, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	started := 0
	for _, e := range logged {
		if e.Body.Kind() == convo.KindToolStarted {
			started++
		}
		if text := fmt.Sprintf("%s", e.Body); strings.Contains(text, "swordfish") {
			t.Errorf("event %d says %s", e.Seq, text)
		}
	}
	if started != calls {
		t.Errorf("%d calls began", started)
	}
}
