package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// filledStore is a data folder that rows share.
type filledStore struct {
	data    string
	written fillReport
	size    int64 // of the folder, before anybody used it
}

// keptStore is what stands beside the data of a store that was kept, written
// when it is complete.
type keptStore struct {
	Spec    fillSpec
	Written fillReport
	Size    int64
}

// store gives the folder of a spec, which is filled when it is first asked for:
// a large one takes much longer than what is measured of it. With Keep it may
// have been filled by an earlier run.
func (b *bench) store(ctx context.Context, spec fillSpec) (*filledStore, error) {
	if s := b.stores[spec]; s != nil {
		return s, nil
	}
	s, err := b.keptStore(ctx, spec)
	if err == nil {
		b.stores[spec] = s
	}
	return s, err
}

// keptStore fills a folder, or finds it filled.
func (b *bench) keptStore(ctx context.Context, spec fillSpec) (*filledStore, error) {
	folder := filepath.Join(b.folder, kept)
	if b.Keep != "" {
		folder = b.Keep
	}
	folder = filepath.Join(folder, fmt.Sprintf("%d-%d-%d-%t", spec.Conversations, spec.Messages, spec.Mean, spec.Noise))
	s := &filledStore{data: filepath.Join(folder, "data")}
	known, err := readKept(folder)
	if err != nil {
		return nil, err
	}
	if known.Spec == spec {
		b.logf("%s: uses %d conversations of %d messages in %s", b.name, spec.Conversations, spec.Messages, s.data)
		s.written, s.size = known.Written, known.Size
		return s, nil
	}
	if err := errors.Join(os.RemoveAll(s.data), os.MkdirAll(s.data, 0o700)); err != nil {
		return nil, err
	}
	in := spec
	in.Folder = s.data
	if s.written, err = b.filled(ctx, in); err != nil {
		return nil, err
	}
	if s.size, err = folderSize(s.data); err != nil {
		return nil, err
	}
	return s, writeKept(folder, keptStore{spec, s.written, s.size})
}

func keptFile(folder string) string { return filepath.Join(folder, "filled.json") }

// readKept says what a folder was filled with; nothing, if it is not complete.
func readKept(folder string) (k keptStore, err error) {
	text, err := os.ReadFile(keptFile(folder))
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &k)
	}
	if err != nil {
		return k, fmt.Errorf("%s cannot be read: %w; remove %s to have it filled again", keptFile(folder), err, folder)
	}
	return k, nil
}

func writeKept(folder string, k keptStore) error {
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return os.WriteFile(keptFile(folder), text, 0o600)
}
