package sqlite

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

const (
	fileColumns = `key, tenant, conversation, name, media_type, size, upload, uses, created, stored, message`
	fileByID    = `SELECT ` + fileColumns + ` FROM files WHERE key = ?`
)

func (q *query) readFile() convo.File {
	return convo.File{
		ID: q.readKey(), Tenant: q.readText(), Conversation: q.readKey(), Name: q.readText(), MediaType: q.readText(),
		Size: q.readInt(), Upload: q.readKey(), Uses: q.readInt(), Created: fromMilli(q.readInt()), Stored: q.readTime(),
		Message: q.readKey(),
	}
}

func readFile(conn *sqlite.Conn, id string) (f convo.File, ok bool, err error) {
	ok, err = ask(conn, fileByID).position(id).one(func(q *query) { f = q.readFile() })
	return f, ok, err
}

// File implements store.FileReader.
func (s *reader) File(ctx context.Context, id string) (f convo.File, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		var ok bool
		f, ok, err = readFile(conn, id)
		if err == nil && !ok {
			err = noFile(id)
		}
		return err
	})
	return f, err
}

const (
	ofConversation = `SELECT ` + fileColumns + ` FROM files WHERE tenant = ? AND conversation = ? AND upload IS NOT NULL`
	notUsed        = ` AND uses = 0`
)

// ConversationFiles implements store.FileReader.
func (s *reader) ConversationFiles(ctx context.Context, tenant, conversation string, q store.FileQuery) (found []convo.File, err error) {
	statement, than, order := ofConversation, " > ", ""
	if q.Waiting {
		statement += notUsed
	}
	if q.Desc {
		than, order = " < ", " DESC"
	}
	if q.After != "" {
		statement += ` AND (created, key)` + than + `(?, ?)`
	}
	statement += ` ORDER BY created` + order + `, key` + order + ` LIMIT ?`
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		rows := ask(conn, statement).text(tenant).position(conversation)
		if q.After != "" {
			rows = rows.int(q.Created.UnixMilli()).position(q.After)
		}
		rows.int(int64(q.Limit))
		found = nil
		for rows.next() {
			found = append(found, rows.readFile())
		}
		return rows.done()
	})
	return found, err
}

// Piece implements store.FileReader.
func (s *reader) Piece(ctx context.Context, f convo.File, n int64) (data []byte, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		ok, err := ask(conn, `SELECT data FROM file_pieces WHERE upload = ? AND n = ?`).position(f.Upload).int(n).
			one(func(q *query) { data = q.readBlob() })
		if err == nil && !ok {
			err = noFile(f.ID)
		}
		return err
	})
	return data, err
}

const insertFile = `
	INSERT INTO files (key, tenant, conversation, name, media_type, size, upload, uses, created, stored)
	SELECT ?1, ?2, ?3, ?4, '', 0, NULL, 0, ?5, NULL
	WHERE EXISTS (SELECT 1 FROM conversations WHERE tenant = ?2 AND key = ?3)`

// PutFile implements store.Files.
func (s *Store) PutFile(ctx context.Context, f convo.File) error {
	return s.do(ctx, store.Buffered, func(conn *sqlite.Conn) error {
		waiting, err := waitingFiles(conn, f.Tenant, f.Conversation)
		if err != nil {
			return err
		}
		if waiting >= store.MaxUnusedFiles {
			return store.FilesWaiting()
		}
		err = ask(conn, insertFile).key(f.ID).text(f.Tenant).key(f.Conversation).text(f.Name).int(f.Created.UnixMilli()).exec()
		if err == nil && conn.Changes() == 0 {
			err = noConversation(f.Conversation)
		}
		return err
	})
}

// waitingFiles counts the files of a conversation that no message has.
func waitingFiles(conn *sqlite.Conn, tenant, conversation string) (n int, err error) {
	_, err = ask(conn, `SELECT count(*) FROM files WHERE tenant = ? AND conversation = ? AND uses = 0`).
		text(tenant).key(conversation).one(func(q *query) { n = int(q.readInt()) })
	return n, err
}

// PutPiece implements store.Files.
func (s *Store) PutPiece(ctx context.Context, upload string, n int64, at time.Time, data []byte) error {
	return s.do(ctx, store.Buffered, func(conn *sqlite.Conn) error {
		return ask(conn, `INSERT INTO file_pieces (upload, n, at, data) VALUES (?, ?, ?, ?)`).
			key(upload).int(n).int(at.UnixMilli()).blob(notNil(data)).exec()
	})
}

