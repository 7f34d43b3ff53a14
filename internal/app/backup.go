package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

// keyName is the file in the data folder that holds the key, unless the
// configuration names another place.
const keyName = "key"

// Restored says what a backup was.
type Restored = sqlite.Restored

// Backup copies the data, as it is at this moment, into a new file, also while a
// server runs. The id of the key is in it, and with withKey the key itself.
// progress may be nil.
func Backup(ctx context.Context, cfg config.Config, to string, withKey bool, progress func(done, total int64)) (size int64, err error) {
	files := make(map[string][]byte)
	id, err := os.ReadFile(filepath.Join(cfg.Data, keyID))
	switch {
	case err == nil:
		if err := changedWhole(string(id)); err != nil {
			return 0, err // each of two keys opens a part
		}
		files[keyID] = id
	case !errors.Is(err, fs.ErrNotExist): // there is none before the first start of a server
		return 0, fmt.Errorf("the id of the key cannot be read: %w", err)
	}
	if withKey {
		if files[keyName], err = keyText(cfg); err != nil {
			return 0, err
		}
	}
	return sqlite.Backup(ctx, cfg.Data, to, files, progress)
}

// keyText is the key as it is written where a server would find it.
func keyText(cfg config.Config) ([]byte, error) {
	if key := cfg.Key.Reveal(); key != "" {
		return []byte(key + "\n"), nil
	}
	text, err := os.ReadFile(KeyPlace(cfg))
	if err != nil {
		return nil, fmt.Errorf("the key for what is encrypted at rest cannot be read: %w", err)
	}
	return text, nil
}

// KeyPlace is the file that holds the key for what is encrypted at rest, "" if
// the configuration itself does.
func KeyPlace(cfg config.Config) string {
	switch {
	case cfg.Key.Reveal() != "":
		return ""
	case cfg.KeyFile != "":
		return cfg.KeyFile
	}
	return filepath.Join(cfg.Data, keyName)
}

// Restore puts a backup into the data folder, which must have no data.
// needsKey says that a server will ask for the key that the data was encrypted
// with, and that the backup does not hold it. progress may be nil.
func Restore(ctx context.Context, cfg config.Config, from string, progress func(done, total int64)) (r Restored, needsKey bool, err error) {
	r, err = sqlite.Restore(ctx, from, cfg.Data, progress)
	return r, r.Files[keyID] && !r.Files[keyName], err
}
