package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/parleyhq/parley/internal/model"
)

// startTracing begins to collect spans and to send them. The SDK reads what else
// OpenTelemetry defines in the environment: the sampler, the queue's length,
// certificates, the service's name and attributes.
func (t *Telemetry) startTracing(ctx context.Context, to Traces, version string) error {
	options := []otlptracehttp.Option{
		otlptracehttp.WithEndpointURL(to.Endpoint),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{
			Enabled: true, InitialInterval: time.Second, MaxInterval: 5 * time.Second, MaxElapsedTime: 20 * time.Second,
		}),
	}
	if len(to.Headers) > 0 { // even none would replace those of OTEL_EXPORTER_OTLP_TRACES_HEADERS
		options = append(options, otlptracehttp.WithHeaders(to.Headers))
	}
	exporter, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return fmt.Errorf("making the exporter of traces: %w", err)
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "parley"), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return fmt.Errorf("reading OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	t.provider = sdktrace.NewTracerProvider(sdktrace.WithResource(about),
		sdktrace.WithBatcher(&quiet{SpanExporter: exporter, log: t.log, lost: t.metrics.spansLost}))
	t.tracer = t.provider.Tracer(scope, trace.WithInstrumentationVersion(version))
	return nil
}

// quietFor is how long an exporter that fails again says nothing about it.
const quietFor = time.Minute

// quiet is an exporter whose failures are counted and logged now and then: the
// SDK would print each of them past our log.
type quiet struct {
	sdktrace.SpanExporter
	log  *slog.Logger
	lost prometheus.Counter

	told time.Time // used by the SDK's one goroutine that exports
}

// ExportSpans implements sdktrace.SpanExporter.
func (q *quiet) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := q.SpanExporter.ExportSpans(ctx, spans)
	if err == nil {
		return nil
	}
	q.lost.Add(float64(len(spans)))
	if time.Since(q.told) > quietFor {
		q.told = time.Now()
		q.log.Warn("traces cannot be sent; spans are lost", "spans", len(spans), "error", err)
	}
	return nil
}

// outgoing lets the model's provider know of the trace, if it may.
func (t *Telemetry) outgoing(ctx context.Context) context.Context {
	if !t.propagate {
		return ctx
	}
	header := http.Header{}
	t.propagator.Inject(ctx, propagation.HeaderCarrier(header))
	return model.WithHeader(ctx, header)
}

// maxOrigins is how many turns that were asked for are remembered.
const maxOrigins = 4096

// origins remembers which trace asked for a turn, until the turn starts. Turns
// that never start fall out when others come.
type origins struct {
	mu    sync.Mutex
	spans map[string]trace.SpanContext
	order []string // a ring of turns, the oldest at next
	next  int
}

func (o *origins) put(turn string, span trace.SpanContext) {
	if !span.IsValid() {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.spans == nil {
		o.spans, o.order = map[string]trace.SpanContext{}, make([]string, maxOrigins)
	}
	delete(o.spans, o.order[o.next])
	o.spans[turn], o.order[o.next] = span, turn
	o.next = (o.next + 1) % maxOrigins
}

func (o *origins) take(turn string) (trace.SpanContext, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	span, ok := o.spans[turn]
	delete(o.spans, turn)
	return span, ok
}
