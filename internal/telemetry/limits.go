package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/parleyhq/parley/internal/ratelimit"
)

// WatchLimits adds what a limiter has refused; a nil one refuses nothing. Call it
// once.
func (t *Telemetry) WatchLimits(l *ratelimit.Limiter) error {
	const name, help = "parley_limits_refused_total", "Requests that a limit refused with 429, before anything was done."
	return t.registry.Register(refusals{limiter: l, refused: prometheus.NewDesc(name, help, []string{"limit"}, nil)})
}

// refusals reads a limiter's counts when somebody looks.
type refusals struct {
	limiter *ratelimit.Limiter
	refused *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (r refusals) Describe(to chan<- *prometheus.Desc) { to <- r.refused }

// Collect implements prometheus.Collector. The labels are the names of the
// settings, behind "limits.".
func (r refusals) Collect(to chan<- prometheus.Metric) {
	c := r.limiter.Counts()
	for limit, n := range map[string]uint64{
		"rate.token": c.TokenRate, "rate.tenant": c.TenantRate, "rate.address": c.AddressRate,
		"streams.token": c.TokenStreams, "streams.tenant": c.TenantStreams,
	} {
		to <- prometheus.MustNewConstMetric(r.refused, prometheus.CounterValue, float64(n), limit)
	}
}
