package sqlite

import (
	"bytes"
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/audit"
	"github.com/parleyhq/parley/internal/store/replay"
)

// conversation holds the rows of a conversation against its log: what reads
// find things by, and what they leave out.
func (r *rowCheck) conversation(conn *sqlite.Conn, p *pieces, l *replay.Log) error {
	head := l.Head()
	c, err := findConversation(conn, key{head.Tenant, head.ID})
	if err != nil {
		return err
	}
	if c == 0 {
		r.found(audit.Finding{
			Problem: audit.Identity, Text: "the conversation is not found by its id", Remedy: remedyBackup,
		})
		return nil
	}
	if err := errorsFirst(r.columns(conn, c, head), r.messages(conn, c, l)); err != nil {
		return err
	}
	if err := errorsFirst(r.turns(conn, c, l), r.aliases(conn, c, l), r.agenda(conn, c, head), r.files(conn, l)); err != nil {
		return err
	}
	for _, u := range p.open[c] {
		if l.Message(u.message) == nil && !l.Coming(u.message) {
			r.found(audit.Finding{
				Problem: audit.Erasure, Event: u.pieces[0].seq, Remedy: remedyRepair, Repairable: true,
				Text: fmt.Sprintf("pieces of message %q are still there, which was deleted", u.message),
			})
		}
	}
	return nil
}

func (r *rowCheck) differs(event int64, format string, args ...any) {
	r.found(audit.Finding{
		Problem: audit.Projection, Event: event, Text: fmt.Sprintf(format, args...), Remedy: remedyRepair, Repairable: true,
	})
}

// columns looks at what hides a conversation from lists, and at what counts it
// among those of a bot and of a contact.
func (r *rowCheck) columns(conn *sqlite.Conn, c int64, head *convo.Head) error {
	channel, bot, contact := false, false, false
	_, err := ask(conn, `SELECT channel IS ?, bot IS ?, contact IS ? FROM conversations WHERE id = ?`).
		textOrNull(head.Channel).keyOrNull(head.BotID).keyOrNull(head.ContactID).int(c).
		one(func(q *query) { channel, bot, contact = q.readBool(), q.readBool(), q.readBool() })
	if err == nil && !channel {
		r.differs(0, "the conversation is hidden where it should be listed, or listed where it should be hidden")
	}
	if err == nil && !bot {
		r.differs(0, "the conversation counts for another bot than its fields name")
	}
	if err == nil && !contact {
		r.differs(0, "the conversation is listed with another contact than its fields name")
	}
	return err
}

func (r *rowCheck) messages(conn *sqlite.Conn, c int64, l *replay.Log) error {
	count := 0
	q := ask(conn, `SELECT key, seq, place, type, changes, text_seq FROM messages WHERE conversation = ? ORDER BY seq`).int(c)
	for q.next() {
		if wrongKey(q) {
			r.differs(0, "the id of a message is stored in a form in which it is not found")
		}
		id, seq, place, kind := q.readKey(), q.readInt(), q.readInt(), q.readText()
		changes, textSeq := q.readBlob(), q.readInt()
		want := l.Message(id)
		if want == nil {
			r.differs(0, "there is a row of message %q, but the log says that there is no such message", id)
			continue
		}
		count++
		if seq != want.Seq || place != want.Place || kind != string(want.Type) ||
			textSeq != want.TextSeq || !bytes.Equal(changes, changesOf(want)) {
			r.differs(want.Seq, "the row of message %q is not what the log says", id)
		}
	}
	if all := len(l.Messages()); count < all {
		r.differs(0, "the rows of %d messages are missing", all-count)
	}
	return q.done()
}

func (r *rowCheck) turns(conn *sqlite.Conn, c int64, l *replay.Log) error {
	opened := make(map[int64]string)
	for _, t := range l.Turns() {
		opened[t.OpenedSeq] = t.ID
	}
	q := ask(conn, `SELECT key, id, conversation FROM turns WHERE id > ? AND id <= ?`).int(rowID(c, 0)).int(lastID(c))
	for q.next() {
		if wrongKey(q) {
			r.differs(0, "the id of a turn is stored in a form in which it is not found")
		}
		id, seq, of := q.readKey(), q.readInt()&(1<<32-1), q.readInt()
		if opened[seq] != id || of != c {
			r.differs(seq, "there is a row of turn %q, but the log says that there is no such turn", id)
		}
	}
	return q.done()
}

// wrongKey looks at the next column: is it an id as key would not write it?
func wrongKey(q *query) bool {
	if q.isBlob() {
		return q.stmt.ColumnLen(q.col) != 16
	}
	var raw [16]byte
	return q.isNull() || q.isInt() || parseUUID(&raw, q.stmt.ColumnText(q.col))
}

// changesOf is the list of a message's changes as it is stored.
func changesOf(m *replay.Message) []byte {
	var changes []byte
	for _, seq := range m.Changes {
		changes = appendChange(changes, seq)
	}
	return changes
}

// noSuch is a conversation that something belongs to and that is not there.
func noSuch(what string, c int64, repairable bool) audit.Finding {
	f := audit.Finding{
		Problem: audit.Orphan, Repairable: repairable, Remedy: remedyRepair,
		Text: fmt.Sprintf("there are %s of conversation number %d, which does not exist", what, c),
	}
	if !repairable {
		f.Remedy = "its tenant and id are lost; if it is missed, restore a backup"
	}
	return f
}

// nameOf gives the tenant and id of a conversation, "" if it is not there.
func nameOf(conn *sqlite.Conn, c int64) (k key, err error) {
	_, err = ask(conn, `SELECT tenant, key FROM conversations WHERE id = ?`).int(c).
		one(func(q *query) { k = key{q.readText(), q.readKey()} })
	return k, err
}
