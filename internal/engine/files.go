package engine

import (
	"context"
	"errors"
	"io"
	"mime"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/document"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// unusedFiles is how long a file is kept that no message has.
const unusedFiles = 24 * time.Hour

// CreateFile makes a file of a conversation, whose content is still to come.
func (e *Engine) CreateFile(ctx context.Context, actor convo.Actor, conversation, name string) (convo.File, error) {
	if _, err := e.Conversation(ctx, actor, conversation); err != nil {
		return convo.File{}, err
	}
	f := convo.File{Tenant: actor.Tenant, ID: newID(), Conversation: conversation, Name: name, Created: now()}
	err := e.store.PutFile(context.WithoutCancel(ctx), f)
	e.noteRoom(err)
	return f, err
}

// FillFile makes what is read the content of a file, in place of an earlier one. It
// is for those whom the file's address was given to: nobody else is asked for. More
// than the limit is TooLarge, and a file that a message has is a Conflict; nothing
// has changed then.
func (e *Engine) FillFile(ctx context.Context, id, mediaType string, content io.Reader) error {
	f, err := e.store.File(ctx, id)
	if err != nil {
		return err
	}
	if f.Uses > 0 {
		return store.FileUsed()
	}
	// What was begun is ended, also when the sender has gone.
	steady := context.WithoutCancel(ctx)
	f.MediaType, f.Upload, f.Stored = mediaType, newID(), now()
	if f.Size, err = e.receive(steady, f.Upload, content, e.limits.File); err == nil {
		err = e.store.FillFile(steady, f)
	}
	if err != nil {
		err = errors.Join(err, e.store.DropUpload(steady, f.Upload))
	}
	e.noteRoom(err)
	return err
}

// receive stores what is read in pieces, at most so many bytes, and gives its size.
func (e *Engine) receive(ctx context.Context, upload string, content io.Reader, most int64) (size int64, err error) {
	limited := io.LimitReader(content, most+1)
	piece := make([]byte, store.FilePiece)
	for n := int64(0); ; n++ {
		read, err := io.ReadFull(limited, piece)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, err
		}
		if size += int64(read); size > most {
			return 0, tooLargeFile(most)
		}
		last := err != nil
		if read > 0 {
			if err := e.store.PutPiece(ctx, upload, n, now(), piece[:read]); err != nil {
				return 0, err
			}
		}
		if last {
			return size, nil
		}
	}
}

func tooLargeFile(most int64) error {
	return convo.Errorf(convo.TooLarge, "the file is too large; send at most %d bytes", most)
}

// File reads a file, without its content, for those whom its address was given to.
func (e *Engine) File(ctx context.Context, id string) (convo.File, error) {
	return e.store.File(ctx, id)
}

// OwnFile reads a file of a conversation that the actor may see.
func (e *Engine) OwnFile(ctx context.Context, actor convo.Actor, id string) (convo.File, error) {
	f, err := e.store.File(ctx, id)
	if err != nil {
		return convo.File{}, err
	}
	if f.Tenant == actor.Tenant {
		_, err = e.Conversation(ctx, actor, f.Conversation)
	}
	if f.Tenant != actor.Tenant || convo.ErrorKind(err) == convo.NotFound {
		err = convo.Errorf(convo.NotFound, "there is no file %q", clip(id))
	}
	if err != nil {
		return convo.File{}, err
	}
	return f, nil
}

