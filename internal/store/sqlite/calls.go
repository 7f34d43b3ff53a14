package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
)

// appendCalls writes the open calls of a turn for its row, nil if there are none.
func appendCalls(t *convo.Turn) []byte {
	var b []byte
	for _, call := range t.Calls {
		b = binary.AppendUvarint(b, uint64(call.Seq-t.OpenedSeq))
		b = binary.AppendVarint(b, call.Started)
		if call.Answered != 0 || call.Interrupt != "" || call.To != "" {
			b = appendWait(b, t, call)
		}
	}
	return b
}

// appendWait writes what is known of a call that waits for a client, behind a
// zero: no request has the number of its turn.
func appendWait(b []byte, t *convo.Turn, call convo.OpenCall) []byte {
	approved, input := uint64(0), uint64(0)
	if call.Approved {
		approved = 1
	}
	if call.InputSeq > 0 {
		input = uint64(call.InputSeq - t.OpenedSeq)
	}
	b = append(b, 0)
	b = binary.AppendVarint(b, call.Answered)
	b = binary.AppendUvarint(b, approved)
	b = binary.AppendUvarint(b, input)
	for _, s := range []string{call.Interrupt, call.To} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

var errCalls = errors.New("sqlite: a list of open calls is damaged")

// calls makes the open calls of a turn of the list in its row and of the
// requests in the log.
func (l *logReader) calls(t *convo.Turn, list []byte) error {
	r := &foldReader{b: list}
	for len(r.b) > 0 {
		after, started := r.uvarint(), r.varint()
		if r.bad {
			return errCalls
		}
		call, err := l.call(t.OpenedSeq + int64(after))
		if err != nil {
			return err
		}
		call.Started = started
		if len(r.b) > 0 && r.b[0] == 0 {
			if err := l.wait(r, t, &call); err != nil {
				return err
			}
		}
		t.Calls = append(t.Calls, call)
	}
	return nil
}

// wait reads what is known of a call that waits for a client.
func (l *logReader) wait(r *foldReader, t *convo.Turn, call *convo.OpenCall) error {
	r.uvarint() // the zero before it
	call.Answered, call.Approved = r.varint(), r.uvarint() == 1
	input := r.uvarint()
	call.Interrupt, call.To = r.string(), r.string()
	if r.bad {
		return errCalls
	}
	if input == 0 {
		return nil
	}
	call.InputSeq = t.OpenedSeq + int64(input)
	body, err := l.at(call.InputSeq)
	if err != nil {
		return err
	}
	b, ok := body.(convo.ToolAnswered)
	if !ok {
		return fmt.Errorf("%w: event %d of conversation %d answers no call", errCalls, call.InputSeq, l.conversation)
	}
	call.Arguments = b.Input
	return nil
}

// at gives the body of an event.
func (l *logReader) at(seq int64) (convo.Body, error) {
	r, err := readRow(l.conn, l.conversation, seq)
	if err != nil {
		return nil, err
	}
	return l.body(r)
}

// call makes an open call of its request.
func (l *logReader) call(seq int64) (convo.OpenCall, error) {
	body, err := l.at(seq)
	if err != nil {
		return convo.OpenCall{}, err
	}
	b, ok := body.(convo.ToolRequested)
	if !ok {
		return convo.OpenCall{}, fmt.Errorf("%w: event %d of conversation %d requests no call", errCalls, seq, l.conversation)
	}
	return b.Open(seq), nil
}

// eventsOf finds the events that say what a call was given and what was answered
// to it: those after its request that name the request's message, before the end
// of the turn, which it finds, too.
const eventsOf = `
	SELECT l.id & 0xffffffff, l.kind FROM log r JOIN log l ON l.id > r.id AND l.id <= ?2
	WHERE r.id = ?1 AND r.kind = 20 AND
		(l.kind IN (21, 23, 28, 29) AND l.message = r.message OR l.kind = 8 AND l.turn IS r.turn)
	ORDER BY l.id`

// partsOf finds the events before the end of a message that say something of its
// parts.
const partsOf = `
	SELECT l.id & 0xffffffff FROM log e JOIN log l ON l.id < e.id AND l.id > ?2 | iif(typeof(e.turn) = 'integer', e.turn, 0)
	WHERE e.id = ?1 AND e.kind = 12 AND l.message = e.message AND l.kind IN (10, 25, 26, 27)
	ORDER BY l.id`

// waitsBefore finds the waits of a turn before it requested a call, which may
// say what that would ask.
const waitsBefore = `
	SELECT l.id & 0xffffffff FROM log r JOIN log l ON l.id > ?2 | r.turn AND l.id < r.id
	WHERE r.id = ?1 AND r.kind = 20 AND typeof(r.turn) = 'integer' AND l.kind = 6 AND l.turn = r.turn AND l.data IS NOT NULL
	ORDER BY l.id`

// appendMore appends to the events of a message, of which the first one made it,
// those that say something of its parts or of the call that it requests.
func appendMore(conn *sqlite.Conn, seqs []int64, c int64) ([]int64, error) {
	request := rowID(c, seqs[0])
	q := ask(conn, eventsOf).int(request).int(lastID(c))
	for q.next() {
		seq := q.readInt()
		if convo.EventKind(q.readInt()) == convo.KindTurnEnded {
			break
		}
		seqs = append(seqs, seq)
	}
	if err := q.done(); err != nil {
		return nil, err
	}
	for _, sql := range []string{waitsBefore, partsOf} {
		q := ask(conn, sql).int(request).int(rowID(c, 0))
		for q.next() {
			seqs = append(seqs, q.readInt())
		}
		if err := q.done(); err != nil {
			return nil, err
		}
	}
	return seqs, nil
}
