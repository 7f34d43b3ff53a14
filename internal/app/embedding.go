package app

import (
	"github.com/parleyhq/parley/internal/embed"
	"github.com/parleyhq/parley/internal/embed/remote"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model/ollama"
)

// embedder connects the service that turns texts into vectors; nil, if none is
// configured. It does no I/O.
func (a *App) embedder() embed.Embedder {
	c := a.cfg.Embedding
	if !c.Configured() {
		return nil
	}
	options := remote.Options{Name: "openai", BaseURL: c.URL, Key: c.APIKey.Reveal(), Model: c.Model, Dimensions: c.Dimensions}
	p, _ := a.cfg.Speaks(c.Provider)
	if c.Provider != "" {
		options.Name, options.BaseURL, options.Key = p.Name, p.BaseURL, p.APIKey.Reveal()
	}
	var made *remote.Embedder
	switch p.Kind {
	case "gemini":
		made = remote.Gemini(options)
	case "ollama":
		options.BaseURL = ollama.BaseURL(options.BaseURL)
		made = remote.Ollama(options)
	default:
		made = remote.OpenAI(options)
	}
	a.onClose(func() error { made.Close(); return nil })
	if c.Mask {
		return engine.MaskingEmbedder(made)
	}
	return made
}
