package sqlite_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

// What was encrypted with a key that is given up must not be found in the files:
// somebody may have the key.
func TestNothingOfTheOldKeyStaysInTheFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s, err := sqlite.Open(t.Context(), folder, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, size := range []int{100, 3000, 20_000, 200_000} {
		_, err := s.Update(t.Context(), "t", "", store.Durable, func(tx store.Tx) error {
			at := time.UnixMilli(int64(i))
			return tx.PutObject(convo.Object{
				Tenant: "t", ID: fmt.Sprintf("0190f5fe-0000-7000-8000-00000000000%d", i), Created: at, Updated: at, Body: convo.Secret{Scope: convo.SharedSecret, Type: convo.PlainSecret},
				Sealed: bytes.Repeat([]byte("old-key."), size/8),
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err = s.Reseal(t.Context(), func(_ store.SealedPlace, sealed []byte) []byte {
		return bytes.ReplaceAll(sealed, []byte("old"), []byte("new"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found = found || bytes.Contains(text, []byte("new-key."))
		if n := bytes.Count(text, []byte("old-key.")); n > 0 {
			t.Errorf("%s has %d pieces of what was encrypted before", filepath.Base(path), n)
		}
	}
	if !found {
		t.Errorf("what is encrypted now is in none of %v", files)
	}
}
