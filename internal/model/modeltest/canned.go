package modeltest

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/model"
)

// Canned answers every request with the same stream, without a network: for
// streams that no fake provider would make up, and for fuzzing.
type Canned string

// RoundTrip implements http.RoundTripper.
func (c Canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"text/event-stream"}},
		Body:   io.NopCloser(strings.NewReader(string(c))),
	}, nil
}

// Answer is what a stream gave.
type Answer struct {
	Text, Reasoning string
	Calls           []model.Call
	Usage           *model.Report
	Stop            model.StopReason
	Err             error
}

// Ask asks a provider once, and checks the promises that hold for all streams.
func Ask(t *testing.T, p model.Provider) Answer {
	t.Helper()
	a := read(t, p.Stream(t.Context(), hello()))
	return Answer{Text: a.text, Reasoning: a.reasoning, Calls: a.calls, Usage: a.usage, Stop: a.stop, Err: a.err}
}
