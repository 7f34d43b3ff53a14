package sqlite

import (
	"context"
	"slices"

	"zombiezen.com/go/sqlite"
)

const vaultOf = `SELECT sealed FROM vaults WHERE conversation = ? ORDER BY id`

func readVault(conn *sqlite.Conn, conversation int64) (vault [][]byte, err error) {
	q := ask(conn, vaultOf).int(conversation)
	for q.next() {
		vault = append(vault, q.readBlob())
	}
	return vault, q.done()
}

// Vault implements store.Vaults.
func (s *reader) Vault(ctx context.Context, tenant, conversation string) (vault [][]byte, err error) {
	err = s.readConversation(ctx, tenant, conversation, func(conn *sqlite.Conn, c int64) error {
		vault, err = readVault(conn, c)
		return err
	})
	return vault, err
}

// Vault implements store.VaultTx.
func (t *tx) Vault() (vault [][]byte, err error) {
	if t.conversation == nil {
		return nil, nil
	}
	if t.stored {
		if vault, err = readVault(t.conn(), t.conversation.id); err != nil {
			return nil, err
		}
	}
	return append(vault, t.vault...), nil
}

// PutVault implements store.VaultTx.
func (t *tx) PutVault(sealed []byte) error {
	if t.conversation == nil {
		return noConversation(t.key.id)
	}
	t.vault = append(t.vault, slices.Clone(notNil(sealed)))
	return nil
}

func (t *tx) applyVault() error {
	for _, sealed := range t.vault {
		err := ask(t.conn(), `INSERT INTO vaults (conversation, sealed) VALUES (?, ?)`).int(t.conversation.id).blob(sealed).exec()
		if err != nil {
			return err
		}
	}
	return nil
}
