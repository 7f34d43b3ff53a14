package sqlite

import (
	"bytes"
	"context"

	"zombiezen.com/go/sqlite"

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
	put(&t.inputs, turn, bytes.Clone(sealed))
	return nil
}

// applyInputs writes what turns were given that are open now.
func (t *tx) applyInputs() error {
	for id, sealed := range t.inputs {
		turn := t.conversation.head.Turn(id)
		if turn == nil {
			continue // it has ended in this transaction
		}
		err := ask(t.conn(), `INSERT OR REPLACE INTO inputs (id, sealed) VALUES (?, ?)`).
			int(rowID(t.conversation.id, turn.OpenedSeq)).blob(sealed).exec()
		if err != nil {
			return err
		}
	}
	return nil
}

// dropInput removes what a turn was given that has ended.
func dropInput(conn *sqlite.Conn, conversation int64, turn *convo.Turn) error {
	if turn == nil {
		return nil // an end of no turn
	}
	return ask(conn, `DELETE FROM inputs WHERE id = ?`).int(rowID(conversation, turn.OpenedSeq)).exec()
}

const inputOfTurn = `
	SELECT i.sealed FROM turns t LEFT JOIN inputs i ON i.id = t.id
	WHERE t.conversation = ? AND t.key = ?`

// Input implements store.Inputs.
func (s *reader) Input(ctx context.Context, tenant, conversation, turn string) (sealed []byte, err error) {
	err = s.readConversation(ctx, tenant, conversation, func(conn *sqlite.Conn, c int64) error {
		found, err := ask(conn, inputOfTurn).int(c).key(turn).one(func(q *query) { sealed = q.readBlob() })
		if err == nil && !found {
			err = noTurn(turn)
		}
		return err
	})
	return sealed, err
}
