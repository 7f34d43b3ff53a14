package storetest

import (
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// grow does something valid in a conversation.
func (h *history) grow(c *talk) {
	head, err := h.pair.Model.Head(h.t.Context(), c.tenant, c.id)
	must(h.t, err)
	switch n := h.r.IntN(75); {
	case n < 20:
		h.piece(c)
	case n < 30:
		h.run(c, &head)
	case n < 38:
		h.turnOf(c, &head)
	case n < 46:
		h.end(c)
	case n < 50:
		h.give(c, &head)
	case n < 54:
		h.change(c)
	case n < 56:
		h.erase(c)
	case n < 57:
		f := h.fields()
		f.Channel = head.Channel
		h.update(c, "change the conversation", h.event("", convo.ConversationChanged{Fields: f}))
	case n < 58:
		h.begin(c, &head)
	case n < 59:
		h.vote(c, head.ID)
	case n < 60:
		h.update(c, "pass on", h.event("", convo.PassedOn{Front: "test", Body: h.json()}))
	case n < 73:
		h.say(c, &head)
	case h.r.IntN(4) == 0:
		h.remove(c)
	}
}

// piece adds to a message that has not ended, several times in one update.
func (h *history) piece(c *talk) {
	p, ok := pick(h.r, c.pieces)
	if !ok {
		return
	}
	var events []convo.Event
	for range 1 + h.r.IntN(3) {
		text := h.text()
		p.text += text
		e := h.event(p.turn, convo.Delta{Message: p.id, Type: p.kind, Text: text})
		if h.r.IntN(8) > 0 {
			e.Origin = p.origin
		}
		events = append(events, e)
	}
	h.update(c, "pieces", events...)
}

// begin begins a message outside a turn.
func (h *history) begin(c *talk, head *convo.Head) {
	p := &pieces{id: h.id(), kind: convo.User, place: convo.Place(head.NextSlot, 0), origin: uuid(1)}
	c.pieces = append(c.pieces, p)
	h.update(c, "begin", h.event("", convo.MessageStarted{ID: p.id, Place: p.place, Type: p.kind}))
}

// end ends a message, perhaps with a last piece in the same update.
func (h *history) end(c *talk) {
	p, ok := pick(h.r, c.pieces)
	if !ok {
		return
	}
	var events []convo.Event
	if h.r.IntN(3) == 0 {
		p.text += "last"
		events = append(events, h.event(p.turn, convo.Delta{Message: p.id, Type: p.kind, Text: "last"}))
	}
	events = append(events, h.event(p.turn, p.ended(h.r.IntN(2) == 0)))
	c.pieces, c.messages = remove(c.pieces, p), append(c.messages, p.id)
	if c.bot == p {
		c.bot = nil
	}
	h.update(c, "end", events...)
}

func (p *pieces) ended(incomplete bool) convo.MessageEnded {
	return convo.MessageEnded{ID: p.id, Place: p.place, Type: p.kind, Text: p.text, Incomplete: incomplete}
}

// turnOf opens a turn with a message or two, and mostly queues it.
func (h *history) turnOf(c *talk, head *convo.Head) {
	if len(head.Open) >= 4 {
		return
	}
	turn := h.id()
	opened := convo.TurnOpened{
		Front: "test", Zone: "UTC", Background: h.r.IntN(2) == 0, Alias: h.alias(), Metadata: h.json(), Implied: h.r.IntN(9) == 0,
	}
	events := []convo.Event{h.event(turn, opened)}
	for i := range h.r.IntN(3) {
		m := convo.MessageGiven{ID: h.id(), Place: int64(i), Fields: h.messageFields(), Text: h.text(), Alias: h.alias()}
		if h.r.IntN(4) == 0 {
			m.Parts = []convo.Part{{ID: h.id(), End: len(m.Text)}, {ID: h.id(), Start: len(m.Text), End: len(m.Text), File: &convo.FileRef{URI: "u"}}}
		}
		c.messages = append(c.messages, m.ID)
		events = append(events, h.event(turn, m))
	}
	if h.r.IntN(3) > 0 {
		events = append(events, h.event(turn, convo.TurnQueued{}))
	}
	c.turns = append(c.turns, turn)
	h.updateWith(c, "open a turn", h.giving(turn), events...)
}

// run moves the turns of a conversation on.
func (h *history) run(c *talk, head *convo.Head) {
	active, next := head.Active(), head.NextQueued()
	switch {
	case active == nil && next != nil && len(next.Coming) > 0:
		h.fallSilent(c, next)
	case active == nil && next != nil:
		h.update(c, "start", h.event(next.ID, convo.TurnStarted{Slot: head.NextSlot}))
	case active == nil && len(head.Open) == 0:
	case active == nil && len(head.Open[0].Coming) > 0:
		h.fallSilent(c, &head.Open[0])
	case active == nil && h.r.IntN(2) == 0: // what is open only is queued or given up
		h.update(c, "queue", h.event(head.Open[0].ID, convo.TurnQueued{}))
	case active == nil:
		h.update(c, "give up", h.event(head.Open[0].ID, convo.TurnEnded{Reason: convo.EndStopped}))
	case active.State == convo.StateWaiting && (len(active.Calls) == 0 || h.r.IntN(2) == 0):
		h.update(c, "resume", h.event(active.ID, convo.TurnResumed{Rerun: h.r.IntN(2) == 0}))
	case len(active.Calls) > 0 && h.r.IntN(4) > 0:
		h.call(c, active)
	case c.bot == nil && h.r.IntN(3) == 0:
		h.request(c, active)
	case c.bot == nil && h.r.IntN(3) > 0:
		c.bot = &pieces{
			id: h.id(), turn: active.ID, kind: convo.Bot, place: convo.Place(active.Slot, active.Next),
		}
		c.pieces = append(c.pieces, c.bot)
		h.update(c, "answer", h.event(active.ID, convo.ModelAsked{Model: "m", From: int64(h.r.IntN(5))}),
			h.event(active.ID, convo.MessageStarted{ID: c.bot.id, Place: c.bot.place, Type: c.bot.kind}))
	case c.bot == nil && h.r.IntN(2) == 0:
		h.update(c, "wait", h.event(active.ID, h.waiting(c, active)))
	default:
		h.finish(c, active)
	}
}

// finish ends the active turn, with what it was writing, in one update.
func (h *history) finish(c *talk, active *convo.Turn) {
	var events []convo.Event
	if c.bot != nil {
		events = append(events, h.event(active.ID, c.bot.ended(false)))
		c.pieces, c.messages = remove(c.pieces, c.bot), append(c.messages, c.bot.id)
		c.bot = nil
	}
	used := convo.Usage{Input: convo.Tokens{N: int64(h.r.IntN(9))}, Output: convo.Tokens{N: 3, Estimated: true}}
	end := convo.TurnEnded{Reason: convo.EndDone, Usage: used}
	if h.r.IntN(4) == 0 {
		end = convo.TurnEnded{Reason: convo.EndFailed, Failure: &convo.Failure{Kind: convo.Internal, Message: h.text()}}
	}
	events = append(events, h.interrupted(c, active)...)
	events = append(events, h.event(active.ID, convo.ModelAnswered{Model: "m", Usage: used}), h.event(active.ID, end))
	h.update(c, "finish", events...)
}

// give stores a message outside a turn.
func (h *history) give(c *talk, head *convo.Head) {
	m := convo.MessageGiven{
		ID: h.id(), Place: convo.Place(head.NextSlot, 0), Fields: h.messageFields(), Text: h.text(),
	}
	c.messages = append(c.messages, m.ID)
	h.update(c, "give", h.event("", m))
}

func (h *history) change(c *talk) {
	id, ok := pick(h.r, c.messages)
	if !ok {
		return
	}
	b := convo.MessageChanged{ID: id, Fields: h.messageFields()}
	if h.r.IntN(2) == 0 {
		b.Text = new(h.text())
	}
	h.update(c, "change", h.event("", b))
}

func (h *history) erase(c *talk) {
	id, ok := pick(h.r, c.messages)
	if !ok {
		return
	}
	c.messages = remove(c.messages, id)
	h.update(c, "erase", h.event("", convo.MessageDeleted{ID: id}))
}

// remove deletes a conversation.
func (h *history) remove(c *talk) {
	h.talks, h.last = remove(h.talks, c), "delete the conversation"
	for _, s := range h.both() {
		_, err := s.Update(h.t.Context(), c.tenant, c.id, store.Buffered, store.Tx.Delete)
		must(h.t, err)
	}
}
