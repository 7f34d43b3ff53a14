package memory

import (
	"context"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// PutSocket implements store.Sockets.
func (s *Store) PutSocket(ctx context.Context, session store.SocketSession) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	session.Seen, session.State = stored(session.Seen), slices.Clone(session.State)
	s.sockets[session.ID] = session
	return nil
}

// Socket implements store.Sockets.
func (s *Store) Socket(ctx context.Context, id string) (store.SocketSession, error) {
	if err := s.rlock(ctx); err != nil {
		return store.SocketSession{}, err
	}
	defer s.mu.RUnlock()
	session, ok := s.sockets[id]
	if !ok {
		return session, convo.Errorf(convo.NotFound, "there is no such socket session")
	}
	session.State = slices.Clone(session.State)
	return session, nil
}

// TouchSockets implements store.Sockets.
func (s *Store) TouchSockets(ctx context.Context, ids []string, at time.Time) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for id, session := range s.sockets {
		if ids == nil || slices.Contains(ids, id) {
			session.Seen = stored(at)
			s.sockets[id] = session
		}
	}
	return nil
}

// PruneSockets implements store.Sockets.
func (s *Store) PruneSockets(ctx context.Context, before time.Time) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for id, session := range s.sockets {
		if session.Seen.Before(before) {
			delete(s.sockets, id)
		}
	}
	return nil
}
