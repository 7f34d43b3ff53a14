package memory

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/replay"
)

// Import implements store.Log.
func (s *Store) Import(ctx context.Context, tenant, conversation string, events []convo.Event) error {
	_, events, err := replay.Whole(tenant, conversation, events)
	if err != nil {
		return err
	}
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	t := &tx{store: s, key: key{tenant, conversation}}
	if s.conversations[t.key] != nil {
		return conversationExists(conversation)
	}
	t.begin()
	for _, e := range events {
		t.add(e)
	}
	return nil
}

// Sync implements store.Log: nothing here survives anything.
func (s *Store) Sync(ctx context.Context) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	s.mu.Unlock()
	return nil
}

func conversationExists(id string) error {
	return convo.Errorf(convo.Conflict, "there is a conversation %q already", id)
}
