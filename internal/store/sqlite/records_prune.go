package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/store"
)

const (
	pruneRowsAtOnce  = 500     // rows of records
	pruneTextAtOnce  = 4 << 20 // bytes of their texts, beside the row that goes beyond it
	pruneLargeAtOnce = 16      // rows of up to 256 KiB
	pruneSpaceAtOnce = 100     // vectors, of some KiB
)

// PruneRecords implements store.Records.
func (s *Store) PruneRecords(ctx context.Context) error {
	return errorsFirst(
		s.forgetRecords(ctx),
		s.pruneCollections(ctx),
		s.pruneSegments(ctx),
		s.pruneSpaces(ctx),
	)
}

const (
	segmentsOfGone = `UPDATE segments SET key = NULL WHERE collection = ? AND key IS NOT NULL`
	spacesOfGone   = `UPDATE spaces SET name = NULL WHERE collection = ? AND name IS NOT NULL`
	someRecords    = `SELECT id, size FROM records WHERE collection = ? LIMIT ?`
)

// pruneCollections removes the records of datasets that are gone. Their segments and
// spaces are gone, too, from the first step on.
func (s *Store) pruneCollections(ctx context.Context) error {
	return s.each(ctx, `SELECT id FROM collections WHERE dataset IS NULL AND id > ? ORDER BY id LIMIT 1`, func(id int64) error {
		err := s.do(ctx, store.Buffered, func(conn *sqlite.Conn) error {
			return errorsFirst(ask(conn, segmentsOfGone).int(id).exec(), ask(conn, spacesOfGone).int(id).exec())
		})
		if err != nil {
			return err
		}
		return s.slices(ctx, pruneRowsAtOnce, func(conn *sqlite.Conn, limit int) (bool, error) {
			return deleteRecords(conn, id, limit)
		}, ask1(`DELETE FROM collections WHERE id = ?`, id))
	})
}

// deleteRecords removes some records of a collection, and says whether there were any.
func deleteRecords(conn *sqlite.Conn, collection int64, limit int) (bool, error) {
	var ids []int64
	q := ask(conn, someRecords).int(collection).int(int64(limit))
	for size := int64(0); size < pruneTextAtOnce && q.next(); {
		ids = append(ids, q.readInt())
		size += q.readInt()
	}
	err := q.done()
	for _, id := range ids {
		err = errorsFirst(err, ask(conn, `DELETE FROM records WHERE id = ?`).int(id).exec())
	}
	return len(ids) > 0, err
}

// somePieces are those of a segment, unless it has become complete meanwhile.
const somePieces = `
	DELETE FROM segment_pieces WHERE id IN (
		SELECT id FROM segment_pieces WHERE id >= ? AND id < ?
			AND EXISTS (SELECT 1 FROM segments WHERE id = ? AND key IS NULL) LIMIT ?)`

// pruneSegments removes the pieces of segments that are gone, and of those that were
// never complete.
func (s *Store) pruneSegments(ctx context.Context) error {
	return s.each(ctx, `SELECT id FROM segments WHERE key IS NULL AND id > ? ORDER BY id LIMIT 1`, func(id int64) error {
		if s.writing.has(id) {
			return nil
		}
		return s.slices(ctx, pruneLargeAtOnce, func(conn *sqlite.Conn, limit int) (bool, error) {
			err := ask(conn, somePieces).int(pieceID(id, 0)).int(pieceID(id+1, 0)).int(id).int(int64(limit)).exec()
			return conn.Changes() >= limit, err
		}, ask1(`DELETE FROM segments WHERE id = ? AND key IS NULL`, id))
	})
}

const someVectors = `DELETE FROM vectors WHERE id IN (SELECT id FROM vectors WHERE space = ? LIMIT ?)`

