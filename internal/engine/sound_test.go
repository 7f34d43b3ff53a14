package engine_test

import (
	"context"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/audit"
	"github.com/parleyhq/parley/internal/store/memory"
)

// mustBeSound holds what a test made the engine write to what parley check and
// an import of its export ask of every log.
func mustBeSound(t *testing.T, s *memory.Store) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // it is called at the test's end
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	if _, err := audit.Run(ctx, snapshot, audit.Options{Found: func(f audit.Finding) { t.Errorf("found %+v", f) }}); err != nil {
		t.Error(err)
	}
	page, err := snapshot.Conversations(ctx, "t", store.ConversationQuery{Limit: 1000})
	if err != nil {
		t.Error(err)
	}
	for _, c := range page {
		events, err := snapshot.Events(ctx, "t", c.ID, 0, 1<<20)
		if err != nil {
			t.Error(err)
		}
		var open engine.Interruption
		for _, e := range events {
			open.Follow(e)
		}
		if err := memory.New().Import(ctx, "t", c.ID, append(events, open.Events()...)); err != nil {
			t.Errorf("an import of %s: %v", c.ID, err)
		}
		for _, e := range events {
			if d, ok := e.Body.(convo.MessageDeleted); ok {
				mustBeErased(t, events, d.ID)
			}
		}
	}
}

// mustBeErased fails if an event of the log says something of a deleted message.
func mustBeErased(t *testing.T, events []convo.Event, message string) {
	t.Helper()
	for _, e := range events {
		if erased, ok := convo.Erase(e.Body, message); ok && (convo.Event{Body: erased}).Size() < e.Size() {
			t.Errorf("event %d still says %+v of a deleted message", e.Seq, e.Body)
		}
	}
}
