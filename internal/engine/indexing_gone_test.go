package engine_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store/memory"
)

// readStore lets a test act before the content of a file is read for the first time.
type readStore struct {
	*memory.Store
	once sync.Once
	read func()
}

func (s *readStore) Piece(ctx context.Context, f convo.File, n int64) ([]byte, error) {
	s.once.Do(s.read)
	return s.Store.Piece(ctx, f, n)
}

func TestAFileThatIsDeletedWhileItIsReadIsNoFailureOfTheServer(t *testing.T) {
	t.Parallel()
	s := &readStore{Store: memory.New()}
	b := &bundle{t: t, store: s.Store, hub: hub.New(), actor: convo.Actor{Tenant: "t", Token: "token"}}
	b.fixed = &fixedModel{window: 32_000}
	var log strings.Builder
	b.Engine = engine.New(engine.Options{
		Store: s, Hub: b.hub, Models: b.fixed, Sealer: openSealer{}, Limits: engine.DefaultLimits(),
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	b.startEngine()
	d := b.dataset(convo.Dataset{})
	f := b.source("tea.md", "text/markdown", "# Tea\n\nGreen.")
	s.read = func() {
		if _, err := b.DeleteTenantFile(t.Context(), b.actor, f, nil); err != nil {
			t.Error(err)
		}
	}
	b.attach(d, f)
	b.Idle()
	page, err := b.DatasetFiles(t.Context(), b.actor, d, engine.List{})
	if err != nil || len(page.Items) > 0 || log.Len() > 0 {
		t.Errorf("%+v, %v; the log says %q", page.Items, err, log.String())
	}
}
