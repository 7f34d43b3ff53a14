package otlp_test

import (
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

// soon lets spans leave as they end.
const soon = "OTEL_BSP_SCHEDULE_DELAY=50"

// A caller's trace, and the span of the caller in it.
const (
	callerTrace = "0af7651916cd43dd8448eb211c80319c"
	callerSpan  = "b7ad6b7169203331"
	callerOf    = "00-" + callerTrace + "-" + callerSpan + "-01"
)

func isTurn(s span) bool { return s.Name() == "invoke_agent" }

func isRequest(operation string) func(span) bool {
	return func(s span) bool { return s.attribute("parley.operation") == operation }
}

func TestAStreamingTurnIsATraceOfItsCaller(t *testing.T) {
	t.Parallel()
	r := receive(t)
	s := start(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+r.url, soon, "PARLEY_TELEMETRY_PROPAGATE=true", "OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=test")
	id := s.create()
	s.ask("/a-secret-that-is-no-path", `{}`, "authorization", "Bearer a-wrong-secret").end()
	if answer := s.complete(id, "a secret question", "traceparent", callerOf).end(); !strings.Contains(answer, `"token"`) {
		t.Fatalf("it did not stream: %s", answer)
	}

	r.await(t, isRequest("unknown"))
	request, _ := r.await(t, isRequest("completeConversationMessage"))
	turn, all := r.await(t, isTurn)
	call, _ := r.await(t, func(s span) bool { return s.Name() == "chat fake-1" })

	if request.TraceID().String() != callerTrace || request.ParentSpanID().String() != callerSpan || request.Kind() != ptrace.SpanKindServer {
		t.Errorf("the request is in trace %s under %s", request.TraceID(), request.ParentSpanID())
	}
	for child, parent := range map[span]span{turn: request, call: turn} {
		if child.TraceID() != parent.TraceID() || child.ParentSpanID() != parent.SpanID() {
			t.Errorf("%s is not under %s", child.Name(), parent.Name())
		}
	}
	for _, s := range []span{request, turn, call} {
		s.want(t, map[string]string{"gen_ai.conversation.id": id})
		if s.Status().Code() != ptrace.StatusCodeUnset || s.EndTimestamp() <= s.StartTimestamp() {
			t.Errorf("%s: %v, from %v to %v", s.Name(), s.Status().Code(), s.StartTimestamp(), s.EndTimestamp())
		}
	}
	request.want(t, map[string]string{
		"http.request.method": "POST", "http.route": "/conversation/{conversationId}/complete", "http.response.status_code": "200",
		"url.path": "/v1/conversation/" + id + "/complete",
	})
	turn.want(t, map[string]string{
		"gen_ai.operation.name": "invoke_agent", "gen_ai.provider.name": "openai", "gen_ai.request.model": "fake-1",
		"parley.turn.reason": "done", "parley.front": "chatbotkit", "gen_ai.usage.output_tokens": call.attribute("gen_ai.usage.output_tokens"),
	})
	call.want(t, map[string]string{
		"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "fake-1", "gen_ai.request.stream": "true",
		"gen_ai.response.finish_reasons": `["stop"]`, "parley.usage.estimated": "false", "gen_ai.usage.output_tokens": "5", "gen_ai.input.messages": "",
	})
	if call.Kind() != ptrace.SpanKindClient || call.attribute("gen_ai.usage.input_tokens") == "0" || call.attribute("gen_ai.response.time_to_first_chunk") == "" {
		t.Errorf("the call says %v", call.Attributes().AsRaw())
	}
	if got := call.resource.AsRaw(); got["service.name"] != "parley" || got["deployment.environment.name"] != "test" || got["service.version"] == "" {
		t.Errorf("the resource is %v", got)
	}
	asked := s.provider.Requests()[0].Header
	if want := "00-" + callerTrace + "-" + call.SpanID().String() + "-01"; asked.Get("Traceparent") != want {
		t.Errorf("the provider got %q, not %q", asked.Get("Traceparent"), want)
	}
	wantNone(t, all, "secret", "You said", providerKey, "Bearer")
}

func TestWithoutASettingProvidersLearnNothingOfTraces(t *testing.T) {
	t.Parallel()
	r := receive(t)
	s := start(t, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="+r.url+"/v1/traces", soon)
	s.complete(s.create(), "hello", "traceparent", callerOf, "tracestate", "vendor=value").end()
	r.await(t, isTurn)
	for name := range s.provider.Requests()[0].Header {
		if strings.HasPrefix(strings.ToLower(name), "trace") {
			t.Errorf("the provider got %s", name)
		}
	}
}

func TestContentIsTracedWhenItIsAskedFor(t *testing.T) {
	t.Parallel()
	r := receive(t)
	s := start(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+r.url, soon, "PARLEY_TELEMETRY_CONTENT=true")
	s.complete(s.create(), "a question").end()
	call, all := r.await(t, func(s span) bool { return s.Name() == "chat fake-1" })
	for name, parts := range map[string][]string{
		"gen_ai.input.messages":  {`{"role":"system","parts":[{"type":"text","content":"a secret backstory"}]}`, `{"role":"user","parts":[{"type":"text","content":"a question"}]}`},
		"gen_ai.output.messages": {`"role":"assistant"`, `"content":"You said: a question"`, `"finish_reason":"stop"`},
	} {
		for _, part := range parts {
			if !strings.Contains(call.attribute(name), part) {
				t.Errorf("%s is %s", name, call.attribute(name))
			}
		}
	}
	wantNone(t, all, secret, providerKey)
}

// A batch that holds a text that is no UTF-8 is lost as a whole.
func TestNoNameOfAModelCostsSpans(t *testing.T) {
	t.Parallel()
	r := receive(t)
	s := start(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+r.url, soon)
	name := "x" + strings.Repeat("é", 200)
	answer := s.ask("/conversation/complete", `{"model":"openai/`+name+`","messages":[{"type":"user","text":"hello"}]}`).end()
	if !strings.Contains(answer, "You said: hello") {
		t.Fatalf("the answer is %s", answer)
	}
	turn, _ := r.await(t, isTurn)
	if got := turn.attribute("gen_ai.request.model"); got == "" || !strings.HasPrefix(name, got) {
		t.Errorf("the model is %q", got)
	}
}

func TestFailuresAndRetriesAreOnTheSpans(t *testing.T) {
	t.Parallel()
	r := receive(t)
	s := start(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+r.url, soon)
	s.provider.Push(
		fakeprovider.Behaviour{Status: http.StatusServiceUnavailable, Message: "a secret of the provider"},
		fakeprovider.Behaviour{Text: []string{"one ", "two ", "three"}, Fault: fakeprovider.Cut, After: 2})
	s.complete(s.create(), "a secret question").end()
	call, _ := r.await(t, func(s span) bool { return s.Name() == "chat fake-1" })
	turn, all := r.await(t, isTurn)
	if call.Status().Code() != ptrace.StatusCodeError || turn.Status().Code() != ptrace.StatusCodeError {
		t.Errorf("the call is %v, the turn %v", call.Status().Code(), turn.Status().Code())
	}
	call.want(t, map[string]string{"error.type": "incomplete", "gen_ai.response.finish_reasons": `["error"]`, "parley.usage.estimated": "true"})
	turn.want(t, map[string]string{"error.type": "upstream_failed", "parley.turn.reason": "failed"})
	if n := call.Events().Len(); n != 2 {
		t.Fatalf("the call has %d events", n)
	}
	first := span{Span: ptrace.NewSpan()}
	call.Events().At(0).Attributes().CopyTo(first.Attributes())
	first.want(t, map[string]string{"error.type": "failed", "http.response.status_code": "503", "parley.attempt": "1"})
	wantNone(t, all, "secret", "one two")
}

func TestAQueuedTurnBelongsToTheTraceThatAskedForIt(t *testing.T) {
	t.Parallel()
	r := receive(t)
	s := start(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+r.url, soon)
	hold := make(chan struct{})
	s.provider.Push(fakeprovider.Behaviour{Text: []string{"one ", "two"}, After: 1, Hold: hold})
	id := s.create()
	first := s.complete(id, "first").until(`"token"`)
	second := s.complete(id, "second", "traceparent", callerOf) // its status says that it is queued
	close(hold)
	first.end()
	second.end()
	turn, _ := r.await(t, func(s span) bool { return isTurn(s) && s.TraceID().String() == callerTrace })
	turn.want(t, map[string]string{"gen_ai.conversation.id": id, "parley.turn.reason": "done"})
}

func TestSpansLeaveAtTheShutdown(t *testing.T) {
	t.Parallel()
	r := receive(t)
	s := start(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+r.url, "OTEL_BSP_SCHEDULE_DELAY=3600000")
	s.complete(s.create(), "hello").end()
	s.process.Stop()
	r.await(t, isTurn)
}

func TestAReceiverThatIsAwayHurtsNobody(t *testing.T) {
	t.Parallel()
	s := start(t, "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_HEADERS=authorization=hidden-header", soon, "OTEL_BSP_MAX_QUEUE_SIZE=4")
	id := s.create()
	for range 10 {
		if answer := s.complete(id, "hello").end(); !strings.Contains(answer, "You said: hello") {
			t.Fatalf("the answer is %s", answer)
		}
	}
	s.process.Stop()
	output := s.process.Output()
	if !strings.Contains(output, "stopped") || !strings.Contains(output, "traces") {
		t.Errorf("it printed %s", output)
	}
	if strings.Contains(output, "hidden-header") {
		t.Error("the log holds the receiver's header")
	}
}
