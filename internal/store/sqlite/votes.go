package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// voteID is the id of a vote, as its event's data has it.
const voteID = `coalesce(CAST(l.data AS TEXT) ->> '$.i', '')`

// votesOf are the votes of a contact. They are sorted, which no other list is: one
// contact gives few. Without the plus the index would be read as a whole: what an
// expression gives is compared with a column as other types are.
const votesOf = `
	SELECT ` + rowColumns + `, c.id, c.key, c.bot
	FROM conversations c CROSS JOIN log l INDEXED BY log_votes ON l.id >> 32 = +c.id AND l.kind = 17` + joinText + `
	WHERE c.tenant = ? AND c.contact = ? AND c.channel IS NULL`

// Votes implements store.VoteReader.
func (s *reader) Votes(ctx context.Context, tenant string, want store.VoteQuery) (list []convo.Vote, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		q := askVotes(conn, tenant, want)
		for q.next() {
			r := scanRow(q)
			log := &logReader{conn: conn, texts: s.texts, conversation: q.readInt()}
			v := convo.Vote{Conversation: q.readKey(), ContactID: want.Contact, BotID: q.readKey(), At: fromMilli(r.at)}
			body, err := log.body(r)
			if err != nil {
				return errorsFirst(err, q.done())
			}
			var ok bool
			if v.Rated, ok = body.(convo.Rated); !ok {
				return errorsFirst(fmt.Errorf("sqlite: event %d of conversation %d is no vote", r.seq, log.conversation), q.done())
			}
			list = append(list, v)
		}
		return q.done()
	})
	return list, err
}

func askVotes(conn *sqlite.Conn, tenant string, want store.VoteQuery) *query {
	sql, than, order := votesOf, `>`, ``
	if want.Desc {
		than, order = `<`, ` DESC`
	}
	if want.ID != "" {
		sql += ` AND ` + voteID + ` = ?`
	}
	first := want.After == store.Position{}
	if !first {
		sql += ` AND (l.at, ` + voteID + `) ` + than + ` (?, ?)`
	}
	q := ask(conn, sql+` ORDER BY l.at`+order+`, `+voteID+order+` LIMIT ?`).text(tenant).key(want.Contact)
	if want.ID != "" {
		q.text(want.ID)
	}
	if !first {
		q.int(want.After.Created.UnixMilli()).text(want.After.ID)
	}
	return q.int(int64(want.Limit))
}
