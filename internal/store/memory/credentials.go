package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// PutToken implements store.Tokens.
func (s *Store) PutToken(ctx context.Context, t convo.Token) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	return s.putToken(t)
}

// putToken stores a token. The caller holds the lock.
func (s *Store) putToken(t convo.Token) error {
	if t.ID == "" {
		return convo.Errorf(convo.Internal, "a token needs an id")
	}
	for k, other := range s.tokens {
		if other.Hash == t.Hash || k == (key{t.Tenant, t.ID}) {
			return convo.Errorf(convo.Conflict, "this token exists already")
		}
	}
	t.Created, t.Expires, t.Revoked = stored(t.Created), stored(t.Expires), stored(t.Revoked)
	s.tokens[key{t.Tenant, t.ID}] = t
	return nil
}

// TokenByHash implements store.Tokens.
func (s *Store) TokenByHash(ctx context.Context, hash convo.TokenHash) (convo.Token, error) {
	if err := s.rlock(ctx); err != nil {
		return convo.Token{}, err
	}
	defer s.mu.RUnlock()
	for _, t := range s.tokens {
		if t.Hash == hash {
			return t, nil
		}
	}
	return convo.Token{}, convo.Errorf(convo.NotFound, "there is no such token")
}

// Tokens implements store.Tokens.
func (s *Store) Tokens(ctx context.Context, tenant string) ([]convo.Token, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	var list []convo.Token
	for k, t := range s.tokens {
		if (tenant == "" || k.tenant == tenant) && t.Source != "session" {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b convo.Token) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Tenant, b.Tenant))
	})
	return list, nil
}

// RevokeToken implements store.Tokens.
func (s *Store) RevokeToken(ctx context.Context, tenant, id string, at time.Time) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	t, ok := s.tokens[key{tenant, id}]
	if !ok {
		return convo.Errorf(convo.NotFound, "there is no token %q", id)
	}
	if t.Revoked.IsZero() {
		t.Revoked = stored(at)
		s.tokens[key{tenant, id}] = t
	}
	return nil
}

// DeleteToken implements store.Tokens.
func (s *Store) DeleteToken(ctx context.Context, tenant, id string) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if _, ok := s.tokens[key{tenant, id}]; !ok {
		return convo.Errorf(convo.NotFound, "there is no token %q", id)
	}
	delete(s.tokens, key{tenant, id})
	return nil
}

// PruneTokens implements store.Tokens.
func (s *Store) PruneTokens(ctx context.Context, before time.Time) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for k, t := range s.tokens {
		short := t.Source == "session" || t.Source == "console"
		if short && !t.Expires.IsZero() && t.Expires.Before(before) {
			delete(s.tokens, k)
		}
	}
	return nil
}

// PutRequest implements store.Requests.
func (s *Store) PutRequest(ctx context.Context, r convo.Request) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.putRequest(r)
	return nil
}

// putRequest stores a record. The caller holds the lock.
func (s *Store) putRequest(r convo.Request) {
	r = cloneRequest(r)
	r.Created = stored(r.Created)
	s.requests[r.ID] = r
}

// Request implements store.Requests.
func (s *Store) Request(ctx context.Context, id convo.RequestID) (convo.Request, bool, error) {
	if err := s.rlock(ctx); err != nil {
		return convo.Request{}, false, err
	}
	defer s.mu.RUnlock()
	r, ok := s.requests[id]
	return cloneRequest(r), ok, nil
}

// MarkWritten implements store.Requests.
func (s *Store) MarkWritten(id convo.RequestID, attempt string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.requests[id]; ok && r.Attempt == attempt && !s.closed {
		r.Written = true
		s.requests[id] = r
	}
}

// PruneRequests implements store.Requests.
func (s *Store) PruneRequests(ctx context.Context, keyed, unkeyed time.Time) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for id, r := range s.requests {
		before := unkeyed
		if r.Keyed {
			before = keyed
		}
		if r.Created.Before(before) && !s.runs(r) {
			delete(s.requests, id)
		}
	}
	return nil
}

// runs reports whether the turn of a request has not ended.
func (s *Store) runs(r convo.Request) bool {
	c := s.conversations[key{r.Tenant, r.Conversation}]
	return c != nil && c.head.Turn(r.Turn) != nil
}
