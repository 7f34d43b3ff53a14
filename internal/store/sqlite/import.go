package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/record"
	"github.com/parleyhq/parley/internal/store/replay"
)

// imported is a conversation ready to be written: all that costs time and needs
// no database was done by the goroutine that brought it.
type imported struct {
	key      key
	head     convo.Head
	fields   []byte
	rows     []row
	messages []*replay.Message
	turns    []convo.Turn
	aliases  map[aliasKey]string
	size     int // in bytes, about
}

// Import implements store.Log.
func (s *Store) Import(ctx context.Context, tenant, conversation string, events []convo.Event) error {
	i, err := s.prepare(key{tenant, conversation}, events)
	if err != nil {
		return err
	}
	return s.submit(ctx, &job{size: i.size, do: func(*sqlite.Conn) error { return s.writer.writeImport(i) }})
}

// Sync implements store.Log.
func (s *Store) Sync(ctx context.Context) error {
	return s.do(ctx, store.Durable, func(*sqlite.Conn) error { return nil })
}

// prepare makes rows of a log, or refuses it.
func (s *Store) prepare(k key, events []convo.Event) (*imported, error) {
	l, events, err := replay.Whole(k.tenant, k.id, events)
	if err != nil {
		return nil, err
	}
	if last := events[len(events)-1].Seq; last >= maxSeq {
		return nil, convo.Errorf(convo.Invalid, "event %d: a conversation has no room for this number", last)
	}
	i := &imported{key: k, head: *l.Head(), messages: l.Messages(), turns: l.Turns()}
	i.aliases = aliasesOf(l, i.turns, i.messages)
	if i.fields, err = record.EncodeFields(i.head.Fields); err != nil {
		return nil, err
	}
	p := &preparer{
		imported: i, packers: &s.packers, turns: make(map[string]*convo.Turn, len(i.turns)),
		open: make(map[string]*unfinished),
	}
	for n := range i.turns {
		p.turns[i.turns[n].ID] = &i.turns[n]
	}
	i.rows = make([]row, 0, len(events))
	for _, e := range events {
		if err := p.add(e); err != nil {
			return nil, err
		}
	}
	return i, nil
}

// preparer makes the rows of an import.
type preparer struct {
	*imported
	packers *packers
	turns   map[string]*convo.Turn
	open    map[string]*unfinished
}

func (p *preparer) add(e convo.Event) error {
	if d, ok := e.Body.(convo.Delta); ok {
		if p.open[d.Message] == nil {
			p.open[d.Message] = &unfinished{message: d.Message}
		}
		p.open[d.Message].add(0, e, d)
		return nil
	}
	rec, err := record.Encode(e.Body)
	if err != nil {
		return err
	}
	r := row{seq: e.Seq, at: e.At.UnixMilli(), turn: p.turnRef(e), origin: e.Origin, record: rec}
	if len(rec.Text) >= longText {
		if r.packed, err = p.packers.pack(rec.Text); err != nil {
			return err
		}
	}
	if b, ok := e.Body.(convo.MessageEnded); ok {
		if u := p.open[b.ID]; u != nil {
			r.deltas = appendFold(nil, e.Seq, r.at, voiceOf(e, b), u.voices, u.pieces)
			delete(p.open, b.ID) // the id may be used again when this message is deleted
		}
	}
	p.rows = append(p.rows, r)
	p.size += 64 + len(rec.Text) + len(rec.Data) + len(r.deltas)
	return nil
}

func (p *preparer) turnRef(e convo.Event) turnRef {
	t := p.turns[e.Turn]
	if t == nil || e.Seq < t.OpenedSeq {
		return turnRef{id: e.Turn}
	}
	return turnRef{opened: t.OpenedSeq, sameOrigin: e.Seq > t.OpenedSeq && e.Origin != "" && e.Origin == t.Origin}
}

// writeImport writes a conversation that was prepared. It is not remembered
// among the heads: who imports does not go on to write.
func (w *writer) writeImport(i *imported) error {
	id, err := findConversation(w.conn, i.key)
	if err != nil {
		return err
	}
	if id > 0 {
		return conversationExists(i.key.id)
	}
	w.lastConversation++
	c := &conversation{id: w.lastConversation, epoch: w.epoch, head: i.head}
	if err := insertConversation(w.conn, c, i.fields); err != nil {
		return err
	}
	for _, r := range i.rows {
		if err := w.writeRow(c.id, r); err != nil {
			return err
		}
	}
	for _, m := range i.messages {
		if err := writeMessage(w.conn, c.id, m); err != nil {
			return err
		}
	}
	for n := range i.turns {
		if err := writeTurn(w.conn, c.id, &i.turns[n]); err != nil {
			return err
		}
	}
	return errorsFirst(writeAliases(w.conn, c.id, i.aliases), writeHead(w.conn, c), writeAgenda(w.conn, c))
}

// writeMessage writes the projection of a message that was replayed.
func writeMessage(conn *sqlite.Conn, conversation int64, m *replay.Message) error {
	q := ask(conn, `
		INSERT INTO messages (conversation, key, seq, place, type, changes, text_seq) VALUES (?, ?, ?, ?, ?, ?, ?)`).
		int(conversation).key(m.ID).int(m.Seq).int(m.Place).text(string(m.Type)).blob(changesOf(m))
	if m.TextSeq > 0 {
		q.int(m.TextSeq)
	} else {
		q.null()
	}
	return q.exec()
}

func conversationExists(id string) error {
	return convo.Errorf(convo.Conflict, "there is a conversation %q already", id)
}
