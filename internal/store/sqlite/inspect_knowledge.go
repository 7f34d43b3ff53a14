package sqlite

import (
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/audit"
)

// fault is something that rows can have wrong: those that rows selects, with a
// sentence about how many they are, and the statement that mends them. What is gone
// and waits for PruneRecords is no fault.
type fault struct {
	problem audit.Problem
	says    string
	rows    string
	mend    string
}

const (
	looseRecords = `records WHERE NOT EXISTS (SELECT 1 FROM collections c WHERE c.id = records.collection)`
	looseSpaces  = `
		spaces WHERE name IS NOT NULL AND NOT EXISTS (SELECT 1 FROM collections c WHERE c.id = spaces.collection)`
	looseVectors = `vectors WHERE NOT EXISTS (SELECT 1 FROM spaces s WHERE s.id = vectors.space)`
	staleVectors = `
		vectors WHERE EXISTS (
			SELECT 1 FROM spaces s JOIN collections c ON c.id = s.collection
			WHERE s.id = vectors.space AND s.name IS NOT NULL AND c.dataset IS NOT NULL
				AND (length(vectors.data) <> 4 * s.length OR NOT EXISTS (
					SELECT 1 FROM records r WHERE r.collection = s.collection AND r.change = vectors.change
						AND r.created IS NOT NULL)))`
	looseSegments = `
		segments WHERE key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM collections c WHERE c.id = segments.collection)`
	cutSegments = `
		segments WHERE key IS NOT NULL AND size <> (
			SELECT coalesce(sum(length(data)), 0) FROM segment_pieces p
			WHERE p.id >= segments.id << 20 AND p.id < (segments.id + 1) << 20)`
	loosePieces = `
		segment_pieces WHERE NOT EXISTS (SELECT 1 FROM segments s WHERE s.id = segment_pieces.id >> 20)`
	looseCollections = `
		collections WHERE dataset IS NOT NULL AND dataset <> '` + convo.MemoryDataset + `' AND NOT EXISTS (
			SELECT 1 FROM objects o WHERE o.tenant = collections.tenant AND o.kind = 'dataset' AND o.key = collections.dataset)`

	countOfRecords = `(SELECT count(*) FROM records r WHERE r.collection = collections.id AND r.created IS NOT NULL)`
	bytesOfRecords = `(SELECT coalesce(sum(size), 0) FROM records r WHERE r.collection = collections.id)`
	lastOfRecords  = `coalesce((SELECT max(change) FROM records r WHERE r.collection = collections.id), 0)`

	wrongCollections = `
		collections WHERE dataset IS NOT NULL AND
			(records <> ` + countOfRecords + ` OR bytes <> ` + bytesOfRecords + ` OR change < ` + lastOfRecords + `)`
	highCollections = `
		(SELECT max(id) AS last FROM collections)
		WHERE last > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'collections'), 0)`
	highEntries = `
		(SELECT tenant, max(n) AS last FROM journal GROUP BY tenant) AS j
		WHERE j.last > coalesce((SELECT h.last FROM journals h WHERE h.tenant = j.tenant), 0)`
)

// faults are in the order in which they are mended: one may bring about the next.
func faults() []fault {
	return []fault{
		{audit.Orphan, "the records of %d datasets are there that do not exist", looseCollections,
			`UPDATE collections SET dataset = NULL WHERE id IN (SELECT id FROM ` + looseCollections + `)`},
		{audit.Orphan, "there are %d records of no dataset", looseRecords, `DELETE FROM ` + looseRecords},
		{audit.Orphan, "there are %d spaces of no dataset", looseSpaces,
			`UPDATE spaces SET name = NULL WHERE id IN (SELECT id FROM ` + looseSpaces + `)`},
		{audit.Orphan, "there are %d vectors of no space", looseVectors, `DELETE FROM ` + looseVectors},
		{audit.Orphan, "there are %d vectors of no record, or of another length than their space's", staleVectors,
			`DELETE FROM ` + staleVectors},
		{audit.Orphan, "there are %d segments of no dataset", looseSegments,
			`UPDATE segments SET key = NULL WHERE id IN (SELECT id FROM ` + looseSegments + `)`},
		{audit.Projection, "%d segments of indexes are not whole, and are made again", cutSegments,
			`UPDATE segments SET key = NULL WHERE id IN (SELECT id FROM ` + cutSegments + `)`},
		{audit.Orphan, "there are %d pieces of no segment", loosePieces, `DELETE FROM ` + loosePieces},
		{audit.Projection, "the records of %d datasets are counted wrong", wrongCollections,
			`UPDATE collections SET records = ` + countOfRecords + `, bytes = ` + bytesOfRecords +
				`, change = max(change, ` + lastOfRecords + `) WHERE dataset IS NOT NULL`},
		{audit.Projection, "%d number of a dataset's records would be given again", highCollections,
			`INSERT INTO sqlite_sequence (name, seq) SELECT 'collections', last FROM ` + highCollections},
		{audit.Projection, "the entries of %d event logs have numbers that would be given again", highEntries,
			`INSERT OR REPLACE INTO journals (tenant, last) SELECT tenant, last FROM ` + highEntries},
	}
}

