package sqlite_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/sqlite"
	"github.com/parleyhq/parley/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// kept is a store that remembers its folder.
type kept struct {
	store.Store
	folder string
}

// open opens a folder and closes it at the end of the test.
func open(t testing.TB, folder, boot string) *kept {
	t.Helper()
	s, err := sqlite.Open(t.Context(), folder, sqlite.Options{Boot: boot})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &kept{s, folder}
}

func TestSQLiteKeepsThePromisesOfTheStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Driver{
		Open: func(t testing.TB) store.Store { return open(t, t.TempDir(), "first") },
		Restart: func(t testing.TB, s store.Store) store.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, s.(*kept).folder, "second")
		},
	})
}
