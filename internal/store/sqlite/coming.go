package sqlite

import (
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/record"
)

// comingRows are the events of a turn from which it is known what its client is
// saying, and since when it is queued. They have no text but what ends a message,
// which is not needed.
const comingRows = `
	SELECT id & 0xffffffff, kind, at, message, data FROM log
	WHERE id > ?1 AND id <= ?2 AND turn = ?3 AND kind IN (4, 10, 12, 25, 26, 27) ORDER BY id`

// coming reads what the client of a turn that has not started is saying, and its
// number in the queue.
func (l *logReader) coming(t *convo.Turn) error {
	head := convo.Head{Open: []convo.Turn{*t}}
	q := ask(l.conn, comingRows).int(rowID(l.conversation, t.OpenedSeq)).int(lastID(l.conversation)).int(t.OpenedSeq)
	for q.next() {
		e := convo.Event{Seq: q.readInt(), Turn: t.ID}
		r := record.Record{Kind: convo.EventKind(q.readInt())}
		e.At = fromMilli(q.readInt())
		r.Message, r.Data = q.readKey(), q.readBlob()
		body, err := record.Decode(r)
		if err != nil {
			return errorsFirst(l.damaged(row{seq: e.Seq}, err), q.done())
		}
		e.Body = body
		head.Project(e)
	}
	t.Coming, t.QueuedSeq = head.Open[0].Coming, head.Open[0].QueuedSeq
	return q.done()
}

// lengths are those of a message's parts, in the order in which they came. That
// of a message without parts is the one of "".
type lengths []partLength

type partLength struct {
	part   string
	length convo.Length
}

// of gives the length of a part, or, with "", of all of them.
func (l lengths) of(part string) (length convo.Length) {
	for _, p := range l {
		if part == "" || p.part == part {
			length = length.Add(p.length)
		}
	}
	return length
}

// add counts a piece of the last part, or of the next one.
func (l *lengths) add(part, text string) {
	if n := len(*l); n == 0 || (*l)[n-1].part != part {
		*l = append(*l, partLength{part: part})
	}
	last := &(*l)[len(*l)-1]
	last.length = last.length.Add(convo.LengthOf(text))
}

// tag is the type of a delta and, behind a dash, its part: most have none.
func tag(kind convo.MessageType, part string) string {
	if part == "" {
		return string(kind)
	}
	return string(kind) + "-" + part
}

// untag gives what tag was given.
func untag(s string) (convo.MessageType, string) {
	kind, part, _ := strings.Cut(s, "-")
	return convo.MessageType(kind), part
}
