package store

import (
	"context"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// FilePiece is how many bytes the pieces of a file's content have, but for the last
// one.
const FilePiece = 256 << 10

// MaxUnusedFiles is how many files of a conversation may wait for a message.
const MaxUnusedFiles = 100

// FileReader reads files.
type FileReader interface {
	// File reads one, of any tenant.
	File(ctx context.Context, id string) (convo.File, error)

	// ConversationFiles reads a page of the files of a conversation that have content,
	// in the order in which they were made.
	ConversationFiles(ctx context.Context, tenant, conversation string, q FileQuery) ([]convo.File, error)

	// Piece reads a piece of a file's content, counted from 0. NotFound: there is
	// none, or the content has been replaced since f was read.
	Piece(ctx context.Context, f convo.File, n int64) ([]byte, error)
}

// FileQuery says which files are read.
type FileQuery struct {
	Waiting bool // only those that no message has
	Desc    bool // the newest first
	Limit   int
	// The page begins behind the file with that id, which was made at that time and
	// may be gone. "" = at the beginning.
	After   string
	Created time.Time
}

// Files keeps files. Their content comes in pieces, so that none has to be held in
// memory. An upload belongs to a file of a conversation, or to an object whose body
// is a [convo.Stored] that names it.
type Files interface {
	// PutFile stores a new file, which has no content yet, of a conversation. If
	// there is no such conversation: NotFound; if it has MaxUnusedFiles that no
	// message uses: Conflict.
	PutFile(ctx context.Context, f convo.File) error

	// PutPiece stores a piece of an upload. It is nobody's content yet. It is
	// Buffered.
	PutPiece(ctx context.Context, upload string, n int64, at time.Time, data []byte) error

	// DropUpload removes the pieces of an upload that no file has.
	DropUpload(ctx context.Context, upload string) error

	// FillFile makes an upload the content of a file, in place of an earlier one,
	// which is removed: MediaType, Size, Upload and Stored become those of f. It is
	// Durable. A file that is used already is a Conflict.
	FillFile(ctx context.Context, f convo.File) error

	// PruneFiles removes the files that no message uses and the pieces of uploads
	// that no file has, if they are older.
	PruneFiles(ctx context.Context, before time.Time) error
}

// FileTx is what a transaction may do to the files of its conversation. The content
// of files that go is gone when the update returns, and nobody can read it from the
// commit on; if the process ends in between, PruneFiles removes it.
type FileTx interface {
	// OwnFile reads a file of the transaction's conversation, as the transaction left
	// it. It is NotFound if there is none.
	OwnFile(id string) (convo.File, error)

	// AddFile stores a new file of the transaction's conversation with its content,
	// an upload. It fails as PutFile does; an id that a file has is a Conflict. One that
	// comes with Uses, or says a message, is used once from the beginning: it never waits,
	// and there is room for it however many others do.
	AddFile(f convo.File) error

	// UseFile counts one more part that is the file. Unless it is a file of the
	// transaction's conversation, with content: NotFound.
	UseFile(id string) error

	// ReleaseFile counts one part less, or the message less that it says. The file goes
	// with the last one. One that there is not is passed over.
	ReleaseFile(id string) error
}

// FilesWaiting is the error of drivers about one file more than may wait.
func FilesWaiting() error {
	return convo.Errorf(convo.Conflict,
		"%d files of this conversation wait for a message; send them, or wait a day until they are removed", MaxUnusedFiles)
}

// FileExists is the error of drivers about a second file with an id.
func FileExists(id string) error {
	return convo.Errorf(convo.Conflict, "there is a file %q already", id)
}

// FileUsed is the error of drivers about new content for a file that a message has.
func FileUsed() error {
	return convo.Errorf(convo.Conflict, "a message has this file already; ask for a new one")
}
