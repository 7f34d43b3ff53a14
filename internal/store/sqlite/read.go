package sqlite

import (
	"context"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// reader reads through connections that somebody lends: a store those of its
// pool, each for one read, and a snapshot its only one.
type reader struct {
	lender lender
	pieces *pieces
	texts  *unpacker
}

var _ store.Reader = (*reader)(nil)

// lender lends a connection to a function, and says in words for callers why
// that was refused or broken off. On the connection everything is seen as it was
// at one moment, at the latest that of the function's first statement.
type lender interface {
	lend(ctx context.Context, fn func(*sqlite.Conn) error) error
}

// read calls fn with a connection on which everything is seen as it is at one
// moment.
func (s *reader) read(ctx context.Context, fn func(*sqlite.Conn) error) error {
	return s.lender.lend(ctx, fn)
}

// readConversation is read for what belongs to a conversation, which has to exist.
func (s *reader) readConversation(ctx context.Context, tenant, id string, fn func(*sqlite.Conn, int64) error) error {
	return s.read(ctx, func(conn *sqlite.Conn) error {
		c, err := findConversation(conn, key{tenant, id})
		if err != nil {
			return err
		}
		if c == 0 {
			return noConversation(id)
		}
		return fn(conn, c)
	})
}

// Conversation implements store.Reader.
func (s *reader) Conversation(ctx context.Context, tenant, id string) (result convo.Conversation, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		c, err := readConversationRow(conn, key{tenant, id})
		if err == nil && c == nil {
			err = noConversation(id)
		}
		if err == nil {
			result = c.head.Conversation
		}
		return err
	})
	return result, err
}

// Head implements store.Reader.
func (s *reader) Head(ctx context.Context, tenant, id string) (head convo.Head, err error) {
	err = s.readOpen(ctx, tenant, id, func(conn *sqlite.Conn, c int64, open []snapshot) error {
		read, err := readHead(conn, s.texts, key{tenant, id})
		if err == nil && read == nil {
			err = fmt.Errorf("sqlite: the head of conversation %d is missing", c)
		}
		if err != nil {
			return err
		}
		head = read.head
		for _, u := range open {
			last, err := lastWritten(conn, u.pieces)
			if err != nil {
				return err
			}
			head.LastSeq = max(head.LastSeq, last)
		}
		return nil
	})
	return head, err
}

// lastWritten is the number of the last delta that the snapshot of conn has.
func lastWritten(conn *sqlite.Conn, pieces []piece) (int64, error) {
	for i := len(pieces) - 1; i >= 0; i-- {
		found, err := ask(conn, `SELECT 1 FROM open_deltas WHERE id = ?`).int(pieces[i].row).one(func(*query) {})
		if err != nil || found {
			return pieces[i].seq, err
		}
	}
	return 0, nil
}

const (
	conversationsUp = `
		SELECT ` + conversationColumns + ` FROM conversations c JOIN heads h ON h.id = c.id
		WHERE c.tenant = ? AND c.channel IS NULL AND (c.created, c.key) > (?, ?) ORDER BY c.created, c.key`
	conversationsUpFirst = `
		SELECT ` + conversationColumns + ` FROM conversations c JOIN heads h ON h.id = c.id
		WHERE c.tenant = ? AND c.channel IS NULL ORDER BY c.created, c.key`
	conversationsDown = `
		SELECT ` + conversationColumns + ` FROM conversations c JOIN heads h ON h.id = c.id
		WHERE c.tenant = ? AND c.channel IS NULL AND (c.created, c.key) < (?, ?) ORDER BY c.created DESC, c.key DESC`
	conversationsDownFirst = `
		SELECT ` + conversationColumns + ` FROM conversations c JOIN heads h ON h.id = c.id
		WHERE c.tenant = ? AND c.channel IS NULL ORDER BY c.created DESC, c.key DESC`
)

// conversationsWith is a page of the conversations with a contact.
func conversationsWith(first, desc bool) string {
	sql := `SELECT ` + conversationColumns + ` FROM conversations c JOIN heads h ON h.id = c.id
		WHERE c.tenant = ? AND c.contact = ? AND c.channel IS NULL`
	switch {
	case !first && desc:
		sql += ` AND (c.created, c.key) < (?, ?)`
	case !first:
		sql += ` AND (c.created, c.key) > (?, ?)`
	}
	if desc {
		return sql + ` ORDER BY c.created DESC, c.key DESC`
	}
	return sql + ` ORDER BY c.created, c.key`
}

// Conversations implements store.Reader.
func (s *reader) Conversations(
	ctx context.Context, tenant string, want store.ConversationQuery,
) (list []convo.Conversation, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		q := askConversations(conn, tenant, want)
		for len(list) < want.Limit && q.next() {
			if len(want.Meta) > 0 && q.stmt.ColumnType(fieldsColumn) == sqlite.TypeNull {
				continue // it has no meta: most that a filter passes over have none
			}
			c, err := scanConversation(q, tenant)
			if err != nil {
				return errorsFirst(err, q.done())
			}
			if convo.MatchMeta(c.head.Meta, want.Meta) {
				list = append(list, c.head.Conversation)
			}
		}
		return q.done()
	})
	return list, err
}

func askConversations(conn *sqlite.Conn, tenant string, want store.ConversationQuery) *query {
	first := want.After == store.Position{}
	if want.Contact != "" {
		q := ask(conn, conversationsWith(first, want.Desc)).text(tenant).key(want.Contact)
		if !first {
			q.int(want.After.Created.UnixMilli()).position(want.After.ID)
		}
		return q
	}
	switch {
	case first && want.Desc:
		return ask(conn, conversationsDownFirst).text(tenant)
	case first:
		return ask(conn, conversationsUpFirst).text(tenant)
	case want.Desc:
		return ask(conn, conversationsDown).text(tenant).int(want.After.Created.UnixMilli()).position(want.After.ID)
	default:
		return ask(conn, conversationsUp).text(tenant).int(want.After.Created.UnixMilli()).position(want.After.ID)
	}
}

// Usage implements store.Reader.
func (s *reader) Usage(
	ctx context.Context, tenant, conversation string, from, to time.Time,
) (u store.Usage, err error) {
	err = s.readConversation(ctx, tenant, conversation, func(conn *sqlite.Conn, c int64) error {
		_, err := ask(conn, `
			SELECT coalesce(sum(input + output), 0) FROM turns
			WHERE id > ? AND id <= ? AND state = 4 AND ended >= ? AND ended < ?`).
			int(rowID(c, 0)).int(lastID(c)).int(ceilMilli(from)).int(ceilMilli(to)).
			one(func(q *query) { u.Tokens = q.readInt() })
		if err != nil {
			return err
		}
		_, err = ask(conn, `
			SELECT count(*) FROM messages m JOIN log l ON l.id = (m.conversation << 32) | m.seq
			WHERE m.conversation = ? AND m.type IN ('user', 'bot') AND l.at >= ? AND l.at < ?`).
			int(c).int(ceilMilli(from)).int(ceilMilli(to)).
			one(func(q *query) { u.Messages = q.readInt() })
		return err
	})
	return u, err
}

// ceilMilli is the first millisecond that is not before t.
func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if time.UnixMilli(ms).Before(t) {
		ms++
	}
	return ms
}

func noConversation(id string) error {
	return convo.Errorf(convo.NotFound, "there is no conversation %q", id)
}

func errClosed() error {
	return convo.Errorf(convo.Unavailable, "the server is shutting down; try again in a moment")
}
