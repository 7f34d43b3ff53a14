package convo

import (
	"slices"
	"time"
)

// Coming is a message that a client says piece by piece, to a turn that has not
// started, as far as it has come. Its text is not in it: stores know how long it
// is, and read it when it ends.
type Coming struct {
	ID        string
	Alias     string
	Place     int64 // its index in the turn, in slot 0
	Type      MessageType
	Meta      JSON
	Parts     []ComingPart // in their order, which is that of their texts
	Citations []Citation   // of its only part
	Created   time.Time
}

// ComingPart is a part of a message that has not ended. Its Start and End are
// not known yet. Parts come one after the other: only the last one may be open.
type ComingPart struct {
	Part
	Ended bool
}

// Length is how long a text is.
type Length struct {
	Bytes int
	Units int // of UTF-16
}

// LengthOf says how long a text is.
func LengthOf(text string) Length {
	l := Length{Bytes: len(text)}
	for _, r := range text {
		l.Units++
		if r > 0xffff { // a surrogate pair
			l.Units++
		}
	}
	return l
}

// Add sums the lengths of two texts.
func (l Length) Add(m Length) Length { return Length{l.Bytes + m.Bytes, l.Units + m.Units} }

// Open is the part that has not ended, or nil.
func (c *Coming) Open() *ComingPart {
	if n := len(c.Parts); n > 0 && !c.Parts[n-1].Ended {
		return &c.Parts[n-1]
	}
	return nil
}

// Part gives the part with that id, or nil.
func (c *Coming) Part(id string) *ComingPart {
	for i := range c.Parts {
		if c.Parts[i].ID == id {
			return &c.Parts[i]
		}
	}
	return nil
}

// End is the end of the message, with the text that its deltas made; length
// gives the length of that of each part. A part that is open ends with it, as
// incomplete as the message.
func (c *Coming) End(text string, length func(part string) Length, incomplete bool, at time.Time) MessageEnded {
	ended := MessageEnded{
		ID: c.ID, Place: c.Place, Type: c.Type, Text: text, Meta: c.Meta, Alias: c.Alias,
		Citations: slices.Clone(c.Citations), Incomplete: incomplete,
	}
	start := 0
	for _, coming := range c.Parts {
		part := coming.Part
		part.Start, part.End = start, start
		if part.File == nil {
			part.End += length(part.ID).Bytes
		}
		start = part.End
		if !coming.Ended {
			part.Incomplete, part.Updated = part.Incomplete || incomplete, at
		}
		ended.Incomplete = ended.Incomplete || part.Incomplete
		ended.Parts = append(ended.Parts, part)
	}
	return ended
}

// ComingMessage gives the message with that id that has not ended, or nil.
func (t *Turn) ComingMessage(id string) *Coming {
	for i := range t.Coming {
		if t.Coming[i].ID == id {
			return &t.Coming[i]
		}
	}
	return nil
}

// projectComing applies the events of messages that clients say piece by piece.
func (h *Head) projectComing(e Event) Effect {
	switch b := e.Body.(type) {
	case MessageEnded:
		t := h.Turn(e.Turn)
		if t == nil || t.ComingMessage(b.ID) == nil {
			return Effect{}
		}
		t.Coming = slices.DeleteFunc(slices.Clone(t.Coming), func(c Coming) bool { return c.ID == b.ID })
		if len(t.Coming) == 0 {
			t.Coming = nil
		}
		return h.turnEffect(e.Turn)
	case PartStarted:
		return h.changeComing(e.Turn, b.Message, func(c *Coming) {
			part := ComingPart{Part: b.Part}
			part.Created, part.Updated = e.At, e.At
			c.Parts = append(c.Parts, part)
		})
	case PartEnded:
		return h.changeComing(e.Turn, b.Message, func(c *Coming) {
			part := c.Part(b.Part)
			if part == nil {
				return
			}
			part.Ended, part.Incomplete, part.Updated = true, b.Incomplete, e.At
			if b.Meta != nil {
				part.Meta = b.Meta
			}
		})
	case Cited:
		return h.changeComing(e.Turn, b.Message, func(c *Coming) {
			citation := b.Citation
			citation.Created = e.At
			if part := c.Part(b.Part); part != nil {
				part.Citations = append(slices.Clone(part.Citations), citation)
			} else if b.Part == "" {
				c.Citations = append(slices.Clone(c.Citations), citation)
			}
		})
	}
	return Effect{}
}

// changeComing changes a message that is coming in copies of the lists that it
// stands in: others may hold them.
func (h *Head) changeComing(turn, message string, change func(*Coming)) Effect {
	t := h.Turn(turn)
	if t == nil || t.ComingMessage(message) == nil {
		return Effect{}
	}
	t.Coming = slices.Clone(t.Coming)
	c := t.ComingMessage(message)
	c.Parts = slices.Clone(c.Parts)
	change(c)
	return h.turnEffect(turn)
}
