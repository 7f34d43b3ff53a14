package sqlite

import (
	"encoding/binary"
	"fmt"
	"math"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/record"
)

// rowID is the row of an event, and of the turn that it opened. Rows of one
// conversation lie side by side, in their order.
func rowID(conversation, seq int64) int64 { return conversation<<32 | seq }

// lastID is above all rows of a conversation.
func lastID(conversation int64) int64 { return conversation<<32 | math.MaxUint32 }

// row is an event as it stands in the log.
type row struct {
	seq    int64
	at     int64
	turn   turnRef
	origin string
	record record.Record
	deltas []byte
}

// turnRef names a turn by the number of the event that opened it, if it is
// known, and else by its id.
type turnRef struct {
	opened int64
	id     string
}

const insertLog = `
	INSERT INTO log (id, kind, at, turn, origin, message, data, deltas, text)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

func writeRow(conn *sqlite.Conn, conversation int64, r row) error {
	q := ask(conn, insertLog).int(rowID(conversation, r.seq)).int(int64(r.record.Kind)).int(r.at)
	if r.turn.opened > 0 {
		q.int(r.turn.opened)
	} else {
		q.key(r.turn.id)
	}
	q.key(r.origin).key(r.record.Message).blob(r.record.Data).blob(r.deltas)
	if r.record.HasText {
		q.text(r.record.Text)
	} else {
		q.null()
	}
	return q.exec()
}

// rowColumns are what scanRow reads.
const rowColumns = `l.id, l.kind, l.at, l.turn, l.origin, l.message, l.data, l.deltas, l.text`

// scanRow reads a row of the log. skipText leaves the text where it is.
func scanRow(q *query) row {
	var r row
	r.seq = q.readInt() & math.MaxUint32
	r.record.Kind = convo.EventKind(q.readInt())
	r.at = q.readInt()
	if q.isInt() {
		r.turn.opened = q.readInt()
	} else {
		r.turn.id = q.readKey()
	}
	r.origin, r.record.Message = q.readKey(), q.readKey()
	r.record.Data, r.deltas = q.readBlob(), q.readBlob()
	r.record.HasText = !q.isNull()
	r.record.Text = q.readText()
	return r
}

// readRow reads one row of the log, which must be there.
func readRow(conn *sqlite.Conn, conversation, seq int64) (row, error) {
	var r row
	ok, err := ask(conn, `SELECT `+rowColumns+` FROM log l WHERE l.id = ?`).
		int(rowID(conversation, seq)).one(func(q *query) { r = scanRow(q) })
	if err == nil && !ok {
		err = fmt.Errorf("sqlite: event %d of conversation %d is missing", seq, conversation)
	}
	return r, err
}

// rewriteRow puts another body in the place of an event's.
func rewriteRow(conn *sqlite.Conn, conversation int64, r row) error {
	q := ask(conn, `UPDATE log SET data = ?, deltas = ?, text = ? WHERE id = ?`).blob(r.record.Data).blob(r.deltas)
	if r.record.HasText {
		q.text(r.record.Text)
	} else {
		q.null()
	}
	return q.int(rowID(conversation, r.seq)).exec()
}

// turnNames finds the ids of turns that the log names by number.
type turnNames struct {
	conn         *sqlite.Conn
	conversation int64
	known        map[int64]string
}

func (t *turnNames) of(ref turnRef) (string, error) {
	if ref.opened == 0 {
		return ref.id, nil
	}
	if id, ok := t.known[ref.opened]; ok {
		return id, nil
	}
	var id string
	ok, err := ask(t.conn, `SELECT key FROM turns WHERE id = ?`).
		int(rowID(t.conversation, ref.opened)).one(func(q *query) { id = q.readKey() })
	if err == nil && !ok {
		err = fmt.Errorf("sqlite: turn %d of conversation %d is missing", ref.opened, t.conversation)
	}
	if err != nil {
		return "", err
	}
	if t.known == nil {
		t.known = make(map[int64]string)
	}
	t.known[ref.opened] = id
	return id, nil
}

// event makes the event of a row.
func (t *turnNames) event(r row) (convo.Event, error) {
	body, err := record.Decode(r.record)
	if err != nil {
		return convo.Event{}, err
	}
	turn, err := t.of(r.turn)
	return convo.Event{Seq: r.seq, At: fromMilli(r.at), Turn: turn, Origin: r.origin, Body: body}, err
}

// appendChange notes that an event changed a message.
func appendChange(changes []byte, seq int64) []byte {
	return binary.AppendUvarint(changes, uint64(seq))
}

// readChanges gives the numbers of the events that changed a message.
func readChanges(changes []byte) []int64 {
	var list []int64
	for len(changes) > 0 {
		seq, n := binary.Uvarint(changes)
		if n <= 0 {
			break
		}
		list, changes = append(list, int64(seq)), changes[n:]
	}
	return list
}
