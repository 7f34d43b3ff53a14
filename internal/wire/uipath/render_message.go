package uipath

import (
	"encoding/json"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
)

// The roles of messages.
const (
	roleUser      = "user"
	roleAssistant = "assistant"
	roleSystem    = "system"
)

// markdown is the media type of texts that have none of their own.
const markdown = "text/markdown"

// roleOf is the role of a message of a turn; "" for one that is not shown.
func roleOf(t convo.MessageType) string {
	switch t {
	case convo.User:
		return roleUser
	case convo.Bot:
		return roleAssistant
	case convo.Context, convo.Instruction, convo.Backstory:
		return roleSystem
	}
	return ""
}

func (x *shownExchange) message(own string) *shownMessage {
	for _, m := range slices.Backward(x.messages) {
		if m.own == own {
			return m
		}
	}
	return nil
}

// add makes a message known. What is told of it first starts it.
func (x *shownExchange) add(own, alias, role, at string, meta convo.JSON) *shownMessage {
	m := &shownMessage{own: own, id: own, role: role, at: at, meta: meta}
	if alias != "" {
		m.id = alias
	}
	x.messages = append(x.messages, m)
	return m
}

func (m *shownMessage) start() *messageStart {
	return &messageStart{Role: m.role, Timestamp: m.at, MetaData: json.RawMessage(m.meta)}
}

// reasoned is the metaEvent that tells the reasoning before a message.
func (m *shownMessage) reasoned() json.RawMessage {
	if m.thought == "" {
		return nil
	}
	type reasoning struct {
		Data string `json:"data"`
	}
	return encode(struct {
		Reasoning reasoning `json:"reasoning"`
	}{reasoning{m.thought}})
}

// answer begins a message of the assistant, with the reasoning that came before it.
func (r *renderer) answer(x *shownExchange, own string) *shownMessage {
	m := x.add(own, "", roleAssistant, clock(r.at.At), nil)
	m.thought, x.thought, x.open = x.thought, "", m
	return m
}

// begun opens a message. One of a client gets its parts from events of their own.
func (r *renderer) begun(x *shownExchange, b convo.MessageStarted) {
	role := roleOf(b.Type)
	switch {
	case role == "":
	case role == roleAssistant && b.Alias == "":
		r.closeAnswer(x)
		m := r.answer(x, b.ID)
		p := r.part(m, convo.Part{ID: m.id, MediaType: markdown})
		r.tellIn(x, m, messageEvent{ContentPart: &partEvent{ContentPartID: p.id, StartContentPart: p.start()}})
	default:
		r.tellIn(x, x.add(b.ID, b.Alias, role, clock(r.at.At), b.Meta), messageEvent{})
	}
}

func (r *renderer) messageEnded(x *shownExchange, b convo.MessageEnded) {
	if b.Type == convo.Reasoning {
		x.thought += b.Text
		return
	}
	m := x.message(b.ID)
	switch {
	case m == nil || m.ended:
	case m == x.open: // its calls may follow
		if p := m.openPart(); p != nil {
			r.endPart(x, m, p, b.Incomplete, nil)
		}
	default:
		r.closeMessage(x, m, b.Incomplete)
	}
}

// closeAnswer ends the assistant's message: its answer has ended, with its calls.
func (r *renderer) closeAnswer(x *shownExchange) {
	if x.open != nil {
		r.closeMessage(x, x.open, true)
		x.open = nil
	}
}

// closeMessage ends a message, and before that what of it is open: nothing may
// follow. cut says whether a part that is open then was cut.
func (r *renderer) closeMessage(x *shownExchange, m *shownMessage, cut bool) {
	for _, c := range m.calls {
		r.abandon(x, c)
	}
	end := messageEvent{EndMessage: &ending{}}
	if p := m.openPart(); p != nil {
		end.ContentPart = p.close(cut, nil)
	}
	m.ended = true
	r.tellIn(x, m, end)
	if !r.keeps {
		m.parts, m.calls, m.items = nil, nil, nil
	}
}

// given shows a message that came whole.
func (r *renderer) given(x *shownExchange, b convo.MessageGiven) {
	role := roleOf(b.Fields.Type)
	if role == "" || role == roleAssistant && b.Alias == "" || b.OfTurn() {
		return
	}
	r.whole(x, wholeMessage{own: b.ID, alias: b.Alias, role: role, at: clock(r.at.At), text: b.Text, parts: b.Parts})
}

// wholeMessage is one that is shown from its start to its end at once.
type wholeMessage struct {
	own, alias, role, at string
	text                 string
	parts                []convo.Part
	citations            []convo.Citation
}

func (r *renderer) whole(x *shownExchange, w wholeMessage) {
	m := x.add(w.own, w.alias, w.role, w.at, nil)
	if len(w.parts) == 0 {
		w.parts = []convo.Part{{ID: m.id, MediaType: markdown, End: len(w.text), Citations: w.citations}}
	}
	first := len(r.moves)
	for _, given := range w.parts {
		p := r.part(m, given)
		r.tellIn(x, m, messageEvent{ContentPart: &partEvent{ContentPartID: p.id, StartContentPart: p.start()}})
		if p.file == nil {
			r.cut(x, m, p, w.text[given.Start:given.End], given.Citations)
		}
		r.endPart(x, m, p, given.Incomplete, given.Meta)
	}
	r.moves = gather(r.moves, first)
	r.moves[len(r.moves)-1].event.Exchange.Message.EndMessage = &ending{}
	m.ended = true
}

// gather puts the start, the only chunk and the end of a part into one move, from
// that one on.
func gather(moves []move, from int) []move {
	kept := moves[:from+1]
	for _, next := range moves[from+1:] {
		p, q := kept[len(kept)-1].event.Exchange.Message.ContentPart, next.event.Exchange.Message.ContentPart
		if p.ContentPartID != q.ContentPartID || p.EndContentPart != nil || p.Chunk != nil && q.Chunk != nil {
			kept = append(kept, next)
			continue
		}
		if q.Chunk != nil {
			p.Chunk = q.Chunk
		}
		p.EndContentPart = q.EndContentPart
	}
	return kept
}
