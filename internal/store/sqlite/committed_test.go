package sqlite_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

func TestEachCommitSaysHowManyUpdatesSharedIt(t *testing.T) {
	t.Parallel()
	updates, commits := 0, 0 // the writer's, until the store is closed
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{Committed: func(n int) { updates += n; commits++ }})
	if err != nil {
		t.Fatal(err)
	}
	const callers = 50
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			_, err := s.Update(context.Background(), "t", fmt.Sprint(i), store.Buffered, func(tx store.Tx) error {
				return tx.Append(convo.Event{Body: convo.ConversationCreated{}})
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if updates != callers || commits < 1 || commits > callers {
		t.Errorf("%d updates in %d commits", updates, commits)
	}
}
