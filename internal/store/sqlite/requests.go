package sqlite

import (
	"context"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

const requestColumns = `id, keyed, body, attempt, tenant, conversation, turn, answer, created, written`

func readRequest(conn *sqlite.Conn, id convo.RequestID) (r convo.Request, ok bool, err error) {
	ok, err = ask(conn, `SELECT `+requestColumns+` FROM requests WHERE id = ?`).blob(id[:]).one(func(q *query) {
		copy(r.ID[:], q.readBlob())
		r.Keyed = q.readBool()
		copy(r.Body[:], q.readBlob())
		r.Attempt, r.Tenant, r.Conversation, r.Turn = q.readKey(), q.readText(), q.readKey(), q.readKey()
		r.Answer, r.Created, r.Written = q.readBlob(), fromMilli(q.readInt()), q.readBool()
	})
	return r, ok, err
}

func writeRequest(conn *sqlite.Conn, r convo.Request) error {
	return ask(conn, `INSERT OR REPLACE INTO requests (`+requestColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`).
		blob(r.ID[:]).bool(r.Keyed).blob(r.Body[:]).key(r.Attempt).text(r.Tenant).key(r.Conversation).key(r.Turn).
		blob(r.Answer).int(r.Created.UnixMilli()).bool(r.Written).exec()
}

// PutRequest implements store.Requests.
func (s *Store) PutRequest(ctx context.Context, r convo.Request) error {
	return s.do(ctx, store.Buffered, func(conn *sqlite.Conn) error { return writeRequest(conn, r) })
}

// Request implements store.Requests.
func (s *Store) Request(ctx context.Context, id convo.RequestID) (r convo.Request, ok bool, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		r, ok, err = readRequest(conn, id)
		return err
	})
	return r, ok, err
}

// MarkWritten implements store.Requests.
func (s *Store) MarkWritten(id convo.RequestID, attempt string) {
	s.marks.add(mark{id, attempt})
}

// PruneRequests implements store.Requests.
func (s *Store) PruneRequests(ctx context.Context, keyed, unkeyed time.Time) error {
	err := s.pruneRequests(ctx, true, keyed)
	return errorsFirst(err, s.pruneRequests(ctx, false, unkeyed))
}

const oldRequests = `
	DELETE FROM requests WHERE id IN (
		SELECT r.id FROM requests r WHERE r.keyed = ? AND r.created < ? AND NOT EXISTS (
			SELECT 1 FROM conversations c JOIN turns t ON t.conversation = c.id
			WHERE c.tenant = r.tenant AND c.key = r.conversation AND t.key = r.turn AND t.state < 4)
		LIMIT ?)`

func (s *Store) pruneRequests(ctx context.Context, keyed bool, before time.Time) error {
	return s.prune(ctx, func(conn *sqlite.Conn) error {
		return ask(conn, oldRequests).bool(keyed).int(ceilMilli(before)).int(pruneAtOnce).exec()
	})
}

// mark says that the answer to an attempt at a request was written.
type mark struct {
	id      convo.RequestID
	attempt string
}

func writeMark(conn *sqlite.Conn, m mark) error {
	return ask(conn, `UPDATE requests SET written = 1 WHERE id = ? AND attempt IS ?`).
		blob(m.id[:]).key(m.attempt).exec()
}

// marks wait for the next commit.
type marks struct {
	mu   sync.Mutex // guards list
	list []mark
}

func (m *marks) add(mark mark) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = append(m.list, mark)
}

func (m *marks) take() []mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.list
	m.list = nil
	return list
}

func (m *marks) putBack(list []mark) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = append(list, m.list...)
}
