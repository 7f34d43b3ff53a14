package sqlite

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

const signInColumns = `id, tenant, user, client, scope, stamp, generation, created, renewed, expires`

// surplusSignIns are those of a user that are beyond what is kept.
const surplusSignIns = `
	DELETE FROM sign_ins WHERE id IN (
		SELECT id FROM sign_ins WHERE tenant = ? AND user = ? ORDER BY renewed DESC, id DESC LIMIT -1 OFFSET ?)`

// PutSignIn implements store.Identities.
func (s *Store) PutSignIn(ctx context.Context, in convo.SignIn) error {
	return s.do(ctx, store.Durable, func(conn *sqlite.Conn) error {
		err := ask(conn, `INSERT INTO sign_ins (`+signInColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`).
			key(in.ID).text(in.Tenant).key(in.User).text(in.Client).text(in.Scope).text(in.Stamp).int(in.Generation).
			int(in.Created.UnixMilli()).int(in.Renewed.UnixMilli()).int(in.Expires.UnixMilli()).exec()
		if err != nil {
			return err
		}
		return ask(conn, surplusSignIns).text(in.Tenant).key(in.User).int(store.MaxSignIns).exec()
	})
}

// SignIn implements store.Identities.
func (s *Store) SignIn(ctx context.Context, id string) (in convo.SignIn, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		found, err := ask(conn, `SELECT `+signInColumns+` FROM sign_ins WHERE id = ?`).key(id).one(func(q *query) {
			in = convo.SignIn{
				ID: q.readKey(), Tenant: q.readText(), User: q.readKey(), Client: q.readText(), Scope: q.readText(),
				Stamp: q.readText(), Generation: q.readInt(),
				Created: fromMilli(q.readInt()), Renewed: fromMilli(q.readInt()), Expires: fromMilli(q.readInt()),
			}
		})
		if err == nil && !found {
			err = noSignIn()
		}
		return err
	})
	return in, err
}

func noSignIn() error { return convo.Errorf(convo.NotFound, "there is no such sign-in") }

// RenewSignIn implements store.Identities.
func (s *Store) RenewSignIn(ctx context.Context, id string, from int64, at, expires time.Time) (ok bool, err error) {
	err = s.do(ctx, store.Durable, func(conn *sqlite.Conn) error {
		var generation int64
		found, err := ask(conn, `SELECT generation FROM sign_ins WHERE id = ?`).key(id).
			one(func(q *query) { generation = q.readInt() })
		if err == nil && !found {
			err = noSignIn()
		}
		if ok = err == nil && generation == from; !ok {
			return err
		}
		return ask(conn, `UPDATE sign_ins SET generation = ?, renewed = ?, expires = ? WHERE id = ?`).
			int(from + 1).int(at.UnixMilli()).int(expires.UnixMilli()).key(id).exec()
	})
	return ok && err == nil, err
}

// DeleteSignIn implements store.Identities.
func (s *Store) DeleteSignIn(ctx context.Context, id string) error {
	return s.do(ctx, store.Durable, func(conn *sqlite.Conn) error {
		return ask(conn, `DELETE FROM sign_ins WHERE id = ?`).key(id).exec()
	})
}

const expiredSignIns = `DELETE FROM sign_ins WHERE id IN (SELECT id FROM sign_ins WHERE expires < ? LIMIT ?)`

// PruneSignIns implements store.Identities.
func (s *Store) PruneSignIns(ctx context.Context, before time.Time) error {
	return s.prune(ctx, func(conn *sqlite.Conn) error {
		return ask(conn, expiredSignIns).int(ceilMilli(before)).int(pruneAtOnce).exec()
	})
}
