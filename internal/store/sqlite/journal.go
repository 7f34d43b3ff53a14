package sqlite

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// Note implements store.JournalTx.
func (t *tx) Note(e convo.Entry) error {
	e.IDs = maps.Clone(e.IDs)
	t.notes = append(t.notes, e)
	return nil
}

const (
	countNote = `
		INSERT INTO journals (tenant, last) VALUES (?, 1) ON CONFLICT (tenant) DO UPDATE SET last = last + 1 RETURNING last`
	insertNote = `INSERT INTO journal (tenant, n, key, at, type, ids) VALUES (?, ?, ?, ?, ?, ?)`
)

func (t *tx) applyNotes() error {
	for _, e := range t.notes {
		_, err := ask(t.conn(), countNote).text(t.key.tenant).one(func(q *query) { e.N = q.readInt() })
		if err != nil {
			return err
		}
		var ids []byte
		if len(e.IDs) > 0 {
			if ids, err = json.Marshal(e.IDs); err != nil {
				return err
			}
		}
		err = ask(t.conn(), insertNote).text(t.key.tenant).int(e.N).position(e.ID).int(e.At.UnixMilli()).
			text(e.Type).blob(ids).exec()
		if err != nil {
			return err
		}
	}
	return nil
}

const (
	entriesUp   = `SELECT n, key, at, type, ids FROM journal WHERE tenant = ? AND n > ? ORDER BY n LIMIT ?`
	entriesDown = `SELECT n, key, at, type, ids FROM journal WHERE tenant = ? AND n < ? ORDER BY n DESC LIMIT ?`
)

// Entries implements store.Journal.
func (s *reader) Entries(ctx context.Context, tenant string, want store.EntryQuery) (list []convo.Entry, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		sql, after := entriesUp, want.After
		if want.Desc {
			sql = entriesDown
			if after == 0 {
				after = 1<<63 - 1
			}
		}
		q := ask(conn, sql).text(tenant).int(after).int(int64(want.Limit))
		for q.next() {
			e := convo.Entry{N: q.readInt(), ID: q.readKey(), At: fromMilli(q.readInt()), Type: q.readText()}
			if ids := q.readBlob(); ids != nil {
				if err := json.Unmarshal(ids, &e.IDs); err != nil {
					return errorsFirst(err, q.done())
				}
			}
			list = append(list, e)
		}
		return q.done()
	})
	return list, err
}

const (
	oldEntries  = `DELETE FROM journal WHERE (tenant, n) IN (SELECT tenant, n FROM journal WHERE at < ? LIMIT ?)`
	manyEntries = `
		DELETE FROM journal WHERE (tenant, n) IN (
			SELECT j.tenant, j.n FROM journals h JOIN journal j ON j.tenant = h.tenant AND j.n <= h.last - ? LIMIT ?)`
)

// PruneJournal implements store.JournalPruner.
func (s *Store) PruneJournal(ctx context.Context, before time.Time, keep int64) error {
	return errorsFirst(
		s.prune(ctx, func(conn *sqlite.Conn) error {
			return ask(conn, oldEntries).int(ceilMilli(before)).int(pruneAtOnce).exec()
		}),
		s.prune(ctx, func(conn *sqlite.Conn) error {
			return ask(conn, manyEntries).int(keep).int(pruneAtOnce).exec()
		}),
	)
}
