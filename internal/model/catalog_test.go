package model_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
)

// lister is a provider of which only the list counts.
type lister struct {
	mu    sync.Mutex // guards infos, err and hang where somebody watches
	infos []model.Info
	err   error
	asked atomic.Int32
	now   atomic.Int32 // callers that are being answered
	most  atomic.Int32 // of them, at once
	hang  bool
}

func (l *lister) Models(ctx context.Context) ([]model.Info, error) {
	l.asked.Add(1)
	l.most.Store(max(l.most.Load(), l.now.Add(1)))
	defer l.now.Add(-1)
	l.mu.Lock()
	infos, err, hang := l.infos, l.err, l.hang
	l.mu.Unlock()
	if hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return infos, err
}

// turn changes what the provider says from now on.
func (l *lister) turn(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

func (*lister) Stream(context.Context, *model.Request) iter.Seq2[model.Event, error] {
	return func(func(model.Event, error) bool) {}
}

func offering(names ...string) *lister {
	l := &lister{}
	for _, name := range names {
		l.infos = append(l.infos, model.Info{Name: name})
	}
	return l
}

func quote() model.Configured {
	return model.Configured{Name: "quote", Kind: "quote", Provider: offering("quote"), Models: []string{"quote"}}
}

func vendor(kind string, names ...string) model.Configured {
	return model.Configured{Name: kind, Kind: kind, Provider: offering(names...)}
}

func local(l *lister) model.Configured {
	return model.Configured{Name: "local", Kind: "openai", Provider: l, AnyName: true}
}

func catalog(t *testing.T, config model.CatalogConfig) *model.Catalog {
	t.Helper()
	config.Providers = append(config.Providers, quote())
	c, err := model.NewCatalog(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// wantRoute checks where a model string leads, as provider:name.
func wantRoute(t *testing.T, c *model.Catalog, s, want string) model.Choice {
	t.Helper()
	choice, err := c.Resolve(t.Context(), s)
	if got := choice.ProviderName + ":" + choice.Name; err != nil || got != want {
		t.Errorf("Resolve(%q) = %s, %v; want %s", s, got, err, want)
	}
	return choice
}

func wantInvalid(t *testing.T, c *model.Catalog, s, text string) {
	t.Helper()
	_, err := c.Resolve(t.Context(), s)
	if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(convo.PublicError(err).Message, text) {
		t.Errorf("Resolve(%q) gave %v, want an invalid request that says %q", s, err, text)
	}
}

func TestQuoteAnswersWhereNothingIsConfigured(t *testing.T) {
	t.Parallel()
	c := catalog(t, model.CatalogConfig{})
	wantRoute(t, c, "", "quote:quote")
	wantRoute(t, c, "quote", "quote:quote")
	wantInvalid(t, c, "gpt-4o", "OPENAI_API_KEY")
	wantInvalid(t, c, "o3-mini", "OPENAI_API_KEY")
	wantInvalid(t, c, "claude-4.5-sonnet/temperature=1", "ANTHROPIC_API_KEY")
	wantInvalid(t, c, "anthropic/anything", "ANTHROPIC_API_KEY")
	wantInvalid(t, c, "gemini-2.5-pro", "GEMINI_API_KEY")
	wantInvalid(t, c, "mistral-large", "base URL")
	wantInvalid(t, c, "ollama/llama3.2", "OLLAMA_HOST")
	wantInvalid(t, c, "nobody-knows", "not known")
	wantInvalid(t, c, "quote/other", "has quote")
}

func TestNamesLeadToTheirVendors(t *testing.T) {
	t.Parallel()
	c := catalog(t, model.CatalogConfig{Providers: []model.Configured{vendor("openai"), vendor("anthropic")}})
	for s, want := range map[string]string{
		"":                                "openai:gpt-4o",
		"gpt-4o":                          "openai:gpt-4o",
		"gpt-5.4":                         "openai:gpt-5.4",
		"gpt-4-next":                      "openai:gpt-4-turbo",
		"o3":                              "openai:o3",
		"o4-mini":                         "openai:o4-mini",
		"openai":                          "openai:gpt-4o",
		"openai/ft:gpt-4o:acme":           "openai:ft:gpt-4o:acme",
		"claude-4.5-sonnet":               "anthropic:claude-sonnet-4-5",
		"claude-4.6-opus":                 "anthropic:claude-opus-4-6",
		"claude-4-sonnet":                 "anthropic:claude-sonnet-4-0",
		"claude-5-sonnet":                 "anthropic:claude-sonnet-5",
		"claude-3.5-sonnet":               "anthropic:claude-3-5-sonnet-latest",
		"claude-3-haiku":                  "anthropic:claude-3-haiku-20240307",
		"claude-sonnet-4-5":               "anthropic:claude-sonnet-4-5",
		"claude-3-5-haiku-20241022":       "anthropic:claude-3-5-haiku-20241022",
		"anthropic/claude-4.5-haiku":      "anthropic:claude-haiku-4-5",
		"claude-opus-4-5-20251101/seed=1": "anthropic:claude-opus-4-5-20251101",
	} {
		wantRoute(t, c, s, want)
	}
	wantInvalid(t, c, "orca-2", "not known")
}

func TestAServerOfOnesOwnTakesAnyName(t *testing.T) {
	t.Parallel()
	c := catalog(t, model.CatalogConfig{Providers: []model.Configured{local(offering("llama-3", "qwen"))}})
	for s, want := range map[string]string{
		"":                          "local:llama-3",
		"gpt-4o":                    "local:gpt-4o",
		"claude-4.5-sonnet":         "local:claude-4.5-sonnet",
		"meta-llama/Llama-3-8B":     "local:meta-llama/Llama-3-8B",
		"local/meta-llama/Llama-3":  "local:meta-llama/Llama-3",
		"local":                     "local:llama-3",
		"anthropic/claude-sonnet-4": "local:anthropic/claude-sonnet-4",
	} {
		wantRoute(t, c, s, want)
	}
}

func TestAVendorGoesBeforeAServerThatTakesAnyName(t *testing.T) {
	t.Parallel()
	c := catalog(t, model.CatalogConfig{Providers: []model.Configured{local(offering("llama-3", "claude-x")), vendor("anthropic", "claude-x")}})
	wantRoute(t, c, "claude-4.5-sonnet", "anthropic:claude-sonnet-4-5")
	wantRoute(t, c, "gpt-4o", "local:gpt-4o")
	wantRoute(t, c, "local/claude-x", "local:claude-x")
	var ids []string
	for _, l := range c.List(t.Context()) {
		ids = append(ids, l.ID)
	}
	if want := []string{"llama-3", "local/claude-x", "claude-x", "quote"}; !slices.Equal(ids, want) {
		t.Errorf("got the list %q, want %q", ids, want)
	}
}

// itself is a driver that talks to the vendor, whatever address it was given.
type itself struct{ *lister }

func (itself) Vendor() bool { return true }

func TestTheVendorsOwnAddressChangesNothing(t *testing.T) {
	t.Parallel()
	p := vendor("anthropic")
	p.Provider, p.AnyName = itself{offering()}, true
	c := catalog(t, model.CatalogConfig{Providers: []model.Configured{p}})
	wantRoute(t, c, "claude-4.5-sonnet", "anthropic:claude-sonnet-4-5")
	wantInvalid(t, c, "llama-3", "not configured")
}

func TestAKindOfOursIsAModelOfItsOwn(t *testing.T) {
	t.Parallel()
	c, err := model.NewCatalog(model.CatalogConfig{Providers: []model.Configured{{Name: "quote", Kind: "quote", Provider: offering("quote")}}})
	if err != nil {
		t.Fatal(err)
	}
	if choice := wantRoute(t, c, "", "quote:quote"); choice.ID != "quote" {
		t.Errorf("it goes by the name %q, want quote", choice.ID)
	}
	wantInvalid(t, c, "quote/other", "has quote")
}

func TestAListOfModelsIsTakenAsItIs(t *testing.T) {
	t.Parallel()
	proxy := model.Configured{Name: "proxy", Kind: "openai", Provider: offering(), Models: []string{"gpt-4o", "claude-4.5-sonnet"}}
	c := catalog(t, model.CatalogConfig{Providers: []model.Configured{proxy}})
	wantRoute(t, c, "", "proxy:gpt-4o")
	wantRoute(t, c, "claude-4.5-sonnet", "proxy:claude-4.5-sonnet")
	wantInvalid(t, c, "proxy/gpt-5", "it has gpt-4o, claude-4.5-sonnet")
	wantInvalid(t, c, "gpt-5", "OPENAI_API_KEY")
}

func TestTheDefaultAnswersForVendorsThatAreNotConfigured(t *testing.T) {
	t.Parallel()
	c := catalog(t, model.CatalogConfig{Providers: []model.Configured{vendor("openai")}, Default: "gpt-5/temperature=0.5/seed=1"})
	choice := wantRoute(t, c, "claude-4.5-sonnet/temperature=1", "openai:gpt-5")
	if *choice.Params.Temperature != 1 || *choice.Params.Seed != 1 {
		t.Errorf("got parameters %+v, want the request's over the default's", choice.Params)
	}
	wantRoute(t, c, "", "openai:gpt-5")
	wantRoute(t, c, "seed=2", "openai:gpt-5")
	wantRoute(t, c, "gpt-4o", "openai:gpt-4o")
	wantInvalid(t, c, "nobody-knows", "not known")
}

func TestADefaultThatCannotAnswerIsRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]model.CatalogConfig{
		"ANTHROPIC_API_KEY": {Providers: []model.Configured{quote()}, Default: "claude-4.5-sonnet"},
		"temperature":       {Providers: []model.Configured{quote()}, Default: "quote/temperature=x"},
		"unique":            {Providers: []model.Configured{quote(), quote()}},
		"alias":             {Providers: []model.Configured{quote()}, Aliases: map[string]string{"a": "quote/seed=x"}},
		"no model provider": {},
		`alias ""`:          {Providers: []model.Configured{quote()}, Aliases: map[string]string{"": "quote"}},
		`alias "a=b"`:       {Providers: []model.Configured{quote()}, Aliases: map[string]string{"a=b": "quote"}},
		`alias " a"`:        {Providers: []model.Configured{quote()}, Aliases: map[string]string{" a": "quote"}},
		"window":            {Providers: []model.Configured{{Name: "big", Kind: "openai", Provider: offering(), Window: 1 << 40}}},
	} {
		if _, err := model.NewCatalog(config); convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want an error that says %q", err, name)
		}
	}
}