// pruneSpaces removes the vectors of spaces that are gone.
func (s *Store) pruneSpaces(ctx context.Context) error {
	return s.each(ctx, `SELECT id FROM spaces WHERE name IS NULL AND id > ? ORDER BY id LIMIT 1`, func(id int64) error {
		return s.slices(ctx, pruneSpaceAtOnce, ask1(someVectors, id), ask1(`DELETE FROM spaces WHERE id = ?`, id))
	})
}

// ask1 carries out a statement with an id and, if it takes one, a limit, and says
// whether it reached that.
func ask1(sql string, id int64) func(*sqlite.Conn, int) (bool, error) {
	return func(conn *sqlite.Conn, limit int) (bool, error) {
		q := ask(conn, sql).int(id)
		if limit > 0 {
			q.int(int64(limit))
		}
		err := q.exec()
		return conn.Changes() >= limit, err
	}
}

// each calls fn with the numbers that a query finds, each of which is looked for
// when the one before it is done. Its parameters are that one, and more.
func (s *Store) each(ctx context.Context, next string, fn func(id int64) error, more ...int64) error {
	for id, found := int64(0), true; ; {
		err := s.read(ctx, func(conn *sqlite.Conn) (err error) {
			q := ask(conn, next).int(id)
			for _, v := range more {
				q.int(v)
			}
			found, err = q.one(func(q *query) { id = q.readInt() })
			return err
		})
		if err != nil || !found {
			return err
		}
		if err := fn(id); err != nil {
			return err
		}
	}
}

// slices removes rows a few at a time, as long as some says that there may be more,
// and with the last of them what they belong to.
func (s *Store) slices(ctx context.Context, limit int, some, last func(*sqlite.Conn, int) (bool, error)) error {
	for more := true; more; {
		err := s.do(ctx, store.Buffered, func(conn *sqlite.Conn) error {
			return overwriting(conn, func() (err error) {
				if more, err = some(conn, limit); err == nil && !more {
					_, err = last(conn, 0)
				}
				return err
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

const (
	manyGone = `
		SELECT c.id FROM collections c
		WHERE c.id > ? AND c.dataset IS NOT NULL AND max(?, c.records) <
			(SELECT count(*) FROM records r WHERE r.collection = c.id AND r.created IS NULL)
		ORDER BY c.id LIMIT 1`
	lastForgotten = `
		SELECT change FROM records WHERE collection = ?1 AND created IS NULL ORDER BY change DESC
		LIMIT 1 OFFSET (SELECT max(?2, records) FROM collections WHERE id = ?1)`
	someGone = `
		DELETE FROM records WHERE id IN (
			SELECT id FROM records WHERE collection = ? AND created IS NULL AND change <= ? LIMIT ?)`
)

// forgetRecords lets the oldest go of the records that are gone, and the segments
// that do not know it.
func (s *Store) forgetRecords(ctx context.Context) error {
	return s.each(ctx, manyGone, func(id int64) error { return s.forgetIn(ctx, id) }, store.KeepGone)
}

func (s *Store) forgetIn(ctx context.Context, id int64) error {
	var upTo int64
	err := s.do(ctx, store.Buffered, func(conn *sqlite.Conn) error {
		found, err := ask(conn, lastForgotten).int(id).int(store.KeepGone).one(func(q *query) { upTo = q.readInt() })
		if err != nil || !found {
			return err
		}
		return errorsFirst(
			ask(conn, `UPDATE collections SET forgotten = ? WHERE id = ?`).int(upTo).int(id).exec(),
			ask(conn, `UPDATE segments SET key = NULL WHERE collection = ? AND key IS NOT NULL AND last < ?`).int(id).int(upTo).exec(),
		)
	})
	if err != nil {
		return err
	}
	return s.slices(ctx, pruneRowsAtOnce, func(conn *sqlite.Conn, limit int) (bool, error) {
		err := ask(conn, someGone).int(id).int(upTo).int(int64(limit)).exec()
		return conn.Changes() >= limit, err
	}, func(*sqlite.Conn, int) (bool, error) { return false, nil })
}
