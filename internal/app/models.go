package app

import (
	"cmp"
	"context"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/anthropic"
	"github.com/parleyhq/parley/internal/model/gemini"
	"github.com/parleyhq/parley/internal/model/ollama"
	"github.com/parleyhq/parley/internal/model/openai"
	"github.com/parleyhq/parley/internal/model/quote"
)

// catalog connects the configured providers, those of the environment first. An
// Ollama that is only looked for stands behind them, and quote stands last: it
// is the default where nothing else is there.
func catalog(cfg config.Config) (*model.Catalog, error) {
	var all []model.Configured
	for _, p := range append(cfg.Vendors(), cfg.Providers...) {
		all = append(all, connect(p))
	}
	if found := connect(config.Provider{Name: "ollama", Kind: "ollama"}); cfg.FindOllama && !hasOllama(all) {
		found.Optional = true
		all = append(all, found)
	}
	all = append(all, model.Configured{Name: "quote", Kind: "quote", Provider: quote.Provider{}})
	return model.NewCatalog(model.CatalogConfig{Providers: all, Default: cfg.Model, Aliases: cfg.Aliases, Rules: rules(cfg.Models)})
}

// CheckModels says what is wrong with the models of a configuration. It does no
// I/O.
func CheckModels(cfg config.Config) error {
	models, err := catalog(cfg)
	if err == nil {
		models.Close()
	}
	return err
}

// hasOllama reports whether the Ollama of this machine is configured, or the
// name by which it would be found is taken.
func hasOllama(all []model.Configured) bool {
	for _, p := range all {
		if p.Kind == "ollama" || p.Name == "ollama" {
			return true
		}
	}
	return false
}

// connect makes a provider's driver. It does no I/O.
func connect(p config.Provider) model.Configured {
	c := model.Configured{Name: p.Name, Kind: p.Kind, Models: p.Models, AnyName: p.BaseURL != "", Window: p.Window}
	key := p.APIKey.Reveal()
	switch p.Kind {
	case "anthropic":
		c.Provider = anthropic.New(anthropic.Options{Name: p.Name, BaseURL: p.BaseURL, Key: key, Silence: p.Silence})
	case "gemini":
		c.Provider = gemini.New(gemini.Options{Name: p.Name, BaseURL: p.BaseURL, Key: key, Silence: p.Silence})
	case "ollama":
		c.AnyName, c.Loads, c.Window = false, true, cmp.Or(p.Window, ollama.DefaultWindow)
		c.Provider = ollama.New(ollama.Options{Name: p.Name, BaseURL: p.BaseURL, Key: key, Silence: p.Silence, Window: p.Window})
	default:
		c.Provider = openai.New(openai.Options{Name: p.Name, BaseURL: p.BaseURL, Key: key, Silence: p.Silence})
	}
	return c
}

func rules(models []config.Model) []model.Rule {
	list := make([]model.Rule, len(models))
	for i, m := range models {
		list[i] = model.Rule(m)
	}
	return list
}

// watchModels keeps up with the Ollamas that come and go, until ctx ends.
func (a *App) watchModels(ctx context.Context) {
	a.models.Watch(ctx, func(provider string, here bool) {
		if here {
			a.log.Info("found a model provider on this machine", "provider", provider)
			return
		}
		a.log.Warn("the model provider on this machine answers no more", "provider", provider)
	})
}
