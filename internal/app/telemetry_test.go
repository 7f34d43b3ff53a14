package app_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/console"
)

// freeAddress gives an address that was free just now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// plain asks any address without a token.
func plain(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestStrangersGetNoMetricsUnlessASettingSaysSo(t *testing.T) {
	t.Parallel()
	cfg := configured(t)
	s := start(t, cfg)
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap"} {
		if status, body := s.text(path); status != http.StatusNotFound || strings.Contains(body, "parley_") {
			t.Errorf("%s: %d, %s", path, status, body)
		}
	}
	own, err := console.Dial(t.Context(), cfg.Data)
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if status, body := plain(t, own.HTTP(), console.BaseURL+"/metrics"); status != http.StatusOK || !strings.Contains(body, "parley_build_info{") {
		t.Errorf("the server's owner gets %d through the console", status)
	}
}

func TestMetricsAreThereForThoseWithTheToken(t *testing.T) {
	t.Parallel()
	s := start(t, configured(t, "PARLEY_TELEMETRY_METRICS_TOKEN=a-token-for-scrapers-only"))
	id := s.create(`{"backstory":"The inn opens at noon."}`)
	if status, _ := s.call("POST", "/v1/conversation/"+id+"/complete", `{"text":"When does the inn open?"}`); status != http.StatusOK {
		t.Fatalf("complete: %d", status)
	}
	secret := s.secret
	if status, body := s.text("/metrics"); status != http.StatusUnauthorized || strings.Contains(body, "parley_") {
		t.Errorf("an API secret gets %d", status)
	}
	s.secret = "a-token-for-scrapers-only"
	if status, _ := s.text("/v1/conversation/list"); status != http.StatusUnauthorized {
		t.Errorf("the token of metrics opens the API: %d", status)
	}
	var body string
	waitUntil(t, func() bool { // the answer leaves before its turn is counted
		_, body = s.text("/metrics")
		return strings.Contains(body, `parley_turns_total{front="chatbotkit",provider="quote",reason="done"} 1`)
	})
	for _, line := range []string{
		`parley_http_requests_total{operation="createConversation",status="200"} 1`,
		`parley_http_requests_total{operation="completeConversationMessage",status="200"} 1`,
		`parley_model_calls_total{model="quote",outcome="answered",provider="quote"} 1`,
		`parley_turns_open{state="queued"} 0`, `parley_turns_running 0`, `parley_hub_subscribers 0`,
	} {
		if !strings.Contains(body, line) {
			t.Errorf("there is no line %s", line)
		}
	}
	for _, never := range []string{secret, "a-token-for-scrapers-only", id, "The inn"} {
		if strings.Contains(body, never) {
			t.Errorf("the metrics hold %q", never)
		}
	}
}

func TestMetricsAndProfilesHaveAddressesOfTheirOwn(t *testing.T) {
	t.Parallel()
	metrics, profiles := freeAddress(t), freeAddress(t)
	s := start(t, configured(t, "PARLEY_TELEMETRY_METRICS="+metrics, "PARLEY_TELEMETRY_PPROF="+profiles))
	for url, want := range map[string]int{
		"http://" + metrics + "/metrics":              200,
		"http://" + metrics + "/v1/conversation/list": 404,
		"http://" + metrics + "/debug/pprof/":         404,
		"http://" + profiles + "/debug/pprof/":        200,
		"http://" + profiles + "/debug/pprof/heap":    200,
		"http://" + profiles + "/metrics":             404,
		s.app.URL() + "/metrics":                      404,
		s.app.URL() + "/debug/pprof/":                 404,
	} {
		if status, _ := plain(t, s.client, url); status != want {
			t.Errorf("%s: %d, not %d", url, status, want)
		}
	}
	s.end()
	for _, address := range []string{metrics, profiles} {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			t.Errorf("%s still answers", address)
		}
	}
}

func TestAnAddressOfMetricsThatIsTakenIsNamed(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	refuse(t, configured(t, "PARLEY_TELEMETRY_METRICS="+l.Addr().String()), "set telemetry.metrics to another one")
}
