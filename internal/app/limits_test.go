package app_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/console"
)

func TestTheSocketHasNoLimits(t *testing.T) {
	t.Parallel()
	cfg := configured(t, "PARLEY_LIMITS_RATE_TENANT=2")
	s := start(t, cfg)
	for i, want := range []int{200, 200, 429, 429} {
		if status, out := s.call("GET", "/v1/platform/model/list", ""); status != want {
			t.Errorf("request %d gets %d, %v", i, status, out)
		}
	}
	client, err := console.Dial(t.Context(), cfg.Data)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	secret, err := client.Chat(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if status, header := overSocket(t.Context(), t, client, secret); status != http.StatusOK || header.Get("RateLimit") != "" {
			t.Errorf("over the socket: %d, RateLimit %q", status, header.Get("RateLimit"))
		}
	}
	status, body := plain(t, client.HTTP(), console.BaseURL+"/metrics")
	if status != http.StatusOK || !strings.Contains(body, `parley_limits_refused_total{limit="rate.tenant"} 2`) {
		t.Errorf("the metrics do not tell: %d", status)
	}
	if status, body := s.text("/readyz"); status != http.StatusOK {
		t.Errorf("a health check gets %d, %s", status, body)
	}
}

func overSocket(ctx context.Context, t *testing.T, client *console.Client, secret string) (int, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, console.BaseURL+"/v1/platform/model/list", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	resp, err := client.HTTP().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header
}
