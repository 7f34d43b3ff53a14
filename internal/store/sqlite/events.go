package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
)

// readOpen is readConversation for what needs the open deltas too: it gives
// those that the snapshot of the connection may have. See [pieces].
func (s *reader) readOpen(
	ctx context.Context, tenant, id string, fn func(*sqlite.Conn, int64, []snapshot) error,
) error {
	return s.read(ctx, func(conn *sqlite.Conn) error {
		c, open, err := s.lookOpen(conn, key{tenant, id})
		if err != nil {
			return err
		}
		return fn(conn, c, open)
	})
}

// lookOpen begins the snapshot of a connection and looks at the open deltas.
func (s *reader) lookOpen(conn *sqlite.Conn, k key) (int64, []snapshot, error) {
	s.pieces.gate.RLock()
	defer s.pieces.gate.RUnlock()
	c, err := findConversation(conn, k)
	if err != nil {
		return 0, nil, err
	}
	if c == 0 {
		return 0, nil, noConversation(k.id)
	}
	return c, s.pieces.of(c), nil
}

// Events implements store.Reader.
func (s *reader) Events(
	ctx context.Context, tenant, conversation string, after int64, limit int,
) (events []convo.Event, err error) {
	err = s.readOpen(ctx, tenant, conversation, func(conn *sqlite.Conn, c int64, open []snapshot) error {
		after = min(max(after, 0), math.MaxUint32)
		p := &page{
			logReader: logReader{conn: conn, texts: s.texts, conversation: c},
			open:      open, next: after + 1, limit: limit,
			bound: after + int64(limit), ahead: make(map[int64]convo.Event), skips: make(map[int64]int64),
		}
		events, err = p.read()
		return err
	})
	return events, err
}

// page reads events in the order of their numbers, which have no gaps. A number
// may stand in a row of its own, in the row of a message that ended later, or in
// a row of open_deltas. So the rows of the log are read in their order, and
// events whose turn has not come are put aside, until the page is full or the
// log is at its end.
type page struct {
	logReader
	open   []snapshot
	next   int64 // the number that comes next
	limit  int
	bound  int64 // no number above it is on this page
	events []convo.Event
	ahead  map[int64]convo.Event // those whose turn has not come
	skips  map[int64]int64       // numbers that are not missing: from which to which
}

const logUp = `SELECT ` + rowColumns + ` FROM log l` + joinText + `WHERE l.id > ? AND l.id <= ? ORDER BY l.id`

func (p *page) read() ([]convo.Event, error) {
	q := ask(p.conn, logUp).
		int(rowID(p.conversation, p.next-1)).int(lastID(p.conversation))
	err := p.advance()
	for err == nil && len(p.events) < p.limit && q.next() {
		if p.beyond(q.stmt) {
			continue
		}
		if err = p.take(scanRow(q)); err == nil {
			err = p.advance()
		}
	}
	if err = errorsFirst(err, q.done()); err != nil {
		return nil, err
	}
	if len(p.events) < p.limit && len(p.ahead) > 0 {
		return nil, fmt.Errorf("sqlite: event %d of conversation %d is missing", p.next, p.conversation)
	}
	return p.events, nil
}

// beyond reports whether the row that a statement is at has nothing for this
// page. Behind its bound, that may only have messages whose deltas lie before,
// and a skip that moves the bound.
func (p *page) beyond(stmt *sqlite.Stmt) bool {
	const idColumn, kindColumn, deltasColumn = 0, 1, 7
	return stmt.ColumnInt64(idColumn) > rowID(p.conversation, p.bound) &&
		stmt.ColumnIsNull(deltasColumn) &&
		convo.EventKind(stmt.ColumnInt64(kindColumn)) != convo.KindRestarted
}

// take puts a row's events aside.
func (p *page) take(r row) error {
	e, err := p.event(r)
	if err != nil {
		return err
	}
	switch b := e.Body.(type) {
	case convo.Restarted:
		b.From = max(b.From, p.next) // a page may begin inside
		if b.From <= p.bound {
			p.skips[b.From] = b.To
			p.bound += b.To - b.From
		}
	case convo.MessageEnded:
		if err := p.unfold(r, e, b); err != nil {
			return err
		}
	}
	if e.Seq <= p.bound {
		p.ahead[e.Seq] = e
	}
	return nil
}

// unfold puts the deltas of a message that ended aside.
func (p *page) unfold(r row, e convo.Event, b convo.MessageEnded) error {
	if r.deltas == nil {
		return nil
	}
	voices, pieces, err := readFold(r.deltas, e.Seq, r.at, voiceOf(e, b))
	if err != nil {
		return p.damaged(r, err)
	}
	offset := 0
	for _, piece := range pieces {
		end := offset + int(piece.size)
		if end > len(b.Text) {
			return p.damaged(r, errFold)
		}
		if piece.seq >= p.next && piece.seq <= p.bound {
			p.ahead[piece.seq] = voices[piece.voice].event(piece, b.ID, b.Text[offset:end])
		}
		offset = end
	}
	return nil
}

// advance takes what comes next for as long as it is at hand.
func (p *page) advance() error {
	for len(p.events) < p.limit {
		e, ok := p.ahead[p.next]
		if ok {
			delete(p.ahead, p.next)
		} else {
			var err error
			if e, ok, err = p.readOpen(); err != nil {
				return err
			}
		}
		if to, skipped := p.skips[p.next]; !ok && skipped && p.next < to {
			p.next = to
			continue
		}
		if !ok {
			return nil
		}
		p.events = append(p.events, e)
		p.next++
	}
	return nil
}

// readOpen reads the next event if it is an open delta that the snapshot has.
func (p *page) readOpen() (e convo.Event, ok bool, err error) {
	for _, u := range p.open {
		n, found := slices.BinarySearchFunc(u.pieces, p.next, func(piece piece, seq int64) int {
			return cmp.Compare(piece.seq, seq)
		})
		if !found {
			continue
		}
		piece := u.pieces[n]
		ok, err = ask(p.conn, `SELECT text FROM open_deltas WHERE id = ?`).int(piece.row).one(func(q *query) {
			e = u.voices[piece.voice].event(piece, u.message, q.readText())
		})
		return e, ok, err
	}
	return e, false, nil
}
