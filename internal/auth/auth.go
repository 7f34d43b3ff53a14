// Package auth turns a token into the actor who holds it, and keeps the tokens
// that are secrets. Tokens of identity providers are the business of an [Issuer];
// only [Auth.Authenticate] takes them.
//
// It promises that a secret is stored nowhere, only its hash; that an unknown,
// a revoked and an expired one are answered alike; and that a token that was
// revoked through this package works no more when Revoke returns, which
// [Auth.Changed] tells those who hold connections open. What another process or
// an identity provider elsewhere revokes is noticed within 30 seconds, because
// actors are remembered for that long. Session tokens are not remembered at all:
// they end with their conversation, at once.
package auth

import (
	"context"
	"crypto/subtle"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// The sources of tokens: who manages them.
const (
	SourceAPI     = "api"     // made by an operator, lives until revoked
	SourceConfig  = "config"  // a secret of the configuration
	SourceConsole = "console" // made for a command on this machine
)

const (
	remembered  = 4096             // actors at most
	rememberFor = 30 * time.Second // and for how long
)

// Auth knows the tokens of one store. It may be used by many goroutines.
type Auth struct {
	tokens  store.Tokens
	now     func() time.Time
	issuers []Issuer

	mu      sync.Mutex // guards what follows
	actors  map[convo.TokenHash]known
	era     int           // counts revocations, so that a lookup that one overtook is not remembered
	changed chan struct{} // closed by the next revocation
}

type known struct {
	actor convo.Actor
	until time.Time // when to look again, or when the token expires
}

// New makes an Auth over the tokens of a store. now gives the time.
func New(tokens store.Tokens, now func() time.Time) *Auth {
	return &Auth{tokens: tokens, now: now, actors: map[convo.TokenHash]known{}, changed: make(chan struct{})}
}

// Actor finds who holds a secret. Whoever does not hold a good one gets an
// error of kind [convo.Unauthenticated] that does not say why, also who holds a
// token of an identity provider.
func (a *Auth) Actor(ctx context.Context, secret string) (convo.Actor, error) {
	hash, now := Hash(secret), a.now()
	actor, era, ok := a.recall(hash, now)
	if ok && actor.User == "" {
		return actor, nil
	}
	t, err := a.tokens.TokenByHash(ctx, hash)
	if convo.ErrorKind(err) == convo.NotFound {
		return convo.Actor{}, refused()
	}
	if err != nil {
		return convo.Actor{}, err
	}
	if subtle.ConstantTimeCompare(t.Hash[:], hash[:]) != 1 || !t.Revoked.IsZero() || expired(t, now) {
		return convo.Actor{}, refused()
	}
	actor = convo.Actor{Tenant: t.Tenant, Token: t.ID, Conversation: t.Conversation, App: t.App, Expires: t.Expires}
	if !actor.Session() {
		a.remember(hash, actor, era, now)
	}
	return actor, nil
}

// Remembers reports whether a secret was good a moment ago, without looking into
// the store.
func (a *Auth) Remembers(secret string) bool {
	_, _, ok := a.recall(Hash(secret), a.now())
	return ok
}

func refused() error {
	return convo.Errorf(convo.Unauthenticated,
		"the token is missing, unknown, revoked or expired: send Authorization: Bearer <secret>; parley token create makes one")
}

func expired(t convo.Token, now time.Time) bool {
	return !t.Expires.IsZero() && !now.Before(t.Expires)
}

func (a *Auth) recall(hash convo.TokenHash, now time.Time) (convo.Actor, int, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, ok := a.actors[hash]
	if ok && !now.Before(k.until) {
		delete(a.actors, hash)
		ok = false
	}
	return k.actor, a.era, ok
}

func (a *Auth) remember(hash convo.TokenHash, actor convo.Actor, era int, now time.Time) {
	until := now.Add(rememberFor)
	if !actor.Expires.IsZero() && actor.Expires.Before(until) {
		until = actor.Expires
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.era != era {
		return
	}
	if len(a.actors) >= remembered {
		clear(a.actors) // cheaper than an order, and as good: all are wanted again soon or never
	}
	a.actors[hash] = known{actor: actor, until: until}
}

// Forget makes the next look at each token a fresh one, and tells those who wait
// for [Auth.Changed]. It is called when something was revoked.
func (a *Auth) Forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.era++
	clear(a.actors)
	close(a.changed)
	a.changed = make(chan struct{})
}

// Changed gives a channel that is closed when something is revoked the next time:
// whoever holds connections open then asks for their tokens again. Revocations
// elsewhere do not close it; asking every 30 seconds finds them.
func (a *Auth) Changed() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.changed
}

// DefaultApp is the application of secrets that name none.
const DefaultApp = "default"

// Create makes a token that lasts that long, for ever with 0; less is refused.
// app names the application that holds it, "" the default one. This is the only
// time that its secret can be had.
func (a *Auth) Create(ctx context.Context, tenant, name, app string, lasts time.Duration) (string, convo.Token, error) {
	if app == "" {
		app = DefaultApp
	}
	if !validName(app) {
		return "", convo.Token{}, convo.Errorf(convo.Invalid,
			"%.300q is no name for an application: use 1 to 255 letters, digits, dots, - and _", app)
	}
	return a.create(ctx, convo.Token{Tenant: tenant, Name: name, Source: SourceAPI, App: app}, lasts)
}

// CreateConsole makes a token for a command that runs on this machine, as
// Create does. It is removed after its end.
func (a *Auth) CreateConsole(ctx context.Context, tenant, name string, lasts time.Duration) (string, convo.Token, error) {
	return a.create(ctx, convo.Token{Tenant: tenant, Name: name, Source: SourceConsole, App: DefaultApp}, lasts)
}

func (a *Auth) create(ctx context.Context, t convo.Token, lasts time.Duration) (string, convo.Token, error) {
	if lasts < 0 {
		return "", convo.Token{}, convo.Errorf(convo.Invalid, "a token cannot last %s: give a time, or 0 for one without an end", lasts)
	}
	secret, hash := NewSecret()
	t.Hash = hash
	t, err := a.put(ctx, t, lasts)
	if err != nil {
		return "", convo.Token{}, err
	}
	return secret, t, nil
}

// put stores a token with a new id and its times.
func (a *Auth) put(ctx context.Context, t convo.Token, lasts time.Duration) (convo.Token, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return convo.Token{}, err
	}
	t.ID, t.Created = id.String(), a.now().UTC().Truncate(time.Millisecond)
	if lasts > 0 {
		t.Expires = t.Created.Add(lasts)
	}
	return t, a.tokens.PutToken(ctx, t)
}

// List gives the tokens of a tenant, or of all with the tenant "". Those of
// sessions are not among them.
func (a *Auth) List(ctx context.Context, tenant string) ([]convo.Token, error) {
	return a.tokens.Tokens(ctx, tenant)
}

// Revoke ends a token for good. One of the configuration is refused: at the
// next start it would be back.
func (a *Auth) Revoke(ctx context.Context, tenant, id string) error {
	list, err := a.tokens.Tokens(ctx, tenant)
	if err != nil {
		return err
	}
	for _, t := range list {
		if t.ID == id && t.Source == SourceConfig {
			return convo.Errorf(convo.Conflict, "token %s comes from the configuration: take it out there and start the server again", id)
		}
	}
	defer a.Forget()
	return a.tokens.RevokeToken(ctx, tenant, id, a.now().UTC().Truncate(time.Millisecond))
}
