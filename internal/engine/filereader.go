package engine

import (
	"context"
	"errors"
	"io"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// OpenFile reads the content of a file from its beginning, as long as ctx lasts. It
// holds a piece of it in memory.
func (e *Engine) OpenFile(ctx context.Context, f convo.File) io.ReadSeeker {
	return &seekingReader{ctx: ctx, engine: e, file: f}
}

// seekingReader reads a file for those whose readers have no context.
type seekingReader struct {
	ctx    context.Context
	engine *Engine
	file   convo.File
	offset int64
	piece  []byte // the latest that was read: readers ask for less at a time
	at     int64  // where it begins
}

// Read implements io.Reader.
func (f *seekingReader) Read(p []byte) (int, error) {
	if f.offset < f.at || f.offset >= f.at+int64(len(f.piece)) {
		if err := f.fetch(); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.piece[f.offset-f.at:])
	f.offset += int64(n)
	return n, nil
}

// fetch reads the piece with the offset.
func (f *seekingReader) fetch() error {
	piece := make([]byte, store.FilePiece)
	at := f.offset - f.offset%store.FilePiece
	n, err := f.engine.ReadFile(f.ctx, f.file, piece, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if f.piece, f.at = piece[:n], at; f.offset >= at+int64(n) {
		return io.EOF
	}
	return nil
}

// Seek implements io.Seeker.
func (f *seekingReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.offset
	case io.SeekEnd:
		offset += f.file.Size
	}
	if offset < 0 {
		return 0, errors.New("a file begins at 0")
	}
	f.offset = offset
	return offset, nil
}
