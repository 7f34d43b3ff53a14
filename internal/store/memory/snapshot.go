package memory

import (
	"context"
	"maps"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// snapshot is a copy of what readers of another store see.
type snapshot struct {
	*Store
	of *Store
}

var _ store.Snapshot = (*snapshot)(nil)

// Snapshot implements store.Store.
func (s *Store) Snapshot(ctx context.Context) (store.Snapshot, error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if len(s.snapshots) >= store.MaxSnapshots {
		return nil, convo.Errorf(convo.Unavailable, "too many snapshots are open: try again when another export has ended")
	}
	snap := &snapshot{Store: New(), of: s}
	for k, c := range s.conversations {
		snap.conversations[k] = c.copied()
	}
	maps.Copy(snap.objects, s.objects) // what an object leads to is never changed
	maps.Copy(snap.settings, s.settings)
	maps.Copy(snap.files, s.files)
	maps.Copy(snap.pieces, s.pieces)
	for k, c := range s.collections {
		snap.collections[k] = c.copied()
	}
	maps.Copy(snap.spent, s.spent)
	maps.Copy(snap.journals, s.journals)
	s.snapshots[snap] = true
	return snap, nil
}

// copied gives a conversation that later transactions leave alone. They change
// what is in its maps and lists, never what those lead to.
func (c *conversation) copied() *conversation {
	copied := *c
	copied.head.Open = slices.Clone(c.head.Open)
	copied.events, copied.vault = slices.Clip(c.events), slices.Clip(c.vault)
	copied.messages, copied.turns = maps.Clone(c.messages), maps.Clone(c.turns)
	copied.pieces, copied.inputs = maps.Clone(c.pieces), maps.Clone(c.inputs)
	return &copied
}

// Tenants implements store.Snapshot.
func (s *snapshot) Tenants(ctx context.Context) ([]string, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	tenants := make(map[string]bool)
	for k := range s.conversations {
		tenants[k.tenant] = true
	}
	for k := range s.objects {
		tenants[k.tenant] = true
	}
	for k := range s.collections {
		tenants[k.tenant] = true
	}
	return slices.Sorted(maps.Keys(tenants)), nil
}

// Close implements store.Snapshot.
func (s *snapshot) Close() error {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	delete(s.of.snapshots, s)
	s.end()
	return nil
}

// end makes reads fail. The caller holds the lock of the store that this is a
// snapshot of.
func (s *snapshot) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}
