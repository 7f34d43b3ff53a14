package bench

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// fts5 is a table of SQLite's full text, with as many readers as processors. It is what
// a server has that takes no index of its own.
type fts5 struct {
	writer  *sqlite.Conn
	readers chan *sqlite.Conn
}

func newTable(folder string) (_ *fts5, err error) {
	path := filepath.Join(folder, "fts.db")
	t := &fts5{readers: make(chan *sqlite.Conn, runtime.NumCPU())}
	if t.writer, err = sqlite.OpenConn(path); err != nil {
		return nil, err
	}
	if err := sqlitex.ExecuteTransient(t.writer, "CREATE VIRTUAL TABLE record USING fts5(text)", nil); err != nil {
		return nil, errors.Join(err, t.writer.Close())
	}
	for range cap(t.readers) {
		reader, err := sqlite.OpenConn(path, sqlite.OpenReadOnly, sqlite.OpenWAL)
		if err != nil {
			return nil, errors.Join(err, t.close())
		}
		t.readers <- reader
	}
	return t, nil
}

func (t *fts5) close() error {
	errs := []error{t.writer.Close()}
	for len(t.readers) > 0 {
		errs = append(errs, (<-t.readers).Close())
	}
	return errors.Join(errs...)
}

// add stores records in a transaction.
func (t *fts5) add(_ context.Context, first int, texts []string) (err error) {
	defer sqlitex.Save(t.writer)(&err)
	for i, text := range texts {
		o := &sqlitex.ExecOptions{Args: []any{first + i + 1, text}}
		if err := sqlitex.Execute(t.writer, "INSERT INTO record (rowid, text) VALUES (?, ?)", o); err != nil {
			return err
		}
	}
	return nil
}

func (t *fts5) find(_ context.Context, words []string, limit int) (n int, err error) {
	reader := <-t.readers
	defer func() { t.readers <- reader }()
	asked := `"` + strings.Join(words, `" OR "`) + `"`
	err = sqlitex.Execute(reader, "SELECT rowid FROM record WHERE record MATCH ? ORDER BY rank LIMIT ?", &sqlitex.ExecOptions{
		Args:       []any{asked, limit},
		ResultFunc: func(*sqlite.Stmt) error { n++; return nil },
	})
	return n, err
}

func join(words []string) string { return strings.Join(words, " ") }
