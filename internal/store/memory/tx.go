package memory

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// tx is a transaction that changes the store in place.
type tx struct {
	store        *Store
	key          key
	conversation *conversation // nil if it does not exist
	owned        bool          // the conversation's state can be restored
	appended     []convo.Event
	undo         []func()
}

// Head implements store.Tx.
func (t *tx) Head() *convo.Head {
	if t.conversation == nil {
		return nil
	}
	return &t.conversation.head
}

// Append implements store.Tx.
func (t *tx) Append(e convo.Event) error {
	if e.Body == nil {
		return convo.Errorf(convo.Internal, "an event has no body")
	}
	e.At = stored(e.At)
	if _, ok := e.Body.(convo.ConversationCreated); ok {
		return t.create(e)
	}
	if t.conversation == nil {
		return convo.Errorf(convo.NotFound, "there is no conversation %q", t.key.id)
	}
	if err := t.check(e); err != nil {
		return err
	}
	t.own()
	c := t.conversation
	if c.epoch != t.store.epoch {
		c.epoch = t.store.epoch
		from := c.head.LastSeq + 1
		to := c.head.LastSeq + restartSkip
		t.add(convo.Event{Seq: to, At: e.At, Body: convo.Restarted{From: from, To: to}})
	}
	e.Seq = c.head.LastSeq + 1
	t.add(e)
	return nil
}

func (t *tx) create(e convo.Event) error {
	if t.conversation != nil {
		return conversationExists(t.key.id)
	}
	t.begin()
	e.Seq = 1
	t.add(e)
	return nil
}

// begin makes the conversation, without any event.
func (t *tx) begin() {
	c := &conversation{
		epoch:    t.store.epoch,
		messages: make(map[string]convo.Message),
		turns:    make(map[string]convo.Turn),
		pieces:   make(map[string][]convo.Delta),
		inputs:   make(map[string][]byte),
	}
	c.head.Tenant, c.head.ID = t.key.tenant, t.key.id
	t.conversation, t.owned = c, true
	t.put(c)
}

// check refuses what the port says is refused.
func (t *tx) check(e convo.Event) error {
	c := t.conversation
	switch b := e.Body.(type) {
	case convo.TurnOpened:
		if e.Turn == "" {
			return convo.Errorf(convo.Internal, "a turn needs an id")
		}
		if _, ok := c.turns[e.Turn]; ok {
			return convo.Errorf(convo.Conflict, "there is a turn %q already", e.Turn)
		}
		return c.checkTurnAlias(b.Alias)
	case convo.MessageGiven:
		if err := t.unknown(b.ID); err != nil {
			return err
		}
		return c.checkMessageAlias(e.Turn, b.Alias)
	case convo.MessageStarted:
		if err := t.unknown(b.ID); err != nil {
			return err
		}
		return c.checkMessageAlias(e.Turn, b.Alias)
	case convo.Delta:
		return t.fresh(b.Message)
	case convo.MessageEnded:
		if !strings.HasPrefix(b.Text, c.text(b.ID)) {
			return convo.Errorf(convo.Internal, "the text of message %q is not that of its deltas", b.ID)
		}
		return t.fresh(b.ID)
	case convo.MessageChanged:
		_, err := t.Message(b.ID)
		return err
	case convo.MessageDeleted:
		_, err := t.Message(b.ID)
		return err
	case convo.ToolRequested:
		return t.unknown(b.Message)
	case convo.ToolEnded:
		return t.unknown(b.Message)
	}
	return nil
}

// unknown refuses a message that exists or comes piece by piece.
func (t *tx) unknown(id string) error {
	if _, ok := t.conversation.pieces[id]; ok {
		return convo.Errorf(convo.Conflict, "there is a message %q already", id)
	}
	return t.fresh(id)
}

// fresh refuses a message that exists.
func (t *tx) fresh(id string) error {
	if id == "" {
		return convo.Errorf(convo.Internal, "a message needs an id")
	}
	if _, ok := t.conversation.messages[id]; ok {
		return convo.Errorf(convo.Conflict, "there is a message %q already", id)
	}
	return nil
}

// own notes the conversation's state, before its first change.
func (t *tx) own() {
	if t.owned {
		return
	}
	t.owned = true
	c := t.conversation
	before := *c
	before.events, before.vault = slices.Clip(before.events), slices.Clip(before.vault)
	before.messages, before.turns = maps.Clone(c.messages), maps.Clone(c.turns)
	before.pieces, before.inputs = maps.Clone(c.pieces), maps.Clone(c.inputs)
	c.head.Open = slices.Clone(c.head.Open)
	t.undo = append(t.undo, func() { *c = before })
}

