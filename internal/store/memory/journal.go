package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// journal is a tenant's event log. Entries are never changed.
type journal struct {
	last    int64
	entries []convo.Entry
}

// Note implements store.JournalTx.
func (t *tx) Note(e convo.Entry) error {
	tenant := t.key.tenant
	before := t.store.journals[tenant]
	t.undo = append(t.undo, func() { t.store.journals[tenant] = before })
	e = cloneEntry(e)
	e.N, e.At = before.last+1, stored(e.At)
	t.store.journals[tenant] = journal{e.N, append(slices.Clip(before.entries), e)}
	return nil
}

// Entries implements store.Journal.
func (s *Store) Entries(ctx context.Context, tenant string, q store.EntryQuery) ([]convo.Entry, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	at := func(e convo.Entry) int64 { return e.N }
	list := slices.Clone(s.journals[tenant].entries)
	return page(list, at, cmp.Compare[int64], q.After, q.Desc, q.Limit, cloneEntry), nil
}

// PruneJournal implements store.JournalPruner.
func (s *Store) PruneJournal(ctx context.Context, before time.Time, keep int64) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for tenant, j := range s.journals {
		j.entries = slices.DeleteFunc(slices.Clone(j.entries), func(e convo.Entry) bool {
			return e.At.Before(before) || e.N <= j.last-keep
		})
		s.journals[tenant] = j
	}
	return nil
}
