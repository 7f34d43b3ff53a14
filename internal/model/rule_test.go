package model_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
)

func TestRulesBringDefaultsAndBounds(t *testing.T) {
	t.Parallel()
	c := catalog(t, model.CatalogConfig{
		Providers: []model.Configured{vendor("openai", "gpt-4o", "gpt-5"), local(offering("llama"))},
		Aliases:   map[string]string{"fast": "gpt-4o/temperature=0.1"},
		Rules: []model.Rule{
			{Name: "gpt-4o", Provider: "openai", Window: 1000, MaxOutput: 200, Defaults: map[string]string{"temperature": "0.7", "seed": "5", "interactionMaxMessages": "9"}, Bounds: map[string]string{"temperature": "0..1"}},
			{Name: "gpt-*", Bounds: map[string]string{"presencePenalty": "0.5", "frequencyPenalty": "-1 .. 1"}},
			{Name: "*", Provider: "local", MaxOutput: 50, Defaults: map[string]string{"maxTokens": "40"}},
		},
	})
	choice := wantRoute(t, c, "gpt-4o", "openai:gpt-4o")
	if p := choice.Params; *p.Temperature != 0.7 || *p.Seed != 5 || *p.MaxTokens != 200 || choice.MaxMessages != 9 || choice.MaxOutput != 200 || choice.Window != 1000 || choice.Context != 1200 {
		t.Errorf("got %+v with temperature %g", choice, *p.Temperature)
	}
	if p := wantRoute(t, c, "fast/maxTokens=30", "openai:gpt-4o").Params; *p.Temperature != 0.1 || *p.Seed != 5 || *p.MaxTokens != 30 {
		t.Errorf("got temperature %g, want the alias's over the rule's, and the request's over both", *p.Temperature)
	}
	if p := wantRoute(t, c, "local/gpt-4o", "local:gpt-4o").Params; p.Temperature != nil || p.MaxTokens != nil {
		t.Errorf("another provider's model got %+v, want the second rule alone", p)
	}
	if p := wantRoute(t, c, "llama", "local:llama").Params; *p.MaxTokens != 40 {
		t.Errorf("got maxTokens %d, want the default below the most", *p.MaxTokens)
	}
	for s, text := range map[string]string{
		"gpt-4o/temperature=1.5":       "temperature must be from 0 to 1 for gpt-4o",
		"openai/gpt-4o/maxTokens=201":  "maxTokens must be at most 200 for gpt-4o",
		"fast/temperature=1.1":         "temperature must be from 0 to 1 for gpt-4o",
		"gpt-5/presencePenalty=0.6":    "presencePenalty must be from -2 to 0.5 for gpt-5",
		"gpt-5/frequencyPenalty=-1.01": "frequencyPenalty must be from -1 to 1",
		"local/llama/maxTokens=51":     "at most 50 for llama",
	} {
		wantInvalid(t, c, s, text)
	}
	wantRoute(t, c, "gpt-5/temperature=2/maxTokens=100000", "openai:gpt-5")
}

