package seal

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// KeyFile is what there is to say about a key that was read from a file.
type KeyFile struct {
	Text  string // what the file holds; config.DecodeKey reads it
	Made  bool   // the file was missing and has been made
	Loose bool   // others than its owner may read it
}

// LoadKey reads a file that holds a key.
func LoadKey(path string) (KeyFile, error) {
	info, err := os.Stat(path)
	if err != nil {
		return KeyFile{}, fmt.Errorf("the key file cannot be read: %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return KeyFile{}, fmt.Errorf("the key file cannot be read: %w", err)
	}
	return KeyFile{Text: string(text), Loose: info.Mode().Perm()&0o077 != 0}, nil
}

// LoadOrMakeKey reads the file, or makes it with a new key and mode 0600. The
// file appears whole or not at all, and is on the disk when this returns:
// whatever is sealed with a key that was lost with the power is lost as well.
func LoadOrMakeKey(path string) (KeyFile, error) {
	k, err := LoadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	secret := make([]byte, KeySize)
	_, _ = rand.Read(secret) // never fails, says crypto/rand
	text := base64.StdEncoding.EncodeToString(secret) + "\n"
	if err := WriteWhole(path, text); err != nil {
		return KeyFile{}, fmt.Errorf("the key file cannot be made: %w", err)
	}
	return KeyFile{Text: text, Made: true}, nil
}

// WriteWhole puts a text in place of a file with mode 0600: whole or not at all, and
// on the disk when it returns.
func WriteWhole(path, text string) (err error) {
	draft, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(draft.Name())
		}
	}()
	_, err = draft.WriteString(text)
	if err = errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	return Move(draft.Name(), path)
}

// Move puts a file in place of another one of the same folder. It is on the disk
// when this returns.
func Move(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
