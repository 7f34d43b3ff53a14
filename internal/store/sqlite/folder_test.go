package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	zombiezen "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

// put writes events to conversation c of tenant a.
func put(t testing.TB, s store.Store, bodies ...convo.Body) []convo.Event {
	t.Helper()
	events, err := s.Update(t.Context(), "a", "c", store.Buffered, func(tx store.Tx) error {
		for _, b := range bodies {
			if err := tx.Append(convo.Event{At: time.UnixMilli(1e12), Turn: "t", Body: b}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func deltas(n int) []convo.Body {
	var list []convo.Body
	for i := range n {
		list = append(list, convo.Delta{Message: "m", Type: convo.Bot, Text: fmt.Sprint(i, " ")})
	}
	return list
}

func text(deltas []convo.Body) string {
	var b strings.Builder
	for _, d := range deltas {
		b.WriteString(d.(convo.Delta).Text)
	}
	return b.String()
}

func TestNobodyElseReadsTheDataInAFolderThatOthersMayEnter(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	open(t, folder, "")
	for _, name := range []string{"parley.db", "parley.db-wal", "parley.db-shm", "parley.lock"} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestASecondProcessOnTheFolderIsRefused(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "new", "data")
	s := open(t, folder, "")
	_, err := sqlite.Open(t.Context(), folder, sqlite.Options{})
	if convo.ErrorKind(err) != convo.Conflict || !strings.Contains(err.Error(), folder) {
		t.Errorf("opening twice gave %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, folder, "")
	info, err := os.Stat(folder)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v, %v", info.Mode(), err)
	}
}

func TestNewerDataIsRefused(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := open(t, folder, "").Close(); err != nil {
		t.Fatal(err)
	}
	conn, err := zombiezen.OpenConn(filepath.Join(folder, "parley.db"), zombiezen.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	err = sqlitex.ExecuteTransient(conn, `PRAGMA user_version = 99`, nil)
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.Open(t.Context(), folder, sqlite.Options{})
	if convo.ErrorKind(err) != convo.Conflict || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("newer data gave %v", err)
	}
}

func TestAHalfWrittenMessageSurvivesAKill(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := open(t, folder, "same")
	pieces := deltas(300)
	put(t, s, convo.ConversationCreated{}, convo.TurnOpened{})
	for _, d := range pieces[:200] {
		put(t, s, d)
	}
	s = open(t, copyFolder(t, folder), "same")
	for _, d := range pieces[200:] {
		put(t, s, d)
	}
	put(t, s, convo.MessageEnded{ID: "m", Place: convo.Place(1, 0), Type: convo.Bot, Text: text(pieces)})
	events, err := s.Events(t.Context(), "a", "c", 0, 1000)
	if err != nil || len(events) != 303 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	for i, e := range events[2:302] {
		if e.Body != pieces[i] {
			t.Fatalf("delta %d is %+v", i, e)
		}
	}
}

func TestRowsOfEndedMessagesAreCleanedUp(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := open(t, folder, "same")
	put(t, s, convo.ConversationCreated{}, convo.TurnOpened{})
	put(t, s, convo.Delta{Message: "open", Type: convo.User, Text: "half"}) // stays, in front of all others
	const count = 2000
	var want []convo.Event
	for i := range 4 {
		id, place := fmt.Sprint("m", i), convo.Place(int64(i+1), 0)
		pieces := deltas(count)
		for j := range pieces {
			pieces[j] = convo.Delta{Message: id, Type: convo.Bot, Text: pieces[j].(convo.Delta).Text}
		}
		want = append(want, put(t, s, pieces...)...)
		want = append(want, put(t, s, convo.MessageEnded{ID: id, Place: place, Type: convo.Bot, Text: text(pieces)})...)
	}
	if n := openRows(t, copyFolder(t, folder)); n > 2*count+1 {
		t.Errorf("%d rows are left while the server runs", n)
	}
	s = open(t, copyFolder(t, folder), "same")
	if n := openRows(t, s.folder); n != 1 {
		t.Errorf("%d rows are left after a restart", n)
	}
	events, err := s.Events(t.Context(), "a", "c", 3, 1<<20)
	if err != nil || len(events) != len(want) {
		t.Fatalf("%d events of %d, %v", len(events), len(want), err)
	}
	for i := range events {
		if !reflect.DeepEqual(events[i], want[i]) {
			t.Fatalf("event %+v, want %+v", events[i], want[i])
		}
	}
	put(t, s, convo.MessageEnded{ID: "open", Place: convo.Place(9, 0), Type: convo.User, Text: "half"})
}

// openRows counts the rows of deltas in a folder.
func openRows(t testing.TB, folder string) (n int) {
	t.Helper()
	conn, err := zombiezen.OpenConn(filepath.Join(folder, "parley.db"), zombiezen.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	err = sqlitex.ExecuteTransient(conn, `SELECT count(*) FROM open_deltas`, &sqlitex.ExecOptions{
		ResultFunc: func(stmt *zombiezen.Stmt) error { n = stmt.ColumnInt(0); return nil },
	})
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAnErasedTextDoesNotComeBack(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := open(t, folder, "same")
	put(t, s, convo.ConversationCreated{}, convo.TurnOpened{}, convo.Delta{Message: "m", Type: convo.Bot, Text: "secret"})
	put(t, s, convo.MessageEnded{ID: "m", Place: convo.Place(1, 0), Type: convo.Bot, Text: "secret"})
	put(t, s, convo.MessageDeleted{ID: "m"})
	if n := openRows(t, copyFolder(t, folder)); n != 0 {
		t.Errorf("%d rows of the deleted message are left", n)
	}
	s = open(t, copyFolder(t, folder), "same")
	events, err := s.Events(t.Context(), "a", "c", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if events[2].Body.(convo.Delta).Text != "" || events[3].Body.(convo.MessageEnded).Text != "" {
		t.Errorf("the text is back: %+v", events)
	}
}

func TestCloseWritesWhatWasMarked(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := open(t, folder, "")
	id := convo.RequestID{1}
	if err := s.PutRequest(t.Context(), convo.Request{ID: id, Attempt: "1"}); err != nil {
		t.Fatal(err)
	}
	s.MarkWritten(id, "1")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r, ok, err := open(t, folder, "").Request(t.Context(), id)
	if err != nil || !ok || !r.Written {
		t.Errorf("%+v, %v, %v", r, ok, err)
	}
}
