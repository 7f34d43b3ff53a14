package sqlite

import (
	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/replay"
)

// aliases holds what clients named against what it is found by.
func (r *rowCheck) aliases(conn *sqlite.Conn, c int64, l *replay.Log) error {
	want := aliasesOf(l, l.Turns(), l.Messages())
	q := ask(conn, `SELECT turn, alias, key FROM aliases WHERE conversation = ?`).int(c)
	for q.next() {
		k := aliasKey{message: !q.isInt()}
		if k.turn = q.readKey(); !k.message {
			k.turn = ""
		}
		k.alias = q.readText()
		wrong := wrongKey(q)
		if id := q.readKey(); want[k] != id || wrong {
			r.differs(0, "the alias %q stands for %q, which the log does not say", k.alias, id)
			continue
		}
		delete(want, k)
	}
	if len(want) > 0 {
		r.differs(0, "%d aliases of turns and messages are missing", len(want))
	}
	return q.done()
}

// agenda looks at what lists of an owner's conversations go by.
func (r *rowCheck) agenda(conn *sqlite.Conn, c int64, head *convo.Head) error {
	tenant := &head.Tenant
	if head.Channel != nil {
		tenant = nil
	}
	same := false
	_, err := ask(conn, `SELECT tenant IS ? AND owner IS ? AND active = ? AND key IS ? AND bot IS ? FROM agendas WHERE id = ?`).
		textOrNull(tenant).position(ownerOf(&head.Conversation)).int(head.Conversation.Active.UnixMilli()).key(head.ID).keyOrNull(head.BotID).int(c).
		one(func(q *query) { same = q.readBool() })
	if err == nil && !same {
		r.differs(0, "the conversation does not stand where it should in the list of its owner")
	}
	return err
}
