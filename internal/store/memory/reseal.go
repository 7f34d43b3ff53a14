package memory

import (
	"bytes"
	"context"
	"slices"

	"github.com/parleyhq/parley/internal/store"
)

// Reseal implements store.Reseals.
func (s *Store) Reseal(ctx context.Context, again func(store.SealedPlace, []byte) []byte) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for id, r := range s.requests {
		if r.Answer == nil {
			continue
		}
		at := store.SealedPlace{Kind: store.SealedAnswer, Tenant: r.Tenant, ID: string(id[:])}
		if sealed := again(at, bytes.Clone(r.Answer)); sealed != nil {
			r.Answer = sealed
			s.requests[id] = r
		}
	}
	for k, c := range s.conversations {
		c.vault = slices.Clone(c.vault) // a snapshot has the old one
		for i, one := range c.vault {
			at := store.SealedPlace{Kind: store.SealedVault, Tenant: k.tenant, ID: k.id}
			if sealed := again(at, bytes.Clone(one)); sealed != nil {
				c.vault[i] = sealed
			}
		}
		for turn, input := range c.inputs {
			at := store.SealedPlace{Kind: store.SealedInput, Tenant: k.tenant, ID: turn}
			if sealed := again(at, bytes.Clone(input)); sealed != nil {
				c.inputs[turn] = sealed
			}
		}
	}
	for k, o := range s.objects {
		if o.Sealed == nil {
			continue
		}
		at := store.SealedPlace{Kind: store.SealedSecret, Tenant: k.tenant, ID: k.id}
		if sealed := again(at, bytes.Clone(o.Sealed)); sealed != nil {
			o.Sealed = sealed
			s.objects[k] = o
		}
	}
	for id, k := range s.identities.keys {
		at := store.SealedPlace{Kind: store.SealedSigningKey, ID: id}
		if sealed := again(at, bytes.Clone(k.Sealed)); sealed != nil {
			k.Sealed = sealed
			s.identities.keys[id] = k
		}
	}
	return nil
}
