package memory

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// Votes implements store.VoteReader.
func (s *Store) Votes(ctx context.Context, tenant string, q store.VoteQuery) ([]convo.Vote, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	var list []convo.Vote
	for k, c := range s.conversations {
		if k.tenant == tenant && c.head.Channel == nil && c.head.ContactID != nil && *c.head.ContactID == q.Contact {
			list = append(list, c.votes(q.ID)...)
		}
	}
	at := func(v convo.Vote) store.Position { return store.Position{Created: v.At, ID: v.ID} }
	q.After.Created = stored(q.After.Created)
	return page(list, at, comparePositions, q.After, q.Desc, q.Limit, func(v convo.Vote) convo.Vote { return v }), nil
}

// votes are those in a conversation with a contact; of one id, or all.
func (c *conversation) votes(id string) (list []convo.Vote) {
	for _, e := range c.events {
		rated, ok := e.Body.(convo.Rated)
		if !ok || id != "" && id != rated.ID {
			continue
		}
		v := convo.Vote{Rated: rated, Conversation: c.head.ID, ContactID: *c.head.ContactID, At: e.At}
		if c.head.BotID != nil {
			v.BotID = *c.head.BotID
		}
		list = append(list, v)
	}
	return list
}
