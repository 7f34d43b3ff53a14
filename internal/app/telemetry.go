package app

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/telemetry"
)

// metricsPath is where metrics are, at every address that has them.
const metricsPath = "/metrics"

// beside is what is served at an address of its own.
type beside struct {
	listener net.Listener
	handler  http.Handler
}

// openTelemetry makes what observes the other parts. It is closed after them.
func (a *App) openTelemetry(ctx context.Context) (err error) {
	cfg := a.cfg.Telemetry
	o := telemetry.Options{
		Version: Version, Models: configuredModels(a.cfg),
		Content: cfg.Content, Propagate: cfg.Propagate, Log: a.log,
	}
	if to := cfg.OTLP.Traces(); to != "" {
		header, err := cfg.OTLP.Header()
		if err != nil {
			return fmt.Errorf("telemetry.otlp.headers: %w", err)
		}
		o.Traces = &telemetry.Traces{Endpoint: to, Headers: header}
	}
	a.telemetry, err = telemetry.New(ctx, o)
	if err != nil {
		return fmt.Errorf("telemetry: %w", err)
	}
	// No context of a caller lasts until everything else is closed.
	a.onClose(func() error { return a.telemetry.Close(context.Background()) })
	return nil
}

// configuredModels are the names that the configuration gives to models.
func configuredModels(cfg config.Config) []string {
	names := []string{"quote", cfg.Model}
	for _, p := range cfg.Providers {
		names = append(names, p.Models...)
	}
	return names
}

// openBeside takes the addresses of metrics and profiles.
func (a *App) openBeside(ctx context.Context) error {
	if err := a.telemetry.Watch(a.hub, a.store); err != nil {
		return err
	}
	if err := a.telemetry.WatchLimits(a.limiter); err != nil {
		return err
	}
	cfg := a.cfg.Telemetry
	if err := a.listenBeside(ctx, "telemetry.metrics", cfg.Metrics, a.telemetry.OnlyMetrics()); err != nil {
		return err
	}
	return a.listenBeside(ctx, "telemetry.pprof", cfg.Pprof, telemetry.Profiles())
}

func (a *App) listenBeside(ctx context.Context, setting, address string, h http.Handler) error {
	if address == "" {
		return nil
	}
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", config.Local(address))
	if err != nil {
		return fmt.Errorf("the address %s cannot be taken: %w; set %s to another one", address, err, setting)
	}
	a.onClose(closeOnce(l))
	a.beside = append(a.beside, beside{l, h})
	a.log.Info("listening beside the API", "setting", setting, "address", l.Addr().String())
	return nil
}

// withMetrics adds the metrics to the public address, for those who have the
// token; without one, nothing is there.
func (a *App) withMetrics(next http.Handler) http.Handler {
	token := a.cfg.Telemetry.MetricsToken
	if token == "" {
		return next
	}
	return atMetrics(a.telemetry.Guarded(token.Reveal()), next)
}

// withLocalMetrics adds them to the console, whose socket only its owner opens.
func (a *App) withLocalMetrics(next http.Handler) http.Handler {
	return atMetrics(a.telemetry.Metrics(), next)
}

func atMetrics(metrics, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == metricsPath && r.Method == http.MethodGet {
			metrics.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
