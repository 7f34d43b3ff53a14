package telemetry

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
)

// The names in this file that begin with gen_ai are those of OpenTelemetry's
// semantic conventions for generative AI, as of 2026. They are in development
// and no Go package has all of them; what they lack begins with parley.

// conversationID names the conversation, if there is one, on a span.
func conversationID(id string) []attribute.KeyValue {
	if id == "" {
		return nil
	}
	return []attribute.KeyValue{attribute.String("gen_ai.conversation.id", clip(id))}
}

func turnAttributes(start engine.TurnStart) []attribute.KeyValue {
	list := append(conversationID(start.Conversation),
		attribute.String("gen_ai.operation.name", "invoke_agent"),
		attribute.String("parley.front", start.Front))
	if start.Turn != "" {
		list = append(list,
			attribute.String("parley.turn.id", start.Turn),
			attribute.Float64("parley.turn.waited", start.Waited.Seconds()))
	}
	return list
}

func turnEndAttributes(end engine.TurnEnd) []attribute.KeyValue {
	list := append(usageAttributes(end.Ended.Usage), attribute.String("parley.turn.reason", string(end.Ended.Reason)))
	if c := end.Choice; c.Name != "" {
		list = append(list,
			attribute.String("gen_ai.provider.name", providerName(c)),
			attribute.String("gen_ai.request.model", clip(c.Name)))
	}
	return list
}

func callAttributes(start engine.CallStart) []attribute.KeyValue {
	list := append(conversationID(start.Conversation),
		attribute.String("gen_ai.operation.name", "chat"),
		attribute.String("gen_ai.provider.name", providerName(start.Choice)),
		attribute.String("gen_ai.request.model", clip(start.Choice.Name)),
		attribute.Bool("gen_ai.request.stream", true),
		attribute.String("parley.provider", start.Choice.ProviderName))
	p := start.Choice.Params
	for name, value := range map[string]*int64{"max_tokens": p.MaxTokens, "seed": p.Seed} {
		if value != nil {
			list = append(list, attribute.Int64("gen_ai.request."+name, *value))
		}
	}
	for name, value := range map[string]*float64{
		"temperature": p.Temperature, "frequency_penalty": p.FrequencyPenalty, "presence_penalty": p.PresencePenalty,
	} {
		if value != nil {
			list = append(list, attribute.Float64("gen_ai.request."+name, *value))
		}
	}
	return list
}

func callEndAttributes(end engine.CallEnd) []attribute.KeyValue {
	list := append(usageAttributes(end.Answered.Usage),
		attribute.StringSlice("gen_ai.response.finish_reasons", []string{finishReason(end)}))
	if first := end.Answered.FirstToken; first > 0 {
		list = append(list, attribute.Float64("gen_ai.response.time_to_first_chunk", first.Seconds()))
	}
	return list
}

func usageAttributes(u convo.Usage) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.Int64("gen_ai.usage.input_tokens", u.Input.N),
		attribute.Int64("gen_ai.usage.output_tokens", u.Output.N),
		attribute.Int64("gen_ai.usage.cache_read.input_tokens", u.Cached.N),
		attribute.Int64("gen_ai.usage.reasoning.output_tokens", u.Reasoning.N),
		attribute.Bool("parley.usage.estimated", u.Estimated()),
	}
}

// providerName is the conventions' name for the API that is spoken; what the
// configuration calls the provider stands beside it.
func providerName(c model.Choice) string {
	switch c.ProviderKind {
	case "gemini":
		return "gcp.gemini"
	case "":
		return c.ProviderName
	}
	return c.ProviderKind
}

// callKind tells models of other processes from the one that is built in.
func callKind(c model.Choice) trace.SpanKind {
	if c.ProviderKind == "quote" {
		return trace.SpanKindInternal
	}
	return trace.SpanKindClient
}

func finishReason(end engine.CallEnd) string {
	switch {
	case end.Err != nil:
		return "error"
	case end.Stop == model.StopLength:
		return "length"
	case end.Stop == model.StopCalls:
		return "tool_call"
	case end.Stop == model.StopRefused:
		return "content_filter"
	}
	return "stop"
}
