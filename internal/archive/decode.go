package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// decodeEvent reads the line of an event.
func decodeEvent(line []byte) (convo.Event, error) {
	if e, ok := quick(line); ok {
		return e, nil
	}
	l, err := strict[struct {
		eventLine
		Body json.RawMessage `json:"body"`
	}](line)
	if err != nil {
		return convo.Event{}, err
	}
	if l.Body == nil {
		return convo.Event{}, errors.New("the event has no body")
	}
	return eventOf(l.Seq, l.At, l.Turn, l.Origin, l.Kind, l.Body)
}

func eventOf(seq, at int64, turn, origin, kind string, body []byte) (convo.Event, error) {
	codec, err := kindNamed(kind)
	if err != nil {
		return convo.Event{}, err
	}
	b, err := codec.decode(body)
	if err != nil {
		return convo.Event{}, fmt.Errorf("the body of %s: %w", kind, err)
	}
	return convo.Event{Seq: seq, At: time.UnixMilli(at).UTC(), Turn: turn, Origin: origin, Body: b}, nil
}

// quick reads a line as [Writer] writes nearly all of them, without scanning it
// twice as a general decoder does for the body alone: an import spends most of
// its time here. A line that is anything else, or wrong, is left to the general
// way.
func quick(line []byte) (convo.Event, bool) {
	var seq, at int64
	var turn, origin, kind string
	q := quickLine{rest: line, ok: true}
	q.skip(`{"type":"event","seq":`)
	seq = q.number()
	q.skip(`,"at":`)
	at = q.number()
	if q.has(`,"turn":"`) {
		turn = q.text()
	}
	if q.has(`,"origin":"`) {
		origin = q.text()
	}
	q.skip(`,"kind":"`)
	kind = q.text()
	q.skip(`,"body":`)
	body, whole := bytes.CutSuffix(q.rest, []byte("}\n"))
	if !q.ok || !whole {
		return convo.Event{}, false
	}
	e, err := eventOf(seq, at, turn, origin, kind, body)
	return e, err == nil
}

// quickLine is what is left of a line; ok says that all was as expected.
type quickLine struct {
	rest []byte
	ok   bool
}

// has passes over a text, if it comes.
func (q *quickLine) has(text string) bool {
	rest, found := bytes.CutPrefix(q.rest, []byte(text))
	q.rest = rest
	return found
}

func (q *quickLine) skip(text string) { q.ok = q.has(text) && q.ok }

// number reads a whole number as JSON writes it.
func (q *quickLine) number() int64 {
	n := 0
	for n < len(q.rest) && (q.rest[n] == '-' || q.rest[n] >= '0' && q.rest[n] <= '9') {
		n++
	}
	text := string(q.rest[:n])
	q.rest = q.rest[n:]
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(value, 10) != text {
		q.ok = false
	}
	return value
}

// text reads a string without escapes, and its end. What came before its end is
// UTF-8: the reader has looked at the whole line.
func (q *quickLine) text() string {
	for i, b := range q.rest {
		switch {
		case b == '"':
			text := string(q.rest[:i])
			q.rest = q.rest[i+1:]
			return text
		case b == '\\' || b < ' ':
			q.ok = false
			return ""
		}
	}
	q.ok = false
	return ""
}
