package app

import (
	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/anthropic"
	"github.com/parleyhq/parley/internal/model/openai"
	"github.com/parleyhq/parley/internal/model/quote"
)

// catalog connects the configured providers, those of the environment first.
// quote stands last: it is the default where nothing else is configured.
func catalog(cfg config.Config) (*model.Catalog, error) {
	providers := cfg.Providers
	if v := cfg.Anthropic; v.Configured() {
		providers = append([]config.Provider{vendor("anthropic", v)}, providers...)
	}
	if v := cfg.OpenAI; v.Configured() {
		providers = append([]config.Provider{vendor("openai", v)}, providers...)
	}
	all := make([]model.Configured, 0, len(providers)+1)
	for _, p := range providers {
		all = append(all, model.Configured{
			Name: p.Name, Kind: p.Kind, Provider: driver(p),
			Models: p.Models, AnyName: p.BaseURL != "", Window: p.Window,
		})
	}
	all = append(all, model.Configured{Name: "quote", Kind: "quote", Provider: quote.Provider{}})
	return model.NewCatalog(model.CatalogConfig{Providers: all, Default: cfg.Model, Aliases: cfg.Aliases})
}

func vendor(name string, v config.Vendor) config.Provider {
	return config.Provider{Name: name, Kind: name, BaseURL: v.BaseURL, APIKey: v.APIKey}
}

func driver(p config.Provider) model.Provider {
	if p.Kind == "anthropic" {
		return anthropic.New(anthropic.Options{Name: p.Name, BaseURL: p.BaseURL, Key: p.APIKey.Reveal(), Silence: p.Silence})
	}
	return openai.New(openai.Options{Name: p.Name, BaseURL: p.BaseURL, Key: p.APIKey.Reveal(), Silence: p.Silence})
}
