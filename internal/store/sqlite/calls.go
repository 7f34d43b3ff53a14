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
	}
	return b
}

var errCalls = errors.New("sqlite: a list of open calls is damaged")

// calls makes the open calls of a turn of the list in its row and of the
// requests in the log.
func (l *logReader) calls(t *convo.Turn, list []byte) error {
	for len(list) > 0 {
		after, n := binary.Uvarint(list)
		if n <= 0 {
			return errCalls
		}
		started, m := binary.Varint(list[n:])
		if m <= 0 {
			return errCalls
		}
		list = list[n+m:]
		call, err := l.call(t.OpenedSeq + int64(after))
		if err != nil {
			return err
		}
		call.Started = started
		t.Calls = append(t.Calls, call)
	}
	return nil
}

// call makes an open call of its request.
func (l *logReader) call(seq int64) (convo.OpenCall, error) {
	r, err := readRow(l.conn, l.conversation, seq)
	if err != nil {
		return convo.OpenCall{}, err
	}
	body, err := l.body(r)
	if err != nil {
		return convo.OpenCall{}, err
	}
	b, ok := body.(convo.ToolRequested)
	if !ok {
		return convo.OpenCall{}, fmt.Errorf("%w: event %d of conversation %d requests no call", errCalls, seq, l.conversation)
	}
	return b.Open(seq), nil
}

// startOf finds the event that started a call: the first one after its request
// that names the request's message, before the end of the turn.
const startOf = `
	SELECT l.id & 0xffffffff, l.kind FROM log r JOIN log l ON l.id > r.id AND l.id <= ?2
	WHERE r.id = ?1 AND r.kind = 20 AND (l.kind = 21 AND l.message = r.message OR l.kind = 8 AND l.turn IS r.turn)
	ORDER BY l.id LIMIT 1`

// waitsBefore finds the waits of a turn before it requested a call, which may
// say what that would ask.
const waitsBefore = `
	SELECT l.id & 0xffffffff FROM log r JOIN log l ON l.id > ?2 | r.turn AND l.id < r.id
	WHERE r.id = ?1 AND r.kind = 20 AND typeof(r.turn) = 'integer' AND l.kind = 6 AND l.turn = r.turn AND l.data IS NOT NULL
	ORDER BY l.id`

// appendCall appends to the events of a message, of which the first one made it,
// those that say what the call was given that this one requests, if it does.
func appendCall(conn *sqlite.Conn, seqs []int64, c int64) ([]int64, error) {
	request := rowID(c, seqs[0])
	_, err := ask(conn, startOf).int(request).int(lastID(c)).one(func(q *query) {
		if seq := q.readInt(); convo.EventKind(q.readInt()) == convo.KindToolStarted {
			seqs = append(seqs, seq)
		}
	})
	if err != nil {
		return nil, err
	}
	q := ask(conn, waitsBefore).int(request).int(rowID(c, 0))
	for q.next() {
		seqs = append(seqs, q.readInt())
	}
	return seqs, q.done()
}
