package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"

	"github.com/parleyhq/parley/internal/auth"
	"github.com/parleyhq/parley/internal/convo"
)

// audience is whom access tokens are for: the API of this server.
const audience = "parley"

// accessType is the type of access tokens (RFC 9068). An id token, which is for
// an application, is none.
const accessType = "at+jwt"

// accessClaims is what an access token says beside the usual claims.
type accessClaims struct {
	Client string `json:"client_id"`
	Scope  string `json:"scope"`
	Tenant string `json:"tenant"` // org/name
	SignIn string `json:"sid"`
	Stamp  string `json:"stamp"` // of the password that the user signed in with
}

// identityClaims is what an id token says beside the usual claims.
type identityClaims struct {
	Name  string `json:"preferred_username,omitempty"`
	Email string `json:"email,omitempty"`
	Nonce string `json:"nonce,omitempty"`
}

// sign makes a JWT of claims.
func (r *keyring) sign(typ string, claims ...any) (string, error) {
	key := r.keys[0]
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key.private, KeyID: key.id}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)),
	)
	if err != nil {
		return "", fmt.Errorf("identity: %w", err)
	}
	b := jwt.Signed(signer)
	for _, c := range claims {
		b = b.Claims(c)
	}
	return b.Serialize()
}

// accessToken makes the token by which an application asks for somebody.
func (p *Provider) accessToken(ring *keyring, s convo.SignIn, now time.Time) (string, error) {
	return ring.sign(accessType,
		jwt.Claims{
			Issuer: p.o.Issuer(), Subject: s.User, Audience: jwt.Audience{audience}, ID: uuid.NewString(),
			IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(p.o.TokenLife)),
		},
		accessClaims{Client: s.Client, Scope: s.Scope, Tenant: s.Tenant, SignIn: s.ID, Stamp: s.Stamp},
	)
}

// idToken tells an application who signed in. It is made for the scope openid.
func (p *Provider) idToken(ring *keyring, s convo.SignIn, a account, nonce string, now time.Time) (string, error) {
	if !slices.Contains(strings.Fields(s.Scope), "openid") {
		return "", nil
	}
	return ring.sign("JWT",
		jwt.Claims{
			Issuer: p.o.Issuer(), Subject: s.User, Audience: jwt.Audience{s.Client},
			IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(p.o.TokenLife)),
		},
		identityClaims{Name: a.name, Email: a.email, Nonce: nonce},
	)
}

var _ auth.Issuer = (*Provider)(nil)

// Issues implements auth.Issuer.
func (p *Provider) Issues(issuer string) bool { return issuer == p.o.Issuer() }

// builtin stands for the provider in the ids of its users, so that they stay when
// the server gets another address.
const builtin = "builtin"

// Verify implements auth.Issuer. A token is good a minute longer than it says, and
// not after its user has changed the password, has been removed or signed out.
func (p *Provider) Verify(ctx context.Context, token string) (convo.Actor, error) {
	claims, access, err := p.verify(token)
	if err != nil {
		p.o.Log.DebugContext(ctx, "a token is refused", "error", err)
		return convo.Actor{}, convo.WrapError(convo.Unauthenticated, err, "the token is not valid; sign in again")
	}
	a, err := p.byID(ctx, access.Tenant, claims.Subject)
	if err == nil {
		_, err = p.o.Store.SignIn(ctx, access.SignIn)
	}
	switch {
	case convo.ErrorKind(err) == convo.NotFound, err == nil && p.keys.Load().stamp(a) != access.Stamp:
		return convo.Actor{}, convo.Errorf(convo.Unauthenticated, "this user was signed out; sign in again")
	case err != nil:
		return convo.Actor{}, err
	}
	return convo.Actor{
		Tenant: a.tenant, User: auth.UserID(builtin, a.id), Subject: a.id, Name: a.name, Email: a.email,
		Expires: claims.Expiry.Time().UTC(),
	}, nil
}

// verify checks all that a token says for itself.
func (p *Provider) verify(token string) (claims jwt.Claims, access accessClaims, err error) {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return claims, access, err
	}
	header := parsed.Headers[0]
	key := p.keys.Load().find(header.KeyID)
	if typ, _ := header.ExtraHeaders[jose.HeaderType].(string); key == nil || typ != accessType {
		return claims, access, fmt.Errorf("its key %q or type %q is not ours", header.KeyID, typ)
	}
	if err := parsed.Claims(&key.private.PublicKey, &claims, &access); err != nil {
		return claims, access, err
	}
	if claims.Expiry == nil || claims.IssuedAt == nil || claims.Subject == "" || !slices.Contains(p.o.Tenants, access.Tenant) {
		return claims, access, fmt.Errorf("it says too little, or names the tenant %q", access.Tenant)
	}
	return claims, access, claims.Validate(jwt.Expected{
		Issuer: p.o.Issuer(), AnyAudience: jwt.Audience{audience}, Time: p.o.Now(),
	})
}
