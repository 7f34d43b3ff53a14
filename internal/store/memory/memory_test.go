package memory_test

import (
	"testing"

	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/memory"
	"github.com/parleyhq/parley/internal/store/storetest"
)

func TestMemoryKeepsThePromisesOfTheStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Driver{
		Open: func(testing.TB) store.Store { return memory.New() },
		Restart: func(_ testing.TB, s store.Store) store.Store {
			s.(*memory.Store).Restart()
			return s
		},
	})
}
