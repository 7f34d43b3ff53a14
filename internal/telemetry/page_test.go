package telemetry_test

import (
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/store/memory"
	"github.com/parleyhq/parley/internal/telemetry"
)

func TestThePageNamesEveryMetricAndItsLabels(t *testing.T) {
	t.Parallel()
	tel := made(t, telemetry.Options{})
	inner := memory.New()
	defer inner.Close()
	if err := tel.Watch(hub.New(), tel.Store(inner)); err != nil {
		t.Fatal(err)
	}
	if err := tel.WatchLimits(nil); err != nil {
		t.Fatal(err)
	}
	turn(tel, "m", &model.Error{Kind: model.Silent}, convo.EndFailed)
	_, request := tel.RequestStarted(httptest.NewRequest("GET", "/", nil))
	request.Ended(httpio.RequestEnd{Took: time.Second})
	tel.Sockets().Connected(true)
	tel.Sockets().Sent(true)
	text := scrape(t, tel)

	page, err := os.ReadFile("../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{} // by name: type and labels
	for _, row := range regexp.MustCompile("(?m)^\\| `(parley_[a-z_]+)` \\| ([a-z]+) \\| ([a-z, ]*) ?\\|").FindAllStringSubmatch(string(page), -1) {
		labels := strings.Split(strings.ReplaceAll(strings.TrimSpace(row[3]), " ", ""), ",")
		slices.Sort(labels)
		documented[row[1]] = row[2] + " " + strings.Join(labels, ",")
	}
	real := map[string]string{}
	for _, kind := range regexp.MustCompile(`(?m)^# TYPE (parley_[a-z_]+) ([a-z]+)$`).FindAllStringSubmatch(text, -1) {
		series := regexp.MustCompile(`(?m)^` + kind[1] + `(?:_count)?(?:\{([^}]*)\})? `).FindStringSubmatch(text)
		var labels []string
		for _, l := range regexp.MustCompile(`([a-z]+)="`).FindAllStringSubmatch(series[1], -1) {
			labels = append(labels, l[1])
		}
		slices.Sort(labels)
		real[kind[1]] = kind[2] + " " + strings.Join(labels, ",")
	}
	if len(real) < 20 {
		t.Fatalf("there are %d metrics", len(real))
	}
	for name, is := range real {
		if documented[name] != is {
			t.Errorf("%s is %q, on the page %q", name, is, documented[name])
		}
	}
	for name := range documented {
		if real[name] == "" {
			t.Errorf("the page has %s, which is no metric", name)
		}
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "parley_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	if err != nil {
		t.Error(err)
	}
}
