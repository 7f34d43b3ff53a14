package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
)

// A backup is the database as one file, in which a table says when it was made
// and holds what else was given to it. Its application id tells it from the
// database of a folder, whose id is 0.
const backupID = 0x50724c79

const makeBackupTable = `CREATE TABLE backup (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID`

// Names in the table of a backup.
const (
	backupMade = "made"  // when, in milliseconds
	backupFile = "file:" // begins the names of files
)

const (
	stepPages = 1024 // copied at once: 4 MiB
	syncEvery = 8    // steps between syncs, so that a server's own never wait for much
)

// Backup copies the data of a folder, as it is at this moment, into a new file
// of mode 0600, which is there whole and synced or not at all. It reads through
// a connection of its own, so a server on the folder goes on; only its
// write-ahead log grows meanwhile. files are small ones that a restore puts
// beside the database. progress, if it is not nil, is told bytes. The copy is
// verified as a restore will. An error of kind Conflict says that there is such a
// file, one of kind Invalid that the data is damaged.
func Backup(ctx context.Context, folder, to string, files map[string][]byte, progress func(done, total int64)) (size int64, err error) {
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return 0, convo.Errorf(convo.Conflict, "%s is there already: remove it, or name another file", to)
	}
	source, err := Inspect(ctx, folder)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	part, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".*.part") // of mode 0600
	if err != nil {
		return 0, fmt.Errorf("the backup cannot be written: %w", err)
	}
	defer func() {
		_ = part.Close() // a second time, if it went well
		if err != nil {
			err = errors.Join(err, os.Remove(part.Name()))
		}
	}()
	err = source.lend(ctx, func(conn *sqlite.Conn) error { return copyPages(ctx, conn, part, progress) })
	if err == nil {
		err = finishBackup(ctx, part.Name(), files)
	}
	if err = errorsFirst(err, source.quiet.check()); err != nil {
		return 0, err
	}
	info, err := part.Stat()
	if err := errorsFirst(err, part.Sync()); err != nil {
		return 0, fmt.Errorf("the backup cannot be written: %w", err)
	}
	return info.Size(), moveInto(part.Name(), to)
}

// copyPages copies a database as the snapshot of conn has it into an empty file.
func copyPages(ctx context.Context, conn *sqlite.Conn, to *os.File, progress func(done, total int64)) (err error) {
	copied, err := sqlite.OpenConn(to.Name(), sqlite.OpenReadWrite)
	if err != nil {
		return fmt.Errorf("the backup cannot be written: %w", err)
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	// Whoever reads the file before it is whole reads a temporary one.
	for _, pragma := range []string{`PRAGMA journal_mode = OFF`, `PRAGMA synchronous = OFF`} {
		if err := ask(copied, pragma).exec(); err != nil {
			return err
		}
	}
	backup, err := sqlite.NewBackup(copied, "main", conn, "main")
	if err != nil {
		return fmt.Errorf("the backup cannot be begun: %w", err)
	}
	defer func() { err = errors.Join(err, backup.Close()) }()
	for step, more := 1, true; more; step++ {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if more, err = backup.Step(stepPages); err != nil {
			return fmt.Errorf("the backup cannot be written: %w", err)
		}
		if progress != nil {
			const pageSize = 4096
			progress(int64(backup.PageCount()-backup.Remaining())*pageSize, int64(backup.PageCount())*pageSize)
		}
		if step%syncEvery == 0 {
			if err := to.Sync(); err != nil {
				return fmt.Errorf("the backup cannot be written: %w", err)
			}
		}
	}
	return nil
}

// finishBackup makes a copied database a backup: one file that needs no other
// beside it. A damage is told now, while there may be an older backup that is sound.
func finishBackup(ctx context.Context, path string, files map[string][]byte) (err error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return fmt.Errorf("the backup cannot be finished: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if damage, err := quickCheck(ctx, conn); err != nil {
		return err
	} else if damage != "" {
		return convo.Errorf(convo.Invalid, "the data is damaged, and a backup of it could not be restored: %s; "+
			"keep the last backup, and see what parley check says", damage)
	}
	const put = `INSERT INTO backup (name, value) VALUES (?, ?)`
	err = errorsFirst(
		ask(conn, `PRAGMA journal_mode = DELETE`).exec(),
		ask(conn, `BEGIN IMMEDIATE`).exec(),
		ask(conn, makeBackupTable).exec(),
		ask(conn, fmt.Sprintf(`PRAGMA application_id = %d`, backupID)).exec(),
	)
	if err == nil {
		err = ask(conn, put).text(backupMade).int(time.Now().UnixMilli()).exec()
	}
	for name, data := range files {
		if err == nil {
			err = ask(conn, put).text(backupFile + name).blob(data).exec()
		}
	}
	return errorsFirst(err, ask(conn, `COMMIT`).exec())
}

// moveInto gives a synced file its name, and syncs that too. What got that name
// meanwhile stays.
func moveInto(from, to string) error {
	err := os.Link(from, to)
	if err == nil {
		err = os.Remove(from)
	} else if _, there := os.Lstat(to); errors.Is(there, fs.ErrNotExist) { // not every file system has links
		err = os.Rename(from, to)
	}
	if errors.Is(err, fs.ErrExist) {
		return convo.Errorf(convo.Conflict, "%s was made by somebody else meanwhile, and is left alone", to)
	}
	if err != nil {
		return fmt.Errorf("sqlite: move a file into its place: %w", err)
	}
	return syncFolder(filepath.Dir(to))
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("sqlite: sync a folder: %w", err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return fmt.Errorf("sqlite: sync a folder: %w", err)
	}
	return nil
}