func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// DropUpload implements store.Files.
func (s *Store) DropUpload(ctx context.Context, upload string) error {
	return s.dropUploads(ctx, []string{upload})
}

// FillFile implements store.Files.
func (s *Store) FillFile(ctx context.Context, f convo.File) error {
	var before convo.File
	err := s.do(ctx, store.Durable, func(conn *sqlite.Conn) (err error) {
		var ok bool
		before, ok, err = readFile(conn, f.ID)
		switch {
		case err != nil:
			return err
		case !ok:
			return noFile(f.ID)
		case before.Uses > 0:
			return store.FileUsed()
		}
		return ask(conn, `UPDATE files SET media_type = ?, size = ?, upload = ?, stored = ? WHERE key = ?`).
			text(f.MediaType).int(f.Size).key(f.Upload).int(f.Stored.UnixMilli()).key(f.ID).exec()
	})
	if err == nil && before.Upload != "" {
		s.dropLeft(ctx, []string{before.Upload})
	}
	return err
}

// noFilesPiece is the condition on a piece that it is no file's content.
const noFilesPiece = `NOT EXISTS (SELECT 1 FROM files WHERE files.upload = file_pieces.upload)
	AND NOT EXISTS (SELECT 1 FROM objects WHERE objects.upload = file_pieces.upload)`

const dropSome = `
	DELETE FROM file_pieces WHERE id IN (SELECT id FROM file_pieces WHERE upload = ? AND ` + noFilesPiece + ` LIMIT ?)`

