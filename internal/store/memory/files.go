package memory

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// upload is the pieces of a file's content. It is never changed, but replaced.
type upload struct {
	at     time.Time // of the first piece
	pieces map[int64][]byte
}

// File implements store.FileReader.
func (s *Store) File(ctx context.Context, id string) (convo.File, error) {
	if err := s.rlock(ctx); err != nil {
		return convo.File{}, err
	}
	defer s.mu.RUnlock()
	f, ok := s.files[id]
	if !ok {
		return f, noFile(id)
	}
	return f, nil
}

// ConversationFiles implements store.FileReader.
func (s *Store) ConversationFiles(ctx context.Context, tenant, conversation string, q store.FileQuery) ([]convo.File, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	order := func(a, b convo.File) int {
		n := cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
		if q.Desc {
			return -n
		}
		return n
	}
	after := convo.File{ID: q.After, Created: stored(q.Created)}
	var found []convo.File
	for _, f := range s.files {
		mine := f.Tenant == tenant && f.Conversation == conversation && f.Upload != ""
		if mine && !(q.Waiting && f.Uses > 0) && (q.After == "" || order(after, f) < 0) {
			found = append(found, f)
		}
	}
	slices.SortFunc(found, order)
	return found[:min(len(found), q.Limit)], nil
}

// Piece implements store.FileReader.
func (s *Store) Piece(ctx context.Context, f convo.File, n int64) ([]byte, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	data, ok := s.pieces[f.Upload].pieces[n]
	if !ok {
		return nil, noFile(f.ID)
	}
	return bytes.Clone(data), nil
}

// PutFile implements store.Files.
func (s *Store) PutFile(ctx context.Context, f convo.File) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if _, err := s.find(f.Tenant, f.Conversation); err != nil {
		return err
	}
	if s.waiting(f.Tenant, f.Conversation) >= store.MaxUnusedFiles {
		return store.FilesWaiting()
	}
	s.files[f.ID] = convo.File{
		Tenant: f.Tenant, ID: f.ID, Conversation: f.Conversation, Name: f.Name, Created: stored(f.Created),
	}
	return nil
}

// waiting counts the files of a conversation that no message has. The caller holds
// the lock.
func (s *Store) waiting(tenant, conversation string) int {
	n := 0
	for _, f := range s.files {
		if f.Tenant == tenant && f.Conversation == conversation && f.Uses == 0 {
			n++
		}
	}
	return n
}

// PutPiece implements store.Files.
func (s *Store) PutPiece(ctx context.Context, id string, n int64, at time.Time, data []byte) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	u := s.pieces[id]
	if u.pieces == nil {
		u.at = stored(at)
	}
	pieces := map[int64][]byte{n: append([]byte{}, data...)}
	maps.Copy(pieces, u.pieces)
	u.pieces = pieces
	s.pieces[id] = u
	return nil
}

// DropUpload implements store.Files.
func (s *Store) DropUpload(ctx context.Context, id string) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if !s.content(id) {
		delete(s.pieces, id)
	}
	return nil
}

// content reports whether an upload is that of some file. The caller holds the lock.
func (s *Store) content(upload string) bool {
	for _, f := range s.files {
		if f.Upload == upload {
			return true
		}
	}
	for _, o := range s.objects {
		if f, ok := o.Body.(convo.Stored); ok && f.Upload == upload {
			return true
		}
	}
	return false
}

// FillFile implements store.Files.
func (s *Store) FillFile(ctx context.Context, f convo.File) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	filled, ok := s.files[f.ID]
	switch {
	case !ok:
		return noFile(f.ID)
	case filled.Uses > 0:
		return store.FileUsed()
	}
	old := filled.Upload
	filled.MediaType, filled.Size, filled.Upload, filled.Stored = f.MediaType, f.Size, f.Upload, stored(f.Stored)
	s.files[f.ID] = filled
	if !s.content(old) {
		delete(s.pieces, old)
	}
	return nil
}

// PruneFiles implements store.Files.
func (s *Store) PruneFiles(ctx context.Context, before time.Time) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for id, f := range s.files {
		if f.Uses == 0 && f.Created.Before(before) {
			delete(s.files, id)
		}
	}
	for id, u := range s.pieces {
		if u.at.Before(before) && !s.content(id) {
			delete(s.pieces, id)
		}
	}
	return nil
}

// OwnFile implements store.FileTx.
func (t *tx) OwnFile(id string) (convo.File, error) {
	f, ok := t.store.files[id]
	if !ok || f.Tenant != t.key.tenant || f.Conversation != t.key.id || t.conversation == nil {
		return convo.File{}, noFile(id)
	}
	return f, nil
}

// AddFile implements store.FileTx.
func (t *tx) AddFile(f convo.File) error {
	used := f.Uses > 0 || f.Message != ""
	switch _, exists := t.store.files[f.ID]; {
	case t.conversation == nil:
		return convo.Errorf(convo.NotFound, "there is no conversation %q", t.key.id)
	case exists:
		return store.FileExists(f.ID)
	case !used && t.store.waiting(t.key.tenant, t.key.id) >= store.MaxUnusedFiles:
		return store.FilesWaiting()
	}
	f.Tenant, f.Conversation, f.Uses = t.key.tenant, t.key.id, 0
	if used {
		f.Uses = 1
	}
	f.Created, f.Stored = stored(f.Created), stored(f.Stored)
	t.undo = append(t.undo, func() { delete(t.store.files, f.ID) })
	t.store.files[f.ID] = f
	return nil
}

// UseFile implements store.FileTx.
func (t *tx) UseFile(id string) error {
	f, ok := t.store.files[id]
	if !ok || f.Tenant != t.key.tenant || f.Conversation != t.key.id || t.conversation == nil || f.Upload == "" {
		return noFile(id)
	}
	f.Uses++
	t.setFile(id, &f)
	return nil
}

// ReleaseFile implements store.FileTx.
func (t *tx) ReleaseFile(id string) error {
	f, ok := t.store.files[id]
	if !ok || f.Tenant != t.key.tenant || f.Conversation != t.key.id || f.Uses == 0 {
		return nil
	}
	if f.Uses--; f.Uses == 0 {
		t.setFile(id, nil)
		return nil
	}
	t.setFile(id, &f)
	return nil
}

// setFile changes a file, or removes it with its content.
func (t *tx) setFile(id string, f *convo.File) {
	before := t.store.files[id]
	t.undo = append(t.undo, func() { t.store.files[id] = before })
	if f != nil {
		t.store.files[id] = *f
		return
	}
	delete(t.store.files, id)
	t.dropContent(before.Upload)
}

// dropContent removes an upload, unless it is that of some file.
func (t *tx) dropContent(upload string) {
	content, had := t.store.pieces[upload]
	if !had || t.store.content(upload) {
		return
	}
	t.undo = append(t.undo, func() { t.store.pieces[upload] = content })
	delete(t.store.pieces, upload)
}

// dropFiles removes the files of the transaction's conversation.
func (t *tx) dropFiles() {
	for id, f := range t.store.files {
		if f.Tenant == t.key.tenant && f.Conversation == t.key.id {
			t.setFile(id, nil)
		}
	}
}

func noFile(id string) error { return convo.Errorf(convo.NotFound, "there is no file %q", id) }
