package telemetry

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// scrapeTime is how long the store may take to say which turns are open.
const scrapeTime = 2 * time.Second

// Watch adds what is read from its owners when somebody looks. Call it once.
func (t *Telemetry) Watch(h *hub.Hub, s store.Reader) error {
	count := func(name, help string, value func(hub.Stats) int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(value(h.Stats())) })
	}
	level := func(name, help string, value func(hub.Stats) int64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value(h.Stats())) })
	}
	for _, part := range []prometheus.Collector{
		level("parley_hub_subscribers", "Readers that wait for events of conversations.", func(s hub.Stats) int64 { return s.Readers }),
		level("parley_hub_conversations", "Conversations that have such readers.", func(s hub.Stats) int64 { return int64(s.Topics) }),
		count("parley_hub_delivered_events_total", "Events that were handed to readers live, once for each reader.", func(s hub.Stats) int64 { return s.Delivered }),
		count("parley_hub_missed_total", "How often a reader was too slow for that and had to read the store.", func(s hub.Stats) int64 { return s.Missed }),
		openTurns{store: s, open: prometheus.NewDesc("parley_turns_open", "Stored turns that have not ended.", []string{"state"}, nil)},
	} {
		if err := t.registry.Register(part); err != nil {
			return err
		}
	}
	return nil
}

// openTurns counts the open turns in the store: the only place that knows them
// all, also after a restart.
type openTurns struct {
	store store.Reader
	open  *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (o openTurns) Describe(to chan<- *prometheus.Desc) { to <- o.open }

// Collect implements prometheus.Collector. If the store does not answer there
// is no value, and the store's own metrics say why.
func (o openTurns) Collect(to chan<- prometheus.Metric) {
	// Collectors are given no context.
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	turns, err := o.store.OpenTurns(ctx)
	if err != nil {
		return
	}
	count := map[convo.TurnState]int{convo.StateQueued: 0, convo.StateRunning: 0, convo.StateWaiting: 0}
	for _, t := range turns {
		if _, ok := count[t.State]; ok {
			count[t.State]++
		}
	}
	for state, n := range count {
		to <- prometheus.MustNewConstMetric(o.open, prometheus.GaugeValue, float64(n), string(state))
	}
}
