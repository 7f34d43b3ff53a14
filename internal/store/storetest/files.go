package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func fileChecks() []check {
	return []check{
		{"a file is read as it was brought", filesKept},
		{"content can be replaced until the file is used", filesReplaced},
		{"a file is used in its conversation only, and with content", filesUsed},
		{"a file goes with the last part that it is", filesReleased},
		{"what a failed transaction did to files is taken back", filesUndone},
		{"a file goes with its conversation", filesDeleted},
		{"what nobody uses is pruned", filesPruned},
		{"only so many files wait for a message", filesWaiting},
		{"a file is added with its content", filesAdded},
		{"the files of a conversation are listed", filesListed},
		{"a file that says a message waits for none, and goes with it", filesSpoken},
	}
}

// fill brings a file with two pieces of content.
func fill(t *testing.T, s store.Store, conversation, id, upload string) convo.File {
	t.Helper()
	f := convo.File{Tenant: "a", ID: id, Conversation: conversation, Name: "notes.txt", Created: start()}
	must(t, s.PutFile(t.Context(), f))
	return refill(t, s, f, upload)
}

func refill(t *testing.T, s store.Store, f convo.File, upload string) convo.File {
	t.Helper()
	must(t, s.PutPiece(t.Context(), upload, 0, start(), []byte("one")))
	must(t, s.PutPiece(t.Context(), upload, 1, start(), nil))
	f.MediaType, f.Size, f.Upload, f.Stored = "text/plain", 3, upload, start().Add(time.Second)
	must(t, s.FillFile(t.Context(), f))
	return f
}

func filesKept(t *testing.T, d Driver) {
	s := d.Open(t)
	converse(t, s, "a", uuid(1))
	mustBe(t, s.PutFile(t.Context(), convo.File{Tenant: "b", ID: uuid(9), Conversation: uuid(1), Created: start()}), convo.NotFound)
	mustBe(t, s.FillFile(t.Context(), convo.File{ID: uuid(2), Upload: uuid(3), Stored: start()}), convo.NotFound)
	f := convo.File{Tenant: "a", ID: uuid(2), Conversation: uuid(1), Name: "notes.txt", Created: start()}
	must(t, s.PutFile(t.Context(), f))
	got, err := s.File(t.Context(), uuid(2))
	must(t, err)
	equal(t, "without content", got, f)
	f = refill(t, s, f, uuid(3))
	got, err = s.File(t.Context(), uuid(2))
	must(t, err)
	equal(t, "with content", got, f)
	for n, want := range []string{"one", ""} {
		piece, err := s.Piece(t.Context(), f, int64(n))
		must(t, err)
		equal(t, "piece", string(piece), want)
	}
	_, err = s.Piece(t.Context(), f, 2)
	mustBe(t, err, convo.NotFound)
	_, err = s.File(t.Context(), uuid(5))
	mustBe(t, err, convo.NotFound)
}

func filesReplaced(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	before := fill(t, s, w.id, uuid(2), uuid(3))
	after := refill(t, s, before, uuid(4))
	_, err := s.Piece(t.Context(), before, 0)
	mustBe(t, err, convo.NotFound)
	must(t, s.DropUpload(t.Context(), uuid(4))) // it is the file's
	_, err = s.Piece(t.Context(), after, 0)
	must(t, err)
	_, err = w.update(func(tx store.Tx) error { return tx.UseFile(uuid(2)) })
	must(t, err)
	must(t, s.PutPiece(t.Context(), uuid(5), 0, start(), []byte("two")))
	again := after
	again.Upload = uuid(5)
	mustBe(t, s.FillFile(t.Context(), again), convo.Conflict)
	must(t, s.DropUpload(t.Context(), uuid(5)))
	_, err = s.Piece(t.Context(), again, 0)
	mustBe(t, err, convo.NotFound)
	got, err := s.File(t.Context(), uuid(2))
	must(t, err)
	after.Uses = 1
	equal(t, "the file", got, after)
}

