package telemetry

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
)

// none is the provider of a turn that never came to have one.
const none = "none"

// Asked implements engine.Observer: the turn that follows belongs to the trace
// of this request.
func (t *Telemetry) Asked(ctx context.Context, conversation, turn string) {
	if t.provider == nil {
		return
	}
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(conversationID(conversation)...)
	t.origins.put(turn, span.SpanContext())
}

// TurnStarted implements engine.Observer.
func (t *Telemetry) TurnStarted(ctx context.Context, start engine.TurnStart) (context.Context, engine.TurnObservation) {
	t.metrics.turnsRunning.Inc()
	if start.Turn != "" && !start.GoesOn {
		t.metrics.turnWait.Observe(max(start.Waited, 0).Seconds())
	}
	o := &turn{t: t, front: start.Front, began: time.Now()}
	if t.provider == nil {
		return ctx, o
	}
	if from, ok := t.origins.take(start.Turn); ok {
		ctx = trace.ContextWithSpanContext(ctx, from)
	}
	ctx, o.span = t.tracer.Start(ctx, "invoke_agent", trace.WithAttributes(turnAttributes(start)...))
	return ctx, o
}

// Closed implements engine.Observer.
func (t *Telemetry) Closed(front string, reason convo.EndReason) {
	t.metrics.turns.WithLabelValues(string(reason), front, none).Inc()
}

// turn observes one turn.
type turn struct {
	t     *Telemetry
	front string
	began time.Time
	span  trace.Span // nil without traces
}

// Ended implements engine.TurnObservation.
func (o *turn) Ended(end engine.TurnEnd) {
	m, provider := o.t.metrics, end.Choice.ProviderName
	if provider == "" {
		provider = none
	}
	m.turnsRunning.Dec()
	if end.Waits {
		o.waits()
		return
	}
	m.turns.WithLabelValues(string(end.Ended.Reason), o.front, provider).Inc()
	m.turnSeconds.WithLabelValues(provider).Observe(time.Since(o.began).Seconds())
	if o.span == nil {
		return
	}
	defer o.span.End()
	o.span.SetAttributes(turnEndAttributes(end)...)
	if f := end.Ended.Failure; end.Ended.Reason == convo.EndFailed {
		kind, text := convo.Internal, ""
		if f != nil {
			kind, text = f.Kind, f.Message
		}
		o.t.failSpan(o.span, string(kind), text)
	}
}

// waits ends the observation of a turn that goes on later, under another span.
func (o *turn) waits() {
	if o.span != nil {
		o.span.SetAttributes(attribute.String("parley.turn.reason", string(convo.StateWaiting)))
		o.span.End()
	}
}

// failSpan marks a span as failed. The text of an error may quote what was said,
// so it is content.
func (t *Telemetry) failSpan(span trace.Span, kind, text string) {
	if !t.content {
		text = ""
	}
	span.SetStatus(codes.Error, text)
	span.SetAttributes(attribute.String("error.type", kind))
}

// ModelAsked implements engine.Observer.
func (t *Telemetry) ModelAsked(ctx context.Context, start engine.CallStart) (context.Context, engine.CallObservation) {
	o := &call{t: t, choice: start.Choice, over: ctx.Err}
	if t.provider == nil {
		return ctx, o
	}
	ctx, o.span = t.tracer.Start(ctx, "chat "+clip(start.Choice.Name),
		trace.WithSpanKind(callKind(start.Choice)), trace.WithAttributes(callAttributes(start)...))
	if t.content && o.span.IsRecording() {
		o.span.SetAttributes(promptAttributes(start.Messages)...)
	}
	return t.outgoing(ctx), o
}

// call observes one model call.
type call struct {
	t        *Telemetry
	choice   model.Choice
	over     func() error // of the call's context: it was stopped
	span     trace.Span   // nil without traces
	attempts int
	said     []said
}

// Failed implements engine.CallObservation.
func (o *call) Failed(err error) {
	o.attempts++
	if o.over() != nil {
		return // by us, not by the provider
	}
	kind, status := failureKind(err)
	o.t.metrics.callErrors.WithLabelValues(o.choice.ProviderName, kind).Inc()
	if o.span != nil {
		o.span.AddEvent("attempt failed", trace.WithAttributes(
			attribute.String("error.type", kind), attribute.Int("http.response.status_code", status), attribute.Int("parley.attempt", o.attempts)))
	}
}

// Said implements engine.CallObservation.
func (o *call) Said(kind convo.MessageType, text string) {
	if o.span != nil && o.t.content && o.span.IsRecording() {
		o.said = append(o.said, said{kind, text})
	}
}

// Ended implements engine.CallObservation.
func (o *call) Ended(end engine.CallEnd) {
	outcome := o.outcome(end)
	if end.Err == nil {
		o.t.models.learn(o.choice.ID)
	}
	m, provider, name := o.t.metrics, o.choice.ProviderName, o.t.models.label(o.choice.ID)
	m.calls.WithLabelValues(provider, name, outcome).Inc()
	if first := end.Answered.FirstToken; first > 0 {
		m.firstToken.WithLabelValues(provider).Observe(first.Seconds())
	}
	o.countTokens(provider, name, end.Answered.Usage)
	if o.span == nil {
		return
	}
	defer o.span.End()
	o.span.SetAttributes(callEndAttributes(end)...)
	if len(o.said) > 0 {
		o.span.SetAttributes(answerAttributes(o.said, end)...)
	}
	if end.Err != nil && outcome != stoppedOutcome {
		o.t.failSpan(o.span, outcome, publicText(end.Err))
	}
}

// outcome is a word for how the call ended, one of few.
func (o *call) outcome(end engine.CallEnd) string {
	switch {
	case end.Left:
		return stoppedOutcome
	case end.Err == nil && end.Stop == model.StopLength:
		return "length"
	case end.Err == nil && end.Stop == model.StopRefused:
		return "refused"
	case end.Err == nil:
		return "answered"
	case o.over() != nil:
		return stoppedOutcome
	}
	kind, _ := failureKind(end.Err)
	return kind
}

func (o *call) countTokens(provider, name string, u convo.Usage) {
	for kind, n := range map[string]convo.Tokens{"input": u.Input, "cached": u.Cached, "reasoning": u.Reasoning, "output": u.Output} {
		source := "reported"
		if n.Estimated {
			source = "estimated"
		}
		if n.N > 0 {
			o.t.metrics.tokens.WithLabelValues(provider, name, kind, source).Add(float64(n.N))
		}
	}
}

// stoppedOutcome is that of a call that somebody ended, or left.
const stoppedOutcome = "stopped"

// failureKind gives a word for why a call failed, one of few, and the status
// that the provider answered with.
func failureKind(err error) (kind string, status int) {
	failed, ok := errors.AsType[*model.Error](err)
	if !ok {
		return "internal", 0
	}
	switch failed.Kind {
	case model.Rejected:
		kind = "rejected"
	case model.Unauthorized:
		kind = "unauthorized"
	case model.Limited:
		kind = "limited"
	case model.Failed:
		kind = "failed"
	case model.Incomplete:
		kind = "incomplete"
	case model.Malformed:
		kind = "malformed"
	case model.Silent:
		kind = "silent"
	default:
		kind = other
	}
	return kind, failed.Status
}

// publicText is what of an error callers may see.
func publicText(err error) string {
	if failed, ok := errors.AsType[*model.Error](err); ok {
		return failed.Message
	}
	return convo.PublicError(err).Message
}
