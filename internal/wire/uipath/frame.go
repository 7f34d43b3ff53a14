package uipath

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/parleyhq/parley/internal/socketio"
)

// eventName is the only name of events on the socket.
const eventName = "ConversationEvent"

// frame is a move that is encoded once for all sockets that get it. It belongs to
// whoever holds its room.
type frame struct {
	move
	after position // where a socket stands that was given it

	common, own form
}

// form is one of the two contents of a frame, encoded when a socket first needs it.
type form struct{ plain, numbered *socketio.Frame }

// frames numbers the moves of one event.
func frames(moves []move) []frame {
	list := make([]frame, len(moves))
	for i, m := range moves {
		list[i] = frame{move: m, after: position{seq: m.seq, sub: i + 1}}
		if m.last {
			list[i].after.sub = 0
		}
	}
	return list
}

// forSession gives what a session gets of the frame, nil if that is nothing.
// numbered says that the session wants the number of the log's last event that it
// has seen whole.
func (f *frame) forSession(pid string, numbered bool) *socketio.Frame {
	e, form := &f.event, &f.common
	switch {
	case f.origin != "" && f.origin == pid:
		return nil
	case f.to != "" && f.to == pid:
		e, form = &f.move.own, &f.own
	case f.hidden:
		return nil
	}
	if !numbered {
		if form.plain == nil {
			form.plain = newFrame(encodeEvent(e))
		}
		return form.plain
	}
	if form.numbered == nil {
		form.numbered = newFrame(withSeq(encodeEvent(e), f.after.before()))
	}
	return form.numbered
}

// newFrame encodes the body of an event.
func newFrame(body []byte) *socketio.Frame {
	f, err := socketio.NewFrame("/", eventName, []json.RawMessage{body})
	if err != nil {
		panic("encoding an event: " + err.Error()) // a constant name and JSON of our own
	}
	return f
}

// withSeq adds the number that resuming sessions go by.
func withSeq(body []byte, seq int64) []byte {
	body = append(bytes.TrimSuffix(body, []byte{'}'}), `,"seq":`...)
	return append(strconv.AppendInt(body, seq, 10), '}')
}

// encodeEvent gives an event's JSON. Pieces of text, which are most of what is
// sent, do not go through reflection.
func encodeEvent(e *event) []byte {
	x := e.Exchange
	if x == nil || x.StartExchange != nil || x.Message == nil || x.EndExchange != nil || x.ExchangeError != nil || x.MetaEvent != nil {
		return encode(e)
	}
	m := x.Message
	p := m.ContentPart
	if p == nil || p.Chunk == nil || p.Chunk.Citation != nil || p.StartContentPart != nil || p.EndContentPart != nil || p.MetaEvent != nil ||
		m.StartMessage != nil || m.EndMessage != nil || m.MetaEvent != nil {
		return encode(e)
	}
	body := make([]byte, 0, 160+len(p.Chunk.Data)+len(e.ConversationID)+len(x.ExchangeID)+len(m.MessageID)+len(p.ContentPartID))
	body = appendString(append(body, `{"conversationId":`...), e.ConversationID)
	body = appendString(append(body, `,"exchange":{"exchangeId":`...), x.ExchangeID)
	body = appendString(append(body, `,"message":{"messageId":`...), m.MessageID)
	body = appendString(append(body, `,"contentPart":{"contentPartId":`...), p.ContentPartID)
	body = appendString(append(body, `,"chunk":{"data":`...), p.Chunk.Data)
	return append(body, `}}}}}`...)
}

// appendString adds a JSON string of valid UTF-8.
func appendString(to []byte, s string) []byte {
	const hex = "0123456789abcdef"
	to = append(to, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		to = append(to, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			to = append(to, '\\', c)
		case '\n':
			to = append(to, '\\', 'n')
		case '\t':
			to = append(to, '\\', 't')
		case '\r':
			to = append(to, '\\', 'r')
		default:
			to = append(to, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(to, s[from:]...), '"')
}
