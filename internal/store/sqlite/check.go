package sqlite

import (
	"github.com/parleyhq/parley/internal/convo"
)

// check refuses what the port says is refused, before it is taken in.
func (t *tx) check(e convo.Event) error {
	switch b := e.Body.(type) {
	case convo.TurnOpened:
		return t.checkTurn(e.Turn)
	case convo.MessageGiven:
		return t.checkNew(b.ID)
	case convo.MessageStarted:
		return t.checkNew(b.ID)
	case convo.Delta:
		return t.checkDelta(b.Message)
	case convo.MessageEnded:
		return t.checkEnd(b)
	case convo.MessageChanged:
		m, err := t.Message(b.ID)
		if err != nil {
			return err
		}
		m.MessageFields, m.Updated = b.Fields, e.At
		if b.Text != nil {
			m.Text = *b.Text
		}
		put(&t.messages, b.ID, &m)
	case convo.MessageDeleted:
		if _, err := t.Message(b.ID); err != nil {
			return err
		}
		put(&t.messages, b.ID, nil)
	case convo.ToolRequested:
		return t.checkNew(b.Message)
	case convo.ToolEnded:
		return t.checkNew(b.Message)
	}
	return nil
}

func (t *tx) checkTurn(id string) error {
	if id == "" {
		return convo.Errorf(convo.Internal, "a turn needs an id")
	}
	turn, err := t.turn(id)
	if err == nil && turn != nil {
		err = convo.Errorf(convo.Conflict, "there is a turn %q already", id)
	}
	return err
}

// checkNew refuses a message that exists, or that comes piece by piece.
func (t *tx) checkNew(id string) error {
	if t.textSoFar(id).size >= 0 {
		return messageExists(id)
	}
	return t.checkNotEnded(id)
}

func (t *tx) checkNotEnded(id string) error {
	if id == "" {
		return convo.Errorf(convo.Internal, "a message needs an id")
	}
	m, err := t.message(id)
	if err == nil && m != nil {
		err = messageExists(id)
	}
	return err
}

// checkDelta looks into the database for the first delta of a message only.
func (t *tx) checkDelta(id string) error {
	if t.w.pieces.find(t.conversation.id, id) != nil && t.messages == nil {
		return nil
	}
	return t.checkNotEnded(id)
}

func (t *tx) checkEnd(b convo.MessageEnded) error {
	text := t.textSoFar(b.ID)
	if text.size > len(b.Text) || text.size > 0 && sumOn(0, b.Text[:text.size]) != text.sum {
		return convo.Errorf(convo.Internal, "the text of message %q is not that of its deltas", b.ID)
	}
	return t.checkNotEnded(b.ID)
}

// soFar is the text of a message that has not ended, as a checksum and its size;
// the size is -1 if no piece of it is known.
type soFar struct {
	sum  uint32
	size int
}

// textSoFar gives the text of a message so far. Steps are looked through once,
// however many messages there are in them.
func (t *tx) textSoFar(id string) soFar {
	for _, s := range t.steps[t.summed:] {
		switch b := s.event.Body.(type) {
		case convo.Delta:
			text := t.knownText(b.Message)
			put(&t.texts, b.Message, soFar{sumOn(text.sum, b.Text), max(text.size, 0) + len(b.Text)})
		case convo.MessageEnded:
			put(&t.texts, b.ID, soFar{size: -1})
		}
	}
	t.summed = len(t.steps)
	return t.knownText(id)
}

func (t *tx) knownText(id string) soFar {
	if text, ok := t.texts[id]; ok {
		return text
	}
	if u := t.w.pieces.find(t.conversation.id, id); u != nil {
		return soFar{u.sum, u.size}
	}
	return soFar{size: -1}
}

func messageExists(id string) error {
	return convo.Errorf(convo.Conflict, "there is a message %q already", id)
}
