package engine_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

// instant is a model that costs nothing: it calls three tools, if there are any,
// and then is done.
type instant struct{ calls int }

func (instant) Models(context.Context) ([]model.Info, error) { return nil, nil }

func (m instant) Stream(_ context.Context, req *model.Request) iter.Seq2[model.Event, error] {
	told := req.Messages[len(req.Messages)-1].Role == model.ToolResult
	return func(yield func(model.Event, error) bool) {
		for range m.calls {
			if call := (&model.Call{Name: "slow", Arguments: `{}`}); !told && !yield(model.Event{Type: model.ToolCall, Call: call}, nil) {
				return
			}
		}
		yield(model.Event{Type: model.Finish, Stop: model.StopEnd}, nil)
	}
}

// benchmarked is an engine over a real database, and a turn of a conversation.
func benchmarked(b *testing.B, m model.Provider, tools toolSet) func(engine.Given) {
	b.Helper()
	data, err := sqlite.Open(b.Context(), b.TempDir(), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	e := engine.New(engine.Options{
		Store: data, Hub: hub.New(), Models: &fixedModel{provider: m, window: 1 << 20}, Sealer: openSealer{},
		Limits: engine.DefaultLimits(), Tools: tools,
	})
	if err := e.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := e.Drain(context.Background()); err != nil {
			b.Error(err)
		}
		if err := data.Close(); err != nil {
			b.Error(err)
		}
	})
	actor := convo.Actor{Tenant: "t", Token: "token"}
	text := "go"
	c, err := e.CreateConversation(b.Context(), actor, engine.NewConversation{}, nil)
	if err != nil {
		b.Fatal(err)
	}
	return func(given engine.Given) {
		r, err := e.Complete(b.Context(), actor, c.Conversation.ID, engine.TurnInput{Text: &text, Given: given}, nil)
		if err == nil {
			err = r.Each(b.Context(), func([]convo.Event) error { return nil })
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// What three tools of 200 ms each cost a turn: they run at the same time.
func BenchmarkThreeTools(b *testing.B) {
	turn := benchmarked(b, instant{calls: 3}, toolSet{takes("slow", 200*time.Millisecond)})
	for b.Loop() {
		turn(engine.Given{})
	}
}
