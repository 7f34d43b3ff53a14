package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/store"
)

// sealedTable is where something encrypted is kept: find gives the rows behind
// one, as their row, tenant, id and what is sealed, and put writes it back.
type sealedTable struct {
	kind      store.SealedKind
	find, put string
}

func sealedTables() []sealedTable {
	return []sealedTable{
		{store.SealedAnswer,
			`SELECT rowid, tenant, id, answer FROM requests WHERE rowid > ? AND answer IS NOT NULL ORDER BY rowid LIMIT ?`,
			`UPDATE requests SET answer = ? WHERE rowid = ?`},
		{store.SealedInput,
			`SELECT i.id, c.tenant, t.key, i.sealed FROM inputs i JOIN turns t ON t.id = i.id
				JOIN conversations c ON c.id = t.conversation WHERE i.id > ? ORDER BY i.id LIMIT ?`,
			`UPDATE inputs SET sealed = ? WHERE id = ?`},
		{store.SealedVault,
			`SELECT v.id, c.tenant, c.key, v.sealed FROM vaults v JOIN conversations c ON c.id = v.conversation
				WHERE v.id > ? ORDER BY v.id LIMIT ?`,
			`UPDATE vaults SET sealed = ? WHERE id = ?`},
		{store.SealedSecret,
			`SELECT id, tenant, key, sealed FROM objects WHERE id > ? AND sealed IS NOT NULL ORDER BY id LIMIT ?`,
			`UPDATE objects SET sealed = ? WHERE id = ?`},
		{store.SealedSigningKey,
			`SELECT row, '', id, sealed FROM signing_keys WHERE row > ? ORDER BY row LIMIT ?`,
			`UPDATE signing_keys SET sealed = ? WHERE row = ?`},
	}
}

// resealAtOnce is how many rows are encrypted anew in one transaction: an input
// may have 16 MiB.
const resealAtOnce = 16

// Reseal implements store.Reseals.
func (s *Store) Reseal(ctx context.Context, again func(store.SealedPlace, []byte) []byte) error {
	for _, table := range sealedTables() {
		for row, more := int64(0), true; more; {
			last := row
			err := s.do(ctx, store.Buffered, func(conn *sqlite.Conn) (err error) {
				last, more, err = table.reseal(conn, row, again) // it may run again, from the same row
				return err
			})
			if err != nil {
				return err
			}
			row = last
		}
	}
	return s.Sync(ctx)
}

// reseal does the rows behind one, and gives the last of them.
func (t sealedTable) reseal(conn *sqlite.Conn, after int64, again func(store.SealedPlace, []byte) []byte) (last int64, more bool, err error) {
	type found struct {
		row    int64
		at     store.SealedPlace
		sealed []byte
	}
	var rows []found
	q := ask(conn, t.find).int(after).int(resealAtOnce)
	for q.next() {
		f := found{row: q.readInt(), at: store.SealedPlace{Kind: t.kind, Tenant: q.readText()}}
		if t.kind == store.SealedAnswer {
			f.at.ID = string(q.readBlob())
		} else {
			f.at.ID = q.readKey()
		}
		f.sealed = q.readBlob()
		rows = append(rows, f)
	}
	if err := q.done(); err != nil {
		return after, false, err
	}
	for _, f := range rows {
		after = f.row
		if sealed := again(f.at, f.sealed); sealed != nil {
			if err := ask(conn, t.put).blob(sealed).int(f.row).exec(); err != nil {
				return after, false, err
			}
		}
	}
	return after, len(rows) == resealAtOnce, nil
}
