package sqlite

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

const userColumns = `tenant, id, name, email, password, created, changed`

func scanUser(q *query) convo.Member {
	return convo.Member{
		Tenant: q.readText(), ID: q.readKey(), Name: q.readText(), Email: q.readText(), Password: q.readText(),
		Created: fromMilli(q.readInt()), Changed: fromMilli(q.readInt()),
	}
}

// PutUser implements store.Identities.
func (s *Store) PutUser(ctx context.Context, u convo.Member) error {
	return s.do(ctx, store.Durable, func(conn *sqlite.Conn) error {
		taken, err := ask(conn, `SELECT 1 FROM users WHERE tenant = ?1 AND (id = ?2 OR handle = ?3)`).
			text(u.Tenant).key(u.ID).text(convo.Handle(u.Name)).one(func(*query) {})
		if err != nil {
			return err
		}
		if taken {
			return convo.Errorf(convo.Conflict, "there is a user %q already", u.Name)
		}
		return ask(conn, `INSERT INTO users (`+userColumns+`, handle) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`).
			text(u.Tenant).key(u.ID).text(u.Name).text(u.Email).text(u.Password).
			int(u.Created.UnixMilli()).int(u.Changed.UnixMilli()).text(convo.Handle(u.Name)).exec()
	})
}

// SetPassword implements store.Identities.
func (s *Store) SetPassword(ctx context.Context, tenant, id, password string, at time.Time) error {
	return s.do(ctx, store.Durable, func(conn *sqlite.Conn) error {
		err := ask(conn, `UPDATE users SET password = ?, changed = ? WHERE tenant = ? AND id = ?`).
			text(password).int(at.UnixMilli()).text(tenant).key(id).exec()
		return errorsFirst(err, userFound(conn, id), endSignIns(conn, tenant, id))
	})
}

func endSignIns(conn *sqlite.Conn, tenant, user string) error {
	return ask(conn, `DELETE FROM sign_ins WHERE tenant = ? AND user = ?`).text(tenant).key(user).exec()
}

// userFound says whether the last statement found the user that it named.
func userFound(conn *sqlite.Conn, id string) error {
	if conn.Changes() == 0 {
		return noUser(id)
	}
	return nil
}

func noUser(name string) error { return convo.Errorf(convo.NotFound, "there is no user %q", name) }

// User implements store.Identities.
func (s *Store) User(ctx context.Context, tenant, id string) (convo.Member, error) {
	return s.findUser(ctx, id, func(conn *sqlite.Conn) *query {
		return ask(conn, `SELECT `+userColumns+` FROM users WHERE tenant = ? AND id = ?`).text(tenant).key(id)
	})
}

// UserByName implements store.Identities.
func (s *Store) UserByName(ctx context.Context, tenant, name string) (convo.Member, error) {
	return s.findUser(ctx, name, func(conn *sqlite.Conn) *query {
		return ask(conn, `SELECT `+userColumns+` FROM users WHERE tenant = ? AND handle = ?`).text(tenant).text(convo.Handle(name))
	})
}

func (s *Store) findUser(ctx context.Context, name string, find func(*sqlite.Conn) *query) (u convo.Member, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		found, err := find(conn).one(func(q *query) { u = scanUser(q) })
		if err == nil && !found {
			err = noUser(name)
		}
		return err
	})
	return u, err
}

// Users implements store.Identities.
func (s *Store) Users(ctx context.Context, tenant string) (list []convo.Member, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		q := ask(conn, `SELECT `+userColumns+` FROM users WHERE tenant = ? ORDER BY handle`).text(tenant)
		for q.next() {
			list = append(list, scanUser(q))
		}
		return q.done()
	})
	return list, err
}

// DeleteUser implements store.Identities.
func (s *Store) DeleteUser(ctx context.Context, tenant, id string) error {
	return s.do(ctx, store.Durable, func(conn *sqlite.Conn) error {
		err := ask(conn, `DELETE FROM users WHERE tenant = ? AND id = ?`).text(tenant).key(id).exec()
		return errorsFirst(err, userFound(conn, id), endSignIns(conn, tenant, id))
	})
}

// PutSigningKey implements store.Identities.
func (s *Store) PutSigningKey(ctx context.Context, k convo.SigningKey) error {
	return s.do(ctx, store.Durable, func(conn *sqlite.Conn) error {
		taken, err := ask(conn, `SELECT 1 FROM signing_keys WHERE id = ?`).text(k.ID).one(func(*query) {})
		if err != nil {
			return err
		}
		if taken {
			return convo.Errorf(convo.Conflict, "there is a signing key %q already", k.ID)
		}
		return ask(conn, `INSERT INTO signing_keys (id, created, sealed) VALUES (?, ?, ?)`).
			text(k.ID).int(k.Created.UnixMilli()).blob(k.Sealed).exec()
	})
}

// SigningKeys implements store.Identities.
func (s *Store) SigningKeys(ctx context.Context) (list []convo.SigningKey, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		q := ask(conn, `SELECT id, created, sealed FROM signing_keys ORDER BY created DESC, id`)
		for q.next() {
			list = append(list, convo.SigningKey{ID: q.readText(), Created: fromMilli(q.readInt()), Sealed: q.readBlob()})
		}
		return q.done()
	})
	return list, err
}

// DeleteSigningKey implements store.Identities.
func (s *Store) DeleteSigningKey(ctx context.Context, id string) error {
	return s.do(ctx, store.Durable, func(conn *sqlite.Conn) error {
		return ask(conn, `DELETE FROM signing_keys WHERE id = ?`).text(id).exec()
	})
}