// put makes c the conversation, or none if it is nil.
func (t *tx) put(c *conversation) {
	before, had := t.store.conversations[t.key]
	t.undo = append(t.undo, func() {
		delete(t.store.conversations, t.key)
		if had {
			t.store.conversations[t.key] = before
		}
	})
	delete(t.store.conversations, t.key)
	if c != nil {
		t.store.conversations[t.key] = c
	}
}

// add applies a numbered event.
func (t *tx) add(e convo.Event) {
	c := t.conversation
	c.events = append(c.events, e)
	t.appended = append(t.appended, e)
	effect := c.head.Project(e)
	if effect.Turn != nil {
		c.turns[effect.Turn.ID] = *effect.Turn
	}
	if effect.Slotted != nil {
		c.slot(effect.Slotted)
	}
	if effect.Message != nil {
		c.messages[effect.Message.ID] = *effect.Message
	}
	switch b := e.Body.(type) {
	case convo.Delta:
		c.pieces[b.Message] = append(c.pieces[b.Message], b)
	case convo.TurnEnded:
		delete(c.inputs, e.Turn)
	case convo.MessageEnded:
		delete(c.pieces, b.ID)
	case convo.MessageChanged:
		m := c.messages[b.ID]
		m.Change(b, e.At)
		c.messages[b.ID] = m
	case convo.Rated:
		if turn, ok := c.turns[e.Turn]; ok && b.Message == "" {
			turn.Rate(e.Seq, b)
			c.turns[e.Turn] = turn
		}
	case convo.MessageDeleted:
		delete(c.messages, b.ID)
		c.erase(b.ID)
	}
}

// slot moves the messages that a turn was given to the slot that it took.
func (c *conversation) slot(turn *convo.Turn) {
	for id, m := range c.messages {
		if m.Turn == turn.ID && convo.SlotOf(m.Place) == 0 {
			m.Place |= convo.Place(turn.Slot, 0)
			c.messages[id] = m
		}
	}
}

// erase takes a message's text out of the log. The events are a new list, so
// that the old one can be restored.
func (c *conversation) erase(message string) {
	c.events = slices.Clone(c.events)
	for i := range c.events {
		if erased, ok := convo.Erase(c.events[i].Body, message); ok {
			c.events[i].Body = erased
		}
	}
}

// Message implements store.Tx.
func (t *tx) Message(id string) (convo.Message, error) {
	if t.conversation != nil {
		if m, ok := t.conversation.messages[id]; ok {
			return cloneMessage(m), nil
		}
	}
	return convo.Message{}, convo.Errorf(convo.NotFound, "there is no message %q", id)
}

// Turn implements store.Tx.
func (t *tx) Turn(id string) (convo.Turn, error) {
	if t.conversation != nil {
		if turn, ok := t.conversation.turns[id]; ok {
			return cloneTurn(turn), nil
		}
	}
	return convo.Turn{}, noTurn(id)
}

// Delete implements store.Tx.
func (t *tx) Delete() error {
	if t.conversation == nil {
		return convo.Errorf(convo.NotFound, "there is no conversation %q", t.key.id)
	}
	t.put(nil)
	t.dropDispatches()
	t.dropFiles()
	t.conversation, t.owned = nil, false
	for k, token := range t.store.tokens {
		if k.tenant == t.key.tenant && token.Conversation == t.key.id {
			t.undo = append(t.undo, func() { t.store.tokens[k] = token })
			delete(t.store.tokens, k)
		}
	}
	return nil
}

// PutToken implements store.Tx.
func (t *tx) PutToken(token convo.Token) error {
	if err := t.store.putToken(token); err != nil {
		return err
	}
	t.undo = append(t.undo, func() { delete(t.store.tokens, key{token.Tenant, token.ID}) })
	return nil
}

// Request implements store.Tx.
func (t *tx) Request(id convo.RequestID) (convo.Request, bool, error) {
	r, ok := t.store.requests[id]
	return cloneRequest(r), ok, nil
}

// PutRequest implements store.Tx.
func (t *tx) PutRequest(r convo.Request) error {
	before, had := t.store.requests[r.ID]
	t.undo = append(t.undo, func() {
		delete(t.store.requests, r.ID)
		if had {
			t.store.requests[r.ID] = before
		}
	})
	t.store.putRequest(r)
	return nil
}

// stored gives a time as it is kept: UTC, to the millisecond.
func stored(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}
