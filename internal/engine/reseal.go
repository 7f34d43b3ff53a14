package engine

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// Rotation is what a change of the key did.
type Rotation struct {
	Resealed int // pieces that are encrypted with the new key now
	Lost     int // pieces that none of the keys opens; they are left as they are
}

// NewerSealer seals with the newest of its keys, and opens with all of them.
type NewerSealer interface {
	Sealer
	// Current reports whether something was sealed with the newest key.
	Current(sealed []byte) bool
}

// Reseal encrypts everything in a store with the newest key of a sealer that is
// not yet. The store must be used by nobody else; what broke off is run again.
func Reseal(ctx context.Context, s store.Reseals, sealer NewerSealer) (r Rotation, err error) {
	err = s.Reseal(ctx, func(at store.SealedPlace, sealed []byte) []byte {
		if sealer.Current(sealed) {
			return nil
		}
		bound := boundTo(at)
		plain, err := sealer.Open(sealed, bound)
		if err != nil {
			r.Lost++
			return nil
		}
		r.Resealed++
		return sealer.Seal(plain, bound)
	})
	return r, err
}

// SealAt seals something for the place where a store keeps it.
func SealAt(s Sealer, at store.SealedPlace, plain []byte) []byte { return s.Seal(plain, boundTo(at)) }

// OpenAt opens what is sealed at a place. It is for exports, which seal it again at
// once.
func OpenAt(s Sealer, at store.SealedPlace, sealed []byte) ([]byte, error) {
	return s.Open(sealed, boundTo(at))
}

// boundTo is the context with which the engine seals what is kept at a place.
func boundTo(at store.SealedPlace) []byte {
	switch at.Kind {
	case store.SealedInput:
		return inputContext(at.ID)
	case store.SealedSecret:
		return secretContext(at.Tenant, at.ID)
	case store.SealedVault:
		return vaultContext(at.ID)
	case store.SealedSigningKey:
		return convo.SigningKeyContext(at.ID)
	default:
		return []byte(at.ID)
	}
}
