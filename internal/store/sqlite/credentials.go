package sqlite

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

const tokenColumns = `tenant, id, hash, name, source, conversation, created, expires, revoked, app`

func scanToken(q *query) convo.Token {
	t := convo.Token{Tenant: q.readText(), ID: q.readKey()}
	copy(t.Hash[:], q.readBlob())
	t.Name, t.Source, t.Conversation = q.readText(), q.readText(), q.readKey()
	t.Created, t.Expires, t.Revoked = fromMilli(q.readInt()), q.readTime(), q.readTime()
	t.App = q.readText()
	return t
}

// checkToken refuses a token whose hash or id is stored already.
func checkToken(conn *sqlite.Conn, t convo.Token) error {
	if t.ID == "" {
		return convo.Errorf(convo.Internal, "a token needs an id")
	}
	found, err := ask(conn, `SELECT 1 FROM tokens WHERE hash = ?1 UNION ALL SELECT 1 FROM tokens WHERE tenant = ?2 AND id = ?3`).
		blob(t.Hash[:]).text(t.Tenant).key(t.ID).one(func(*query) {})
	if err == nil && found {
		err = tokenExists()
	}
	return err
}

func writeToken(conn *sqlite.Conn, t convo.Token) error {
	return ask(conn, `INSERT INTO tokens (`+tokenColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`).
		text(t.Tenant).key(t.ID).blob(t.Hash[:]).text(t.Name).text(t.Source).key(t.Conversation).
		int(t.Created.UnixMilli()).time(t.Expires).time(t.Revoked).text(t.App).exec()
}

// PutToken implements store.Tokens.
func (s *Store) PutToken(ctx context.Context, t convo.Token) error {
	return s.do(ctx, store.Durable, func(conn *sqlite.Conn) error {
		if err := checkToken(conn, t); err != nil {
			return err
		}
		return writeToken(conn, t)
	})
}

const tokenByHash = `SELECT ` + tokenColumns + ` FROM tokens WHERE hash = ?`

// TokenByHash implements store.Tokens.
func (s *Store) TokenByHash(ctx context.Context, hash convo.TokenHash) (t convo.Token, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		found, err := ask(conn, tokenByHash).blob(hash[:]).
			one(func(q *query) { t = scanToken(q) })
		if err == nil && !found {
			err = convo.Errorf(convo.NotFound, "there is no such token")
		}
		return err
	})
	return t, err
}

const (
	tokensOfTenant = `
		SELECT ` + tokenColumns + ` FROM tokens WHERE tenant = ? AND source <> 'session' ORDER BY created, id`
	tokensOfAll = `
		SELECT ` + tokenColumns + ` FROM tokens WHERE source <> 'session' ORDER BY created, id, tenant`
)

// Tokens implements store.Tokens.
func (s *Store) Tokens(ctx context.Context, tenant string) (list []convo.Token, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		q := ask(conn, tokensOfAll)
		if tenant != "" {
			q = ask(conn, tokensOfTenant).text(tenant)
		}
		for q.next() {
			list = append(list, scanToken(q))
		}
		return q.done()
	})
	return list, err
}

// RevokeToken implements store.Tokens.
func (s *Store) RevokeToken(ctx context.Context, tenant, id string, at time.Time) error {
	return s.do(ctx, store.Durable, func(conn *sqlite.Conn) error {
		err := ask(conn, `UPDATE tokens SET revoked = coalesce(revoked, ?) WHERE tenant = ? AND id = ?`).
			time(at).text(tenant).key(id).exec()
		return errorsFirst(err, tokenFound(conn, id))
	})
}

// DeleteToken implements store.Tokens.
func (s *Store) DeleteToken(ctx context.Context, tenant, id string) error {
	return s.do(ctx, store.Durable, func(conn *sqlite.Conn) error {
		err := ask(conn, `DELETE FROM tokens WHERE tenant = ? AND id = ?`).text(tenant).key(id).exec()
		return errorsFirst(err, tokenFound(conn, id))
	})
}

// tokenFound says whether the last statement found the token that it named.
func tokenFound(conn *sqlite.Conn, id string) error {
	if conn.Changes() == 0 {
		return convo.Errorf(convo.NotFound, "there is no token %q", id)
	}
	return nil
}

const expiredTokens = `
	DELETE FROM tokens WHERE (tenant, id) IN (
		SELECT tenant, id FROM tokens
		WHERE source IN ('session', 'console') AND expires IS NOT NULL AND expires < ? LIMIT ?)`

// PruneTokens implements store.Tokens.
func (s *Store) PruneTokens(ctx context.Context, before time.Time) error {
	return s.prune(ctx, func(conn *sqlite.Conn) error {
		return ask(conn, expiredTokens).int(ceilMilli(before)).int(pruneAtOnce).exec()
	})
}

// pruneAtOnce is how many rows are removed in one transaction, so that others
// do not wait for the whole.
const pruneAtOnce = 500

// prune repeats a deletion until it finds no more.
func (s *Store) prune(ctx context.Context, remove func(*sqlite.Conn) error) error {
	for more := true; more; {
		err := s.do(ctx, store.Buffered, func(conn *sqlite.Conn) error {
			err := remove(conn)
			more = conn.Changes() >= pruneAtOnce
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func tokenExists() error { return convo.Errorf(convo.Conflict, "this token exists already") }
