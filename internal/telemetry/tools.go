package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// ToolStarted implements engine.Observer. The name of a tool is no label of a
// metric: callers may bring their own.
func (t *Telemetry) ToolStarted(ctx context.Context, start engine.ToolStart) (context.Context, engine.ToolObservation) {
	o := &toolCall{t: t, began: time.Now()}
	if t.provider == nil {
		return ctx, o
	}
	ctx, o.span = t.tracer.Start(ctx, "execute_tool "+clip(start.Name),
		trace.WithSpanKind(trace.SpanKindInternal), trace.WithAttributes(append(conversationID(start.Conversation),
			attribute.String("gen_ai.operation.name", "execute_tool"),
			attribute.String("gen_ai.tool.name", clip(start.Name)),
			attribute.String("gen_ai.tool.call.id", clip(start.ID)))...))
	return ctx, o
}

// toolCall observes one call of a tool.
type toolCall struct {
	t     *Telemetry
	began time.Time
	span  trace.Span // nil without traces
}

// Ended implements engine.ToolObservation.
func (o *toolCall) Ended(outcome convo.ToolOutcome) {
	o.t.metrics.tools.WithLabelValues(string(outcome)).Inc()
	o.t.metrics.toolSeconds.Observe(time.Since(o.began).Seconds())
	if o.span == nil {
		return
	}
	defer o.span.End()
	o.span.SetAttributes(attribute.String("parley.tool.outcome", string(outcome)))
	if outcome == convo.ToolFailed {
		o.t.failSpan(o.span, string(outcome), "")
	}
}
