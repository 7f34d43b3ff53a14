package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// ownerOf is the owner of a conversation as it is stored.
func ownerOf(c *convo.Conversation) string {
	if c.Owner == nil {
		return ""
	}
	return *c.Owner
}

// moveAgenda writes what lists of an owner's conversations go by, as far as it
// is not what it was before; before is nil if that is not known.
func moveAgenda(conn *sqlite.Conn, before, c *conversation) error {
	switch {
	case before == nil || before.id != c.id ||
		ownerOf(&before.head.Conversation) != ownerOf(&c.head.Conversation) ||
		(before.head.Channel == nil) != (c.head.Channel == nil) || !sameID(before.head.BotID, c.head.BotID):
		return writeAgenda(conn, c)
	case before.head.Conversation.Active.Equal(c.head.Conversation.Active):
		return nil
	}
	return ask(conn, `UPDATE agendas SET active = ? WHERE id = ?`).
		int(c.head.Conversation.Active.UnixMilli()).int(c.id).exec()
}

func sameID(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }

// writeAgenda writes all that lists of an owner's conversations go by.
func writeAgenda(conn *sqlite.Conn, c *conversation) error {
	tenant := &c.head.Tenant
	if c.head.Channel != nil {
		tenant = nil
	}
	return ask(conn, `
		INSERT INTO agendas (id, tenant, owner, active, key, bot) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
		ON CONFLICT (id) DO UPDATE SET tenant = ?2, owner = ?3, active = ?4, key = ?5, bot = ?6`).
		int(c.id).textOrNull(tenant).position(ownerOf(&c.head.Conversation)).
		int(c.head.Conversation.Active.UnixMilli()).key(c.head.ID).keyOrNull(c.head.BotID).exec()
}

const (
	conversationsOf = `
		SELECT ` + conversationColumns + `
		FROM agendas a JOIN conversations c ON c.id = a.id JOIN heads h ON h.id = a.id
		WHERE a.tenant = ? AND a.owner = ? AND (? OR a.bot IS ?) `
	activeUp        = conversationsOf + `AND (a.active, a.key) > (?, ?) ORDER BY a.active, a.key`
	activeUpFirst   = conversationsOf + `ORDER BY a.active, a.key`
	activeDown      = conversationsOf + `AND (a.active, a.key) < (?, ?) ORDER BY a.active DESC, a.key DESC`
	activeDownFirst = conversationsOf + `ORDER BY a.active DESC, a.key DESC`
)

// ConversationsOf implements store.Reader.
func (s *reader) ConversationsOf(
	ctx context.Context, tenant, owner string, want store.ActiveQuery,
) (list []convo.Conversation, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		q := askActive(conn, tenant, owner, want)
		for len(list) < want.Limit && q.next() {
			c, err := scanConversation(q, tenant)
			if err != nil {
				return errorsFirst(err, q.done())
			}
			if want.Matches(c.head.Conversation) {
				list = append(list, c.head.Conversation)
			}
		}
		return q.done()
	})
	return list, err
}

func askActive(conn *sqlite.Conn, tenant, owner string, want store.ActiveQuery) *query {
	first := want.After == store.Position{}
	sql := activeUp
	switch {
	case first && want.Desc:
		sql = activeDownFirst
	case first:
		sql = activeUpFirst
	case want.Desc:
		sql = activeDown
	}
	q := ask(conn, sql).text(tenant).position(owner).bool(want.Bot == nil)
	if want.Bot == nil || *want.Bot == "" {
		q.null()
	} else {
		q.key(*want.Bot)
	}
	if !first {
		q.int(want.After.Created.UnixMilli()).position(want.After.ID)
	}
	return q
}

const (
	turnsUp = `
		SELECT ` + turnColumns + ` FROM turns t JOIN log l ON l.id = t.id
		WHERE t.id > ? AND t.id <= ? ORDER BY t.id LIMIT ?`
	turnsDown = `
		SELECT ` + turnColumns + ` FROM turns t JOIN log l ON l.id = t.id
		WHERE t.id > ? AND t.id < ? ORDER BY t.id DESC LIMIT ?`
)

// TurnsOpened implements store.Reader.
func (s *reader) TurnsOpened(
	ctx context.Context, tenant, conversation string, want store.TurnQuery,
) (list []convo.Turn, err error) {
	err = s.readConversation(ctx, tenant, conversation, func(conn *sqlite.Conn, c int64) error {
		sql, from, to := turnsUp, rowID(c, want.After), lastID(c)
		if want.Desc {
			sql, from = turnsDown, rowID(c, 0)
			if want.After > 0 {
				to = rowID(c, want.After)
			}
		}
		q := ask(conn, sql).int(from).int(to).int(int64(want.Limit))
		list, err = (&turnReader{conn, s.texts, tenant, conversation}).all(q)
		return err
	})
	return list, err
}
