package convo

import (
	"bytes"
	"slices"
	"time"
)

// Effect says which rows an event touches, beside the head that it was applied
// to. A store writes them in the event's own transaction.
type Effect struct {
	Turn    *Turn    // to be written as it is now
	Message *Message // a new message; its text is the event's own
	// Slotted is a turn that has just started: the messages that it was given
	// before, whose places lie in slot 0, move to its slot.
	Slotted *Turn
}

// Project applies an event to the head of its conversation and says which
// other rows it touches. It is the only definition of what events mean to
// reads, so a projection can always be made again from the log. What
// MessageChanged and MessageDeleted do to the message that they name is left to
// the store.
func (h *Head) Project(e Event) Effect {
	h.LastSeq = max(h.LastSeq, e.Seq)
	switch b := e.Body.(type) {
	case ConversationCreated:
		h.Fields, h.Created, h.Updated, h.Conversation.Active = b.Fields, e.At, e.At, e.At
		h.NextSlot = 1
	case ConversationChanged:
		h.Fields, h.Updated = b.Fields, e.At
	case MessageGiven:
		return h.given(e, b)
	case MessageEnded:
		effect := h.projectComing(e)
		effect.Message = h.ended(e, b)
		return effect
	case PartStarted, PartEnded, Cited:
		return h.projectComing(e)
	case MessageStarted:
		return h.started(e, b)
	case ToolRequested:
		return h.requested(e, b)
	case ToolEnded:
		return h.toolEnded(e, b)
	case MessageChanged:
		h.Updated = e.At
	case MessageDeleted:
		h.Updated = e.At
		return h.forget(b.ID)
	case TurnOpened:
		h.Open = append(h.Open, Turn{
			Tenant: h.Tenant, Conversation: h.ID, ID: e.Turn, Front: b.Front, Zone: b.Zone,
			Origin: e.Origin, State: StateOpen, OpenedSeq: e.Seq, Opened: e.At, Background: b.Background,
			Alias: b.Alias, Metadata: b.Metadata, Implied: b.Implied,
		})
		return h.turnEffect(e.Turn)
	default:
		return h.projectTurn(e)
	}
	return Effect{}
}

// projectTurn applies the events that move a turn from state to state.
func (h *Head) projectTurn(e Event) Effect {
	t := h.Turn(e.Turn)
	if t == nil {
		return Effect{}
	}
	switch b := e.Body.(type) {
	case TurnQueued:
		t.State, t.QueuedSeq = StateQueued, e.Seq
		h.Conversation.Active = e.At
	case TurnStarted:
		t.State, t.QueuedSeq, t.Slot, t.Started = StateRunning, 0, b.Slot, e.At
		h.NextSlot = max(h.NextSlot, b.Slot+1)
		h.Updated = e.At
		slotted := *t
		return Effect{Turn: &slotted, Slotted: &slotted}
	case TurnWaiting:
		t.State = StateWaiting
	case TurnResumed:
		t.State = StateRunning
		if b.Rerun {
			t.Reruns++
		}
	case ToolStarted, ToolAnswered, ToolOffered, InterruptStarted, InterruptEnded:
		t.Calls = slices.Clone(t.Calls) // others may hold the list
		t.projectCall(e)
	case ModelAsked:
		t.ContextFrom, h.ContextFrom = b.From, b.From
	case ModelAnswered:
		t.Usage = t.Usage.Add(b.Usage)
	case TurnEnded:
		t.State, t.Reason, t.Failure, t.Usage, t.Ended = StateEnded, b.Reason, b.Failure, b.Usage, e.At
		t.Calls, t.Coming, t.QueuedSeq = nil, nil, 0
		h.Updated, h.Conversation.Active = e.At, e.At
		ended := *t
		h.close(e.Turn)
		return Effect{Turn: &ended}
	case Rated:
		if b.Message != "" {
			return Effect{}
		}
		t.Rate(e.Seq, b)
	default:
		return Effect{}
	}
	return h.turnEffect(e.Turn)
}

// Rate takes in a vote on the turn, whose event has that number.
func (t *Turn) Rate(seq int64, b Rated) {
	t.Rating, t.RatingReason, t.RatedSeq = b.Value, b.Reason, seq
}

// answer takes in what a user said to a call. An input that he made takes the
// place of the one that was asked for, unless that was erased.
func (c *OpenCall) answer(e Event, b ToolAnswered) {
	c.Answered, c.Approved = e.At.UnixMilli(), b.Approved
	if b.Approved && c.Arguments != nil && b.Input != nil && !bytes.Equal(c.Arguments, b.Input) {
		c.Arguments, c.InputSeq = b.Input, e.Seq
	}
}

// projectCall applies what happens to an open call between its request and its end.
func (t *Turn) projectCall(e Event) {
	var id string
	var change func(*OpenCall)
	at := e.At.UnixMilli()
	switch b := e.Body.(type) {
	case ToolStarted:
		id, change = b.ID, func(c *OpenCall) { c.Started, c.To = at, b.To }
	case ToolAnswered:
		id, change = b.ID, func(c *OpenCall) { c.answer(e, b) }
	case ToolOffered:
		id, change = b.ID, func(c *OpenCall) { c.To = b.To }
	case InterruptStarted:
		id, change = b.Call, func(c *OpenCall) { c.Interrupt = b.ID }
	case InterruptEnded:
		id, change = b.Call, func(c *OpenCall) { c.Interrupt = "" }
	}
	if call := t.Call(id); call != nil {
		change(call)
	}
}