func TestRulesAreCheckedAtTheStart(t *testing.T) {
	t.Parallel()
	proxy := model.Configured{Name: "proxy", Kind: "openai", Provider: offering(), Models: []string{"a", "b"}}
	for text, rules := range map[string][]model.Rule{
		"models[0] (): name a model":            {{}},
		"models[0] (a*b): name a model":         {{Name: "a*b"}},
		"numbers of tokens":                     {{Name: "a", Window: -1}},
		"window and maxOutput":                  {{Name: "a", Window: math.MaxInt64}},
		"no provider is called nobody":          {{Name: "a", Provider: "nobody"}},
		"it has a, b":                           {{Name: "c", Provider: "proxy"}},
		"there is no parameter topP":            {{Name: "a", Defaults: map[string]string{"topP": "1"}}},
		"there is no parameter region":          {{Name: "a", Defaults: map[string]string{"region": "eu"}}},
		"temperature must be a number":          {{Name: "a", Defaults: map[string]string{"temperature": "hot"}}},
		"those of maxTokens are maxOutput":      {{Name: "a", Bounds: map[string]string{"maxTokens": "5"}}},
		"the smaller one first":                 {{Name: "a", Bounds: map[string]string{"temperature": "1..0"}}},
		"two numbers like 0..1":                 {{Name: "a", Bounds: map[string]string{"temperature": "NaN"}}},
		"its defaults are out of its bounds":    {{Name: "a", Defaults: map[string]string{"temperature": "1.5"}, Bounds: map[string]string{"temperature": "1"}}},
		"maxTokens must be at most 5":           {{Name: "a", MaxOutput: 5, Defaults: map[string]string{"maxTokens": "6"}}},
		"models[1] (a*): the entry for * befor": {{Name: "*"}, {Name: "a*"}},
		"models[1] (a): the entry for a before": {{Name: "a"}, {Name: "a", Provider: "proxy"}},
		"models[2] (a): the entry for a before": {{Name: "a", Provider: "proxy"}, {Name: "b"}, {Name: "a", Provider: "proxy"}},
	} {
		_, err := model.NewCatalog(model.CatalogConfig{Providers: []model.Configured{proxy, quote()}, Rules: rules})
		if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, want an error that says %q", err, text)
		}
	}
	fine := []model.Rule{{Name: "a", Provider: "proxy"}, {Name: "a"}, {Name: "a*"}, {Name: "ab*", Provider: "quote", Hidden: true}}
	if _, err := model.NewCatalog(model.CatalogConfig{Providers: []model.Configured{proxy, quote()}, Rules: fine[:3]}); err != nil {
		t.Errorf("good rules were refused: %v", err)
	}
	if _, err := model.NewCatalog(model.CatalogConfig{Providers: []model.Configured{proxy, quote()}, Rules: fine}); err == nil {
		t.Error("a rule behind a wider one was taken")
	}
}

func TestWhatTheConfigurationItselfAsksForStaysInItsBounds(t *testing.T) {
	t.Parallel()
	cool := []model.Rule{{Name: "gpt-4o", Bounds: map[string]string{"temperature": "0..1"}}}
	for text, config := range map[string]model.CatalogConfig{
		`alias "hot"`:   {Aliases: map[string]string{"hot": "gpt-4o/temperature=1.5"}, Rules: cool},
		"default model": {Default: "gpt-4o/temperature=1.5", Rules: cool},
	} {
		config.Providers = []model.Configured{vendor("openai"), quote()}
		if _, err := model.NewCatalog(config); convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, want an error that names the %s", err, text)
		}
	}
}

func TestAliasesDoNotRunInACircle(t *testing.T) {
	t.Parallel()
	for _, aliases := range []map[string]string{
		{"a": "b", "b": "a/seed=1"}, {"a": "b", "b": "c", "c": "a"}, {"x": "a", "a": "b", "b": "a"},
	} {
		_, err := model.NewCatalog(model.CatalogConfig{Providers: []model.Configured{quote()}, Aliases: aliases})
		if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), "stands for itself") {
			t.Errorf("%v: got %v, want it refused", aliases, err)
		}
	}
	c := catalog(t, model.CatalogConfig{Aliases: map[string]string{"quote": "quote/seed=1", "q": "quote"}})
	if choice := wantRoute(t, c, "quote", "quote:quote"); *choice.Params.Seed != 1 {
		t.Error("an alias with the name of its model lost its parameter")
	}
}

func TestTheListTellsOfRules(t *testing.T) {
	t.Parallel()
	c := catalog(t, model.CatalogConfig{
		Providers: []model.Configured{vendor("openai", "gpt-4o", "gpt-5", "o3")},
		Aliases:   map[string]string{"secret": "gpt-5", "usual": "openai"},
		Rules:     []model.Rule{{Name: "gpt-4o", Window: 1000, MaxOutput: 200}, {Name: "gpt-5", Hidden: true}, {Name: "quote", Hidden: true}},
	})
	var ids []string
	for _, l := range c.List(t.Context()) {
		ids = append(ids, l.ID)
		if l.ID == "gpt-4o" && (l.MaxInput != 1000 || l.MaxOutput != 200 || l.MaxTokens != 1200) {
			t.Errorf("got %+v, want the rule's limits", l)
		}
	}
	if want := []string{"gpt-4o", "o3", "secret", "usual"}; !slices.Equal(ids, want) {
		t.Errorf("got the list %q, want %q", ids, want)
	}
	wantRoute(t, c, "gpt-5", "openai:gpt-5")
}

func TestWindowsOfRulesCountAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	c := catalog(t, model.CatalogConfig{
		Providers: []model.Configured{vendor("anthropic", "claude-sonnet-5"), local(offering("own"))},
		Rules:     []model.Rule{{Name: "claude-*", Window: 900_000}, {Name: "own", Window: 1000}, {Name: "told", Window: 1000, MaxOutput: 300}},
	})
	for s, want := range map[string]int64{
		"claude-sonnet-5": 900_000, "claude-sonnet-5/maxTokens=64000": 900_000, "claude-sonnet-5/maxTokens=128000": 836_000, // more than was known
		"local/own": 1000, "local/own/maxTokens=900": 1000, // what the answer may have is not known
		"local/told": 1000, "local/told/maxTokens=200": 1000,
	} {
		if choice, err := c.Resolve(t.Context(), s); err != nil || choice.Window != want {
			t.Errorf("the window of %q is %d (%v), want %d", s, choice.Window, err, want)
		}
	}
	for _, l := range c.List(t.Context()) {
		if l.MaxTokens < l.MaxInput || l.ID == "claude-sonnet-5" && (l.MaxTokens != 964_000 || l.MaxInput != 900_000) {
			t.Errorf("the list says %+v", l)
		}
	}
}

func TestARuleIsWrittenWithTheNamesOfTheProvider(t *testing.T) {
	t.Parallel()
	claude := model.Configured{Name: "proxy", Kind: "openai", Provider: offering(), Models: []string{"claude-4.5-sonnet"}}
	for _, name := range []string{"claude-4.5-sonnet", "claude-4.5-*"} {
		config := model.CatalogConfig{Providers: []model.Configured{vendor("anthropic"), loading(offering())}, Rules: []model.Rule{{Name: name, MaxOutput: 5}}}
		_, err := model.NewCatalog(config)
		if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), "use the names of the provider") {
			t.Errorf("%s: got %v, want to be told that it counts for nothing", name, err)
		}
		for _, taker := range []model.Configured{claude, local(offering())} { // who takes it as it is
			config.Providers = []model.Configured{vendor("anthropic"), taker}
			if _, err := model.NewCatalog(config); err != nil {
				t.Errorf("%s: got %v although %s calls it that", name, err, taker.Name)
			}
		}
	}
	c := catalog(t, model.CatalogConfig{Providers: []model.Configured{loading(offering("llama3.2", "qwen3"))}, Rules: []model.Rule{{Name: "llama3.2:latest", Provider: "ollama", MaxOutput: 5}, {Name: "qwen3", MaxOutput: 6}}})
	for s, want := range map[string]int64{"llama3.2": 5, "llama3.2:latest": 5, "qwen3:latest": 6, "ollama/other:latest": 0} {
		if choice, err := c.Resolve(t.Context(), s); err != nil || choice.MaxOutput != want {
			t.Errorf("%q may answer with %d tokens (%v), want %d", s, choice.MaxOutput, err, want)
		}
	}
}

func TestARuleSaysThatAModelTakesNoImages(t *testing.T) {
	t.Parallel()
	c := catalog(t, model.CatalogConfig{
		Providers: []model.Configured{vendor("openai", "gpt-4o", "o1-mini")},
		Rules:     []model.Rule{{Name: "o1-*", TextOnly: true}},
	})
	for s, want := range map[string]bool{"gpt-4o": false, "o1-mini/temperature=1": true} {
		if choice, err := c.Resolve(t.Context(), s); err != nil || choice.TextOnly != want {
			t.Errorf("%s: %v, %v", s, choice.TextOnly, err)
		}
	}
}
