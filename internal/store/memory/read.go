package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// Conversation implements store.Reader.
func (s *Store) Conversation(ctx context.Context, tenant, id string) (convo.Conversation, error) {
	h, err := s.Head(ctx, tenant, id)
	return h.Conversation, err
}

// Head implements store.Reader.
func (s *Store) Head(ctx context.Context, tenant, id string) (convo.Head, error) {
	c, err := s.reading(ctx, tenant, id)
	if err != nil {
		return convo.Head{}, err
	}
	defer s.mu.RUnlock()
	h := c.head
	h.Conversation = cloneConversation(h.Conversation)
	h.Open = cloneTurns(h.Open)
	return h, nil
}

// Conversations implements store.Reader.
func (s *Store) Conversations(
	ctx context.Context, tenant string, q store.ConversationQuery,
) ([]convo.Conversation, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	var list []convo.Conversation
	for k, c := range s.conversations {
		wanted := k.tenant == tenant && c.head.Channel == nil &&
			(q.Contact == "" || c.head.ContactID != nil && *c.head.ContactID == q.Contact)
		if wanted && convo.MatchMeta(c.head.Meta, q.Meta) {
			list = append(list, c.head.Conversation)
		}
	}
	at := func(c convo.Conversation) store.Position { return store.Position{Created: c.Created, ID: c.ID} }
	q.After.Created = stored(q.After.Created)
	return page(list, at, comparePositions, q.After, q.Desc, q.Limit, cloneConversation), nil
}

func comparePositions(a, b store.Position) int {
	return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
}

// page sorts a list and cuts a page out of it. The zero after stands for the
// end at which the list starts.
func page[T any, P comparable](
	list []T, at func(T) P, compare func(a, b P) int, after P, desc bool, limit int, clone func(T) T,
) []T {
	var start P
	sign := 1
	if desc {
		sign = -1
	}
	list = slices.DeleteFunc(list, func(v T) bool {
		return after != start && sign*compare(at(v), after) <= 0
	})
	slices.SortFunc(list, func(a, b T) int { return sign * compare(at(a), at(b)) })
	list = list[:min(len(list), limit)]
	for i := range list {
		list[i] = clone(list[i])
	}
	return list
}

// Message implements store.Reader.
func (s *Store) Message(ctx context.Context, tenant, conversation, id string) (convo.Message, error) {
	c, err := s.reading(ctx, tenant, conversation)
	if err != nil {
		return convo.Message{}, err
	}
	defer s.mu.RUnlock()
	m, ok := c.messages[id]
	if !ok || convo.SlotOf(m.Place) == 0 {
		return convo.Message{}, convo.Errorf(convo.NotFound, "there is no message %q", id)
	}
	return cloneMessage(m), nil
}

// Messages implements store.Reader.
func (s *Store) Messages(
	ctx context.Context, tenant, conversation string, q store.MessageQuery,
) ([]convo.Message, error) {
	c, err := s.reading(ctx, tenant, conversation)
	if err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	if _, known := c.turns[q.Turn]; q.Turn != "" && !known {
		return nil, nil
	}
	var list []convo.Message
	for _, m := range c.messages {
		wanted := (len(q.Types) == 0 || slices.Contains(q.Types, m.Type)) && (q.Turn == "" || m.Turn == q.Turn)
		if wanted && (q.Turn != "" || convo.SlotOf(m.Place) > 0) && convo.MatchMeta(m.Meta, q.Meta) {
			list = append(list, m)
		}
	}
	at := func(m convo.Message) int64 { return m.Place }
	return page(list, at, cmp.Compare[int64], q.After, q.Desc, q.Limit, cloneMessage), nil
}

// Turn implements store.Reader.
func (s *Store) Turn(ctx context.Context, tenant, conversation, id string) (convo.Turn, error) {
	c, err := s.reading(ctx, tenant, conversation)
	if err != nil {
		return convo.Turn{}, err
	}
	defer s.mu.RUnlock()
	t, ok := c.turns[id]
	if !ok {
		return convo.Turn{}, noTurn(id)
	}
	return cloneTurn(t), nil
}

// Turns implements store.Reader.
func (s *Store) Turns(ctx context.Context, tenant, conversation string, from int64) ([]convo.Turn, error) {
	c, err := s.reading(ctx, tenant, conversation)
	if err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	var list []convo.Turn
	for _, t := range c.turns {
		if t.Slot > 0 && t.Slot >= from {
			list = append(list, cloneTurn(t))
		}
	}
	slices.SortFunc(list, func(a, b convo.Turn) int { return cmp.Compare(a.Slot, b.Slot) })
	return list, nil
}

// Events implements store.Reader.
func (s *Store) Events(
	ctx context.Context, tenant, conversation string, after int64, limit int,
) ([]convo.Event, error) {
	c, err := s.reading(ctx, tenant, conversation)
	if err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	start, found := slices.BinarySearchFunc(c.events, after, func(e convo.Event, seq int64) int {
		return cmp.Compare(e.Seq, seq)
	})
	if found {
		start++
	}
	list := slices.Clone(c.events[start:min(len(c.events), start+limit)])
	for i := range list {
		list[i].Body = cloneBody(list[i].Body)
	}
	return list, nil
}

// OpenTurns implements store.Reader.
func (s *Store) OpenTurns(ctx context.Context) ([]convo.Turn, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	var list []convo.Turn
	for _, c := range s.conversations {
		list = append(list, cloneTurns(c.head.Open)...)
	}
	return list, nil
}

// Usage implements store.Reader.
func (s *Store) Usage(ctx context.Context, tenant, conversation string, from, to time.Time) (store.Usage, error) {
	c, err := s.reading(ctx, tenant, conversation)
	if err != nil {
		return store.Usage{}, err
	}
	defer s.mu.RUnlock()
	within := func(t time.Time) bool { return !t.Before(from) && t.Before(to) }
	var u store.Usage
	for _, t := range c.turns {
		if t.State == convo.StateEnded && within(t.Ended) {
			u.Tokens += t.Usage.Total()
		}
	}
	for _, m := range c.messages {
		if (m.Type == convo.User || m.Type == convo.Bot) && within(m.Created) {
			u.Messages++
		}
	}
	return u, nil
}
