package sqlite

import (
	"context"
	"encoding/binary"
	"math"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

const spaceByName = `SELECT id, length FROM spaces WHERE collection = ? AND name = ?`

// findSpace gives the number of a space and the length of its vectors, or zeros.
func findSpace(conn *sqlite.Conn, collection int64, name string) (id, length int64, err error) {
	_, err = ask(conn, spaceByName).int(collection).text(name).one(func(q *query) { id, length = q.readInt(), q.readInt() })
	return id, length, err
}

// Spaces implements store.RecordReader.
func (s *reader) Spaces(ctx context.Context, tenant, dataset string) (map[string]int, error) {
	spaces := make(map[string]int)
	err := s.readRecords(ctx, tenant, dataset, func(conn *sqlite.Conn, c convo.Collection) error {
		q := ask(conn, `SELECT name, length FROM spaces WHERE collection = ? AND name IS NOT NULL`).int(c.Number)
		for q.next() {
			spaces[q.readText()] = int(q.readInt())
		}
		return q.done()
	})
	return spaces, err
}

const vectorsOf = `
	SELECT r.key, v.change, v.id, v.data FROM vectors v JOIN records r ON r.collection = ? AND r.change = v.change
	WHERE v.space = ? AND v.id > ? ORDER BY v.id LIMIT ?`

// Vectors implements store.RecordReader.
func (s *reader) Vectors(
	ctx context.Context, tenant, dataset, space string, after int64, limit int,
) (list []convo.Vector, err error) {
	err = s.readRecords(ctx, tenant, dataset, func(conn *sqlite.Conn, c convo.Collection) error {
		id, _, err := findSpace(conn, c.Number, space)
		if err != nil || id == 0 {
			return err
		}
		q := ask(conn, vectorsOf).int(c.Number).int(id).int(after).int(int64(limit))
		for q.next() {
			list = append(list, convo.Vector{Record: q.readKey(), Change: q.readInt(), Stored: q.readInt(), Values: readValues(q.readBlob())})
		}
		return q.done()
	})
	return list, err
}

const unembedded = `
	SELECT ` + recordColumns + ` FROM records r
	WHERE r.collection = ? AND r.change > ? AND r.created IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.space = ? AND v.change = r.change)
	ORDER BY r.change`

// Unembedded implements store.RecordReader.
func (s *reader) Unembedded(
	ctx context.Context, tenant, dataset, space string, after int64, limit int,
) (list []convo.Record, err error) {
	err = s.readRecords(ctx, tenant, dataset, func(conn *sqlite.Conn, c convo.Collection) error {
		id, _, err := findSpace(conn, c.Number, space)
		if err != nil {
			return err
		}
		q := ask(conn, unembedded).int(c.Number).int(after).int(id)
		list, err = recordReader{s.texts, tenant, dataset}.all(q, limit, anyRecord)
		return err
	})
	return list, err
}

// PutVectors implements store.Records.
func (s *Store) PutVectors(ctx context.Context, tenant, dataset, space string, vectors []convo.Vector) error {
	return s.do(ctx, store.Buffered, func(conn *sqlite.Conn) error {
		c, err := readCollection(conn, tenant, dataset)
		if err != nil {
			return err
		}
		id, length, err := findSpace(conn, c.Number, space)
		if err != nil {
			return err
		}
		if err := store.CheckVectors(vectors, int(length)); err != nil {
			return err
		}
		for _, v := range vectors {
			if id, err = putVector(conn, c.Number, id, space, v); err != nil {
				return err
			}
		}
		return nil
	})
}

const (
	recordWithChange = `SELECT 1 FROM records WHERE collection = ? AND change = ? AND key = ? AND created IS NOT NULL`
	insertVector     = `INSERT OR REPLACE INTO vectors (space, change, data) VALUES (?, ?, ?)`
)

// putVector writes a vector, unless its record has changed since, into a space that
// it makes where it has no number yet, and gives that number.
func putVector(conn *sqlite.Conn, collection, space int64, name string, v convo.Vector) (int64, error) {
	current, err := ask(conn, recordWithChange).int(collection).int(v.Change).position(v.Record).one(func(*query) {})
	if err != nil || !current {
		return space, err
	}
	if space == 0 {
		err := ask(conn, `INSERT INTO spaces (collection, name, length) VALUES (?, ?, ?)`).
			int(collection).text(name).int(int64(len(v.Values))).exec()
		if err != nil {
			return 0, err
		}
		space = conn.LastInsertRowID()
	}
	return space, ask(conn, insertVector).int(space).int(v.Change).blob(appendValues(nil, v.Values)).exec()
}

// DropSpace implements store.Records.
func (s *Store) DropSpace(ctx context.Context, tenant, dataset, space string) error {
	return s.do(ctx, store.Buffered, func(conn *sqlite.Conn) error {
		c, err := readCollection(conn, tenant, dataset)
		if err != nil {
			return err
		}
		return ask(conn, `UPDATE spaces SET name = NULL WHERE collection = ? AND name = ?`).int(c.Number).text(space).exec()
	})
}

// appendValues appends the stored form of a vector.
func appendValues(b []byte, values []float32) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// readValues reads what appendValues wrote.
func readValues(b []byte) []float32 {
	values := make([]float32, len(b)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return values
}
