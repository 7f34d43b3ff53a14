package remote

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfterHasThreeForms(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		seconds, ms string
		want        time.Duration
	}{
		{"", "", 0},
		{"2", "", 2 * time.Second},
		{"0.5", "", 500 * time.Millisecond},
		{"2", "150", 150 * time.Millisecond},
		{"Fri, 02 Jan 2026 03:05:05 GMT", "", time.Minute},
		{"Fri, 02 Jan 2026 03:04:00 GMT", "", 0},
		{"-3", "", 0},
		{"soon", "", 0},
		{"NaN", "", 0},
		{"1e300", "", 24 * time.Hour},
		{"Inf", "", 24 * time.Hour},
	} {
		h := http.Header{}
		h.Set("Retry-After", c.seconds)
		h.Set("Retry-After-Ms", c.ms)
		if got := retryAfter(h, now); got != c.want {
			t.Errorf("Retry-After %q, ms %q: got %s, want %s", c.seconds, c.ms, got, c.want)
		}
	}
}

func FuzzReport(f *testing.F) {
	f.Add(`{"error":{"message":"x","details":[{"retryDelay":"34.5s"},{"reason":"API_KEY_INVALID"}]}}`)
	f.Add(`[{"error":"x"},{"message":"y"}]`)
	f.Add(`{"detail":[{"msg":"x"}],"error":null}`)
	f.Add(`{"error":{"message":"x","details":[{"retryDelay":"-9h"},{"retryDelay":"999999h"}]}}`)
	f.Fuzz(func(t *testing.T, body string) {
		if r := readReport([]byte(body)); r.retry < 0 || r.retry > maxRetryAfter {
			t.Errorf("a wait of %s was believed", r.retry)
		}
	})
}