func TestAliasesExtendTheNames(t *testing.T) {
	t.Parallel()
	c := catalog(t, model.CatalogConfig{
		Providers: []model.Configured{vendor("openai", "gpt-4o")},
		Aliases:   map[string]string{"fast": "gpt-4o/temperature=0.1", "gpt-4o": "gpt-5", "lost": "claude-x"},
	})
	if choice := wantRoute(t, c, "fast/seed=3", "openai:gpt-4o"); *choice.Params.Temperature != 0.1 || *choice.Params.Seed != 3 {
		t.Errorf("got parameters %+v, want the alias's and the request's", choice.Params)
	}
	wantRoute(t, c, "gpt-4o", "openai:gpt-5")
	wantInvalid(t, c, "lost", "ANTHROPIC_API_KEY")
	for _, l := range c.List(t.Context()) {
		choice, err := c.Resolve(t.Context(), l.ID)
		if err != nil || choice.ProviderName != l.Provider {
			t.Errorf("the listed %q leads to %+v, %v", l.ID, choice, err)
		}
	}
}

func TestLimitsAreTheKnownOnesOrCareful(t *testing.T) {
	t.Parallel()
	said := offering("served")
	said.infos[0].MaxInput = 6000
	tight := local(offering("x"))
	tight.Name, tight.Window = "tight", 2048
	c := catalog(t, model.CatalogConfig{Providers: []model.Configured{local(said), tight, vendor("anthropic")}})
	c.List(t.Context())
	for s, want := range map[string]int64{
		"local/unknown": 32768, "local/served": 6000, "local/gpt-4o": 111616, "tight/gpt-4o": 2048,
		"claude-4.5-sonnet": 168000, "claude-4.5-sonnet/maxTokens=64000": 136000,
	} {
		if choice, err := c.Resolve(t.Context(), s); err != nil || choice.Window != want {
			t.Errorf("the window of %q is %d (%v), want %d", s, choice.Window, err, want)
		}
	}
}

