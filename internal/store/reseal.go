package store

import "context"

// SealedKind is a kind of what is kept encrypted.
type SealedKind string

// The kinds of what is kept encrypted.
const (
	SealedAnswer SealedKind = "answer" // of a request: ID is its RequestID
	SealedInput  SealedKind = "input"  // of a turn: ID is the turn's
	SealedSecret SealedKind = "secret" // the value of a secret: ID is the secret's
	SealedVault  SealedKind = "vault"  // of a conversation: ID is the conversation's; there may be many
	// SealedSigningKey is of the built-in identity provider, and of no tenant.
	SealedSigningKey SealedKind = "signing key"
)

// SealedPlace says where something encrypted is kept, to which it is bound.
type SealedPlace struct {
	Kind       SealedKind
	Tenant, ID string
}

// Reseals lets everything encrypted be encrypted anew.
type Reseals interface {
	// Reseal hands over what is encrypted, piece by piece, and stores what
	// comes back in its place; nil leaves it as it is. It is for the time when
	// nobody else uses the store. It may end half-way, and all that was stored
	// then is whole; when it returns without an error, all of it is durable.
	Reseal(ctx context.Context, again func(at SealedPlace, sealed []byte) []byte) error
}
