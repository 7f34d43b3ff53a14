package bench

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"runtime"

	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/config"
)

// serverSpec says how a server is configured; the rest are defaults.
type serverSpec struct {
	Data     string
	Provider string
	Model    string // "" = the provider's only one
}

// serveParley is the role of the server under test: all of it, as "parley
// serve" runs it, so that the run can ask it for its usage and its profile.
func serveParley(ctx context.Context, in json.RawMessage) (any, map[string]operation, error) {
	var spec serverSpec
	if err := json.Unmarshal(in, &spec); err != nil {
		return nil, nil, err
	}
	env := []string{"PARLEY_DATA=" + spec.Data, "PARLEY_LISTEN=127.0.0.1:0", "PARLEY_FIND_OLLAMA=false", "PARLEY_SECRET=" + benchSecret}
	if spec.Provider != "" {
		model := "openai/m"
		if spec.Model != "" {
			model = spec.Model
		}
		env = append(env, "OPENAI_BASE_URL="+spec.Provider, "PARLEY_MODEL="+model)
	}
	l, err := config.Load(config.Sources{Env: env})
	if err != nil {
		return nil, nil, err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	a, err := app.New(ctx, l.Config, log)
	if err != nil {
		return nil, nil, err
	}
	ran := make(chan error, 1)
	go func() { ran <- a.Run(ctx) }()
	select {
	case <-a.Ready():
	case err := <-ran:
		return nil, nil, errors.Join(err, a.Close(), errors.New("the server ended"))
	}
	ops := map[string]operation{
		"end": func(context.Context, json.RawMessage) (any, error) {
			a.Hurry()
			return nil, errors.Join(<-ran, a.Close())
		},
		"collect": func(context.Context, json.RawMessage) (any, error) {
			runtime.GC()
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			return memory.HeapAlloc, nil // what is alive
		},
	}
	return address{URL: a.URL(), Secret: benchSecret}, ops, nil
}

// benchSecret opens a server that only this machine reaches, for a minute, and
// that holds nothing but what is made up.
const benchSecret = "a-secret-of-benchmarks-only"