func (h *Head) given(e Event, b MessageGiven) Effect {
	h.Updated, h.Sources = e.At, max(h.Sources, b.Sources.Last())
	m := &Message{
		Conversation: h.ID, ID: b.ID, Turn: e.Turn, Place: b.Place,
		MessageFields: b.Fields, Text: b.Text, Alias: b.Alias, Parts: PartsAt(b.Parts, e.At), Created: e.At, Updated: e.At,
	}
	effect := h.take(e.Turn, b.Place)
	effect.Message = m
	return effect
}

func (h *Head) started(e Event, b MessageStarted) Effect {
	if t := h.Turn(e.Turn); t != nil && SlotOf(b.Place) == 0 {
		t.Coming = append(slices.Clone(t.Coming), Coming{
			ID: b.ID, Alias: b.Alias, Place: b.Place, Type: b.Type, Meta: b.Meta, Created: e.At,
		})
	}
	return h.take(e.Turn, b.Place)
}

func (h *Head) ended(e Event, b MessageEnded) *Message {
	h.Updated = e.At
	return &Message{
		Conversation: h.ID, ID: b.ID, Turn: e.Turn, Place: b.Place,
		MessageFields: MessageFields{Type: b.Type, Meta: b.Meta},
		Text:          b.Text, Alias: b.Alias, Parts: PartsAt(b.Parts, e.At), Citations: CitationsAt(b.Citations, e.At),
		Incomplete: b.Incomplete, Created: e.At, Updated: e.At,
	}
}

// PartsAt gives the parts of a message from an event of that time: parts have its
// time where they have none of their own.
func PartsAt(parts []Part, at time.Time) []Part {
	parts = slices.Clone(parts)
	for i := range parts {
		p := &parts[i]
		if p.Created.IsZero() {
			p.Created = at
		}
		if p.Updated.IsZero() {
			p.Updated = p.Created
		}
		p.Citations = CitationsAt(p.Citations, p.Created)
	}
	return parts
}

// CitationsAt is PartsAt for citations.
func CitationsAt(citations []Citation, at time.Time) []Citation {
	citations = slices.Clone(citations)
	for i := range citations {
		if citations[i].Created.IsZero() {
			citations[i].Created = at
		}
	}
	return citations
}

func (h *Head) requested(e Event, b ToolRequested) Effect {
	effect := h.activity(e, b.Message, b.Place, b.Activity())
	if t := h.Turn(e.Turn); t != nil {
		t.Calls = append(slices.Clone(t.Calls), b.Open(e.Seq))
		effect.Turn = h.turnEffect(e.Turn).Turn
	}
	return effect
}

func (h *Head) toolEnded(e Event, b ToolEnded) Effect {
	effect := h.activity(e, b.Message, b.Place, b.Activity())
	h.Sources = max(h.Sources, b.Sources.Last())
	if t := h.Turn(e.Turn); t != nil {
		t.Calls = slices.DeleteFunc(slices.Clone(t.Calls), func(c OpenCall) bool { return c.ID == b.ID })
		if len(t.Calls) == 0 {
			t.Calls = nil
		}
		effect.Turn = h.turnEffect(e.Turn).Turn
	}
	return effect
}

// forget takes what a deleted message said out of the open call that it is the
// request of, as it is taken out of the request's event.
func (h *Head) forget(message string) Effect {
	for i := range h.Open {
		t := &h.Open[i]
		n := slices.IndexFunc(t.Calls, func(c OpenCall) bool { return c.Message == message })
		if n < 0 {
			continue
		}
		t.Calls = slices.Clone(t.Calls)
		t.Calls[n].Arguments = nil
		return h.turnEffect(t.ID)
	}
	return Effect{}
}

// activity makes the message of a call's event.
func (h *Head) activity(e Event, id string, place int64, meta JSON) Effect {
	h.Updated = e.At
	effect := h.take(e.Turn, place)
	effect.Message = &Message{
		Conversation: h.ID, ID: id, Turn: e.Turn, Place: place,
		MessageFields: MessageFields{Type: Activity, Meta: meta}, Created: e.At, Updated: e.At,
	}
	return effect
}

// take counts a place as taken, in the slot of a turn or in one of its own.
func (h *Head) take(turn string, place int64) Effect {
	h.NextSlot = max(h.NextSlot, SlotOf(place)+1)
	t := h.Turn(turn)
	if t == nil {
		return Effect{}
	}
	t.Next = max(t.Next, place&(1<<slotBits-1)+1)
	return h.turnEffect(turn)
}

func (h *Head) turnEffect(id string) Effect {
	t := *h.Turn(id)
	return Effect{Turn: &t}
}

func (h *Head) close(id string) {
	open := make([]Turn, 0, len(h.Open))
	for _, t := range h.Open {
		if t.ID != id {
			open = append(open, t)
		}
	}
	h.Open = open
}
