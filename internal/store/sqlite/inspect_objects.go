package sqlite

import (
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/audit"
)

const (
	allObjects = `SELECT tenant, ` + objectColumns + ` FROM objects ORDER BY id`

	// looseObjects are those of what does not exist. What kinds belong to is said
	// by convo.ObjectKind.Parent.
	looseObjects = `
		objects WHERE (kind = 'ability' AND NOT EXISTS (
			SELECT 1 FROM objects p WHERE p.tenant = objects.tenant AND p.kind = 'skillset' AND p.key = objects.parent))
		OR (kind = 'datasetfile' AND NOT EXISTS (
			SELECT 1 FROM objects p WHERE p.tenant = objects.tenant AND p.kind = 'dataset' AND p.key = objects.parent))
		OR (kind = 'rating' AND NOT EXISTS (
			SELECT 1 FROM objects p WHERE p.tenant = objects.tenant AND p.kind = 'bot' AND p.key = objects.parent))`

	// highNumbers are the kinds whose next number is in use already.
	highNumbers = `
		SELECT o.tenant, o.kind, max(o.number) FROM objects o WHERE o.number IS NOT NULL GROUP BY o.tenant, o.kind
		HAVING max(o.number) > coalesce(
			(SELECT n.last FROM object_numbers n WHERE n.tenant = o.tenant AND n.kind = o.kind), 0)`
)

// objects looks at what tenants configure: that all of it can be read, belongs to
// something, and that no number of it will be given again.
func (r *rowCheck) objects(conn *sqlite.Conn) error {
	q := ask(conn, allObjects)
	for q.next() {
		tenant := q.readText()
		if o, err := scanObject(q, tenant); err != nil {
			r.found(audit.Finding{
				Problem: audit.Projection, Tenant: tenant, Remedy: remedyBackup,
				Text: fmt.Sprintf("object %q cannot be read: %v", o.ID, err),
			})
		}
	}
	if err := q.done(); err != nil {
		return err
	}
	q = ask(conn, `SELECT tenant, kind, key FROM `+looseObjects)
	for q.next() {
		f := audit.Finding{Problem: audit.Orphan, Tenant: q.readText(), Remedy: remedyRepair, Repairable: true}
		kind := convo.ObjectKind(q.readText())
		f.Text = fmt.Sprintf("%s %q is of a %s that does not exist", kind, q.readKey(), kind.Parent())
		r.found(f)
	}
	if err := q.done(); err != nil {
		return err
	}
	q = ask(conn, highNumbers)
	for q.next() {
		f := audit.Finding{Problem: audit.Projection, Tenant: q.readText(), Remedy: remedyRepair, Repairable: true}
		f.Text = fmt.Sprintf("a %s has a number that would be given again", q.readText())
		r.found(f)
	}
	return q.done()
}

// objects removes what belongs to nothing, and counts numbers anew.
func (m *mender) objects() error {
	return errorsFirst(
		ask(m.conn, `DELETE FROM `+looseObjects).exec(),
		ask(m.conn, `INSERT OR REPLACE INTO object_numbers (tenant, kind, last) `+highNumbers).exec(),
	)
}
