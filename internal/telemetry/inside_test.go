package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
)

func spanContext(n byte) trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{n}, SpanID: trace.SpanID{1}})
}

func TestOriginsAreTakenOnceAndNeverTooMany(t *testing.T) {
	t.Parallel()
	var o origins
	o.put("without a span", trace.SpanContext{})
	if _, ok := o.take("without a span"); ok {
		t.Error("there is an origin without a span")
	}
	o.put("first", spanContext(1))
	o.put("second", spanContext(2))
	if got, ok := o.take("second"); !ok || got.TraceID() != spanContext(2).TraceID() {
		t.Errorf("got %v, %v", got, ok)
	}
	if _, ok := o.take("second"); ok {
		t.Error("it was taken twice")
	}
	for i := range 3 * maxOrigins { // turns that never start
		o.put(fmt.Sprint(i), spanContext(3))
	}
	if _, ok := o.take("first"); ok || len(o.spans) != maxOrigins {
		t.Errorf("%d origins are kept, the oldest %v", len(o.spans), ok)
	}
	if _, ok := o.take(fmt.Sprint(3*maxOrigins - 1)); !ok {
		t.Error("the latest one is lost")
	}
}

func TestContentIsCutToItsLatestPart(t *testing.T) {
	t.Parallel()
	messages := []model.Message{
		{Role: model.System, Text: "the oldest"},
		{Role: model.User, Text: strings.Repeat("é", maxContent)},
		{Role: model.Assistant, Calls: []model.Call{{ID: "1", Name: "get", Arguments: `{"a":1}`}}},
		{Role: model.ToolResult, Call: "1", Text: "<result>"},
	}
	attributes := promptAttributes(messages)
	text := attributes[0].Value.AsString()
	var list []spanMessage
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 3 || len(text) > maxContent+1000 || !attributes[1].Value.AsBool() {
		t.Errorf("there are %d messages, %d bytes, cut: %v", len(list), len(text), attributes[1].Value.AsBool())
	}
	last := list[len(list)-1]
	if last.Role != "tool" || last.Parts[0].Response != "<result>" || strings.Contains(text, "the oldest") || strings.Contains(text, "\ufffd") {
		t.Errorf("the last message is %+v", last)
	}
}

func TestContentThatFitsIsNotSaidToBeCut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		messages []model.Message
		cut      bool
	}{
		"exactly":              {[]model.Message{{Text: strings.Repeat("x", maxContent)}}, false},
		"a byte too much":      {[]model.Message{{Text: strings.Repeat("x", maxContent+1)}}, true},
		"no room for the rest": {[]model.Message{{Text: "older"}, {Text: strings.Repeat("x", maxContent)}}, true},
	} {
		if got := promptAttributes(c.messages)[1].Value.AsBool(); got != c.cut {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTextsOfCallersAreCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"é", strings.Repeat("é", 200), "x" + strings.Repeat("é", 200)} {
		if got := clip(text); !utf8.ValidString(got) || len(got) > maxText || !strings.HasPrefix(text, got) || len(got) < min(len(text), maxText-3) {
			t.Errorf("%d bytes of %d, valid: %v", len(got), len(text), utf8.ValidString(got))
		}
	}
}

func TestAnAnswerKeepsThinkingApart(t *testing.T) {
	t.Parallel()
	got := answerAttributes([]said{{convo.Reasoning, "hm"}, {convo.Bot, "yes"}}, engine.CallEnd{Stop: model.StopLength})[0].Value.AsString()
	want := `[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"text","content":"yes"}],"finish_reason":"length"}]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// refusing is an exporter whose receiver takes nothing.
type refusing struct{ sdktrace.SpanExporter }

func (refusing) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error {
	return errors.New("refused")
}

func TestLostSpansAreCountedAndToldOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	lost := prometheus.NewCounter(prometheus.CounterOpts{Name: "lost"})
	q := &quiet{SpanExporter: refusing{}, log: slog.New(slog.NewTextHandler(&log, nil)), lost: lost}
	for range 3 {
		if err := q.ExportSpans(t.Context(), make([]sdktrace.ReadOnlySpan, 2)); err != nil {
			t.Errorf("the SDK is told: %v", err)
		}
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(lost)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if n := families[0].GetMetric()[0].GetCounter().GetValue(); n != 6 || strings.Count(log.String(), "refused") != 1 {
		t.Errorf("%v are lost; the log says %s", n, log.String())
	}
}

func TestProvidersHaveTheNamesOfTheConventions(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{"openai": "openai", "anthropic": "anthropic", "gemini": "gcp.gemini", "ollama": "ollama", "": "local"} {
		if got := providerName(model.Choice{ProviderKind: kind, ProviderName: "local"}); got != want {
			t.Errorf("%q: %s", kind, got)
		}
	}
}

func TestHeadersForTracesAloneAreSent(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "authorization=of-the-environment")
	for want, headers := range map[string]map[string]string{
		"of-the-environment": {}, "of-the-settings": {"authorization": "of-the-settings"},
	} {
		got := make(chan string, 1)
		receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got <- r.Header.Get("Authorization")
		}))
		tel, err := New(t.Context(), Options{Traces: &Traces{Endpoint: receiver.URL + "/v1/traces", Headers: headers}})
		if err != nil {
			t.Fatal(err)
		}
		_, span := tel.tracer.Start(t.Context(), "a span")
		span.End()
		if err := tel.Close(context.Background()); err != nil {
			t.Error(err)
		}
		receiver.Close()
		select {
		case sent := <-got:
			if sent != want {
				t.Errorf("the receiver got %q, not %q", sent, want)
			}
		default:
			t.Error("the receiver got nothing")
		}
	}
}
