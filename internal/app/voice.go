package app

import (
	"github.com/parleyhq/parley/internal/speak"
	spoken "github.com/parleyhq/parley/internal/speak/openai"
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

// speaker connects the service that says messages; nil, if none is configured. It does
// no I/O.
func (a *App) speaker() speak.Speaker {
	s := a.cfg.Speech
	if !s.Configured() {
		return nil
	}
	options := spoken.Options{BaseURL: s.URL, Key: s.APIKey.Reveal(), Model: s.Model, Voice: s.Voice, Format: s.Format}
	if p, ok := a.cfg.Speaks(s.Provider, "openai"); ok {
		options.BaseURL, options.Key = p.BaseURL, p.APIKey.Reveal()
	}
	made := spoken.New(options)
	a.onClose(func() error { made.Close(); return nil })
	return made
}
