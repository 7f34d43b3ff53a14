package auth

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// Issuer vouches for users by tokens of its own, which are JWTs.
type Issuer interface {
	// Issues reports whether tokens that name this issuer (iss) are its.
	Issues(issuer string) bool
	// Verify gives the user who holds a token, with Tenant, User, Subject and
	// Expires: [convo.Unauthenticated] unless the token is good, and
	// [convo.Unavailable] as long as nobody can tell.
	Verify(ctx context.Context, token string) (convo.Actor, error)
}

// Trust adds issuers whose tokens Authenticate takes. It is called before the
// first of them.
func (a *Auth) Trust(issuers ...Issuer) { a.issuers = append(a.issuers, issuers...) }

// UserID is the id of a provider's user in a tenant: the same for the same
// issuer and subject, and no other's.
func UserID(issuer, subject string) string { return convo.StableID("user", issuer, subject) }

// maxToken is how long a token may be. HTTP servers let no longer headers pass.
const maxToken = 16 << 10

// Authenticate finds who holds a token, be it an account's secret or one of an
// identity provider's user. Whoever does not hold a good one, or holds one that is
// bound to a single conversation, gets an error of kind [convo.Unauthenticated]
// that does not say why. An error of kind [convo.Unavailable] says that the
// provider's keys cannot be had just now: the token may be as good as any.
//
// Asking again is cheap for 30 seconds. Issuers may let a token live a little
// longer than its Expires says.
func (a *Auth) Authenticate(ctx context.Context, token string) (convo.Actor, error) {
	hash, now := Hash(token), a.now()
	actor, era, ok := a.recall(hash, now)
	if ok {
		return actor, nil
	}
	var unsure error
	for _, i := range a.issuersOf(token) {
		actor, err := i.Verify(ctx, token)
		switch convo.ErrorKind(err) {
		case "":
			actor.Token = actor.User
			a.remember(hash, actor, era, now)
			return actor, nil
		case convo.Unauthenticated:
		case convo.Unavailable:
			unsure = err
		default:
			return convo.Actor{}, err
		}
	}
	if unsure != nil {
		return convo.Actor{}, unsure
	}
	actor, err := a.Actor(ctx, token)
	if err == nil && actor.Session() {
		return convo.Actor{}, refused()
	}
	return actor, err
}

// issuersOf gives the issuers whose token that may be.
func (a *Auth) issuersOf(token string) []Issuer {
	issuer := issuerOf(token)
	if issuer == "" {
		return nil
	}
	var of []Issuer
	for _, i := range a.issuers {
		if i.Issues(issuer) {
			of = append(of, i)
		}
	}
	return of
}

// issuerOf reads who a token says that it is from, which anybody may have written.
// It is "" if that is no JWT.
func issuerOf(token string) string {
	parts := strings.Split(token, ".")
	if len(token) > maxToken || len(parts) != 3 {
		return ""
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	if json.NewDecoder(bytes.NewReader(text)).Decode(&claims) != nil {
		return ""
	}
	return claims.Issuer
}

// External gives the user that an application speaks for: each name is a user of
// its own behind the application's secret, apart from those of other applications
// and from providers' users. A user's own token speaks for him alone: the name is
// ignored then, whatever it is. A name that cannot be one is [convo.Invalid].
func (a *Auth) External(actor convo.Actor, name string) (convo.Actor, error) {
	if actor.User != "" {
		return actor, nil
	}
	if !validName(name) {
		return convo.Actor{}, convo.Errorf(convo.Invalid, "an external user's id has 1 to 255 letters, digits, dots, - and _")
	}
	actor.User = convo.StableID("external user", actor.App, name)
	return actor, nil
}

// validName reports whether that can be an external user's id, or the name of an
// application.
func validName(name string) bool {
	other := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	}
	return name != "" && len(name) <= 255 && !strings.ContainsFunc(name, other)
}
