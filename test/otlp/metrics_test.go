package otlp_test

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

// families parses what the server says.
func (s *server) families(ctx context.Context) (map[string]*dto.MetricFamily, string) {
	s.t.Helper()
	header, body, err := s.metrics(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	if format := expfmt.ResponseFormat(header); format.FormatType() != expfmt.TypeTextPlain {
		s.t.Fatalf("the format is %q", format)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	all, err := parser.TextToMetricFamilies(bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	return all, string(body)
}

// value gives a counter, a gauge, or how often a histogram was observed, -1 if
// there is no series with exactly those labels.
func value(all map[string]*dto.MetricFamily, name string, labels map[string]string) float64 {
	for _, m := range all[name].GetMetric() {
		has := map[string]string{}
		for _, l := range m.GetLabel() {
			has[l.GetName()] = l.GetValue()
		}
		if !maps.Equal(has, labels) {
			continue
		}
		switch {
		case m.Counter != nil:
			return m.Counter.GetValue()
		case m.Gauge != nil:
			return m.Gauge.GetValue()
		default:
			return float64(m.Histogram.GetSampleCount())
		}
	}
	return -1
}

// known runs turns whose ends are known: two done, one stopped, one failed, and
// one without a conversation. It gives the conversation's id.
func known(s *server) string {
	id := s.create()
	s.complete(id, "a secret question").end()
	s.complete(id, "another").end()

	s.provider.Push(fakeprovider.Behaviour{Text: []string{"one ", "two"}, After: 1, Hold: make(chan struct{})})
	running := s.complete(id, "never ends").until(`"token"`)
	s.ask("/conversation/"+id+"/stop", `{}`).end()
	running.end()

	s.provider.Push(fakeprovider.Behaviour{Text: []string{"one ", "two"}, Fault: fakeprovider.Cut, After: 1})
	s.complete(id, "breaks").end()
	s.ask("/conversation/complete", `{"messages":[{"type":"user","text":"hello"}]}`).end()
	return id
}

func TestMetricsTellWhatHappened(t *testing.T) {
	t.Parallel()
	s := start(t, "PARLEY_TELEMETRY_METRICS_TOKEN="+metricsToken)
	id := known(s)
	turns := func(all map[string]*dto.MetricFamily, reason string) float64 {
		return value(all, "parley_turns_total", map[string]string{"reason": reason, "front": "chatbotkit", "provider": "openai"})
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	all, text := s.families(ctx)
	for turns(all, "done") < 3 || value(all, "parley_http_requests_in_flight", nil) > 0 { // answers leave before they are counted
		all, text = s.families(ctx)
	}
	openai := map[string]string{"provider": "openai"}
	tokens := func(kind, source string) map[string]string {
		return map[string]string{"provider": "openai", "model": "fake-1", "type": kind, "source": source}
	}
	for _, c := range []struct {
		name   string
		labels map[string]string
		want   float64
	}{
		{"parley_turns_total", map[string]string{"reason": "done", "front": "chatbotkit", "provider": "openai"}, 3},
		{"parley_turns_total", map[string]string{"reason": "stopped", "front": "chatbotkit", "provider": "openai"}, 1},
		{"parley_turns_total", map[string]string{"reason": "failed", "front": "chatbotkit", "provider": "openai"}, 1},
		{"parley_turn_duration_seconds", openai, 5},
		{"parley_turn_wait_seconds", nil, 4},
		{"parley_turns_running", nil, 0},
		{"parley_turns_open", map[string]string{"state": "running"}, 0},
		{"parley_turns_open", map[string]string{"state": "queued"}, 0},
		{"parley_model_first_token_seconds", openai, 5},
		{"parley_model_calls_total", map[string]string{"provider": "openai", "model": "fake-1", "outcome": "answered"}, 3},
		{"parley_model_calls_total", map[string]string{"provider": "openai", "model": "fake-1", "outcome": "stopped"}, 1},
		{"parley_model_calls_total", map[string]string{"provider": "openai", "model": "fake-1", "outcome": "incomplete"}, 1},
		{"parley_model_errors_total", map[string]string{"provider": "openai", "kind": "incomplete"}, 1},
		// "You said: a secret question", "… another" and "… hello" are 5, 3 and 3.
		{"parley_model_tokens_total", tokens("output", "reported"), 11},
		{"parley_model_tokens_total", tokens("output", "estimated"), 2},
		{"parley_http_requests_total", map[string]string{"operation": "completeConversationMessage", "status": "200"}, 4},
		{"parley_http_requests_total", map[string]string{"operation": "completeConversation", "status": "200"}, 1},
		{"parley_http_requests_total", map[string]string{"operation": "stopConversation", "status": "200"}, 1},
		{"parley_http_streams", nil, 0},
		{"parley_hub_subscribers", nil, 0},
		{"parley_build_info", map[string]string{"version": label(all, "parley_build_info", "version"), "go": label(all, "parley_build_info", "go")}, 1},
	} {
		if got := value(all, c.name, c.labels); got != c.want {
			t.Errorf("%s%v is %v, not %v", c.name, c.labels, got, c.want)
		}
	}
	for name, labels := range map[string]map[string]string{
		"parley_store_update_duration_seconds": {"sync": "durable"},
		"parley_store_read_duration_seconds":   {"operation": "token"},
		"parley_store_commit_updates":          nil,
		"parley_hub_delivered_events_total":    nil,
		"go_goroutines":                        nil,
		"process_resident_memory_bytes":        nil,
	} {
		if got := value(all, name, labels); got <= 0 {
			t.Errorf("%s%v is %v", name, labels, got)
		}
	}
	for _, never := range []string{secret, providerKey, metricsToken, id, "question", "You said", "default/default"} {
		if strings.Contains(text, never) {
			t.Errorf("the metrics hold %q", never)
		}
	}
}

// label gives the value that a label has in the first series.
func label(all map[string]*dto.MetricFamily, name, label string) string {
	for _, m := range all[name].GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetName() == label {
				return l.GetValue()
			}
		}
	}
	return ""
}

func TestMetricsAreNamedAsPrometheusWants(t *testing.T) {
	t.Parallel()
	s := start(t, "PARLEY_TELEMETRY_METRICS_TOKEN="+metricsToken)
	known(s)
	all, text := s.families(t.Context())
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "parley_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	names := slices.Sorted(maps.Keys(all))
	if !slices.Contains(names, "parley_turns_total") {
		t.Errorf("the metrics are %q", names)
	}
}
