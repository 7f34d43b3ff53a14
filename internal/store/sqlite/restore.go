package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
)

// Restored says what a backup was.
type Restored struct {
	Made  time.Time       // when it was made
	Size  int64           // in bytes
	Files map[string]bool // those that were put beside the database
}

// Restore puts a backup into a folder that has no data, and makes the folder if
// it does not exist. The backup is copied and verified before anything takes its
// place. Every conversation skips numbers at its next event: those given after
// the backup may have been seen. progress, if it is not nil, is told bytes. An
// error of kind Conflict says that there is data, or that the backup is newer
// than this program; one of kind Invalid that the file is no sound backup.
func Restore(ctx context.Context, from, folder string, progress func(done, total int64)) (r Restored, err error) {
	backup, err := openFile(from)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, backup.Close()) }()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return r, fmt.Errorf("the data folder cannot be made: %w", err)
	}
	lock, err := lockFolder(folder)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	to := filepath.Join(folder, databaseFile)
	for _, beside := range []string{"", "-wal", "-journal"} {
		if _, err := os.Lstat(to + beside); !errors.Is(err, fs.ErrNotExist) {
			return r, convo.Errorf(convo.Conflict,
				"there is data in %s, which a restore does not overwrite: name another folder with --data, or move it away", folder)
		}
	}
	part, err := os.CreateTemp(folder, databaseFile+".*.part")
	if err != nil {
		return r, fmt.Errorf("the backup cannot be copied: %w", err)
	}
	defer func() {
		_ = part.Close() // a second time, if it went well
		if err != nil {
			err = errors.Join(err, os.Remove(part.Name()))
		}
	}()
	if r.Size, err = copyFile(ctx, backup, part, progress); err != nil {
		return r, err
	}
	files, made, err := openBackup(ctx, from, part.Name())
	if err != nil {
		return r, err
	}
	r.Made, r.Files = made, make(map[string]bool)
	if err := part.Sync(); err != nil {
		return r, fmt.Errorf("the backup cannot be copied: %w", err)
	}
	for name, data := range files {
		if err := putFile(folder, name, data); err != nil {
			return r, err
		}
		r.Files[name] = true
	}
	return r, moveInto(part.Name(), to)
}

// sqliteHeader is how every database begins.
const sqliteHeader = "SQLite format 3\x00"

// openFile opens a file that begins as a database.
func openFile(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the backup cannot be read: %w", err)
	}
	head := make([]byte, len(sqliteHeader))
	if _, err := io.ReadFull(f, head); err != nil || string(head) != sqliteHeader {
		return nil, errors.Join(noBackup(path, "it does not begin as one"), f.Close())
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, errors.Join(fmt.Errorf("the backup cannot be read: %w", err), f.Close())
	}
	return f, nil
}

func copyFile(ctx context.Context, from *os.File, to io.Writer, progress func(done, total int64)) (size int64, err error) {
	info, err := from.Stat()
	if err != nil {
		return 0, fmt.Errorf("the backup cannot be read: %w", err)
	}
	buffer := make([]byte, 4<<20)
	for {
		n, err := from.Read(buffer)
		if _, err := to.Write(buffer[:n]); err != nil {
			return size, fmt.Errorf("the backup cannot be copied: %w", err)
		}
		size += int64(n)
		if progress != nil {
			progress(size, info.Size())
		}
		if errors.Is(err, io.EOF) {
			return size, nil
		}
		if err := errorsFirst(err, context.Cause(ctx)); err != nil {
			return size, fmt.Errorf("the backup cannot be read: %w", err)
		}
	}
}

// openBackup verifies a copy of a backup and makes it the database of a folder.
func openBackup(ctx context.Context, name, path string) (files map[string][]byte, made time.Time, err error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, made, fmt.Errorf("the backup cannot be opened: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := verifyBackup(ctx, conn, name); err != nil {
		return nil, made, err
	}
	files = make(map[string][]byte)
	q := ask(conn, `SELECT name, value FROM backup`)
	for q.next() {
		key := q.readText()
		if key == backupMade {
			made = q.readTime()
		} else if file, ok := strings.CutPrefix(key, backupFile); ok {
			files[file] = q.readBlob()
		}
	}
	if err := q.done(); err != nil {
		return nil, made, noBackup(name, err.Error())
	}
	return files, made, errorsFirst(
		ask(conn, `BEGIN IMMEDIATE`).exec(),
		ask(conn, `DROP TABLE backup`).exec(),
		ask(conn, `PRAGMA application_id = 0`).exec(),
		ask(conn, `
			INSERT INTO settings (name, value) VALUES ('epoch', 1)
			ON CONFLICT (name) DO UPDATE SET value = value + 1`).exec(),
		ask(conn, `COMMIT`).exec(),
	)
}

// verifyBackup refuses what is no backup, is newer than this program, or is damaged.
func verifyBackup(ctx context.Context, conn *sqlite.Conn, name string) error {
	var id int64
	if _, err := ask(conn, `PRAGMA application_id`).one(func(q *query) { id = q.readInt() }); err != nil {
		return noBackup(name, err.Error())
	}
	if id != backupID {
		return noBackup(name, "it was not made by parley backup")
	}
	version, err := userVersion(conn)
	if err != nil {
		return err
	}
	known, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	if version > int64(len(known)) {
		return newerSchema(version, len(known))
	}
	damage, err := quickCheck(ctx, conn)
	if err == nil && damage != "" {
		err = noBackup(name, "it is damaged: "+damage)
	}
	return err
}

// quickCheck lets SQLite look for a damage, "" if there is none. An error says
// that it was broken off.
func quickCheck(ctx context.Context, conn *sqlite.Conn) (damage string, err error) {
	conn.SetInterrupt(ctx.Done())
	defer conn.SetInterrupt(nil)
	_, err = ask(conn, `PRAGMA quick_check(1)`).one(func(q *query) { damage = q.readText() })
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil:
		return err.Error(), nil
	case damage == "ok":
		return "", nil
	}
	return damage, nil
}

func noBackup(name, why string) error {
	return convo.Errorf(convo.Invalid, "%s is no sound backup: %s; use another one", name, why)
}

// putFile writes a file that a backup holds, and leaves one with other content alone.
func putFile(folder, name string, data []byte) error {
	if name != filepath.Base(name) || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "parley.") {
		return convo.Errorf(convo.Invalid, "the backup holds a file %q, which has no place in a data folder", name)
	}
	path := filepath.Join(folder, name)
	there, err := os.ReadFile(path)
	switch {
	case err == nil && bytes.Equal(there, data):
		return nil
	case err == nil:
		return convo.Errorf(convo.Conflict, "%s is there already, and the one of the backup is another: move it away", path)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the data folder cannot be read: %w", err)
	}
	part, err := os.CreateTemp(folder, name+".*.part")
	if err != nil {
		return fmt.Errorf("the data folder cannot be written: %w", err)
	}
	_, err = part.Write(data)
	if err := errors.Join(err, part.Sync(), part.Close()); err != nil {
		return errors.Join(fmt.Errorf("the data folder cannot be written: %w", err), os.Remove(part.Name()))
	}
	return moveInto(part.Name(), path)
}
