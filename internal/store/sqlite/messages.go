package sqlite

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// messageColumns are what messageReader.scan reads.
const messageColumns = `m.place, m.type, m.changes, m.text_seq, ` + rowColumns

const messageByKey = `
	SELECT ` + messageColumns + `
	FROM messages m JOIN log l ON l.id = (m.conversation << 32) | m.seq` + joinText + `
	WHERE m.conversation = ? AND m.key = ?`

// messageReader makes messages of their rows and of the events that these
// point to.
type messageReader struct {
	logReader
	id string // the conversation's
}

func newMessageReader(conn *sqlite.Conn, texts *unpacker, conversation int64, id string) *messageReader {
	return &messageReader{logReader{conn: conn, texts: texts, conversation: conversation}, id}
}

// one reads one message; ok is false if there is none.
func (r *messageReader) one(key string) (m convo.Message, ok bool, err error) {
	q := ask(r.conn, messageByKey).int(r.conversation).key(key)
	if ok = q.next(); ok {
		m, err = r.scan(q)
	}
	if done := q.done(); err == nil {
		err = done
	}
	return m, ok && err == nil, err
}

func (r *messageReader) scan(q *query) (convo.Message, error) {
	m := convo.Message{Conversation: r.id, Place: q.readInt()}
	q.readText() // the type: the fields have it
	changes := readChanges(q.readBlob())
	textSeq := q.readInt()
	born := scanRow(q)
	e, err := r.event(born)
	if err != nil {
		return m, err
	}
	m.ID, m.Turn, m.Created, m.Updated = born.record.Message, e.Turn, e.At, e.At
	switch b := e.Body.(type) {
	case convo.MessageGiven:
		m.MessageFields, m.Text, m.Alias, m.Parts = b.Fields, b.Text, b.Alias, convo.PartsAt(b.Parts, e.At)
	case convo.MessageEnded:
		m.MessageFields = convo.MessageFields{Type: b.Type, Meta: b.Meta}
		m.Text, m.Alias, m.Incomplete = b.Text, b.Alias, b.Incomplete
		m.Parts, m.Citations = convo.PartsAt(b.Parts, e.At), convo.CitationsAt(b.Citations, e.At)
	case convo.ToolRequested:
		m.MessageFields = convo.MessageFields{Type: convo.Activity, Meta: b.Activity()}
	case convo.ToolEnded:
		m.MessageFields = convo.MessageFields{Type: convo.Activity, Meta: b.Activity()}
	}
	if len(changes) > 0 {
		err = r.change(&m, changes[len(changes)-1], textSeq)
	}
	return m, err
}

// change applies the last change, and the last one of the text if it was
// another one.
func (r *messageReader) change(m *convo.Message, fieldSeq, textSeq int64) error {
	if textSeq > 0 && textSeq != fieldSeq {
		of, at, err := r.changed(textSeq)
		if err != nil {
			return err
		}
		m.Change(of, at)
	}
	last, at, err := r.changed(fieldSeq)
	if err != nil {
		return err
	}
	m.Change(last, at)
	return nil
}

func (r *messageReader) changed(seq int64) (convo.MessageChanged, time.Time, error) {
	row, err := readRow(r.conn, r.conversation, seq)
	if err != nil {
		return convo.MessageChanged{}, time.Time{}, err
	}
	body, err := r.body(row)
	changed, ok := body.(convo.MessageChanged)
	if err == nil && !ok {
		err = fmt.Errorf("sqlite: event %d of conversation %d changes no message", seq, r.conversation)
	}
	return changed, fromMilli(row.at), err
}

// Message implements store.Reader.
func (s *reader) Message(ctx context.Context, tenant, conversation, id string) (m convo.Message, err error) {
	err = s.readConversation(ctx, tenant, conversation, func(conn *sqlite.Conn, c int64) error {
		var ok bool
		m, ok, err = newMessageReader(conn, s.texts, c, conversation).one(id)
		if err == nil && (!ok || convo.SlotOf(m.Place) == 0) {
			m, err = convo.Message{}, noMessage(id)
		}
		return err
	})
	return m, err
}

