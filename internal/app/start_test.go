package app

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/auth"
	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
	"github.com/parleyhq/parley/internal/store"
)

// opened makes an app that does not run.
func opened(t *testing.T, env ...string) *App {
	t.Helper()
	folder, err := os.MkdirTemp("", "parley") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	l, err := config.Load(config.Sources{Env: append([]string{
		"PARLEY_DATA=" + filepath.Join(folder, "data"), "PARLEY_LISTEN=127.0.0.1:0", "PARLEY_FIND_OLLAMA=false",
	}, env...)})
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(t.Context(), l.Config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// A signal may come when some turns of the process before go on already.
func TestAServerThatIsToldToStopWhileItStartsEndsItsTurns(t *testing.T) {
	t.Parallel()
	provider := fakeprovider.Start(t)
	hold := make(chan struct{})
	defer close(hold)
	provider.Push(fakeprovider.Behaviour{Text: []string{"one ", "never"}, After: 1, Hold: hold})
	a := opened(t, "OPENAI_BASE_URL="+provider.URL+"/v1", "PARLEY_TURNS_DRAIN=0s")
	_, err := a.store.Update(t.Context(), "default/default", "c", store.Durable, func(tx store.Tx) error {
		for _, body := range []convo.Body{
			convo.ConversationCreated{}, convo.TurnOpened{},
			convo.MessageGiven{ID: "m", Fields: convo.MessageFields{Type: convo.User}, Text: "Hi"}, convo.TurnQueued{},
		} {
			if err := tx.Append(convo.Event{At: time.Now().UTC(), Turn: "t", Body: body}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := a.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
	turn, err := a.store.Turn(t.Context(), "default/default", "c", "t")
	if err != nil || turn.State != convo.StateEnded || turn.Reason != convo.EndStopped {
		t.Errorf("the turn is left as %s (%s), %v", turn.State, turn.Reason, err)
	}
}

// stopping is a store for tokens in which a signal comes with the first one.
type stopping struct {
	store.Store
	stop func()
}

func (s stopping) PutToken(ctx context.Context, t convo.Token) error {
	s.stop()
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.Store.PutToken(ctx, t)
}

func TestSecretsAreMadeAndShownEvenIfASignalComesMeanwhile(t *testing.T) {
	t.Parallel()
	a := opened(t, "PARLEY_TENANTS=[{org: a, name: b}, {org: a, name: c}]")
	ctx, stop := context.WithCancel(t.Context())
	a.auth = auth.New(stopping{a.store, stop}, time.Now)
	if err := a.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
	select {
	case <-a.Ready():
	default:
		t.Error("nobody is told to show them")
	}
	if len(a.Secrets()) != 2 {
		t.Errorf("%d secrets are shown", len(a.Secrets()))
	}
}

// leaving is a store whose caller leaves before it answers.
type leaving struct {
	store.Store
	leave func()
}

func (s leaving) Request(ctx context.Context, _ convo.RequestID) (convo.Request, bool, error) {
	s.leave()
	return convo.Request{}, false, ctx.Err()
}

func TestAHealthCheckThatIsGivenUpIsNoAlarm(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	ctx, leave := context.WithCancel(t.Context())
	a := &App{log: slog.New(slog.NewTextHandler(&log, nil)), store: leaving{leave: leave}}
	a.state.set(running)
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/readyz", nil)
	a.withHealth(nil).ServeHTTP(httptest.NewRecorder(), r)
	if log.Len() > 0 {
		t.Errorf("the log says %s", log.String())
	}
}
