package telemetry

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the counters that events move. docs/observability.md describes
// each of them; a test holds the two together.
type metrics struct {
	turns        *prometheus.CounterVec
	turnSeconds  *prometheus.HistogramVec
	turnWait     prometheus.Histogram
	turnsRunning prometheus.Gauge

	calls      *prometheus.CounterVec
	callErrors *prometheus.CounterVec
	firstToken *prometheus.HistogramVec
	tokens     *prometheus.CounterVec

	tools       *prometheus.CounterVec
	toolSeconds prometheus.Histogram

	requests       *prometheus.CounterVec
	requestSeconds *prometheus.HistogramVec
	inFlight       prometheus.Gauge
	streams        prometheus.Gauge

	sockets     prometheus.Gauge
	connections *prometheus.CounterVec
	frames      *prometheus.CounterVec

	updateSeconds *prometheus.HistogramVec
	readSeconds   *prometheus.HistogramVec
	storeErrors   *prometheus.CounterVec
	commitUpdates prometheus.Histogram

	spansLost prometheus.Counter
}

func newMetrics() *metrics {
	return &metrics{
		turns: counters("parley_turns_total", "Turns that ended.", "reason", "front", "provider"),
		turnSeconds: histograms("parley_turn_duration_seconds", "Time from a turn's start to its stored end.",
			[]float64{.1, .25, .5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640}, "provider"),
		turnWait: histogram("parley_turn_wait_seconds", "Time that stored turns waited behind others of their conversation.",
			[]float64{.01, .1, 1, 10, 60, 600}),
		turnsRunning: gauge("parley_turns_running", "Turns that run in this process, stateless ones included."),

		calls:      counters("parley_model_calls_total", "Calls of models that ended, attempts not counted.", "provider", "model", "outcome"),
		callErrors: counters("parley_model_errors_total", "Attempts to call a model that failed, those that were repeated included.", "provider", "kind"),
		firstToken: histograms("parley_model_first_token_seconds", "Time from asking a model to its first token, repeated attempts included.",
			[]float64{.05, .1, .25, .5, 1, 2, 4, 8, 15, 30, 60}, "provider"),
		tokens: counters("parley_model_tokens_total", "Tokens. Those of the type cached are a part of input, reasoning a part of output.", "provider", "model", "type", "source"),

		tools: counters("parley_tool_calls_total", "Calls of the server's tools that ended.", "outcome"),
		toolSeconds: histogram("parley_tool_call_duration_seconds", "Time of a call of a tool of the server.",
			[]float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}),

		requests: counters("parley_http_requests_total", "HTTP requests that were answered.", "operation", "status"),
		requestSeconds: histograms("parley_http_request_duration_seconds", "Time from a request's head to the end of its answer.",
			[]float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}, "operation"),
		inFlight: gauge("parley_http_requests_in_flight", "HTTP requests that are being answered."),
		streams:  gauge("parley_http_streams", "Answers that are streams and have not ended."),

		sockets:     gauge("parley_sockets", "Clients that are connected to sockets."),
		connections: counters("parley_socket_connections_total", "Clients that connected, by whether they went on with an earlier session.", "session"),
		frames:      counters("parley_socket_events_total", "Events on sockets: heard from clients, sent to them, or lost with their connection.", "direction"),

		updateSeconds: histograms("parley_store_update_duration_seconds", "Time of an update of a conversation, with its wait for the commit.", storeBuckets(), "sync"),
		readSeconds:   histograms("parley_store_read_duration_seconds", "Time of a read of the store.", storeBuckets(), "operation"),
		storeErrors:   counters("parley_store_errors_total", "Calls of the store that failed by no fault of their caller.", "operation"),
		commitUpdates: histogram("parley_store_commit_updates", "Updates that shared one commit.", []float64{1, 2, 4, 8, 16, 32, 64, 128, 256}),

		spansLost: prometheus.NewCounter(prometheus.CounterOpts{Name: "parley_trace_spans_lost_total", Help: "Spans that the receiver of traces did not take."}),
	}
}

func (m *metrics) all() []prometheus.Collector {
	return []prometheus.Collector{
		m.turns, m.turnSeconds, m.turnWait, m.turnsRunning,
		m.calls, m.callErrors, m.firstToken, m.tokens,
		m.tools, m.toolSeconds,
		m.requests, m.requestSeconds, m.inFlight, m.streams,
		m.sockets, m.connections, m.frames,
		m.updateSeconds, m.readSeconds, m.storeErrors, m.commitUpdates,
		m.spansLost,
	}
}

func storeBuckets() []float64 {
	return []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5}
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}

func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
}

func buildInfo(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "parley_build_info", Help: "Always 1; its labels say what runs.",
		ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()},
	}, func() float64 { return 1 })
}
