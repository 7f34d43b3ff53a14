package engine

import (
	"context"
	"crypto/rand"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/privacy"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/tool"
)

// cutText is the beginning of a text, at most so many bytes of it. It ends before a
// value that does not fit: half of one is not told any more, and would not be masked.
// What only a conversation's vault knows is cut by [privacy.Vault.Cut].
func cutText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return privacy.NewVault(rand.Reader).Cut(text, most)
}

// aroundCut is how much is read behind where a text is cut, to see what stands there.
const aroundCut = 4 << 10

// cutFor is cutText for a text of a conversation, which may hold what only its vault
// knows.
func (e *Engine) cutFor(ctx context.Context, key hub.Key, text string, most int) (string, error) {
	if len(text) <= most {
		return text, nil
	}
	if key.Conversation == "" {
		return cutText(text, most), nil
	}
	v, err := e.vaultOf(ctx, key)
	if err != nil {
		return "", err
	}
	return v.known.Cut(text, most), nil
}

// boundFor is boundOutput for a conversation.
func (e *Engine) boundFor(ctx context.Context, key hub.Key, output convo.JSON) (convo.JSON, error) {
	if len(output) <= tool.MaxOutput {
		return boundOutput(nil, output), nil
	}
	v, err := e.vaultOf(ctx, key)
	if err != nil {
		return nil, err
	}
	return boundOutput(v.known, output), nil
}

// vaultIn is the vault of a transaction's conversation, nil if it is not private.
func vaultIn(tx store.Tx) (*privacy.Vault, error) {
	m, ok := tx.(*maskingTx)
	if !ok || m.Head() == nil {
		return nil, nil
	}
	config, err := m.configOf(m.Head().Fields)
	if err != nil || !private(config) {
		return nil, err
	}
	if err := m.open(); err != nil {
		return nil, err
	}
	return m.own, nil
}

// runeAt is where the character begins that is at a place of a text, or its end.
func runeAt(text string, at int) int {
	for at > 0 && at < len(text) && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}
