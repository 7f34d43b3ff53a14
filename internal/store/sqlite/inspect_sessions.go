package sqlite

import (
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/audit"
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

// files holds how many parts count the files of a conversation against its log; one
// that says a message counts that, too. Files that parts name and that are not there
// have not come with an import.
func (r *rowCheck) files(conn *sqlite.Conn, l *replay.Log) error {
	return miscounted(conn, l, func(id string, uses, parts int64) {
		r.differs(0, "the file %q is %d parts of messages, but counts %d", id, parts, uses)
	})
}

// miscounted gives the files of a conversation that count other parts than the log says.
func miscounted(conn *sqlite.Conn, l *replay.Log, each func(id string, uses, parts int64)) error {
	parts, head := l.Files(), l.Head()
	q := ask(conn, `SELECT key, uses, message FROM files WHERE tenant = ? AND conversation = ?`).text(head.Tenant).key(head.ID)
	for q.next() {
		id, uses, said := q.readKey(), q.readInt(), q.readKey()
		want := parts[id]
		if said != "" && l.Message(said) != nil {
			want++
		}
		if uses != want {
			each(id, uses, want)
		}
	}
	return q.done()
}

// cutFiles looks for files that lack some of their content.
func (r *rowCheck) cutFiles(conn *sqlite.Conn) error {
	q := ask(conn, `
		SELECT tenant, conversation, key FROM files
		WHERE upload IS NOT NULL AND
			size != (SELECT coalesce(sum(length(data)), 0) FROM file_pieces WHERE file_pieces.upload = files.upload)`)
	for q.next() {
		f := audit.Finding{Problem: audit.Database, Remedy: remedyBackup}
		f.Tenant, f.Conversation = q.readText(), q.readKey()
		f.Text = fmt.Sprintf("the content of file %q is not whole", q.readKey())
		r.found(f)
	}
	return q.done()
}
