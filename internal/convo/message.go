package convo

import (
	"slices"
	"time"
)

// MessageType says what a message is in the prompt.
type MessageType string

// The message types. Their meaning in the prompt is in docs/design.md.
const (
	User        MessageType = "user"
	Bot         MessageType = "bot"
	Context     MessageType = "context"     // facts at this place; not an instruction
	Instruction MessageType = "instruction" // a system-level order at this place
	Backstory   MessageType = "backstory"   // appended to the conversation's backstory
	Reasoning   MessageType = "reasoning"   // the model's thinking; stored and shown, not sent back
	Activity    MessageType = "activity"    // a tool call, its result, or a trigger, in Meta
	Checkpoint  MessageType = "checkpoint"  // a summary that replaces the history before it
)

// MessageTypes are all of them, in the order of their documentation.
var MessageTypes = []MessageType{User, Bot, Context, Instruction, Backstory, Reasoning, Activity, Checkpoint}

// Valid reports whether t is one of MessageTypes.
func (t MessageType) Valid() bool {
	for _, known := range MessageTypes {
		if t == known {
			return true
		}
	}
	return false
}

// MessageFields is what callers may set on a message.
type MessageFields struct {
	Type        MessageType
	Name        *string
	Description *string
	Meta        JSON
}

// Message is the projection that reads are served from: a message that has a
// place and whose text is complete (or was cut, and says so).
type Message struct {
	Conversation string
	ID           string
	Turn         string // "" for a message stored outside a turn
	Place        int64  // below Place(1, 0) while its turn is queued: it is in no list yet
	MessageFields
	Text       string
	Alias      string     // the id that the client chose, unique in its turn; "" = none
	Parts      []Part     // nil = its text is its only one
	Citations  []Citation // of its only part
	Incomplete bool       // stopped, failed or interrupted before its end
	Created    time.Time
	Updated    time.Time
}

// Change applies a change of the message, which was made at that time. A new
// text is that of its first text, or of one that has the message's id; the other
// texts, and all citations, are gone.
func (m *Message) Change(b MessageChanged, at time.Time) {
	m.MessageFields, m.Updated = b.Fields, at
	if b.Text == nil {
		return
	}
	m.Text, m.Citations = *b.Text, nil
	if m.Parts == nil {
		return
	}
	text := Part{ID: m.ID, Created: m.Created}
	n := slices.IndexFunc(m.Parts, func(p Part) bool { return p.File == nil })
	if n >= 0 {
		text = m.Parts[n]
	}
	text.Start, text.End, text.Citations, text.Updated = 0, len(m.Text), nil, at
	parts := []Part{text}
	for _, p := range m.Parts {
		if p.File != nil {
			p.Start, p.End = text.End, text.End
			parts = append(parts, p)
		}
	}
	m.Parts = parts
}

// slotBits is how many messages a slot can hold, as a power of two.
const slotBits = 20

// Place is the place of the message with that index in a slot. Slots start at
// 1; slot 0 is that of messages whose turn has not started.
func Place(slot, index int64) int64 { return slot<<slotBits | index }

// SlotOf is the slot that a place lies in.
func SlotOf(place int64) int64 { return place >> slotBits }