func TestTheListHasOnlyNamesThatARequestCanGive(t *testing.T) {
	t.Parallel()
	c := catalog(t, model.CatalogConfig{Providers: []model.Configured{local(offering("a=b", " c", "d\n", strings.Repeat("e", 2000), "", "fine"))}})
	if got := ids(t.Context(), c); got != "fine quote" {
		t.Errorf("the list has %q", got)
	}
}

func TestAProviderIsAskedAgainAtFirstUse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := offering("late")
		l.err = errors.New("not up yet")
		c := catalog(t, model.CatalogConfig{Providers: []model.Configured{local(l)}})
		if lines := strings.Join(c.Ready(t.Context()), "\n"); !strings.Contains(lines, "default model: none yet") || !strings.Contains(lines, "not ready") || !strings.Contains(lines, "ANTHROPIC_API_KEY") || strings.Contains(lines, "OPENAI_API_KEY") {
			t.Errorf("the start says\n%s", lines)
		}
		if _, err := c.Resolve(t.Context(), ""); convo.ErrorKind(err) != convo.UpstreamFailed {
			t.Errorf("got %v, want a failure that may pass", err)
		}
		l.err = nil
		wantRoute(t, c, "", "local:late")
		before := l.asked.Load()
		wantRoute(t, c, "", "local:late")
		if l.asked.Load() != before {
			t.Error("the provider was asked although its answer is fresh")
		}
		time.Sleep(time.Hour) // the test's own clock
		l.err = errors.New("gone")
		wantRoute(t, c, "", "local:late")
		if l.asked.Load() != before+1 {
			t.Errorf("an old answer was refreshed %d times, want once", l.asked.Load()-before)
		}
		if lines := strings.Join(c.Ready(t.Context()), "\n"); !strings.Contains(lines, "default model: late (local)") || !strings.Contains(lines, "local: ready, with late") {
			t.Errorf("a later start says\n%s", lines)
		}
	})
}

func TestAProviderThatHangsHoldsNobodyForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &lister{hang: true}
		c := catalog(t, model.CatalogConfig{Providers: []model.Configured{local(l), vendor("anthropic", "claude-x")}})
		began := time.Now()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if _, err := c.Resolve(t.Context(), ""); err == nil {
					t.Error("a provider that hangs gave a default")
				}
			})
		}
		all.Wait()
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %s", took)
		}
		if l.most.Load() > 1 {
			t.Errorf("the provider was asked %d times at once", l.most.Load())
		}
		if n := len(c.List(t.Context())); n != 2 {
			t.Errorf("got %d models, want those of the others", n)
		}
	})
}
