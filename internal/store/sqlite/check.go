package sqlite

import (
	"slices"

	"github.com/parleyhq/parley/internal/convo"
)

// check refuses what the port says is refused, before it is taken in.
func (t *tx) check(e convo.Event) error {
	switch b := e.Body.(type) {
	case convo.TurnOpened:
		return errorsFirst(t.checkTurn(e.Turn), t.checkTurnAlias(b.Alias))
	case convo.MessageGiven:
		return errorsFirst(t.checkNew(b.ID), t.checkMessageAlias(e.Turn, b.Alias))
	case convo.MessageStarted:
		return errorsFirst(t.checkNew(b.ID), t.checkMessageAlias(e.Turn, b.Alias))
	case convo.Delta:
		return t.checkDelta(b.Message)
	case convo.MessageEnded:
		return t.checkEnd(b)
	case convo.MessageChanged:
		m, err := t.Message(b.ID)
		if err != nil {
			return err
		}
		m.Change(b, e.At)
		put(&t.messages, b.ID, &m)
	case convo.MessageDeleted:
		m, err := t.Message(b.ID)
		if err != nil {
			return err
		}
		put(&t.messages, b.ID, nil)
		t.name(aliasKey{true, m.Turn, m.Alias}, "")
	case convo.Rated:
		return t.checkRated(e.Turn, b)
	case convo.ToolRequested:
		return t.checkNew(b.Message)
	case convo.ToolEnded:
		return t.checkNew(b.Message)
	}
	return nil
}

// checkRated finds the turn of a vote if it has ended: it stands in no head.
func (t *tx) checkRated(id string, b convo.Rated) error {
	if id == "" || b.Message != "" || t.conversation.head.Turn(id) != nil {
		return nil
	}
	turn, err := t.turn(id)
	if err == nil && turn != nil {
		t.rated = new(*turn)
	}
	return err
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
	sum     uint32
	size    int
	lengths lengths
}

// textSoFar gives the text of a message so far. Steps are looked through once,
// however many messages there are in them.
func (t *tx) textSoFar(id string) soFar {
	for _, s := range t.steps[t.summed:] {
		switch b := s.event.Body.(type) {
		case convo.Delta:
			text := t.knownText(b.Message)
			if _, own := t.texts[b.Message]; !own {
				text.lengths = slices.Clone(text.lengths)
			}
			text.lengths.add(b.Part, b.Text)
			put(&t.texts, b.Message, soFar{sumOn(text.sum, b.Text), max(text.size, 0) + len(b.Text), text.lengths})
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
		return soFar{u.sum, u.size, u.lengths}
	}
	return soFar{size: -1}
}

func messageExists(id string) error {
	return convo.Errorf(convo.Conflict, "there is a message %q already", id)
}