// dropUploads removes the pieces of uploads that no file has, a few in each
// transaction: they have many bytes, and everybody would wait for them.
func (s *Store) dropUploads(ctx context.Context, uploads []string) error {
	for _, upload := range uploads {
		for more := true; more; {
			err := s.do(ctx, store.Buffered, func(conn *sqlite.Conn) error {
				return overwriting(conn, func() error {
					err := ask(conn, dropSome).key(upload).int(pruneFilesAtOnce).exec()
					more = conn.Changes() >= pruneFilesAtOnce
					return err
				})
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// dropLeft removes what the files had that a committed transaction removed. What
// fails is left to PruneFiles: the caller's change is done.
func (s *Store) dropLeft(ctx context.Context, uploads []string) {
	if len(uploads) > 0 {
		_ = s.dropUploads(context.WithoutCancel(ctx), uploads)
	}
}

// pruneFilesAtOnce is how many files, or pieces of them, are removed in one
// transaction: many more bytes than other rows have.
const pruneFilesAtOnce = 16

// PruneFiles implements store.Files.
func (s *Store) PruneFiles(ctx context.Context, before time.Time) error {
	// First the files: one whose pieces were going could still be used.
	for more := true; more; {
		err := s.do(ctx, store.Buffered, func(conn *sqlite.Conn) error {
			err := ask(conn, `DELETE FROM files WHERE key IN (SELECT key FROM files WHERE uses = 0 AND created < ? LIMIT ?)`).
				int(ceilMilli(before)).int(pruneFilesAtOnce).exec()
			more = conn.Changes() >= pruneFilesAtOnce
			return err
		})
		if err != nil {
			return err
		}
	}
	return s.prunePieces(ctx, before)
}

// prunePieces removes old pieces that are no file's content. They are looked for
// outside the transactions that remove them, because that goes through all pieces.
func (s *Store) prunePieces(ctx context.Context, before time.Time) error {
	for last := int64(0); ; {
		var old []int64
		err := s.read(ctx, func(conn *sqlite.Conn) error {
			q := ask(conn, `SELECT id FROM file_pieces WHERE id > ? AND at < ? AND `+noFilesPiece+` ORDER BY id LIMIT ?`).
				int(last).int(ceilMilli(before)).int(pruneFilesAtOnce)
			for q.next() {
				old = append(old, q.readInt())
			}
			return q.done()
		})
		if err != nil || len(old) == 0 {
			return err
		}
		last = old[len(old)-1]
		if err := s.do(ctx, store.Buffered, func(conn *sqlite.Conn) error { return deletePieces(conn, old) }); err != nil {
			return err
		}
	}
}

// deletePieces removes those of some pieces that are no file's content.
func deletePieces(conn *sqlite.Conn, ids []int64) error {
	return overwriting(conn, func() error {
		for _, id := range ids {
			if err := ask(conn, `DELETE FROM file_pieces WHERE id = ? AND `+noFilesPiece).int(id).exec(); err != nil {
				return err
			}
		}
		return nil
	})
}

// file finds a file of the transaction's conversation, with what the transaction
// did to it; nil if there is none.
func (t *tx) file(id string) (*convo.File, error) {
	if f, ok := t.files[id]; ok {
		return f, nil
	}
	f, ok, err := readFile(t.conn(), id)
	if err != nil || !ok || f.Tenant != t.key.tenant || f.Conversation != t.key.id || !t.stored {
		return nil, err
	}
	return &f, nil
}

// OwnFile implements store.FileTx.
func (t *tx) OwnFile(id string) (convo.File, error) {
	f, err := t.file(id)
	if err != nil {
		return convo.File{}, err
	}
	if f == nil {
		return convo.File{}, noFile(id)
	}
	return *f, nil
}

// AddFile implements store.FileTx.
func (t *tx) AddFile(f convo.File) error {
	if t.conversation == nil {
		return noConversation(t.key.id)
	}
	_, exists, err := readFile(t.conn(), f.ID)
	if err != nil {
		return err
	}
	if exists || t.files[f.ID] != nil {
		return store.FileExists(f.ID)
	}
	f.Tenant, f.Conversation = t.key.tenant, t.key.id
	if f.Uses > 0 || f.Message != "" {
		f.Uses = 1
	} else if err := t.roomToWait(); err != nil {
		return err
	}
	f.Created, f.Stored = fromMilli(f.Created.UnixMilli()), fromMilli(f.Stored.UnixMilli())
	put(&t.files, f.ID, &f)
	put(&t.added, f.ID, true)
	return nil
}

// roomToWait refuses one file more that waits for a message.
func (t *tx) roomToWait() error {
	waiting, err := waitingFiles(t.conn(), t.key.tenant, t.key.id)
	for id := range t.added {
		if t.files[id].Uses == 0 {
			waiting++
		}
	}
	if err == nil && waiting >= store.MaxUnusedFiles {
		err = store.FilesWaiting()
	}
	return err
}

const insertWhole = `INSERT INTO files (` + fileColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

func insertFilled(conn *sqlite.Conn, f convo.File) error {
	return ask(conn, insertWhole).key(f.ID).text(f.Tenant).key(f.Conversation).text(f.Name).text(f.MediaType).
		int(f.Size).key(f.Upload).int(f.Uses).int(f.Created.UnixMilli()).int(f.Stored.UnixMilli()).key(f.Message).exec()
}

// UseFile implements store.FileTx.
func (t *tx) UseFile(id string) error {
	f, err := t.file(id)
	if err != nil {
		return err
	}
	if f == nil || f.Upload == "" {
		return noFile(id)
	}
	used := *f
	used.Uses++
	put(&t.files, id, &used)
	return nil
}

// ReleaseFile implements store.FileTx.
func (t *tx) ReleaseFile(id string) error {
	f, err := t.file(id)
	if err != nil || f == nil || f.Uses == 0 {
		return err
	}
	released := *f
	released.Uses--
	put(&t.files, id, &released)
	return nil
}

// applyFiles writes how often files are used now. Those that are not are removed.
func (t *tx) applyFiles() error {
	for id, f := range t.files {
		if t.added[id] {
			if err := insertFilled(t.conn(), *f); err != nil {
				return err
			}
			continue
		}
		if f.Uses > 0 {
			if err := ask(t.conn(), `UPDATE files SET uses = ? WHERE key = ?`).int(f.Uses).key(id).exec(); err != nil {
				return err
			}
			continue
		}
		if err := ask(t.conn(), `DELETE FROM files WHERE key = ?`).key(id).exec(); err != nil {
			return err
		}
		t.w.uploads = append(t.w.uploads, f.Upload)
	}
	return nil
}

// deleteFiles removes the files of the conversation. Their content goes after the
// commit.
func (t *tx) deleteFiles() error {
	q := ask(t.conn(), `SELECT upload FROM files WHERE tenant = ? AND conversation = ? AND upload IS NOT NULL`).
		text(t.key.tenant).key(t.key.id)
	for q.next() {
		t.w.uploads = append(t.w.uploads, q.readKey())
	}
	return errorsFirst(q.done(),
		ask(t.conn(), `DELETE FROM files WHERE tenant = ? AND conversation = ?`).text(t.key.tenant).key(t.key.id).exec())
}

func noFile(id string) error { return convo.Errorf(convo.NotFound, "there is no file %q", id) }
