package sqlite

import (
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/store/audit"
)

// rowCheck looks at rows themselves, where reads would not show a damage.
type rowCheck struct {
	texts *unpacker
	found func(audit.Finding)
}

// What to do about a finding.
const (
	remedyRepair = "stop the server and run parley check --repair"
	remedyBackup = "restore a backup: parley restore"
)

// maxDatabaseErrors is how many of its own errors SQLite is asked for.
const maxDatabaseErrors = 100

// database asks SQLite itself, and compares the schema.
func (r *rowCheck) database(conn *sqlite.Conn) error {
	q := ask(conn, fmt.Sprintf(`PRAGMA integrity_check(%d)`, maxDatabaseErrors))
	for q.next() {
		text := q.readText()
		if text == "ok" {
			continue
		}
		f := audit.Finding{Problem: audit.Database, Text: "SQLite says: " + text, Remedy: remedyBackup}
		if indexError(text) {
			f.Remedy, f.Repairable = remedyRepair, true
		}
		r.found(f)
	}
	if err := q.done(); err != nil {
		return err
	}
	missing, err := missingSchema(conn)
	for _, object := range missing {
		r.found(audit.Finding{
			Problem: audit.Database, Text: fmt.Sprintf("the %s %s is not as this version makes it", object.kind, object.name),
			Remedy: remedyRepair, Repairable: object.kind == "index",
		})
	}
	return err
}

// indexError reports whether an error of the integrity check is one of an
// index, which can be made anew from its table.
func indexError(text string) bool {
	return strings.Contains(text, "missing from index") || strings.Contains(text, "wrong # of entries in index") ||
		strings.Contains(text, "non-unique entry in index")
}

// schemaObject is a table or an index.
type schemaObject struct{ kind, name, sql string }

// missingSchema gives what the migrations make and the database does not have so.
func missingSchema(conn *sqlite.Conn) (missing []schemaObject, err error) {
	fresh, err := sqlite.OpenConn(":memory:", sqlite.OpenReadWrite|sqlite.OpenCreate|sqlite.OpenMemory)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open a database in memory: %w", err)
	}
	defer func() { err = errorsFirst(err, fresh.Close()) }()
	if err := migrate(fresh); err != nil {
		return nil, err
	}
	want, err := schemaOf(fresh)
	if err != nil {
		return nil, err
	}
	got, err := schemaOf(conn)
	if err != nil {
		return nil, err
	}
	there := make(map[schemaObject]bool)
	for _, object := range got {
		there[object] = true
	}
	for _, object := range want {
		if !there[object] {
			missing = append(missing, object)
		}
	}
	return missing, nil
}

// schemaOf lists tables before indexes.
func schemaOf(conn *sqlite.Conn) (list []schemaObject, err error) {
	q := ask(conn, `SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name`)
	for q.next() {
		list = append(list, schemaObject{q.readText(), q.readText(), q.readText()})
	}
	return list, q.done()
}
