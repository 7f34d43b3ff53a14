package sqlite

import (
	"encoding/binary"
	"errors"
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
	lost   bool   // its text stands in texts and is not there
	packed []byte // the text deflated, if it is; when read, in place of that of record
	deltas []byte
}

// turnRef names a turn by the number of the event that opened it, if it is
// known, and else by its id. An event that has the origin of its turn says only
// that it has: most of those that have one do.
type turnRef struct {
	opened     int64
	id         string
	sameOrigin bool
}

// longText is the size from which a text stands in a table of its own.
const longText = 128

// writeText puts a text into the table of texts, and gives its row there.
func (w *writer) writeText(r row) (int64, error) {
	q := ask(w.conn, `INSERT INTO texts (text) VALUES (?)`)
	if r.packed != nil {
		q.blob(r.packed)
	} else {
		q.text(r.record.Text)
	}
	err := q.exec()
	return w.conn.LastInsertRowID(), err
}

// writeRow writes an event. A long text of it is packed already, or does not get
// shorter by that.
func (w *writer) writeRow(conversation int64, r row) error {
	var textID int64
	if len(r.record.Text) >= longText {
		var err error
		if textID, err = w.writeText(r); err != nil {
			return err
		}
	}
	q := ask(w.conn, `
		INSERT INTO log (id, kind, at, turn, origin, message, data, deltas, text, text_id)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`).
		int(rowID(conversation, r.seq)).int(int64(r.record.Kind)).int(r.at)
	if r.turn.opened > 0 {
		q.int(r.turn.opened)
	} else {
		q.key(r.turn.id)
	}
	if r.turn.sameOrigin {
		q.int(0)
	} else {
		q.key(r.origin)
	}
	q.key(r.record.Message).blob(r.record.Data).blob(r.deltas)
	switch {
	case textID > 0:
		q.null().int(textID)
	case r.record.HasText:
		q.text(r.record.Text).null()
	default:
		q.null().null()
	}
	return q.exec()
}

// What scanRow reads, from log l.
const (
	rowColumns = `l.id, l.kind, l.at, l.turn, l.origin, l.message, l.data, l.deltas,
		coalesce(x.text, l.text), l.text_id IS NOT NULL AND x.id IS NULL`
	joinText = ` LEFT JOIN texts x ON x.id = l.text_id `
)

// scanRow reads a row of the log.
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
	r.turn.sameOrigin = q.isInt()
	if r.origin = q.readKey(); r.turn.sameOrigin {
		r.origin = ""
	}
	r.record.Message = q.readKey()
	r.record.Data, r.deltas = q.readBlob(), q.readBlob()
	r.record.HasText = !q.isNull()
	if q.isBlob() {
		r.packed = q.readBlob()
	} else {
		r.record.Text = q.readText()
	}
	r.lost = q.readBool()
	return r
}

// readRow reads one row of the log, which must be there.
func readRow(conn *sqlite.Conn, conversation, seq int64) (row, error) {
	var r row
	ok, err := ask(conn, `SELECT `+rowColumns+` FROM log l`+joinText+`WHERE l.id = ?`).
		int(rowID(conversation, seq)).one(func(q *query) { r = scanRow(q) })
	if err == nil && !ok {
		err = fmt.Errorf("sqlite: event %d of conversation %d is missing", seq, conversation)
	}
	return r, err
}

// eraseRow puts what is left of an event after its text was erased in its place.
func eraseRow(conn *sqlite.Conn, conversation int64, r row) error {
	id := rowID(conversation, r.seq)
	err := ask(conn, `DELETE FROM texts WHERE id = (SELECT text_id FROM log WHERE id = ?)`).int(id).exec()
	if err != nil {
		return err
	}
	return ask(conn, `UPDATE log SET data = ?, deltas = ?, text = iif(?, '', NULL), text_id = NULL WHERE id = ?`).
		blob(r.record.Data).blob(r.deltas).bool(r.record.HasText).int(id).exec()
}

// logReader makes events of a conversation's rows.
type logReader struct {
	conn         *sqlite.Conn
	texts        *unpacker
	conversation int64
	known        map[int64]turnName // turns by number
}

// turnName is the id of a turn and the origin of the event that opened it.
type turnName struct{ id, origin string }

// turn finds what a row says of its turn by number.
func (l *logReader) turn(ref turnRef) (turnName, error) {
	if ref.opened == 0 {
		return turnName{id: ref.id}, nil
	}
	if name, ok := l.known[ref.opened]; ok {
		return name, nil
	}
	var name turnName
	ok, err := ask(l.conn, `SELECT t.key, l.origin FROM turns t JOIN log l ON l.id = t.id WHERE t.id = ?`).
		int(rowID(l.conversation, ref.opened)).
		one(func(q *query) { name = turnName{q.readKey(), q.readKey()} })
	if err == nil && !ok {
		err = fmt.Errorf("sqlite: turn %d of conversation %d is missing", ref.opened, l.conversation)
	}
	if err != nil {
		return turnName{}, err
	}
	put(&l.known, ref.opened, name)
	return name, nil
}

// event makes the event of a row.
func (l *logReader) event(r row) (convo.Event, error) {
	body, err := l.body(r)
	if err != nil {
		return convo.Event{}, err
	}
	turn, err := l.turn(r.turn)
	if err != nil {
		return convo.Event{}, l.damaged(r, err)
	}
	if r.turn.sameOrigin {
		r.origin = turn.origin
	}
	return convo.Event{Seq: r.seq, At: fromMilli(r.at), Turn: turn.id, Origin: r.origin, Body: body}, nil
}

// damaged says which event could not be read.
func (l *logReader) damaged(r row, err error) error {
	return fmt.Errorf("event %d of conversation %d cannot be read: %w", r.seq, l.conversation, err)
}

func (l *logReader) body(r row) (convo.Body, error) {
	if r.lost {
		return nil, l.damaged(r, errLost)
	}
	if r.packed != nil {
		var err error
		if r.record.Text, err = l.texts.unpack(r.packed); err != nil {
			return nil, l.damaged(r, err)
		}
	}
	body, err := record.Decode(r.record)
	if err != nil {
		return nil, l.damaged(r, err)
	}
	return body, nil
}

var errLost = errors.New("sqlite: its text is missing")

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
