package httpio

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// Handler answers a request, or returns the error to be shown. It must not
// write anything before it returns an error that its caller should see.
type Handler func(w *Response, r *http.Request) error

// Cut marks an error that is not rendered: the connection is cut instead, so
// that the client sees a broken answer and may repeat its request.
func Cut(cause error) error { return &cutError{cause} }

type cutError struct{ error }

// Unwrap gives the cause.
func (e *cutError) Unwrap() error { return e.error }

// Shell is what stands around every handler of a front: the request's id, its
// line in the log, recovery from panics, common headers and errors.
type Shell struct {
	Log *slog.Logger
	// Fail renders an error. Its Kind and Message may be shown; of a
	// [*NotAllowed], found by errors.As, also Allow.
	Fail func(w *Response, r *http.Request, err *convo.Error)
	// Observer is told of each request; nil = nobody is.
	Observer Observer
	// NewID makes the id of a request, for the header X-Request-Id and the log; nil =
	// a random text.
	NewID func() string
}

// Wrap makes an http.Handler. The handler sees a writer that [Shell] owns.
func (s *Shell) Wrap(h Handler) http.Handler {
	newID := s.NewID
	if newID == nil {
		newID = rand.Text
	}
	return http.HandlerFunc(func(writer http.ResponseWriter, r *http.Request) {
		start, id := time.Now(), newID()
		var observed Observation
		if s.Observer != nil {
			var ctx context.Context
			ctx, observed = s.Observer.RequestStarted(r)
			r = r.WithContext(ctx)
		}
		w := newResponse(writer, r)
		w.observed = observed
		header := w.Header()
		header.Set("X-Request-Id", id)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		header.Set("Referrer-Policy", "no-referrer")

		err := s.run(h, w, r, id)
		_, cut := errors.AsType[*cutError](err)
		cut = cut || err != nil && (w.Started() || isGone(r, err))
		if err != nil && !cut {
			s.fail(w, r, err)
		}
		s.finish(w, r, cut)
		s.Log.LogAttrs(r.Context(), slog.LevelInfo, "request",
			slog.String("id", id), slog.String("method", r.Method), slog.String("route", w.Route),
			slog.Int("status", w.status), slog.Duration("took", time.Since(start)),
			slog.Int64("bytes", w.bytes), slog.Bool("gone", r.Context().Err() != nil))
		if observed != nil {
			observed.Ended(RequestEnd{
				Operation: w.Operation, Route: w.Route, Status: w.status, Bytes: w.bytes, Took: time.Since(start), Cut: cut,
			})
		}
		if cut {
			// A clean end would make half an answer, or none, look like a whole one.
			panic(http.ErrAbortHandler)
		}
	})
}

// run calls the handler and logs what nobody may see.
func (s *Shell) run(h Handler, w *Response, r *http.Request, id string) (err error) {
	defer func() {
		if v := recover(); v != nil {
			s.Log.ErrorContext(r.Context(), "handler panicked", "id", id, "route", w.Route,
				"panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			err = errPanicked()
		}
	}()
	err = h(w, r)
	if wrong, ok := errors.AsType[*NotAllowed](err); ok {
		w.Header().Set("Allow", wrong.Allow)
		w.Route = wrong.Pattern
		return convo.WrapError(convo.MethodNotAllowed, err, "%s", wrong.Error())
	}
	if err != nil && convo.ErrorKind(err) == convo.Internal && !isGone(r, err) {
		s.Log.ErrorContext(r.Context(), "request failed", "id", id, "route", w.Route, "error", err)
	}
	return err
}

// isGone reports whether an error only says that the request was given up, by
// the client or by a server that ends: there is no answer then. The context
// alone does not: net/http ends it as well when a body is cut off or too slow,
// and such a client may still read what was wrong.
func isGone(r *http.Request, err error) bool {
	return r.Context().Err() != nil && convo.ErrorKind(err) == convo.Internal
}

func errPanicked() error { return convo.Errorf(convo.Internal, "internal error") }

// fail drains the body before it answers: a client that is cut off while it
// sends would see a network error instead of the answer.
func (s *Shell) fail(w *Response, r *http.Request, err error) {
	if !drain(w, r) {
		w.Header().Set("Connection", "close")
	}
	s.Fail(w, r, convo.PublicError(err))
}

// finish hands the receipt to the connection, or says at once what is known.
func (s *Shell) finish(w *Response, r *http.Request, cut bool) {
	if w.receipt == nil {
		return
	}
	// A client that left after the last write may have read all of it.
	if cut || w.late {
		w.receipt.Broken()
		return
	}
	if c, ok := r.Context().Value(connKey{}).(*conn); ok {
		c.answered(w.receipt)
		return
	}
	// A server that is not ours: the flush that follows is not seen.
	w.receipt.Written()
	w.receipt.Delivered()
}
