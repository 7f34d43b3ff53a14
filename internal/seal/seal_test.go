package seal_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/seal"
)

func box(t testing.TB, keys ...byte) *seal.Box {
	t.Helper()
	var all [][]byte
	for _, k := range keys {
		all = append(all, bytes.Repeat([]byte{k}, seal.KeySize))
	}
	b, err := seal.New(all...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatWasSealedOpensInItsContextOnly(t *testing.T) {
	t.Parallel()
	b := box(t, 1)
	sealed := b.Seal([]byte("a secret"), []byte("here"))
	if bytes.Contains(sealed, []byte("secret")) {
		t.Fatal("the text can be read")
	}
	if got, err := b.Open(sealed, []byte("here")); err != nil || string(got) != "a secret" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := b.Open(sealed, []byte("there")); err == nil {
		t.Error("it opens in another context")
	}
	if bytes.Equal(sealed, b.Seal([]byte("a secret"), []byte("here"))) {
		t.Error("the same text is sealed alike twice")
	}
}

func TestEveryChangedByteIsNoticed(t *testing.T) {
	t.Parallel()
	b := box(t, 1)
	sealed := b.Seal([]byte("text"), nil)
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 0x10
		if _, err := b.Open(changed, nil); err == nil {
			t.Errorf("byte %d may be changed", i)
		}
		if _, err := b.Open(sealed[:i], nil); err == nil {
			t.Errorf("%d bytes are enough", i)
		}
	}
}

func TestKeysCanBeChanged(t *testing.T) {
	t.Parallel()
	old, both, fresh := box(t, 1), box(t, 2, 1), box(t, 2)
	sealed := old.Seal([]byte("text"), nil)
	if got, err := both.Open(sealed, nil); err != nil || string(got) != "text" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := fresh.Open(sealed, nil); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("got %v", err)
	}
	if _, err := fresh.Open(both.Seal([]byte("text"), nil), nil); err != nil {
		t.Errorf("the first key does not seal: %v", err)
	}
}

func TestBadKeysAreRefused(t *testing.T) {
	t.Parallel()
	if _, err := seal.New(); err == nil {
		t.Error("no key is enough")
	}
	if _, err := seal.New(make([]byte, 16)); err == nil {
		t.Error("a short key is taken")
	}
}

func TestAKeyFileIsMadeOnceForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "key")
	made, err := seal.LoadOrMakeKey(path)
	if err != nil || !made.Made || made.Loose {
		t.Fatalf("got %+v, %v", made, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
	again, err := seal.LoadOrMakeKey(path)
	if err != nil || again.Made || again.Text != made.Text {
		t.Errorf("got %+v, %v", again, err)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if loose, err := seal.LoadKey(path); err != nil || !loose.Loose {
		t.Errorf("got %+v, %v", loose, err)
	}
}

func TestAMissingKeyFileIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := seal.LoadKey(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there was read")
	}
	if _, err := seal.LoadOrMakeKey(filepath.Join(t.TempDir(), "no", "folder")); err == nil {
		t.Error("a file was made in a folder that is not there")
	}
}

func TestAFileTakesThePlaceOfAnother(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	from, to := filepath.Join(folder, "next"), filepath.Join(folder, "key")
	if err := seal.Move(from, to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without the file: %v", err)
	}
	for path, text := range map[string]string{from: "new", to: "old"} {
		if err := seal.WriteWhole(path, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := seal.Move(from, to); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(to)
	if entries, _ := os.ReadDir(folder); err != nil || string(text) != "new" || len(entries) != 1 {
		t.Errorf("%q, %v, beside %v", text, err, entries)
	}
}

func FuzzOpen(f *testing.F) {
	b := box(f, 1)
	f.Add(b.Seal([]byte("text"), []byte("context")), []byte("context"))
	f.Add([]byte{1}, []byte(nil))
	f.Fuzz(func(t *testing.T, sealed, context []byte) {
		plain, err := b.Open(sealed, context)
		if err == nil && string(plain) != "text" {
			t.Errorf("something that was not sealed opened as %q", plain)
		}
	})
}
