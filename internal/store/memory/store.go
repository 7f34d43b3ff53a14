// Package memory is the reference model of the store port: everything in maps
// under one lock, and nothing of it survives the process. The other drivers are
// compared with it, and tests above the port use it.
//
// A transaction changes the maps in place and notes how to take each change
// back; readers cannot see it before it is complete, because it holds the lock.
package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// restartSkip is how many numbers a conversation skips after the machine was
// restarted, as in the other drivers.
const restartSkip = 1_000_000

// Store keeps everything in memory. Make one with New.
type Store struct {
	mu            sync.RWMutex // guards everything below, and what it points to
	conversations map[key]*conversation
	tokens        map[key]convo.Token
	requests      map[convo.RequestID]convo.Request
	channels      map[key]*channel
	channelFloor  int64                  // the highest number of a channel that was pruned away
	dispatches    map[key]convo.Dispatch // by channel
	objects       map[objectKey]convo.Object
	numbers       map[objectKey]int64 // the highest of each kind, by objectCount
	identities    identities
	settings      map[key]convo.Settings // by user
	files         map[string]convo.File
	pieces        map[string]upload
	epoch         int // how often the machine was restarted
	closed        bool
	sockets       map[string]store.SocketSession
	stored        int64               // vectors that were stored
	collections   map[key]*collection // by dataset
	// lastCollection is the highest number of a collection that there ever was.
	lastCollection int64
	spent          map[spentKey]convo.Spent
	journals       map[string]journal // by tenant
	snapshots      map[*snapshot]bool
}

// key names something that belongs to a tenant.
type key struct{ tenant, id string }

// conversation is the log of one conversation and its projections.
type conversation struct {
	head     convo.Head
	epoch    int // the epoch of its last event
	events   []convo.Event
	messages map[string]convo.Message
	turns    map[string]convo.Turn
	pieces   map[string][]convo.Delta // of messages that have not ended
	inputs   map[string][]byte        // of turns that have not ended
	vault    [][]byte
}

var _ store.Store = (*Store)(nil)

// New makes an empty store.
func New() *Store {
	return &Store{
		conversations: make(map[key]*conversation),
		tokens:        make(map[key]convo.Token),
		requests:      make(map[convo.RequestID]convo.Request),
		channels:      make(map[key]*channel),
		dispatches:    make(map[key]convo.Dispatch),
		objects:       make(map[objectKey]convo.Object),
		numbers:       make(map[objectKey]int64),
		identities:    newIdentities(),
		settings:      make(map[key]convo.Settings),
		files:         make(map[string]convo.File),
		pieces:        make(map[string]upload),
		sockets:       make(map[string]store.SocketSession),
		collections:   make(map[key]*collection),
		spent:         make(map[spentKey]convo.Spent),
		journals:      make(map[string]journal),
		snapshots:     make(map[*snapshot]bool),
	}
}

// Restart makes the store behave as after a restart of the machine: the next
// event of every conversation skips numbers and says so.
func (s *Store) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch++
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for snap := range s.snapshots {
		snap.end()
	}
	clear(s.snapshots)
	return nil
}

// Update implements store.Log.
func (s *Store) Update(
	ctx context.Context, tenant, conversation string, _ store.Sync, fn func(store.Tx) error,
) ([]convo.Event, error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	t := &tx{store: s, key: key{tenant, conversation}}
	t.conversation = s.conversations[t.key]
	if err := t.run(fn); err != nil {
		for _, undo := range slices.Backward(t.undo) {
			undo()
		}
		return nil, err
	}
	return t.appended, nil
}

// UpdateAll implements store.Log.
func (s *Store) UpdateAll(ctx context.Context, changes []*store.Change) {
	store.UpdateEach(ctx, s, changes)
}

// run calls fn, and takes a panic for an error, as drivers with a goroutine of
// their own do.
func (t *tx) run(fn func(store.Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("memory: an update panicked: %v", p)
		}
	}()
	return fn(t)
}

// lock takes the lock for writing, unless the store is closed.
func (s *Store) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errClosed()
	}
	return nil
}

// rlock takes the lock for reading, unless the store is closed.
func (s *Store) rlock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return errClosed()
	}
	return nil
}

// reading gives a conversation and, unless it fails, takes the lock for reading.
func (s *Store) reading(ctx context.Context, tenant, id string) (*conversation, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	c, err := s.find(tenant, id)
	if err != nil {
		s.mu.RUnlock()
	}
	return c, err
}

// find gives a conversation. The caller holds the lock.
func (s *Store) find(tenant, id string) (*conversation, error) {
	c := s.conversations[key{tenant, id}]
	if c == nil {
		return nil, convo.Errorf(convo.NotFound, "there is no conversation %q", id)
	}
	return c, nil
}

func errClosed() error {
	return convo.Errorf(convo.Unavailable, "the server is shutting down; try again in a moment")
}
