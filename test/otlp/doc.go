// Package otlp holds what a server tells of itself against what reads it: traces
// go to the OTLP receiver of the OpenTelemetry Collector, metrics through the
// parser and the linter of Prometheus.
//
// It is a module of its own, so that the Collector's dependencies stay out of
// the server's. It runs the server as a process, built in its own module:
//
//	cd test/otlp && go test ./...
package otlp
