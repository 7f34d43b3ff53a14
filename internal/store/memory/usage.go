package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// spentKey names a row of what was used.
type spentKey struct {
	tenant, bot, model string
	day                time.Time
}

// Spend implements store.UsageTx.
func (t *tx) Spend(s convo.Spent) error {
	s.Day = midnight(s.Day)
	k := spentKey{t.key.tenant, s.Bot, s.Model, s.Day}
	before, had := t.store.spent[k]
	t.undo = append(t.undo, func() {
		delete(t.store.spent, k)
		if had {
			t.store.spent[k] = before
		}
	})
	s.Tokens, s.Conversations, s.Messages =
		s.Tokens+before.Tokens, s.Conversations+before.Conversations, s.Messages+before.Messages
	t.store.spent[k] = s
	return nil
}

// midnight is when a day begins, in UTC.
func midnight(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// Spent implements store.UsageReader.
func (s *Store) Spent(ctx context.Context, tenant string, from, to time.Time) ([]convo.Spent, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	var list []convo.Spent
	for k, one := range s.spent {
		if k.tenant == tenant && !k.day.Before(from) && k.day.Before(to) {
			list = append(list, one)
		}
	}
	slices.SortFunc(list, convo.Spent.Compare)
	return list, nil
}

// Totals implements store.UsageReader.
func (s *Store) Totals(ctx context.Context, tenant string) (convo.Totals, error) {
	if err := s.rlock(ctx); err != nil {
		return convo.Totals{}, err
	}
	defer s.mu.RUnlock()
	var sum convo.Totals
	for k := range s.objects {
		if n := sum.Of(k.kind); k.tenant == tenant && n != nil {
			*n++
		}
	}
	for k, c := range s.collections {
		if k.tenant == tenant && k.id != convo.MemoryDataset {
			sum.Records += c.Records
		}
	}
	return sum, nil
}

// Vault implements store.Vaults.
func (s *Store) Vault(ctx context.Context, tenant, conversation string) ([][]byte, error) {
	c, err := s.reading(ctx, tenant, conversation)
	if err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	return cloneVault(c.vault), nil
}

// Vault implements store.VaultTx.
func (t *tx) Vault() ([][]byte, error) {
	if t.conversation == nil {
		return nil, nil
	}
	return cloneVault(t.conversation.vault), nil
}

// PutVault implements store.VaultTx.
func (t *tx) PutVault(sealed []byte) error {
	if t.conversation == nil {
		return convo.Errorf(convo.NotFound, "there is no conversation %q", t.key.id)
	}
	t.own()
	t.conversation.vault = append(t.conversation.vault, slices.Clone(sealed))
	return nil
}

func cloneVault(vault [][]byte) [][]byte {
	vault = slices.Clone(vault)
	for i := range vault {
		vault[i] = slices.Clone(vault[i])
	}
	return vault
}

// cloneEntry copies what an entry of an event log leads to.
func cloneEntry(e convo.Entry) convo.Entry {
	e.IDs = maps.Clone(e.IDs)
	return e
}
