package otlp_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/parleyhq/parley/test/process"
)

// patience is how long what has to come may take on a busy machine.
const patience = 30 * time.Second

// receiver is the Collector's OTLP receiver, and the spans that it took.
type receiver struct {
	url string

	mu    sync.Mutex
	spans []span
	grown chan struct{}
}

// span is a span with the resource that it came from.
type span struct {
	ptrace.Span
	resource pcommon.Map
}

// receive starts a receiver that listens until the test ends.
func receive(t *testing.T) *receiver {
	t.Helper()
	address, err := process.Address()
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{url: "http://" + address, grown: make(chan struct{})}
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	settings := confmap.NewFromStringMap(map[string]any{"protocols": map[string]any{"http": map[string]any{"endpoint": address}}})
	if err := settings.Unmarshal(config); err != nil {
		t.Fatal(err)
	}
	sink, err := consumer.NewTraces(func(_ context.Context, traces ptrace.Traces) error { r.take(traces); return nil })
	if err != nil {
		t.Fatal(err)
	}
	running, err := factory.CreateTraces(t.Context(), receivertest.NewNopSettings(factory.Type()), config, sink)
	if err != nil {
		t.Fatal(err)
	}
	if err := running.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *receiver) take(traces ptrace.Traces) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, from := range traces.ResourceSpans().All() {
		for _, scope := range from.ScopeSpans().All() {
			for _, s := range scope.Spans().All() {
				r.spans = append(r.spans, span{s, from.Resource().Attributes()})
			}
		}
	}
	close(r.grown)
	r.grown = make(chan struct{})
}

// await waits for a span, and gives all that there are then.
func (r *receiver) await(t *testing.T, want func(span) bool) (span, []span) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		r.mu.Lock()
		all, grown := slices.Clone(r.spans), r.grown
		r.mu.Unlock()
		if i := slices.IndexFunc(all, want); i >= 0 {
			return all[i], all
		}
		select {
		case <-grown:
		case <-ctx.Done():
			t.Fatalf("the span did not come; there are %s", dump(t, all))
		}
	}
}

// attribute gives an attribute as text, "" if there is none.
func (s span) attribute(name string) string {
	v, ok := s.Attributes().Get(name)
	if !ok {
		return ""
	}
	return v.AsString()
}

func (s span) want(t *testing.T, attributes map[string]string) {
	t.Helper()
	for name, want := range attributes {
		if got := s.attribute(name); got != want {
			t.Errorf("span %s: %s is %q, not %q", s.Name(), name, got, want)
		}
	}
}

// dump is everything that a span says, as text.
func dump(t *testing.T, all []span) string {
	t.Helper()
	traces := ptrace.NewTraces()
	for _, s := range all {
		from := traces.ResourceSpans().AppendEmpty()
		s.resource.CopyTo(from.Resource().Attributes())
		s.CopyTo(from.ScopeSpans().AppendEmpty().Spans().AppendEmpty())
	}
	text, err := (&ptrace.JSONMarshaler{}).MarshalTraces(traces)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// wantNone wants none of the texts to be among the spans.
func wantNone(t *testing.T, all []span, texts ...string) {
	t.Helper()
	said := dump(t, all)
	for _, text := range texts {
		if strings.Contains(said, text) {
			t.Errorf("the spans hold %q", text)
		}
	}
}
