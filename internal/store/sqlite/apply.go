package sqlite

import (
	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/record"
)

// writes reports whether a transaction certainly writes.
func (t *tx) writes() bool {
	return len(t.gone)+len(t.steps)+len(t.inputs)+len(t.tokens)+len(t.requests)+len(t.published)+len(t.dispatches)+
		len(t.objects.byKey)+len(t.files)+len(t.records.sets)+len(t.records.gone)+len(t.vault)+len(t.spent)+len(t.notes) > 0
}

// apply writes what a transaction has gathered. Any error here is the
// database's, and the whole batch is taken back.
func (t *tx) apply() error {
	if err := t.applyDeletions(); err != nil {
		return err
	}
	for i := range t.steps {
		if err := t.applyStep(&t.steps[i]); err != nil {
			return err
		}
	}
	for _, turn := range t.turns {
		if err := writeTurn(t.conn(), t.conversation.id, turn); err != nil {
			return err
		}
	}
	if err := t.applyInputs(); err != nil {
		return err
	}
	if t.aliases != nil {
		if err := writeAliases(t.conn(), t.conversation.id, t.aliases); err != nil {
			return err
		}
	}
	if err := t.applyHead(); err != nil {
		return err
	}
	for _, token := range t.tokens {
		if err := writeToken(t.conn(), token); err != nil {
			return err
		}
	}
	for _, r := range t.requests {
		if err := writeRequest(t.conn(), r); err != nil {
			return err
		}
	}
	return errorsFirst(
		t.applyChannels(), t.applyObjects(), t.applyFiles(),
		t.applyRecords(), t.applyVault(), t.applySpent(), t.applyNotes(),
	)
}

const sessionTokens = `DELETE FROM tokens WHERE tenant = ? AND conversation = ?`

func (t *tx) applyDeletions() error {
	if !t.deleted {
		return nil
	}
	t.w.heads.drop(t.key)
	for _, c := range t.gone {
		err := overwriting(t.conn(), func() error {
			return errorsFirst(t.w.pieces.forget(t.conn(), c, ""), deleteConversation(t.conn(), c), t.deleteFiles())
		})
		if err != nil {
			return err
		}
	}
	return errorsFirst(
		ask(t.conn(), sessionTokens).text(t.key.tenant).key(t.key.id).exec(),
		ask(t.conn(), deleteDispatches).text(t.key.tenant).key(t.key.id).exec(),
	)
}

// overwriting lets SQLite write zeros over whole pages too that fn frees. Else
// their texts would stay in the file, and go into every backup, until the room
// is used again. It is not so always, because deltas that were folded are
// deleted in masses.
func overwriting(conn *sqlite.Conn, fn func() error) error {
	if err := ask(conn, `PRAGMA secure_delete = ON`).exec(); err != nil {
		return err
	}
	err := fn()
	return errorsFirst(err, ask(conn, `PRAGMA secure_delete = FAST`).exec())
}

func deleteConversation(conn *sqlite.Conn, c int64) error {
	return errorsFirst(
		ask(conn, `
			DELETE FROM texts WHERE id IN (SELECT text_id FROM log WHERE id > ? AND id <= ? AND text_id IS NOT NULL)`).
			int(rowID(c, 0)).int(lastID(c)).exec(),
		ask(conn, `DELETE FROM log WHERE id > ? AND id <= ?`).int(rowID(c, 0)).int(lastID(c)).exec(),
		ask(conn, `DELETE FROM turns WHERE id > ? AND id <= ?`).int(rowID(c, 0)).int(lastID(c)).exec(),
		ask(conn, `DELETE FROM inputs WHERE id > ? AND id <= ?`).int(rowID(c, 0)).int(lastID(c)).exec(),
		ask(conn, `DELETE FROM messages WHERE conversation = ?`).int(c).exec(),
		ask(conn, `DELETE FROM aliases WHERE conversation = ?`).int(c).exec(),
		ask(conn, `DELETE FROM agendas WHERE id = ?`).int(c).exec(),
		ask(conn, `DELETE FROM vaults WHERE conversation = ?`).int(c).exec(),
		ask(conn, `DELETE FROM heads WHERE id = ?`).int(c).exec(),
		ask(conn, `DELETE FROM conversations WHERE id = ?`).int(c).exec(),
	)
}

// applyHead writes the conversation's own rows, and makes its new head known.
func (t *tx) applyHead() error {
	if t.conversation == nil || !t.owned {
		return nil
	}
	c := t.conversation
	before := t.w.heads.get(t.key)
	t.w.heads.put(t.key, c)
	return errorsFirst(writeHead(t.conn(), c), moveAgenda(t.conn(), before, c))
}