func filesUsed(t *testing.T, d Driver) {
	s := d.Open(t)
	w, other := converse(t, s, "a", uuid(1)), converse(t, s, "a", uuid(7))
	foreign := converse(t, s, "b", uuid(1))
	fill(t, s, w.id, uuid(2), uuid(3))
	must(t, s.PutFile(t.Context(), convo.File{Tenant: "a", ID: uuid(4), Conversation: w.id, Created: start()}))
	use := func(w *writer, id string) error {
		_, err := w.update(func(tx store.Tx) error { return tx.UseFile(id) })
		return err
	}
	must(t, use(w, uuid(2)))
	mustBe(t, use(w, uuid(4)), convo.NotFound)
	mustBe(t, use(w, uuid(5)), convo.NotFound)
	mustBe(t, use(other, uuid(2)), convo.NotFound)
	mustBe(t, use(foreign, uuid(2)), convo.NotFound)
}

func filesReleased(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	f := fill(t, s, w.id, uuid(2), uuid(3))
	step := func(uses, releases int) {
		t.Helper()
		_, err := w.update(func(tx store.Tx) error {
			for range uses {
				must(t, tx.UseFile(uuid(2)))
			}
			for range releases {
				must(t, tx.ReleaseFile(uuid(2)))
			}
			return tx.ReleaseFile(uuid(8)) // there is none
		})
		must(t, err)
	}
	step(0, 1) // it is not used
	step(2, 0)
	step(1, 2)
	got, err := s.File(t.Context(), uuid(2))
	must(t, err)
	f.Uses = 1
	equal(t, "the file", got, f)
	step(0, 1)
	_, err = s.File(t.Context(), uuid(2))
	mustBe(t, err, convo.NotFound)
	_, err = s.Piece(t.Context(), f, 0)
	mustBe(t, err, convo.NotFound)
}

func filesUndone(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	f := fill(t, s, w.id, uuid(2), uuid(3))
	wrong := errors.New("wrong")
	for _, fn := range []func(store.Tx) error{
		func(tx store.Tx) error { return tx.UseFile(uuid(2)) },
		func(tx store.Tx) error { return errors.Join(tx.UseFile(uuid(2)), tx.ReleaseFile(uuid(2))) },
		func(tx store.Tx) error { return tx.Delete() },
	} {
		if _, err := w.update(func(tx store.Tx) error { must(t, fn(tx)); return wrong }); !errors.Is(err, wrong) {
			t.Fatalf("got %v", err)
		}
		got, err := s.File(t.Context(), uuid(2))
		must(t, err)
		equal(t, "the file", got, f)
		_, err = s.Piece(t.Context(), f, 0)
		must(t, err)
	}
}

func filesDeleted(t *testing.T, d Driver) {
	s := d.Open(t)
	w, other := converse(t, s, "a", uuid(1)), converse(t, s, "a", uuid(7))
	f, kept := fill(t, s, w.id, uuid(2), uuid(3)), fill(t, s, other.id, uuid(4), uuid(5))
	_, err := w.update(func(tx store.Tx) error { return tx.Delete() })
	must(t, err)
	_, err = s.File(t.Context(), f.ID)
	mustBe(t, err, convo.NotFound)
	_, err = s.Piece(t.Context(), f, 0)
	mustBe(t, err, convo.NotFound)
	_, err = s.Piece(t.Context(), kept, 0)
	must(t, err)
}

