package sqlite_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/memory"
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

func TestSQLiteAgreesWithTheReferenceModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(*histories) {
		t.Run(fmt.Sprint("history ", seed), func(t *testing.T) {
			t.Parallel()
			boots := 0
			storetest.Compare(t, storetest.Pair{
				Store: open(t, t.TempDir(), "boot 0"),
				Model: memory.New(),
				Between: func(p *storetest.Pair, r *rand.Rand) {
					folder := p.Store.(*kept).folder
					if r.IntN(3) == 0 {
						mustBeSound(t, folder)
					}
					switch r.IntN(6) {
					case 0: // the machine is restarted
						boots++
						p.Model.(*memory.Store).Restart()
						fallthrough
					case 1: // the server is restarted
						if err := p.Store.Close(); err != nil {
							t.Fatal(err)
						}
						p.Store = open(t, folder, fmt.Sprint("boot ", boots))
					case 2: // the server is killed
						p.Store = open(t, copyFolder(t, folder), fmt.Sprint("boot ", boots))
					}
				},
			}, seed, 300)
		})
	}
}

var histories = flag.Int("histories", manyHistories, "how many random histories are compared")

// copyFolder copies a folder as it is on the disk: what a killed process leaves.
func copyFolder(t testing.TB, from string) string {
	t.Helper()
	to := t.TempDir()
	for _, name := range []string{"parley.db", "parley.db-wal"} {
		data, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, fs.ErrNotExist) && name != "parley.db" {
			continue // the folder was closed
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}
