package app

import (
	"github.com/parleyhq/parley/internal/transcribe"
	"github.com/parleyhq/parley/internal/transcribe/openai"
)

// transcriber connects the service that writes down what users say; nil, if none is
// configured. It does no I/O.
func (a *App) transcriber() transcribe.Transcriber {
	t := a.cfg.Transcription
	if !t.Configured() {
		return nil
	}
	options := openai.Options{BaseURL: t.URL, Key: t.APIKey.Reveal(), Model: t.Model}
	if p, ok := a.cfg.Speaks(t.Provider, "openai"); ok {
		options.BaseURL, options.Key = p.BaseURL, p.APIKey.Reveal()
	}
	made := openai.New(options)
	a.onClose(func() error { made.Close(); return nil })
	return made
}
