package app

import (
	"github.com/parleyhq/parley/internal/moderate"
	"github.com/parleyhq/parley/internal/moderate/openai"
)

// moderator connects the service that judges what users say; nil, if none is
// configured. It does no I/O.
func (a *App) moderator() moderate.Moderator {
	m := a.cfg.Moderation
	if !m.Configured() {
		return nil
	}
	options := openai.Options{BaseURL: m.URL, Key: m.APIKey.Reveal(), Model: m.Model}
	if p, ok := a.cfg.Speaks(m.Provider, "openai"); ok {
		options.BaseURL, options.Key = p.BaseURL, p.APIKey.Reveal()
	}
	made := openai.New(options)
	a.onClose(func() error { made.Close(); return nil })
	return made
}
