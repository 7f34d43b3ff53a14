package dialects_test

import (
	"context"
	"testing"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/anthropic"
	"github.com/parleyhq/parley/internal/model/gemini"
	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
	"github.com/parleyhq/parley/internal/model/ollama"
	"github.com/parleyhq/parley/internal/model/openai"
	"github.com/parleyhq/parley/internal/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// only resolves every model string to one model.
type only struct {
	name     string
	provider model.Provider
}

func (o only) Resolve(context.Context, string) (model.Choice, error) {
	return model.Choice{Provider: o.provider, ProviderName: "fake", Name: o.name, ID: "fake/" + o.name, Window: 128_000}, nil
}

func (o only) List(context.Context) []model.Listed { return nil }

// open seals nothing.
type open struct{}

func (open) Seal(plain, _ []byte) []byte           { return plain }
func (open) Open(sealed, _ []byte) ([]byte, error) { return sealed, nil }

// talk is a conversation with a model.
type talk struct {
	t      *testing.T
	engine *engine.Engine
	fake   *fakeprovider.Server
	id     string
}

var actor = convo.Actor{Tenant: "t", Token: "token"}

// withEveryModel runs a test with a model of each kind that is spoken to in a way
// of its own.
func withEveryModel(t *testing.T, test func(*talk)) {
	for name, driver := range map[string]func(url string) model.Provider{
		"gpt-4o":            func(url string) model.Provider { return openai.New(openai.Options{BaseURL: url}) },
		"deepseek-v4":       func(url string) model.Provider { return openai.New(openai.Options{BaseURL: url}) },
		"claude-sonnet-4-6": func(url string) model.Provider { return anthropic.New(anthropic.Options{BaseURL: url}) },
		"claude-sonnet-5":   func(url string) model.Provider { return anthropic.New(anthropic.Options{BaseURL: url}) },
		"claude-opus-5-5":   func(url string) model.Provider { return anthropic.New(anthropic.Options{BaseURL: url}) },
		"gemini-2.5-flash":  func(url string) model.Provider { return gemini.New(gemini.Options{BaseURL: url}) },
		"gemini-3-flash":    func(url string) model.Provider { return gemini.New(gemini.Options{BaseURL: url}) },
		"llama3.2":          func(url string) model.Provider { return ollama.New(ollama.Options{BaseURL: url}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := fakeprovider.Start(t)
			provider := driver(fake.URL)
			t.Cleanup(provider.(interface{ Close() }).Close)
			test(start(t, fake, only{name: name, provider: provider}))
		})
	}
}

func start(t *testing.T, fake *fakeprovider.Server, models engine.Models) *talk {
	t.Helper()
	store := memory.New()
	e := engine.New(engine.Options{Store: store, Hub: hub.New(), Models: models, Sealer: open{}, Limits: engine.DefaultLimits()})
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		now, cancel := context.WithCancel(context.Background()) // the test's own has ended
		cancel()
		e.Drain(now)
		store.Close()
	})
	created, err := e.CreateConversation(t.Context(), actor, engine.NewConversation{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &talk{t: t, engine: e, fake: fake, id: created.Conversation.ID}
}

// say sends a text and reads the turn.
func (k *talk) say(text string, given engine.Given) []convo.Body {
	k.t.Helper()
	r, err := k.engine.Complete(k.t.Context(), actor, k.id, engine.TurnInput{Front: "test", Text: &text, Given: given}, nil)
	if err != nil {
		k.t.Fatal(err)
	}
	var all []convo.Body
	err = r.Each(k.t.Context(), func(events []convo.Event) error {
		for _, e := range events {
			all = append(all, e.Body)
		}
		return nil
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return all
}
