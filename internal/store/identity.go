package store

import (
	"context"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// MaxSignIns is how many sign-ins of one user are kept. One more ends the one that
// was renewed the longest time ago.
const MaxSignIns = 100

// Identities keeps what the built-in identity provider knows. All writes are
// Durable.
type Identities interface {
	// PutUser stores a new user. An id, or a name without case ([convo.Handle]),
	// that the tenant has already is a Conflict.
	PutUser(ctx context.Context, u convo.Member) error
	// SetPassword replaces the hash of a user's password, and ends his sign-ins.
	SetPassword(ctx context.Context, tenant, id, password string, at time.Time) error
	// User finds a user by his id.
	User(ctx context.Context, tenant, id string) (convo.Member, error)
	// UserByName finds a user by his name, without case.
	UserByName(ctx context.Context, tenant, name string) (convo.Member, error)
	// Users lists a tenant's users by their names.
	Users(ctx context.Context, tenant string) ([]convo.Member, error)
	// DeleteUser removes a user, with his sign-ins.
	DeleteUser(ctx context.Context, tenant, id string) error

	// PutSigningKey stores a new key. An id that is stored already is a Conflict.
	PutSigningKey(ctx context.Context, k convo.SigningKey) error
	// SigningKeys lists the keys, the newest first.
	SigningKeys(ctx context.Context) ([]convo.SigningKey, error)
	// DeleteSigningKey removes a key; one that there is not is no error.
	DeleteSigningKey(ctx context.Context, id string) error

	// PutSignIn stores a new sign-in, and keeps the user's MaxSignIns.
	PutSignIn(ctx context.Context, s convo.SignIn) error
	// SignIn finds a sign-in by its id, ended ones included until they are pruned.
	SignIn(ctx context.Context, id string) (convo.SignIn, error)
	// RenewSignIn moves a sign-in from a generation to the next one, and its times.
	// ok is false, and nothing is changed, if it has another generation. One that
	// there is not is NotFound.
	RenewSignIn(ctx context.Context, id string, from int64, at, expires time.Time) (ok bool, err error)
	// DeleteSignIn ends a sign-in; one that there is not is no error.
	DeleteSignIn(ctx context.Context, id string) error
	// PruneSignIns removes the sign-ins that expired before that time.
	PruneSignIns(ctx context.Context, before time.Time) error
}
