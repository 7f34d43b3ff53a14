package memory

import (
	"bytes"
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// PutInput implements store.InputWriter.
func (t *tx) PutInput(turn string, sealed []byte) error {
	if err := store.CheckInput(sealed); err != nil {
		return err
	}
	if t.conversation == nil || t.conversation.head.Turn(turn) == nil {
		return noTurn(turn)
	}
	t.own()
	t.conversation.inputs[turn] = bytes.Clone(sealed)
	return nil
}

// Input implements store.Inputs.
func (s *Store) Input(ctx context.Context, tenant, conversation, turn string) ([]byte, error) {
	c, err := s.reading(ctx, tenant, conversation)
	if err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	if _, ok := c.turns[turn]; !ok {
		return nil, noTurn(turn)
	}
	return bytes.Clone(c.inputs[turn]), nil
}

func noTurn(id string) error { return convo.Errorf(convo.NotFound, "there is no turn %q", id) }