func filesWaiting(t *testing.T, d Driver) {
	s := d.Open(t)
	w, other := converse(t, s, "a", uuid(1)), converse(t, s, "a", uuid(2))
	put := func(w *writer, n int) error {
		return s.PutFile(t.Context(), convo.File{Tenant: "a", ID: uuid(1000 + n), Conversation: w.id, Created: start()})
	}
	for n := range store.MaxUnusedFiles {
		must(t, put(w, n))
	}
	mustBe(t, put(w, 200), convo.Conflict)
	must(t, put(other, 201))
	_, err := s.File(t.Context(), uuid(1200))
	mustBe(t, err, convo.NotFound)
	// One that a message has at once does not wait.
	add := func(n int, uses int64) error {
		_, err := w.update(func(tx store.Tx) error {
			return tx.AddFile(convo.File{ID: uuid(n), Upload: uuid(300 + n), Uses: uses, Created: start(), Stored: start()})
		})
		return err
	}
	mustBe(t, add(202, 0), convo.Conflict)
	must(t, add(203, 1))
	got, err := s.File(t.Context(), uuid(203))
	must(t, err)
	equal(t, "its parts", got.Uses, 1)
}

func filesPruned(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	unused, used := fill(t, s, w.id, uuid(2), uuid(3)), fill(t, s, w.id, uuid(4), uuid(5))
	_, err := w.update(func(tx store.Tx) error { return tx.UseFile(used.ID) })
	must(t, err)
	must(t, s.PutPiece(t.Context(), uuid(6), 0, start(), []byte("lost")))
	must(t, s.PutPiece(t.Context(), uuid(7), 0, start().Add(time.Hour), []byte("coming")))
	must(t, s.PruneFiles(t.Context(), start()))
	_, err = s.File(t.Context(), unused.ID)
	must(t, err)
	must(t, s.PruneFiles(t.Context(), start().Add(time.Minute)))
	_, err = s.File(t.Context(), unused.ID)
	mustBe(t, err, convo.NotFound)
	for upload, want := range map[string]convo.Kind{unused.Upload: convo.NotFound, used.Upload: "", uuid(6): convo.NotFound, uuid(7): ""} {
		_, err := s.Piece(t.Context(), convo.File{Upload: upload}, 0)
		if convo.ErrorKind(err) != want {
			t.Errorf("the upload %s: %v", upload, err)
		}
	}
}

func filesAdded(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	must(t, s.PutPiece(t.Context(), uuid(3), 0, start(), []byte("one")))
	f := convo.File{
		Tenant: "a", ID: uuid(2), Conversation: w.id, Name: "notes.txt", MediaType: "text/plain", Size: 3, Upload: uuid(3),
		Created: start(), Stored: start(),
	}
	wrong := errors.New("wrong")
	add := func(then error) error {
		_, err := w.update(func(tx store.Tx) error { return errors.Join(tx.AddFile(f), then) })
		return err
	}
	if err := add(wrong); !errors.Is(err, wrong) {
		t.Fatal(err)
	}
	_, err := s.File(t.Context(), f.ID)
	mustBe(t, err, convo.NotFound)
	must(t, add(nil))
	mustBe(t, add(nil), convo.Conflict)
	got, err := s.File(t.Context(), f.ID)
	must(t, err)
	equal(t, "the file", got, f)
	piece, err := s.Piece(t.Context(), got, 0)
	must(t, err)
	equal(t, "its content", string(piece), "one")

	second := f
	second.ID, second.Upload = uuid(4), uuid(5)
	_, err = w.update(func(tx store.Tx) error {
		must(t, tx.AddFile(second))
		must(t, tx.UseFile(second.ID))
		own, err := tx.OwnFile(second.ID)
		must(t, err)
		equal(t, "its parts", own.Uses, 1)
		_, err = tx.OwnFile(uuid(9))
		mustBe(t, err, convo.NotFound)
		return nil
	})
	must(t, err)
	got, err = s.File(t.Context(), second.ID)
	must(t, err)
	equal(t, "parts", got.Uses, 1)

	other := converse(t, s, "a", uuid(6))
	_, err = other.update(func(tx store.Tx) error {
		_, err := tx.OwnFile(f.ID)
		return err
	})
	mustBe(t, err, convo.NotFound)
	_, err = s.Update(t.Context(), "a", uuid(8), store.Durable, func(tx store.Tx) error { return tx.AddFile(f) })
	mustBe(t, err, convo.NotFound)
}