func (t *tx) applyStep(s *step) error {
	c := t.conversation.id
	if d, ok := s.event.Body.(convo.Delta); ok {
		return t.applyDelta(s, d)
	}
	rec, err := record.Encode(s.event.Body)
	if err != nil {
		return err
	}
	r := row{seq: s.event.Seq, at: s.event.At.UnixMilli(), turn: s.turn, origin: s.event.Origin, record: rec}
	if ended, ok := s.event.Body.(convo.MessageEnded); ok {
		r.deltas = t.fold(s.event, ended)
	}
	if len(rec.Text) >= longText {
		if r.packed, err = t.w.packer.pack(rec.Text); err != nil {
			return err
		}
	}
	if err := t.w.writeRow(c, r); err != nil {
		return err
	}
	if m := s.effect.Message; m != nil {
		err = ask(t.conn(), `INSERT INTO messages (conversation, key, seq, place, type) VALUES (?, ?, ?, ?, ?)`).
			int(c).key(m.ID).int(s.event.Seq).int(m.Place).text(string(m.Type)).exec()
	}
	// What a turn was given in this transaction has its place already.
	if turn := s.effect.Slotted; turn != nil && turn.OpenedSeq <= t.lastSeq {
		err = t.applySlot(turn)
	}
	if err != nil {
		return err
	}
	switch b := s.event.Body.(type) {
	case convo.ConversationCreated:
		return insertConversation(t.conn(), t.conversation, rec.Data)
	case convo.ConversationChanged:
		return t.applyFields(b.Fields)
	case convo.TurnEnded:
		return dropInput(t.conn(), c, s.effect.Turn)
	case convo.MessageChanged:
		return t.applyChange(s.event.Seq, b)
	case convo.MessageDeleted:
		return overwriting(t.conn(), func() error { return t.erase(b.ID) })
	}
	return nil
}

func (t *tx) applyFields(f convo.Fields) error {
	fields, err := record.EncodeFields(f)
	if err != nil {
		return err
	}
	return ask(t.conn(), `UPDATE conversations SET fields = ?, channel = ?, bot = ?, contact = ? WHERE id = ?`).
		blob(fields).textOrNull(f.Channel).keyOrNull(f.BotID).keyOrNull(f.ContactID).int(t.conversation.id).exec()
}

func (t *tx) applyDelta(s *step, d convo.Delta) error {
	id := t.w.pieces.add(t.conversation.id, s.event, d)
	return ask(t.conn(), `
		INSERT INTO open_deltas (id, conversation, seq, at, message, turn, origin, type, text)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`).
		int(id).int(t.conversation.id).int(s.event.Seq).int(s.event.At.UnixMilli()).
		key(d.Message).key(s.event.Turn).key(s.event.Origin).text(tag(d.Type, d.Part)).text(d.Text).exec()
}

// fold makes the list of the deltas that a message's text is made of, nil if
// there were none. Their rows stay behind, see [pieces].
func (t *tx) fold(e convo.Event, b convo.MessageEnded) []byte {
	u := t.w.pieces.find(t.conversation.id, b.ID)
	if u == nil {
		return nil
	}
	t.w.pieces.end(u)
	return appendFold(nil, e.Seq, e.At.UnixMilli(), voiceOf(e, b), u.voices, u.pieces)
}

const slotMessages = `
	UPDATE messages SET place = place | ?1
	WHERE conversation = ?2 AND key IN (
		SELECT m.key FROM messages m JOIN log l ON l.id = (m.conversation << 32) | m.seq
		WHERE m.conversation = ?2 AND m.place < ?3 AND l.turn = ?4)`

// applySlot moves the messages that a turn was given to the slot it took.
func (t *tx) applySlot(turn *convo.Turn) error {
	return ask(t.conn(), slotMessages).int(convo.Place(turn.Slot, 0)).int(t.conversation.id).
		int(convo.Place(1, 0)).int(turn.OpenedSeq).exec()
}

func (t *tx) applyChange(seq int64, b convo.MessageChanged) error {
	c := t.conversation.id
	var changes []byte
	_, err := ask(t.conn(), `SELECT changes FROM messages WHERE conversation = ? AND key = ?`).int(c).key(b.ID).
		one(func(q *query) { changes = q.readBlob() })
	if err != nil {
		return err
	}
	q := ask(t.conn(), `
		UPDATE messages SET type = ?, changes = ?, text_seq = coalesce(?, text_seq)
		WHERE conversation = ? AND key = ?`).text(string(b.Fields.Type)).blob(appendChange(changes, seq))
	if b.Text != nil {
		q.int(seq)
	} else {
		q.null()
	}
	return q.int(c).key(b.ID).exec()
}

// erase takes a message's text out of the log and removes it from the lists.
func (t *tx) erase(message string) error {
	c := t.conversation.id
	var seqs []int64
	_, err := ask(t.conn(), `SELECT seq, changes FROM messages WHERE conversation = ? AND key = ?`).int(c).key(message).
		one(func(q *query) { seqs = append([]int64{q.readInt()}, readChanges(q.readBlob())...) })
	if err == nil && len(seqs) > 0 {
		seqs, err = appendMore(t.conn(), seqs, c)
	}
	if err != nil {
		return err
	}
	for _, seq := range seqs {
		if err := eraseEvent(t.conn(), c, seq, message); err != nil {
			return err
		}
	}
	err = ask(t.conn(), `DELETE FROM messages WHERE conversation = ? AND key = ?`).int(c).key(message).exec()
	return errorsFirst(err, t.w.pieces.forget(t.conn(), c, message))
}

// eraseEvent takes what an event says of a message out of it.
func eraseEvent(conn *sqlite.Conn, c, seq int64, message string) error {
	r, err := readRow(conn, c, seq)
	if err != nil {
		return err
	}
	body, err := record.Decode(r.record)
	if err != nil {
		return err
	}
	erased, ok := convo.Erase(body, message)
	if !ok {
		return nil
	}
	if r.record, err = record.Encode(erased); err != nil {
		return err
	}
	if r.deltas != nil {
		own := voice{kind: "\x00"} // stands for the row's own, and is no other's
		voices, pieces, err := readFold(r.deltas, r.seq, r.at, own)
		if err != nil {
			return err
		}
		for i := range pieces {
			pieces[i].size = 0
		}
		r.deltas = appendFold(nil, r.seq, r.at, own, voices, pieces)
	}
	return eraseRow(conn, c, r)
}
