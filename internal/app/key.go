package app

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/seal"
)

// keyID is the file in the data folder that names the key of its data.
const keyID = "key.id"

// openKey finds the key for what is kept encrypted: in the configuration, in
// the file that it names, or in the data folder.
func openKey(cfg config.Config, log *slog.Logger) (*seal.Box, error) {
	text := cfg.Key.Reveal()
	if text == "" {
		file, err := openKeyFile(cfg, log)
		if err != nil {
			return nil, err
		}
		text = file.Text
	}
	key, err := config.DecodeKey(text)
	if err != nil {
		return nil, convo.Errorf(convo.Invalid, "the key for what is encrypted at rest is no key: %v", err)
	}
	box, err := seal.New(key)
	if err != nil {
		return nil, err
	}
	return box, checkKey(cfg.Data, box.ID())
}

// checkKey holds the key against the one that the data was sealed with, whose
// id lies in the data folder from the first start on. Another key would open
// nothing of it, and that would show only when somebody asks.
func checkKey(folder, id string) error {
	path := filepath.Join(folder, keyID)
	text, err := os.ReadFile(path)
	known := strings.TrimSpace(string(text))
	switch {
	// An empty one was begun by a first start that nobody let finish.
	case errors.Is(err, fs.ErrNotExist), err == nil && known == "":
		if err := os.WriteFile(path, []byte(id+"\n"), 0o600); err != nil {
			return fmt.Errorf("the id of the key cannot be kept: %w", err)
		}
	case err != nil:
		return fmt.Errorf("the id of the key cannot be read: %w", err)
	case changedWhole(known) != nil:
		return changedWhole(known)
	case known != id:
		return wrongKey(path, "this is not the key that the data was encrypted with")
	}
	return nil
}

// changedWhole refuses what key.id says while the key is being changed.
func changedWhole(known string) error {
	if len(strings.Fields(known)) > 1 {
		return convo.Errorf(convo.Conflict, "the key is being changed, or that broke off: run parley key rotate again, as then")
	}
	return nil
}

// wrongKey refuses to start, and says how to start without what was sealed.
func wrongKey(path, text string) error {
	return convo.Errorf(convo.Conflict, "%s: bring it back, with PARLEY_KEY or --key-file if it lies elsewhere; "+
		"if it is lost, remove %s to go on without what it encrypted (the values of secrets, what stands behind the placeholders of private conversations, the sign-ins of users, and the answers kept for repeats of requests)", text, path)
}

func openKeyFile(cfg config.Config, log *slog.Logger) (file seal.KeyFile, err error) {
	path := cfg.KeyFile
	if path != "" {
		file, err = seal.LoadKey(path)
	} else {
		path = filepath.Join(cfg.Data, keyName)
		if file, err = dataKey(path, filepath.Join(cfg.Data, keyID)); err != nil {
			return file, err
		}
		log.Warn("the key for what is encrypted at rest lies beside the data: set PARLEY_KEY or --key-file to keep it elsewhere", "file", path)
	}
	if file.Loose {
		log.Warn("others than its owner may read the key file: chmod 600 it", "file", path)
	}
	return file, err
}

// dataKey is the key in the data folder. A missing one is made only where
// nothing was encrypted yet.
func dataKey(path, idPath string) (seal.KeyFile, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(idPath); err == nil {
			return seal.KeyFile{}, wrongKey(idPath, "the key that the data was encrypted with is not in "+path)
		}
	}
	return seal.LoadOrMakeKey(path)
}
