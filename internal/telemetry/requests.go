package telemetry

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/parleyhq/parley/internal/httpio"
)

// RequestStarted implements httpio.Observer.
func (t *Telemetry) RequestStarted(r *http.Request) (context.Context, httpio.Observation) {
	t.metrics.inFlight.Inc()
	ctx := r.Context()
	if t.provider == nil {
		return ctx, &request{t: t}
	}
	ctx = t.propagator.Extract(ctx, propagation.HeaderCarrier(r.Header))
	method := knownMethod(r.Method)
	ctx, span := t.tracer.Start(ctx, method, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("http.request.method", method),
		attribute.String("url.scheme", "http"),
	))
	return ctx, &request{t: t, span: span, method: method, path: r.URL.EscapedPath()}
}

// request observes one request.
type request struct {
	t         *Telemetry
	span      trace.Span // nil without traces
	method    string
	path      string
	streaming bool
}

// Streaming implements httpio.Observation.
func (r *request) Streaming() {
	r.streaming = true
	r.t.metrics.streams.Inc()
}

// Ended implements httpio.Observation.
func (r *request) Ended(end httpio.RequestEnd) {
	m := r.t.metrics
	m.inFlight.Dec()
	if r.streaming {
		m.streams.Dec()
	}
	operation, status := end.Operation, strconv.Itoa(end.Status)
	if operation == "" {
		operation = "unknown"
	}
	if end.Cut {
		status = "cut"
	}
	m.requests.WithLabelValues(operation, status).Inc()
	m.requestSeconds.WithLabelValues(operation).Observe(end.Took.Seconds())
	if r.span != nil {
		r.endSpan(operation, end)
	}
}

func (r *request) endSpan(operation string, end httpio.RequestEnd) {
	defer r.span.End()
	if end.Route != "" { // any other path may hold anything, a mislaid secret too
		r.span.SetName(r.method + " " + end.Route)
		r.span.SetAttributes(attribute.String("http.route", end.Route), attribute.String("url.path", clip(r.path)))
	}
	r.span.SetAttributes(
		attribute.String("parley.operation", operation),
		attribute.Int("http.response.status_code", end.Status),
		attribute.Int64("http.response.body.size", end.Bytes),
		attribute.Bool("parley.cut", end.Cut),
	)
	if end.Status >= http.StatusInternalServerError {
		r.span.SetStatus(codes.Error, "")
		r.span.SetAttributes(attribute.String("error.type", strconv.Itoa(end.Status)))
	}
}

// knownMethod keeps what callers make up out of the names of spans.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return method
	}
	return "_OTHER"
}

// maxText is how many bytes of a text that a caller chose stand in an attribute.
const maxText = 256

// clip bounds a text that a caller chose. It cuts between characters: one that
// is no UTF-8 would cost the whole batch of spans that it is sent with.
func clip(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), maxText)], "")
}
