package sqlite_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

// Others would wait for all bytes of a conversation's files, if those went at once.
func TestFilesGoALittleAtATime(t *testing.T) {
	t.Parallel()
	const pieces = 40
	var commits atomic.Int64
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{Committed: func(int) { commits.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	appendTo(t, s, talk1, convo.Event{At: time.UnixMilli(1), Body: convo.ConversationCreated{}})
	f := convo.File{Tenant: "a", ID: "file", Conversation: talk1, Created: time.UnixMilli(1)}
	if err := s.PutFile(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	fill := func(upload string) {
		for n := range int64(pieces) {
			if err := s.PutPiece(t.Context(), upload, n, f.Created, []byte("some")); err != nil {
				t.Fatal(err)
			}
		}
		f.Size, f.Upload, f.Stored = 4*pieces, upload, f.Created
		if err := s.FillFile(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	update := func(fn func(store.Tx) error) func() error {
		return func() error {
			_, err := s.Update(t.Context(), "a", talk1, store.Durable, fn)
			return err
		}
	}
	for n, remove := range []func() error{
		func() error {
			return s.FillFile(t.Context(), convo.File{ID: "file", Upload: "another", Stored: f.Created})
		},
		update(func(tx store.Tx) error { return tx.UseFile("file") }),
		update(store.Tx.Delete),
	} {
		if n < 2 {
			fill(fmt.Sprint("upload ", n))
		}
		before := commits.Load()
		if err := remove(); err != nil {
			t.Fatal(err)
		}
		if n == 1 {
			continue // nothing goes
		}
		if got := commits.Load() - before; got < 3 {
			t.Errorf("removal %d took %d commits", n, got)
		}
		for piece := range int64(pieces) {
			if _, err := s.Piece(t.Context(), f, piece); convo.ErrorKind(err) != convo.NotFound {
				t.Fatalf("removal %d left piece %d: %v", n, piece, err)
			}
		}
	}
}
