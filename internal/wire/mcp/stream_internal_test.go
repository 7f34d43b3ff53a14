package mcp

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/httpio"
)

func TestSilenceIsBrokenAndAnEndedTokenEndsTheAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var over atomic.Bool
		shell := &httpio.Shell{Log: slog.New(slog.DiscardHandler)}
		got := httptest.NewRecorder()
		shell.Wrap(func(w *httpio.Response, r *http.Request) error {
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			out := &stream{w: w}
			sent := func() string { // the writer's next write comes after it, which fake time alone does not say
				out.mu.Lock()
				defer out.mu.Unlock()
				return got.Body.String()
			}
			done := out.keep(ctx, cancel, over.Load)
			time.Sleep(20 * time.Second)
			synctest.Wait()
			if text := sent(); text != "" {
				t.Errorf("before the answer there is %q", text)
			}
			out.Header().Set("Content-Type", "text/event-stream")
			if _, err := out.Write([]byte("data: {}\n\n")); err != nil {
				t.Error(err)
			}
			time.Sleep(45 * time.Second)
			synctest.Wait()
			if n := strings.Count(sent(), ": \n\n"); n < 2 || n > 3 || ctx.Err() != nil {
				t.Errorf("in 45 s of silence there are %d comments, %v", n, ctx.Err())
			}
			over.Store(true)
			time.Sleep(tokenCheck + time.Second)
			synctest.Wait()
			if ctx.Err() == nil {
				t.Error("the answer outlives its token")
			}
			done()
			return nil
		}).ServeHTTP(got, httptest.NewRequest(http.MethodGet, Path, nil))
	})
}
