package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

// Rotated says what a change of the key did.
type Rotated struct {
	engine.Rotation
	Place string // the file that holds the key now
	Moved bool   // and that is another one than before
}

// RotateKey encrypts everything in the data folder with another key, while no
// server holds the folder. Without a place the new key is made, and takes the
// place of the file of the old one; with one it is read from that file, or made
// there.
//
// It can be cut at any moment and run again. Until all is encrypted anew, both
// keys are in files, and key.id names both, with which no server starts; only
// then the old key is given up.
func RotateKey(ctx context.Context, cfg config.Config, place string) (done Rotated, err error) {
	if err := mustHaveData(ctx, cfg); err != nil {
		return done, err
	}
	data, err := openFolder(ctx, cfg.Data, sqlite.Options{})
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	r := rotation{ids: filepath.Join(cfg.Data, keyID), from: KeyPlace(cfg), to: place}
	if done.Place, done.Moved = place, true; place == "" {
		if r.from == "" {
			return done, convo.Errorf(convo.Invalid, "the key comes from the setting key: name a file for the new one with --to, and set keyFile to it afterwards")
		}
		r.to = r.from + ".next"
		done.Place, done.Moved = r.from, false
	}
	box, err := r.keys(cfg)
	if err != nil {
		return done, err
	}
	if done.Rotation, err = engine.Reseal(ctx, data, box); err != nil {
		return done, err
	}
	if !done.Moved {
		// On the disk before key.id says so.
		if err := seal.Move(r.to, r.from); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return done, fmt.Errorf("the new key cannot take its place: %w", err)
		}
	}
	return done, replaceFile(r.ids, box.ID()+"\n")
}

// rotation is where the keys of a change are.
type rotation struct{ ids, from, to string }

// keys gives a box with the new key and the old one, after key.id names both. Of
// a change that broke off after the new key took its place, the new one is the
// only one.
func (r rotation) keys(cfg config.Config) (*seal.Box, error) {
	old, err := r.old(cfg)
	if err != nil {
		return nil, err
	}
	known, err := os.ReadFile(r.ids)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the id of the key cannot be read: %w", err)
	}
	ids := strings.Fields(string(known))
	now, err := seal.New(old)
	if err != nil {
		return nil, err
	}
	_, missing := os.Stat(r.to)
	if len(ids) == 2 && ids[1] == now.ID() && errors.Is(missing, fs.ErrNotExist) {
		return now, nil
	}
	if len(ids) > 0 && ids[0] != now.ID() {
		return nil, wrongKey(r.ids, "this is not the key that the data was encrypted with")
	}
	file, err := seal.LoadOrMakeKey(r.to)
	if err != nil {
		return nil, err
	}
	fresh, err := config.DecodeKey(file.Text)
	if err != nil {
		return nil, convo.Errorf(convo.Invalid, "%s holds no key: %v", r.to, err)
	}
	box, err := seal.New(fresh, old)
	if err != nil {
		return nil, err
	}
	switch {
	case box.ID() == now.ID():
		return nil, convo.Errorf(convo.Invalid, "%s holds the key that is in use; name a file that is not there, or holds another one", r.to)
	case len(ids) == 2 && ids[1] != box.ID():
		return nil, convo.Errorf(convo.Conflict, "another change of the key broke off: run it again with the file that it was given")
	}
	return box, replaceFile(r.ids, now.ID()+" "+box.ID()+"\n")
}

func (r rotation) old(cfg config.Config) ([]byte, error) {
	text, err := keyText(cfg)
	if err != nil {
		return nil, err
	}
	key, err := config.DecodeKey(string(text))
	if err != nil {
		return nil, convo.Errorf(convo.Invalid, "the key for what is encrypted at rest is no key: %v", err)
	}
	return key, nil
}

// replaceFile puts a text in place of a file, whole or not at all, and on the
// disk when it returns.
func replaceFile(path, text string) error {
	if err := seal.WriteWhole(path, text); err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	return nil
}