// knowledge looks at records and what was made of them, vaults, and event logs.
func (r *rowCheck) knowledge(conn *sqlite.Conn) error {
	for _, f := range faults() {
		n := int64(0)
		if _, err := ask(conn, `SELECT count(*) FROM `+f.rows).one(func(q *query) { n = q.readInt() }); err != nil {
			return err
		}
		if n > 0 {
			r.found(audit.Finding{Problem: f.problem, Text: fmt.Sprintf(f.says, n), Remedy: remedyRepair, Repairable: true})
		}
	}
	return r.records(conn)
}

const allRecords = `
	SELECT c.tenant, c.dataset, ` + recordColumns + ` FROM records r JOIN collections c ON c.id = r.collection
	WHERE r.created IS NOT NULL AND c.dataset IS NOT NULL`

// records looks whether all of them can be read.
func (r *rowCheck) records(conn *sqlite.Conn) error {
	q := ask(conn, allRecords)
	for q.next() {
		d := recordReader{texts: r.texts, tenant: q.readText(), dataset: q.readKey()}
		if one, err := d.scan(q); err != nil {
			r.found(audit.Finding{
				Problem: audit.Database, Tenant: d.tenant, Remedy: remedyBackup,
				Text: fmt.Sprintf("record %q of dataset %q cannot be read: %v", one.ID, d.dataset, err),
			})
		}
	}
	return q.done()
}

// knowledge mends what faults say.
func (m *mender) knowledge() error {
	for _, f := range faults() {
		if f.rows == highCollections {
			err := ask(m.conn, `DELETE FROM sqlite_sequence WHERE name = 'collections'
				AND seq < (SELECT max(id) FROM collections)`).exec()
			if err != nil {
				return err
			}
		}
		if err := ask(m.conn, f.mend).exec(); err != nil {
			return err
		}
	}
	return m.lookedFor()
}

// What an object is found by, as it stands in its row.
const (
	objectLooks = `SELECT tenant, ` + objectColumns + `, id, upload, public IS NOT NULL, open IS NOT NULL, email, phone FROM objects`
	setLooks    = `UPDATE objects SET upload = ?, public = ?, open = ?, email = ?, phone = ? WHERE id = ?`
)

// eachLook calls wrong with the objects that are not found by what they are, and
// whole with all that can be read.
func eachLook(conn *sqlite.Conn, whole func(convo.Object) error, wrong func(o convo.Object, row int64)) error {
	q := ask(conn, objectLooks)
	for q.next() {
		o, err := scanObject(q, q.readText())
		if err != nil {
			continue // which is a finding of its own
		}
		row := q.readInt()
		looks := foundColumns{q.readKey(), q.readBool(), q.readBool(), q.readMaybe(), q.readMaybe()}
		want := foundBy(&o)
		same := looks.upload == want.upload && looks.public == want.public && looks.open == want.open &&
			equalText(looks.email, want.email) && equalText(looks.phone, want.phone)
		if !same {
			wrong(o, row)
		}
		if err := whole(o); err != nil {
			return errorsFirst(err, q.done())
		}
	}
	return q.done()
}

func equalText(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }

// looks holds what objects are found by against what they are, and the content of
// files against their size.
func (r *rowCheck) looks(conn *sqlite.Conn) error {
	return eachLook(conn, func(o convo.Object) error { return r.content(conn, o) }, func(o convo.Object, _ int64) {
		r.found(audit.Finding{
			Problem: audit.Projection, Tenant: o.Tenant, Remedy: remedyRepair, Repairable: true,
			Text: fmt.Sprintf("%s %q is not found by what it is", o.Kind(), o.ID),
		})
	})
}

// content looks whether a file lacks some of its content.
func (r *rowCheck) content(conn *sqlite.Conn, o convo.Object) error {
	file, ok := o.Body.(convo.Stored)
	if !ok || file.Upload == "" {
		return nil
	}
	size := int64(0)
	_, err := ask(conn, `SELECT coalesce(sum(length(data)), 0) FROM file_pieces WHERE upload = ?`).key(file.Upload).
		one(func(q *query) { size = q.readInt() })
	if err == nil && size != file.Size {
		r.found(audit.Finding{
			Problem: audit.Database, Tenant: o.Tenant, Remedy: remedyBackup,
			Text: fmt.Sprintf("the content of file %q is not whole", o.ID),
		})
	}
	return err
}

// lookedFor makes anew what objects are found by.
func (m *mender) lookedFor() error {
	type look struct {
		row     int64
		columns foundColumns
	}
	var list []look
	err := eachLook(m.conn, func(convo.Object) error { return nil }, func(o convo.Object, row int64) {
		list = append(list, look{row, foundBy(&o)})
	})
	for _, one := range list {
		err = errorsFirst(err, bindFound(ask(m.conn, setLooks), one.columns).int(one.row).exec())
	}
	return err
}
