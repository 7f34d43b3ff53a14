package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// identities is what the built-in identity provider knows.
type identities struct {
	users   map[key]convo.Member
	keys    map[string]convo.SigningKey
	signIns map[string]convo.SignIn
}

func newIdentities() identities {
	return identities{users: map[key]convo.Member{}, keys: map[string]convo.SigningKey{}, signIns: map[string]convo.SignIn{}}
}

// PutUser implements store.Identities.
func (s *Store) PutUser(ctx context.Context, u convo.Member) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for k, other := range s.identities.users {
		if k.tenant == u.Tenant && (k.id == u.ID || convo.Handle(other.Name) == convo.Handle(u.Name)) {
			return convo.Errorf(convo.Conflict, "there is a user %q already", u.Name)
		}
	}
	u.Created, u.Changed = stored(u.Created), stored(u.Changed)
	s.identities.users[key{u.Tenant, u.ID}] = u
	return nil
}

// SetPassword implements store.Identities.
func (s *Store) SetPassword(ctx context.Context, tenant, id, password string, at time.Time) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	u, ok := s.identities.users[key{tenant, id}]
	if !ok {
		return noUser(id)
	}
	u.Password, u.Changed = password, stored(at)
	s.identities.users[key{tenant, id}] = u
	s.identities.endSignIns(tenant, id)
	return nil
}

func (i *identities) endSignIns(tenant, user string) {
	for id, in := range i.signIns {
		if in.Tenant == tenant && in.User == user {
			delete(i.signIns, id)
		}
	}
}

func noUser(name string) error { return convo.Errorf(convo.NotFound, "there is no user %q", name) }

// User implements store.Identities.
func (s *Store) User(ctx context.Context, tenant, id string) (convo.Member, error) {
	if err := s.rlock(ctx); err != nil {
		return convo.Member{}, err
	}
	defer s.mu.RUnlock()
	u, ok := s.identities.users[key{tenant, id}]
	if !ok {
		return convo.Member{}, noUser(id)
	}
	return u, nil
}

// UserByName implements store.Identities.
func (s *Store) UserByName(ctx context.Context, tenant, name string) (convo.Member, error) {
	list, err := s.Users(ctx, tenant)
	for _, u := range list {
		if convo.Handle(u.Name) == convo.Handle(name) {
			return u, nil
		}
	}
	return convo.Member{}, cmp.Or(err, noUser(name))
}

// Users implements store.Identities.
func (s *Store) Users(ctx context.Context, tenant string) ([]convo.Member, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	var list []convo.Member
	for k, u := range s.identities.users {
		if k.tenant == tenant {
			list = append(list, u)
		}
	}
	slices.SortFunc(list, func(a, b convo.Member) int { return cmp.Compare(convo.Handle(a.Name), convo.Handle(b.Name)) })
	return list, nil
}

// DeleteUser implements store.Identities.
func (s *Store) DeleteUser(ctx context.Context, tenant, id string) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if _, ok := s.identities.users[key{tenant, id}]; !ok {
		return noUser(id)
	}
	delete(s.identities.users, key{tenant, id})
	s.identities.endSignIns(tenant, id)
	return nil
}

// PutSigningKey implements store.Identities.
func (s *Store) PutSigningKey(ctx context.Context, k convo.SigningKey) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if _, taken := s.identities.keys[k.ID]; taken {
		return convo.Errorf(convo.Conflict, "there is a signing key %q already", k.ID)
	}
	k.Created, k.Sealed = stored(k.Created), bytes.Clone(k.Sealed)
	s.identities.keys[k.ID] = k
	return nil
}

// SigningKeys implements store.Identities.
func (s *Store) SigningKeys(ctx context.Context) ([]convo.SigningKey, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	var list []convo.SigningKey
	for _, k := range s.identities.keys {
		k.Sealed = bytes.Clone(k.Sealed)
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b convo.SigningKey) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

// DeleteSigningKey implements store.Identities.
func (s *Store) DeleteSigningKey(ctx context.Context, id string) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	delete(s.identities.keys, id)
	return nil
}

// PutSignIn implements store.Identities.
func (s *Store) PutSignIn(ctx context.Context, in convo.SignIn) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	in.Created, in.Renewed, in.Expires = stored(in.Created), stored(in.Renewed), stored(in.Expires)
	s.identities.signIns[in.ID] = in
	var own []convo.SignIn
	for _, other := range s.identities.signIns {
		if other.Tenant == in.Tenant && other.User == in.User {
			own = append(own, other)
		}
	}
	slices.SortFunc(own, func(a, b convo.SignIn) int {
		return cmp.Or(b.Renewed.Compare(a.Renewed), cmp.Compare(b.ID, a.ID))
	})
	for _, old := range own[min(len(own), store.MaxSignIns):] {
		delete(s.identities.signIns, old.ID)
	}
	return nil
}

// SignIn implements store.Identities.
func (s *Store) SignIn(ctx context.Context, id string) (convo.SignIn, error) {
	if err := s.rlock(ctx); err != nil {
		return convo.SignIn{}, err
	}
	defer s.mu.RUnlock()
	in, ok := s.identities.signIns[id]
	if !ok {
		return convo.SignIn{}, noSignIn()
	}
	return in, nil
}

func noSignIn() error { return convo.Errorf(convo.NotFound, "there is no such sign-in") }

// RenewSignIn implements store.Identities.
func (s *Store) RenewSignIn(ctx context.Context, id string, from int64, at, expires time.Time) (bool, error) {
	if err := s.lock(ctx); err != nil {
		return false, err
	}
	defer s.mu.Unlock()
	in, found := s.identities.signIns[id]
	if !found {
		return false, noSignIn()
	}
	if in.Generation != from {
		return false, nil
	}
	in.Generation, in.Renewed, in.Expires = from+1, stored(at), stored(expires)
	s.identities.signIns[id] = in
	return true, nil
}

// DeleteSignIn implements store.Identities.
func (s *Store) DeleteSignIn(ctx context.Context, id string) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	delete(s.identities.signIns, id)
	return nil
}

// PruneSignIns implements store.Identities.
func (s *Store) PruneSignIns(ctx context.Context, before time.Time) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for id, in := range s.identities.signIns {
		if in.Expires.Before(before) {
			delete(s.identities.signIns, id)
		}
	}
	return nil
}
