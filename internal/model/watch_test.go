package model_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
)

// loading is a provider that loads models.
func loading(l *lister) model.Configured {
	return model.Configured{Name: "ollama", Kind: "ollama", Provider: l, Loads: true, Window: 6144}
}

// ids are those of the list.
func ids(ctx context.Context, c *model.Catalog) string {
	var all []string
	for _, l := range c.List(ctx) {
		all = append(all, l.ID)
	}
	return strings.Join(all, " ")
}

func TestAProviderThatLoadsModelsTakesThoseThatItLists(t *testing.T) {
	t.Parallel()
	l := offering("llama3.2", "qwen3:8b", "gpt-oss:20b", "gpt-4o")
	l.infos[1].MaxInput = 3000
	c := catalog(t, model.CatalogConfig{
		Providers: []model.Configured{vendor("openai"), loading(l)}, Default: "qwen3:8b",
		Rules: []model.Rule{{Name: "gpt-oss*", MaxOutput: 500, Window: 900}},
	})
	for s, want := range map[string]string{
		"llama3.2": "ollama:llama3.2", "llama3.2:latest": "ollama:llama3.2", "gpt-oss:20b": "ollama:gpt-oss:20b", "gpt-4o": "openai:gpt-4o",
		"ollama": "ollama:llama3.2", "ollama/new:1b": "ollama:new:1b", "ollama/llama3.2:latest": "ollama:llama3.2", "": "ollama:qwen3:8b", "gemini-2.5-pro": "ollama:qwen3:8b",
	} {
		wantRoute(t, c, s, want)
	}
	unasked := catalog(t, model.CatalogConfig{Providers: []model.Configured{loading(offering("llama3.2"))}})
	wantRoute(t, unasked, "ollama/llama3.2:latest", "ollama:llama3.2") // its list is not known yet
	wantInvalid(t, c, "nobody-knows", "not known")
	for s, want := range map[string][2]int64{"llama3.2": {6144, 8192}, "qwen3:8b": {3000, 4000}, "gpt-oss:20b": {900, 1400}, "ollama/gpt-4o": {6144, 8192}} {
		if choice, err := c.Resolve(t.Context(), s); err != nil || choice.Window != want[0] || choice.Context != want[1] {
			t.Errorf("%s: window %d and context %d (%v), want %v", s, choice.Window, choice.Context, err, want)
		}
	}
	if n := l.asked.Load(); n != 1 {
		t.Errorf("the provider was asked %d times, want once", n)
	}
}

func TestAListOfModelsToLoadIsTakenAsItIs(t *testing.T) {
	t.Parallel()
	p := loading(offering("llama3.2", "qwen3"))
	p.Models, p.Window = []string{"qwen3"}, 24000
	c := catalog(t, model.CatalogConfig{Providers: []model.Configured{p}})
	if choice := wantRoute(t, c, "", "ollama:qwen3"); choice.Window != 24000 || choice.Context != 32000 {
		t.Errorf("got window %d and context %d, want room for both", choice.Window, choice.Context)
	}
	wantInvalid(t, c, "llama3.2", "not known")
	wantInvalid(t, c, "ollama/llama3.2", "it has qwen3")
	if got := ids(t.Context(), c); got != "qwen3 quote" {
		t.Errorf("the list has %s", got)
	}
}

func TestAModelThatIsLoadedLaterIsFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := offering()
		l.err = errors.New("not up yet")
		c := catalog(t, model.CatalogConfig{Providers: []model.Configured{loading(l)}, Default: "llama3.2"})
		wantInvalid(t, c, "", "not known")
		l.err, l.infos = nil, offering("llama3.2").infos
		wantRoute(t, c, "", "ollama:llama3.2")
		l.infos = offering("llama3.2", "new").infos
		wantInvalid(t, c, "new", "not known") // its list is fresh
		time.Sleep(10 * time.Minute)          // the test's own clock
		wantRoute(t, c, "new", "ollama:new")
	})
}

func TestAnOptionalProviderIsThereWhileItAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := offering("llama3.2", "gpt-4o")
		l.err = errors.New("refused")
		optional := loading(l)
		optional.Optional = true
		c := catalog(t, model.CatalogConfig{Providers: []model.Configured{optional}, Aliases: map[string]string{"mine": "ollama/llama3.2"}})
		ctx, stop := context.WithCancel(t.Context())
		var changes []string
		var watching sync.WaitGroup
		watching.Go(func() {
			c.Watch(ctx, func(provider string, here bool) {
				changes = append(changes, provider+map[bool]string{true: " came", false: " went"}[here])
			})
		})
		absent := func() {
			synctest.Wait()
			wantRoute(t, c, "", "quote:quote")
			wantInvalid(t, c, "llama3.2", "not known")
			wantInvalid(t, c, "mine", "OLLAMA_HOST")
			wantInvalid(t, c, "ollama", "start Ollama on this machine")
			if got := ids(ctx, c); got != "quote" {
				t.Errorf("the list has %s", got)
			}
		}
		absent()
		before := l.asked.Load()
		wantRoute(t, c, "", "quote:quote")
		if l.asked.Load() != before {
			t.Error("a request waits for a provider that is not there")
		}
		l.turn(func() { l.err = nil })
		time.Sleep(35 * time.Second) // the test's own clock
		synctest.Wait()
		wantRoute(t, c, "", "ollama:llama3.2")
		wantRoute(t, c, "llama3.2", "ollama:llama3.2")
		wantRoute(t, c, "mine", "ollama:llama3.2")
		wantInvalid(t, c, "claude-4.5-sonnet", "ANTHROPIC_API_KEY")
		if got := ids(ctx, c); got != "llama3.2 gpt-4o quote mine" {
			t.Errorf("the list has %s", got)
		}
		l.turn(func() { l.hang = true }) // it answers no more
		time.Sleep(35 * time.Second)
		absent()
		l.turn(func() { l.hang = false })
		if lines := strings.Join(c.Ready(ctx), "\n"); !strings.Contains(lines, "ollama: ready, with llama3.2, gpt-4o") || !strings.Contains(lines, "default model: llama3.2 (ollama)") {
			t.Errorf("it says\n%s", lines)
		}
		l.turn(func() { l.infos = nil })
		time.Sleep(35 * time.Second)
		absent()
		if lines := strings.Join(c.Ready(ctx), "\n"); !strings.Contains(lines, "ollama: not found; set OLLAMA_HOST (or start Ollama on this machine)") {
			t.Errorf("it says\n%s", lines)
		}
		stop()
		watching.Wait()
		if got := strings.Join(changes, ", "); got != "ollama came, ollama went, ollama went" { // Ready found it in between
			t.Errorf("the changes were told as %q", got)
		}
	})
}

func TestADefaultOfAProviderThatMayComeIsTaken(t *testing.T) {
	t.Parallel()
	optional := loading(offering())
	optional.Optional = true
	c := catalog(t, model.CatalogConfig{Providers: []model.Configured{optional}, Default: "ollama/llama3.2"})
	wantInvalid(t, c, "", "OLLAMA_HOST")
	_, err := model.NewCatalog(model.CatalogConfig{Providers: []model.Configured{optional, quote()}, Default: "llama3.2"})
	if convo.ErrorKind(err) != convo.Invalid {
		t.Errorf("a name that nobody knows gave %v", err)
	}
}
