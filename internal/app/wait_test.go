package app

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

func TestAStartWaitsForTheServerBeforeItAsLongAsItIsTold(t *testing.T) {
	t.Parallel()
	b := &App{cfg: config.Config{Data: filepath.Join(t.TempDir(), "data")}, log: slog.New(slog.DiscardHandler)}
	held, err := sqlite.Open(t.Context(), b.cfg.Data, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.awaitFolder(t.Context(), sqlite.Options{}); convo.ErrorKind(err) != convo.Conflict {
		t.Errorf("without dataWait: %v", err)
	}
	b.cfg.DataWait = 2 * lockEvery
	if _, err := b.awaitFolder(t.Context(), sqlite.Options{}); convo.ErrorKind(err) != convo.Conflict {
		t.Errorf("when the time is over: %v", err)
	}
	b.cfg.DataWait = time.Minute
	opened := make(chan error, 1)
	go func() {
		data, err := b.awaitFolder(t.Context(), sqlite.Options{})
		if err == nil {
			err = data.Close()
		}
		opened <- err
	}()
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Error(err)
	}
}
