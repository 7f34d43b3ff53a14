package sqlite

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

const putSocket = `
	INSERT INTO sockets (id, tenant, owner, seen, state) VALUES (?, ?, ?, ?, ?)
	ON CONFLICT (id) DO UPDATE SET tenant = excluded.tenant, owner = excluded.owner, seen = excluded.seen, state = excluded.state`

// PutSocket implements store.Sockets.
func (s *Store) PutSocket(ctx context.Context, session store.SocketSession) error {
	return s.do(ctx, store.Buffered, func(conn *sqlite.Conn) error {
		return ask(conn, putSocket).key(session.ID).text(session.Tenant).text(session.Owner).
			int(session.Seen.UnixMilli()).blob(session.State).exec()
	})
}

const socketByID = `SELECT id, tenant, owner, seen, state FROM sockets WHERE id = ?`

// Socket implements store.Sockets.
func (s *Store) Socket(ctx context.Context, id string) (session store.SocketSession, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		found, err := ask(conn, socketByID).key(id).one(func(q *query) {
			session = store.SocketSession{ID: q.readKey(), Tenant: q.readText(), Owner: q.readText(), Seen: fromMilli(q.readInt()), State: q.readBlob()}
		})
		if err == nil && !found {
			err = convo.Errorf(convo.NotFound, "there is no such socket session")
		}
		return err
	})
	return session, err
}

// TouchSockets implements store.Sockets.
func (s *Store) TouchSockets(ctx context.Context, ids []string, at time.Time) error {
	return s.do(ctx, store.Buffered, func(conn *sqlite.Conn) error {
		if ids == nil {
			return ask(conn, `UPDATE sockets SET seen = ?`).int(at.UnixMilli()).exec()
		}
		for _, id := range ids {
			if err := ask(conn, `UPDATE sockets SET seen = ? WHERE id = ?`).int(at.UnixMilli()).key(id).exec(); err != nil {
				return err
			}
		}
		return nil
	})
}

const oldSockets = `DELETE FROM sockets WHERE id IN (SELECT id FROM sockets WHERE seen < ? LIMIT ?)`

// PruneSockets implements store.Sockets.
func (s *Store) PruneSockets(ctx context.Context, before time.Time) error {
	return s.prune(ctx, func(conn *sqlite.Conn) error {
		return ask(conn, oldSockets).int(ceilMilli(before)).int(pruneAtOnce).exec()
	})
}
