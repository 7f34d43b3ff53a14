// Package telemetry makes metrics and traces of what the server does. It
// observes the engine, the requests and the store through their ports, and is
// the only package that knows Prometheus and OpenTelemetry.
//
// It promises:
//
//   - Nothing is done for a token. Counters move once for a turn, a model call, a
//     request or a call of the store, and what is a state is read when somebody
//     looks.
//   - The values of a label are few, and no caller can make more of them: no ids,
//     no tenants, no paths, and at most [maxModels] names of models.
//   - No metric and no trace holds a secret. What was said stands in traces only
//     when Options.Content asks for it, and in metrics never.
//   - A receiver of traces that is slow, broken or away costs spans, never a turn:
//     they wait in a queue of bounded length, and what does not fit is dropped.
package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
)

// flushTime bounds how long Close waits for spans to leave.
const flushTime = 5 * time.Second

// scope is how our spans name what made them.
const scope = "github.com/parleyhq/parley"

// Options says what is wanted. The zero value gives metrics and no traces.
type Options struct {
	Version   string   // of the program
	Models    []string // names of models that the configuration has
	Traces    *Traces  // where traces go; nil = nowhere
	Content   bool     // traces hold what was said
	Propagate bool     // providers get the trace context
	Log       *slog.Logger
}

// Traces says where traces go, over OTLP with http/protobuf.
type Traces struct {
	Endpoint string // the whole address
	Headers  map[string]string
}

// Telemetry observes a server. Make it with New, and Close it at the end.
type Telemetry struct {
	registry *prometheus.Registry
	metrics  *metrics
	models   *names
	log      *slog.Logger

	tracer     trace.Tracer
	provider   *sdktrace.TracerProvider // nil = no traces
	propagator propagation.TextMapPropagator
	origins    origins
	content    bool
	propagate  bool
}

var (
	_ engine.Observer = (*Telemetry)(nil)
	_ httpio.Observer = (*Telemetry)(nil)
)

// New makes the metrics, and begins to send traces if they are wanted. It does
// not reach for the receiver yet.
func New(ctx context.Context, o Options) (*Telemetry, error) {
	t := &Telemetry{
		registry: prometheus.NewRegistry(), models: newNames(o.Models), log: o.Log,
		tracer: noop.NewTracerProvider().Tracer(scope), propagator: propagation.TraceContext{},
		content: o.Content, propagate: o.Propagate,
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	t.metrics = newMetrics()
	parts := append(t.metrics.all(),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), buildInfo(o.Version))
	for _, part := range parts {
		if err := t.registry.Register(part); err != nil {
			return nil, err
		}
	}
	if o.Traces != nil {
		return t, t.startTracing(ctx, *o.Traces, o.Version)
	}
	return t, nil
}

// Close sends what spans are left, for flushTime at most.
func (t *Telemetry) Close(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if ctx.Err() != nil {
		t.log.Warn("traces could not be sent in time", "for", flushTime)
	}
	return nil
}
