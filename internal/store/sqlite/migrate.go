package sqlite

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/parleyhq/parley/internal/convo"
)

// migrations are applied in the order of their names, each once. One that was
// released is never changed.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the data up to date, all at once or not at all.
func migrate(conn *sqlite.Conn) error {
	if err := ask(conn, `BEGIN IMMEDIATE`).exec(); err != nil {
		return err
	}
	if err := migrateInside(conn); err != nil {
		return errors.Join(err, ask(conn, `ROLLBACK`).exec())
	}
	return ask(conn, `COMMIT`).exec()
}

func migrateInside(conn *sqlite.Conn) error {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	version, err := userVersion(conn)
	if err != nil {
		return err
	}
	if version > int64(len(files)) {
		return newerSchema(version, len(files))
	}
	if version == int64(len(files)) {
		return nil
	}
	for _, file := range files[version:] {
		sql, err := migrations.ReadFile(file)
		if err != nil {
			return err
		}
		if err := sqlitex.ExecuteScript(conn, string(sql), nil); err != nil {
			return fmt.Errorf("sqlite: %s: %w", file, err)
		}
	}
	return ask(conn, fmt.Sprintf(`PRAGMA user_version = %d`, len(files))).exec()
}

// userVersion is how many migrations were applied.
func userVersion(conn *sqlite.Conn) (version int64, err error) {
	_, err = ask(conn, `PRAGMA user_version`).one(func(q *query) { version = q.readInt() })
	return version, err
}

func newerSchema(version int64, known int) error {
	return convo.Errorf(convo.Conflict,
		"the data was written by a newer version of this program (its schema is %d, this version knows %d): "+
			"start the newer version, or go back to a backup", version, known)
}

// readEpoch gives the number of times that the machine was restarted while the
// data was there, and counts this time if it was.
func readEpoch(conn *sqlite.Conn, o Options) (epoch int64, err error) {
	boot := o.Boot
	if boot == "" {
		if boot, err = systemBoot(); err != nil {
			return 0, err
		}
	}
	known := ""
	q := ask(conn, `SELECT name, value FROM settings`)
	for q.next() {
		switch q.readText() {
		case "boot":
			known = q.readText()
		case "epoch":
			epoch = q.readInt()
		}
	}
	if err := q.done(); err != nil || boot == "" || boot == known {
		return epoch, err
	}
	if known != "" {
		epoch++
	}
	const put = `INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)`
	err = ask(conn, put).text("boot").text(boot).exec()
	return epoch, errorsFirst(err, ask(conn, put).text("epoch").int(epoch).exec())
}
