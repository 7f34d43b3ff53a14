package fulltext_test

import (
	"testing"

	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/retrieve/fulltext"
	"github.com/parleyhq/parley/internal/retrieve/retrievetest"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/memory"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

func open(t *testing.T, s store.Store) retrieve.Texts {
	t.Helper()
	ix := fulltext.New(s, fulltext.Options{})
	t.Cleanup(func() {
		if err := ix.Close(); err != nil {
			t.Error(err)
		}
	})
	return ix
}

func TestDriverOverMemory(t *testing.T) {
	t.Parallel()
	retrievetest.RunTexts(t, retrievetest.Driver{Open: open, Store: func(t *testing.T) store.Store {
		t.Helper()
		return closed(t, memory.New())
	}})
}

func TestDriverOverSQLite(t *testing.T) {
	t.Parallel()
	retrievetest.RunTexts(t, retrievetest.Driver{Open: open, Store: func(t *testing.T) store.Store {
		t.Helper()
		s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return closed(t, s)
	}})
}

// closed is a store that is closed at the end of the test.
func closed(t *testing.T, s store.Store) store.Store {
	t.Helper()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
