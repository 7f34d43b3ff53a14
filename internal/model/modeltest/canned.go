package modeltest

import (
	"context"
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

// WantEndAtOnce checks that the last event of an answer is passed on before
// somebody waits for what may come behind it: the provider says all of stream,
// and keeps the connection until its caller has read the answer.
func WantEndAtOnce(t *testing.T, open func(http.RoundTripper) model.Provider, stream string) {
	t.Helper()
	l := &lingering{said: strings.NewReader(stream), read: make(chan struct{})}
	for e, err := range open(l).Stream(t.Context(), hello()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Type == model.Finish {
			close(l.read)
		}
	}
	if l.inVain {
		t.Error("the last event was held back until somebody gave up waiting")
	}
}

// lingering is a body that ends when read is closed.
type lingering struct {
	said   *strings.Reader
	read   chan struct{}
	ctx    context.Context
	inVain bool
}

// RoundTrip implements http.RoundTripper.
func (l *lingering) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := Canned("").RoundTrip(r)
	if err == nil {
		l.ctx, res.Body = r.Context(), io.NopCloser(l)
	}
	return res, err
}

// Read implements io.Reader.
func (l *lingering) Read(p []byte) (int, error) {
	if n, err := l.said.Read(p); err == nil {
		return n, nil
	}
	select {
	case <-l.read:
		return 0, io.EOF
	case <-l.ctx.Done():
		l.inVain = true
		return 0, l.ctx.Err()
	}
}