func filesListed(t *testing.T, d Driver) {
	s := d.Open(t)
	w, other := converse(t, s, "a", uuid(1)), converse(t, s, "a", uuid(7))
	fill(t, s, other.id, uuid(8), uuid(9))
	for n := range 3 {
		f := convo.File{Tenant: "a", ID: uuid(10 + n), Conversation: w.id, Created: start().Add(time.Duration(n/2) * time.Second)}
		must(t, s.PutFile(t.Context(), f))
		refill(t, s, f, uuid(20+n))
	}
	must(t, s.PutFile(t.Context(), convo.File{Tenant: "a", ID: uuid(13), Conversation: w.id, Created: start()})) // without content
	_, err := w.update(func(tx store.Tx) error { return tx.UseFile(uuid(11)) })
	must(t, err)
	list := func(q store.FileQuery) (ids []string) {
		t.Helper()
		found, err := s.ConversationFiles(t.Context(), "a", w.id, q)
		must(t, err)
		for _, f := range found {
			ids = append(ids, f.ID)
		}
		return ids
	}
	equal(t, "all", list(store.FileQuery{Limit: 9}), []string{uuid(10), uuid(11), uuid(12)})
	equal(t, "the newest first", list(store.FileQuery{Limit: 2, Desc: true}), []string{uuid(12), uuid(11)})
	equal(t, "the page behind", list(store.FileQuery{Limit: 2, Desc: true, After: uuid(11), Created: start()}), []string{uuid(10)})
	equal(t, "behind the first", list(store.FileQuery{Limit: 1, After: uuid(10), Created: start()}), []string{uuid(11)})
	equal(t, "those that wait", list(store.FileQuery{Waiting: true, Limit: 9}), []string{uuid(10), uuid(12)})
	foreign, err := s.ConversationFiles(t.Context(), "b", w.id, store.FileQuery{Limit: 9})
	must(t, err)
	equal(t, "of another tenant", len(foreign), 0)
}

func filesSpoken(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	for n := range store.MaxUnusedFiles {
		must(t, s.PutFile(t.Context(), convo.File{Tenant: "a", ID: uuid(1000 + n), Conversation: w.id, Created: start()}))
	}
	f := convo.File{
		Tenant: "a", ID: uuid(2), Conversation: w.id, Name: "speech.mp3", MediaType: "audio/mpeg", Size: 3, Upload: uuid(3),
		Message: "m", Created: start(), Stored: start(),
	}
	must(t, s.PutPiece(t.Context(), f.Upload, 0, start(), []byte("one")))
	_, err := w.update(func(tx store.Tx) error { return tx.AddFile(f) })
	must(t, err)
	f.Uses = 1
	got, err := s.File(t.Context(), f.ID)
	must(t, err)
	equal(t, "the file", got, f)
	waiting, err := s.ConversationFiles(t.Context(), "a", w.id, store.FileQuery{Waiting: true, Limit: 9})
	must(t, err)
	equal(t, "files that wait", len(waiting), 0)
	must(t, s.PruneFiles(t.Context(), start().Add(time.Hour)))
	all, err := s.ConversationFiles(t.Context(), "a", w.id, store.FileQuery{Limit: 9})
	must(t, err)
	equal(t, "the files", all, []convo.File{f})
	mustBe(t, s.FillFile(t.Context(), f), convo.Conflict)

	_, err = w.update(func(tx store.Tx) error { return tx.ReleaseFile(f.ID) })
	must(t, err)
	_, err = s.File(t.Context(), f.ID)
	mustBe(t, err, convo.NotFound)
	_, err = s.Piece(t.Context(), f, 0)
	mustBe(t, err, convo.NotFound)
}
