package app

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// The phases of a server's life.
const (
	starting = iota
	running
	draining
)

// state is the phase, for the health checks.
type state struct{ phase atomic.Int32 }

func (s *state) set(phase int32) { s.phase.Store(phase) }

// storeTime is how long the store may take to answer a readiness check.
const storeTime = 2 * time.Second

// withHealth answers /healthz (the process lives) and /readyz (it can be sent
// requests) beside the API. Neither needs a token, and neither says anything
// that an outsider should not know.
func (a *App) withHealth(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz":
			answerHealth(w, "")
		case "/readyz":
			answerHealth(w, a.unready(r.Context()))
		default:
			api.ServeHTTP(w, r)
		}
	})
}

// unready says why the server cannot take requests, or "".
func (a *App) unready(ctx context.Context) string {
	switch a.state.phase.Load() {
	case starting:
		return "starting"
	case draining:
		return "shutting down"
	}
	limited, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	_, _, err := a.store.Request(limited, convo.RequestID{})
	if err == nil {
		return ""
	}
	if ctx.Err() == nil { // who asked and left says nothing about the store
		a.log.Error("the store does not answer", "error", err)
	}
	return "the store does not answer"
}

func answerHealth(w http.ResponseWriter, trouble string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	text := "ok\n"
	if trouble != "" {
		w.WriteHeader(http.StatusServiceUnavailable)
		text = trouble + "\n"
	}
	_, _ = io.WriteString(w, text) // who asked may have gone
}
