package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// turnByAlias finds a turn that its client called so.
func (c *conversation) turnByAlias(alias string) (convo.Turn, error) {
	if alias == "" { // most have none, and each new one is looked up
		return convo.Turn{}, noTurn(alias)
	}
	for _, t := range c.turns {
		if t.Alias == alias {
			return cloneTurn(t), nil
		}
	}
	return convo.Turn{}, noTurn(alias)
}

// messageByAlias finds a message of a turn that its client called so.
func (c *conversation) messageByAlias(turn, alias string) (convo.Message, error) {
	if alias == "" { // as above: a long conversation would take the square of its length
		return convo.Message{}, noMessage(alias)
	}
	for _, m := range c.messages {
		if m.Turn == turn && m.Alias == alias {
			return cloneMessage(m), nil
		}
	}
	return convo.Message{}, noMessage(alias)
}

// checkTurnAlias refuses the alias of a new turn that another one is called by.
func (c *conversation) checkTurnAlias(alias string) error {
	_, err := c.turnByAlias(alias)
	if _, ok := c.turns[alias]; ok || err == nil {
		return convo.Errorf(convo.Conflict, "there is a turn %q already", alias)
	}
	return nil
}

// checkMessageAlias refuses the alias of a new message that another one of its
// turn is called by.
func (c *conversation) checkMessageAlias(turn, alias string) error {
	_, err := c.messageByAlias(turn, alias)
	_, known := c.messages[alias]
	t := c.turns[turn]
	coming := slices.ContainsFunc(t.Coming, func(m convo.Coming) bool { return m.Alias == alias })
	if alias != "" && (err == nil || known || coming) {
		return convo.Errorf(convo.Conflict, "there is a message %q already", alias)
	}
	return nil
}

// text is that of a message that has not ended, so far.
func (c *conversation) text(message string) string {
	var text strings.Builder
	for _, d := range c.pieces[message] {
		text.WriteString(d.Text)
	}
	return text.String()
}

// TurnByAlias implements store.Tx.
func (t *tx) TurnByAlias(alias string) (convo.Turn, error) {
	if t.conversation == nil {
		return convo.Turn{}, noTurn(alias)
	}
	return t.conversation.turnByAlias(alias)
}

// MessageByAlias implements store.Tx.
func (t *tx) MessageByAlias(turn, alias string) (convo.Message, error) {
	if t.conversation == nil {
		return convo.Message{}, noMessage(alias)
	}
	return t.conversation.messageByAlias(turn, alias)
}

// Length implements store.Tx.
func (t *tx) Length(message, part string) (length convo.Length) {
	if t.conversation == nil {
		return length
	}
	for _, d := range t.conversation.pieces[message] {
		if part == "" || d.Part == part {
			length = length.Add(convo.LengthOf(d.Text))
		}
	}
	return length
}

// Text implements store.Tx.
func (t *tx) Text(message string) (string, error) {
	if t.conversation == nil {
		return "", nil
	}
	return t.conversation.text(message), nil
}

// ConversationsOf implements store.Reader.
func (s *Store) ConversationsOf(
	ctx context.Context, tenant, owner string, q store.ActiveQuery,
) ([]convo.Conversation, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	var list []convo.Conversation
	for k, c := range s.conversations {
		of := ""
		if c.head.Owner != nil {
			of = *c.head.Owner
		}
		if k.tenant == tenant && of == owner && c.head.Channel == nil && q.Matches(c.head.Conversation) {
			list = append(list, c.head.Conversation)
		}
	}
	at := func(c convo.Conversation) store.Position { return store.Position{Created: c.Active, ID: c.ID} }
	q.After.Created = stored(q.After.Created)
	return page(list, at, comparePositions, q.After, q.Desc, q.Limit, cloneConversation), nil
}

// TurnsOpened implements store.Reader.
func (s *Store) TurnsOpened(
	ctx context.Context, tenant, conversation string, q store.TurnQuery,
) ([]convo.Turn, error) {
	c, err := s.reading(ctx, tenant, conversation)
	if err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	var list []convo.Turn
	for _, t := range c.turns {
		list = append(list, t)
	}
	at := func(t convo.Turn) int64 { return t.OpenedSeq }
	return page(list, at, cmp.Compare[int64], q.After, q.Desc, q.Limit, cloneTurn), nil
}

// TurnByAlias implements store.Reader.
func (s *Store) TurnByAlias(ctx context.Context, tenant, conversation, alias string) (convo.Turn, error) {
	c, err := s.reading(ctx, tenant, conversation)
	if err != nil {
		return convo.Turn{}, err
	}
	defer s.mu.RUnlock()
	return c.turnByAlias(alias)
}

// MessageByAlias implements store.Reader.
func (s *Store) MessageByAlias(
	ctx context.Context, tenant, conversation, turn, alias string,
) (convo.Message, error) {
	c, err := s.reading(ctx, tenant, conversation)
	if err != nil {
		return convo.Message{}, err
	}
	defer s.mu.RUnlock()
	return c.messageByAlias(turn, alias)
}

func noMessage(id string) error { return convo.Errorf(convo.NotFound, "there is no message %q", id) }