const (
	messagesUp = `
		SELECT ` + messageColumns + `
		FROM messages m JOIN log l ON l.id = (m.conversation << 32) | m.seq` + joinText + `
		WHERE m.conversation = ? AND m.place > ? ORDER BY m.place`
	messagesDown = `
		SELECT ` + messageColumns + `
		FROM messages m JOIN log l ON l.id = (m.conversation << 32) | m.seq` + joinText + `
		WHERE m.conversation = ? AND m.place < ? AND m.place >= ? ORDER BY m.place DESC`
	// Of the types that have an index of their own, which is used if they are
	// named as there.
	messagesPinned = `
		SELECT ` + messageColumns + `
		FROM messages m JOIN log l ON l.id = (m.conversation << 32) | m.seq` + joinText + `
		WHERE m.conversation = ? AND m.place > ? AND m.type IN ('backstory', 'instruction', 'checkpoint')
		ORDER BY m.place`
)

// pinned reports whether messagesPinned finds all messages of these types.
func pinned(types []convo.MessageType) bool {
	return len(types) > 0 && !slices.ContainsFunc(types, func(t convo.MessageType) bool {
		return t != convo.Backstory && t != convo.Instruction && t != convo.Checkpoint
	})
}

// Messages implements store.Reader.
func (s *reader) Messages(
	ctx context.Context, tenant, conversation string, q store.MessageQuery,
) (list []convo.Message, err error) {
	err = s.readConversation(ctx, tenant, conversation, func(conn *sqlite.Conn, c int64) error {
		list, err = newMessageReader(conn, s.texts, c, conversation).page(q)
		return err
	})
	return list, err
}

func (r *messageReader) page(want store.MessageQuery) ([]convo.Message, error) {
	first, last := convo.Place(1, 0), int64(math.MaxInt64)
	if want.Turn != "" {
		slot, err := r.slot(want.Turn)
		if err != nil || slot < 0 {
			return nil, err
		}
		first, last = convo.Place(slot, 0), convo.Place(slot+1, 0)-1
	}
	sql, after := messagesUp, want.After
	if after == 0 || after < first {
		after = first - 1
	}
	switch {
	case want.Desc:
		if sql, after = messagesDown, want.After; after == 0 || after > last {
			after = last
			if last < math.MaxInt64 {
				after++
			}
		}
	case pinned(want.Types):
		sql = messagesPinned
	}
	q := ask(r.conn, sql).int(r.conversation).int(after)
	if sql == messagesDown {
		q.int(first)
	}
	var list []convo.Message
	for len(list) < want.Limit && q.next() {
		if place := q.stmt.ColumnInt64(0); place < first || place > last {
			break
		}
		if len(want.Types) > 0 && !slices.Contains(want.Types, convo.MessageType(q.stmt.ColumnText(1))) {
			continue
		}
		m, err := r.scan(q)
		if err != nil {
			return nil, errorsFirst(err, q.done())
		}
		if (want.Turn == "" || m.Turn == want.Turn) && convo.MatchMeta(m.Meta, want.Meta) {
			list = append(list, m)
		}
	}
	return list, q.done()
}

// slot gives the slot of a turn, or -1 if there is no such turn.
func (r *messageReader) slot(turn string) (slot int64, err error) {
	found, err := ask(r.conn, `SELECT slot FROM turns WHERE conversation = ? AND key = ?`).int(r.conversation).key(turn).
		one(func(q *query) { slot = q.readInt() })
	if !found {
		slot = -1
	}
	return slot, err
}

func noMessage(id string) error { return convo.Errorf(convo.NotFound, "there is no message %q", id) }

// errorsFirst gives the first error that is one.
func errorsFirst(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
