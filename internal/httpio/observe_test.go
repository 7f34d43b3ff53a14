package httpio_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

type seenKey struct{}

// observer keeps what it is told of requests that come one after the other.
type observer struct {
	streams int
	ends    []httpio.RequestEnd
}

func (o *observer) RequestStarted(r *http.Request) (context.Context, httpio.Observation) {
	return context.WithValue(r.Context(), seenKey{}, true), o
}

func (o *observer) Streaming() { o.streams++ }

func (o *observer) Ended(e httpio.RequestEnd) { o.ends = append(o.ends, e) }

func TestAnObserverSeesHowRequestsEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler httpio.Handler
		want    httpio.RequestEnd
		streams int
	}{
		"an answer": {
			handler: func(w *httpio.Response, r *http.Request) error {
				if r.Context().Value(seenKey{}) == nil {
					return errors.New("the handler has another context")
				}
				w.Route, w.Operation = "/x/{id}", "readX"
				return w.Send(http.StatusOK, "text/plain", []byte("ok"))
			},
			want: httpio.RequestEnd{Operation: "readX", Route: "/x/{id}", Status: 200, Bytes: 2},
		},
		"a refusal": {
			handler: func(*httpio.Response, *http.Request) error { return convo.Errorf(convo.Invalid, "no") },
			want:    httpio.RequestEnd{Status: 400, Bytes: 2},
		},
		"a panic": {
			handler: func(*httpio.Response, *http.Request) error { panic("oh") },
			want:    httpio.RequestEnd{Status: 400, Bytes: 14},
		},
		"a stream": {
			handler: func(w *httpio.Response, _ *http.Request) error {
				s := httpio.StreamLines(w)
				defer s.Close()
				return s.End([]byte("{}\n"))
			},
			want: httpio.RequestEnd{Status: 200, Bytes: 3}, streams: 1,
		},
		"an answer that is cut": {
			handler: func(*httpio.Response, *http.Request) error { return httpio.Cut(errors.New("broken")) },
			want:    httpio.RequestEnd{Cut: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &observer{}
			shell := &httpio.Shell{Log: discard(), Observer: o, Fail: func(w *httpio.Response, _ *http.Request, err *convo.Error) {
				_ = w.Send(http.StatusBadRequest, "text/plain", []byte(err.Message))
			}}
			func() {
				defer func() { _ = recover() }() // http.ErrAbortHandler
				shell.Wrap(c.handler).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x/1", nil))
			}()
			if len(o.ends) != 1 || o.streams != c.streams {
				t.Fatalf("it was told of %d ends and %d streams", len(o.ends), o.streams)
			}
			got := o.ends[0]
			if got.Took <= 0 {
				t.Errorf("it took %v", got.Took)
			}
			if got.Took = 0; got != c.want {
				t.Errorf("got %+v\nwant %+v", got, c.want)
			}
		})
	}
}
