package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/audit"
	"github.com/parleyhq/parley/internal/store/replay"
)

// Inspection is a data folder that is looked at as it was at one moment, without
// its lock and without any change to it, also while a server has it open.
type Inspection struct {
	*frozen
	quiet *quiet // set if the database is read as a file that nobody writes
}

var _ store.Snapshot = (*Inspection)(nil)

// Inspect opens a folder for inspection. An error of kind NotFound says that
// there is no data, and one of kind Conflict that its schema is not the one of
// this program.
func Inspect(ctx context.Context, folder string) (*Inspection, error) {
	path := filepath.Join(folder, databaseFile)
	conn, still, err := openUntouched(path)
	if err != nil {
		return nil, err
	}
	i, err := inspect(ctx, conn)
	if err != nil {
		return nil, err
	}
	i.quiet = still
	return i, nil
}

// inspect begins an inspection on a connection, which is its own from then on.
func inspect(ctx context.Context, conn *sqlite.Conn) (*Inspection, error) {
	if err := checkVersion(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	f, err := freeze(ctx, conn, &unpacker{}, func() {})
	if err != nil {
		return nil, err
	}
	return &Inspection{frozen: f}, nil
}

const endLater = `SELECT 1 FROM log WHERE id > ? AND id <= ? AND message = ? AND kind IN (12, 14) LIMIT 1`

// disown leaves pieces out of reads whose message has ended in the log, though
// there is no row of it: they are left of a message that was deleted, or whose
// row is lost.
func (p *pieces) disown(conn *sqlite.Conn) error {
	for c, list := range p.open {
		for _, u := range list {
			ended, err := ask(conn, endLater).int(rowID(c, u.pieces[0].seq)).int(lastID(c)).key(u.message).one(func(*query) {})
			if err != nil {
				return err
			}
			u.left = u.left || ended
		}
	}
	return nil
}

// quiet is how a database file was when it was opened as one that nobody writes.
type quiet struct {
	path string
	info fs.FileInfo
}

// openUntouched opens a database for reading in a way that makes no files beside
// it. Where a write-ahead log is, somebody has it open or died with it, and what
// SQLite needs is there; where none is, the file is complete, and is read as one
// that does not change. If that turns out wrong, quiet says so.
func openUntouched(path string) (*sqlite.Conn, *quiet, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, convo.Errorf(convo.NotFound,
			"there is no data in %s: name the data folder with --data", filepath.Dir(path))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("sqlite: open the data for reading: %w", err)
	}
	var still *quiet
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, nil, fmt.Errorf("sqlite: open the data for reading: %w", err)
	}
	uri := url.URL{Scheme: "file", Path: absolute}
	if _, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) {
		still, uri.RawQuery = &quiet{path, info}, "immutable=1"
	}
	conn, err := sqlite.OpenConn(uri.String(), sqlite.OpenReadOnly|sqlite.OpenURI)
	if err != nil {
		return nil, nil, fmt.Errorf("sqlite: open the data for reading: %w", err)
	}
	if err := prepareReader(conn); err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return conn, still, nil
}

// check says that somebody has begun to write after all.
func (q *quiet) check() error {
	if q == nil {
		return nil
	}
	now, err := os.Stat(q.path)
	if err != nil {
		return fmt.Errorf("sqlite: look at the data: %w", err)
	}
	_, err = os.Stat(q.path + "-wal")
	if err == nil || now.Size() != q.info.Size() || !now.ModTime().Equal(q.info.ModTime()) {
		return convo.Errorf(convo.Conflict, "a server was started on the data while it was read: try again")
	}
	return nil
}

// checkVersion refuses a schema that is not the one of this program.
func checkVersion(conn *sqlite.Conn) error {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	version, err := userVersion(conn)
	switch {
	case err != nil:
		return err
	case version == 0:
		return convo.Errorf(convo.NotFound, "there is no data of this program in the database")
	case version > int64(len(files)):
		return newerSchema(version, len(files))
	case version < int64(len(files)):
		return convo.Errorf(convo.Conflict,
			"the data was written by an older version of this program (its schema is %d, this version's is %d): "+
				"start the server on it once, which brings it up to date", version, len(files))
	}
	return nil
}

// Check proves that the data is sound, and reports what is not. The error says
// why it could not come to its end.
func (i *Inspection) Check(ctx context.Context, o audit.Options) (audit.Counts, error) {
	r := &rowCheck{texts: i.texts, found: o.Found}
	for _, look := range []func(*sqlite.Conn) error{
		r.database, i.pieces.disown,
		func(conn *sqlite.Conn) error { return r.orphans(conn, i.pieces) },
	} {
		err := i.lend(ctx, look)
		if ctx.Err() != nil || convo.ErrorKind(err) == convo.Unavailable {
			return audit.Counts{}, i.why(err)
		}
		if err != nil {
			r.found(audit.Finding{Problem: audit.Database, Text: err.Error(), Remedy: remedyBackup})
		}
	}
	o.List = i.list
	o.Rows = func(ctx context.Context, l *replay.Log, found func(audit.Finding)) error {
		return i.lend(ctx, func(conn *sqlite.Conn) error {
			return (&rowCheck{texts: i.texts, found: found}).conversation(conn, i.pieces, l)
		})
	}
	counts, err := audit.Run(ctx, i, o)
	return counts, i.why(err)
}

// why gives the better reason, if there is one, why what was read may be wrong.
func (i *Inspection) why(err error) error {
	return errorsFirst(i.quiet.check(), err)
}

const listSize = 1000

// list names all conversations, those without a head included.
func (i *Inspection) list(ctx context.Context, each func(tenant, id string) error) error {
	for last, more := int64(0), true; more; {
		var page []key
		err := i.lend(ctx, func(conn *sqlite.Conn) error {
			q := ask(conn, `SELECT id, tenant, key FROM conversations WHERE id > ? ORDER BY id LIMIT ?`).
				int(last).int(listSize)
			for q.next() {
				last = q.readInt()
				page = append(page, key{q.readText(), q.readKey()})
			}
			return q.done()
		})
		if err != nil {
			return err
		}
		for _, k := range page {
			if err := each(k.tenant, k.id); err != nil {
				return err
			}
		}
		more = len(page) == listSize
	}
	return nil
}