// ReadFile reads the content of a file from an offset on, into p. It is io.ReaderAt
// with a context.
func (e *Engine) ReadFile(ctx context.Context, f convo.File, p []byte, offset int64) (n int, err error) {
	for n < len(p) && offset < f.Size {
		piece, err := e.store.Piece(ctx, f, offset/store.FilePiece)
		if err != nil {
			return n, err
		}
		from := int(offset % store.FilePiece)
		if from >= len(piece) {
			return n, io.ErrUnexpectedEOF
		}
		copied := copy(p[n:], piece[from:])
		n, offset = n+copied, offset+int64(copied)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// attached finds the file that a part of a message is to be: one of its
// conversation, with content. Files that are not kept here are nil. It is NotFound
// if there is none, or if it has no content.
func (e *Engine) attached(ctx context.Context, tenant, conversation, uri string) (*convo.File, error) {
	id, ok := convo.FileID(uri)
	if !ok {
		return nil, nil
	}
	f, err := e.store.File(ctx, id)
	if err != nil {
		return nil, err
	}
	if f.Tenant != tenant || f.Conversation != conversation || f.Upload == "" || f.Message != "" { // of a message already
		return nil, convo.Errorf(convo.NotFound, "there is no file %q with content in this conversation", clip(uri))
	}
	return &f, nil
}

// readable is a file and what its content is read from.
type readable struct {
	io.ReaderAt
	file convo.File
}

// contents are the files that a turn brings, by their ids, before it is admitted.
type contents map[string]readable

// content finds a file: one that a turn brings, or one that is stored.
func (e *Engine) content(ctx context.Context, id string, own contents) (readable, error) {
	if f, ok := own[id]; ok {
		return f, nil
	}
	f, err := e.store.File(ctx, id)
	return readable{contentAt{ctx, e, f}, f}, err
}

// fileText gives what a file says, cut to so many bytes, if it is a text or a document
// that can be read; "" if it is none. whole says that nothing was cut.
func (e *Engine) fileText(ctx context.Context, f readable, most int) (text string, whole bool, err error) {
	most = max(most, 0)
	if isDocument(f.file) {
		text, whole, err = e.documentText(ctx, f, most+aroundCut)
	} else {
		text, whole, err = f.plainText(most + aroundCut)
	}
	if err != nil || len(text) <= most {
		return text, whole, err
	}
	text, err = e.cutFor(ctx, hub.Key{Tenant: f.file.Tenant, Conversation: f.file.Conversation}, text, most)
	return text, false, err
}

// isDocument reports whether the text of a file has to be taken out of it first.
func isDocument(f convo.File) bool {
	kind, _, err := mime.ParseMediaType(f.MediaType)
	if err != nil || kind == "application/octet-stream" {
		kind = document.MediaType(f.Name)
	}
	switch kind {
	case "application/pdf", "text/html", "application/xhtml+xml",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document":
		return true
	}
	return false
}

// documentText is fileText for documents. One that cannot be read says nothing: that
// must not end the turns of its conversation.
func (e *Engine) documentText(ctx context.Context, f readable, most int) (string, bool, error) {
	doc, err := e.documents.Read(ctx, document.File{
		Name: f.file.Name, MediaType: f.file.MediaType, Size: f.file.Size, Content: f,
	})
	if err == nil {
		text, whole := doc.Text(most)
		return text, whole, nil
	}
	if kind := convo.ErrorKind(err); kind != convo.Invalid && kind != convo.TooLarge && ctx.Err() == nil {
		e.log.Warn("a file of a message could not be read", "file", f.file.ID, "conversation", f.file.Conversation, "error", err)
	}
	return "", false, ctx.Err()
}

func (f readable) plainText(most int) (text string, whole bool, err error) {
	content := make([]byte, min(f.file.Size, int64(most)))
	n, err := f.ReadAt(content, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", false, err
	}
	text, whole = strings.TrimPrefix(string(content[:n]), "\ufeff"), int64(n) >= f.file.Size
	if !whole { // the last character may be cut
		for cut := 0; cut < utf8.UTFMax && !utf8.ValidString(text); cut++ {
			text = text[:len(text)-1]
		}
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return "", false, nil
	}
	return text, whole, nil
}

// releaseFiles lets go of the files that a message has, which is deleted.
func releaseFiles(tx store.Tx, m convo.Message) error {
	for _, part := range m.Parts {
		if part.File == nil {
			continue
		}
		if id, ok := convo.FileID(part.File.URI); ok {
			if err := tx.ReleaseFile(id); err != nil {
				return err
			}
		}
	}
	return nil
}
