package app

import (
	"context"
	"io"

	"github.com/parleyhq/parley/internal/document"
)

// Option changes a server that is made.
type Option func(*App)

// ReadBy has PDF and DOCX files read by a command in processes of its own, which
// calls [Extract]: what is hostile in a file costs that process, and not the server.
// Without it, they are read by the server itself.
func ReadBy(command ...string) Option {
	return func(a *App) { a.documents.Isolation = document.Isolate(command...) }
}

// Extract reads a file for a server that was made with [ReadBy]. It bounds the memory
// of this process, which it ends when a file would take more.
func Extract(ctx context.Context, in io.Reader, out io.Writer) error {
	return document.Extract(ctx, in, out)
}

// MediaType is the media type of a file that datasets can have, by its name; "" = it
// has none, or a name that does not say so.
func MediaType(name string) string { return document.MediaType(name) }
