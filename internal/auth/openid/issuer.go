package openid

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/parleyhq/parley/internal/auth"
	"github.com/parleyhq/parley/internal/convo"
)

// leeway is how far clocks may be apart.
const leeway = time.Minute

// maxSubject is how long a subject may be (OpenID Connect Core, 2).
const maxSubject = 255

// Options says whose tokens are taken.
type Options struct {
	Issuer   string // its address, as its tokens have it in iss
	Audience string // what they must have in aud
	// Tenant is whose users they are; or
	Tenant string
	// TenantClaim is the claim that says so: a tenant's id (org/name), the UUID of
	// [convo.TenancyOf], or its name if that is the only one in Tenants.
	TenantClaim string
	Tenants     []string // ids of all tenants

	Log *slog.Logger     // of what keeps the keys from being had; default: none
	Now func() time.Time // default: time.Now
}

// Issuer is an OpenID provider elsewhere. It may be used by many goroutines.
type Issuer struct {
	o    Options
	keys *keys
}

var _ auth.Issuer = (*Issuer)(nil)

// New makes an Issuer, and asks nobody anything yet.
func New(o Options) *Issuer {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Issuer{o: o, keys: newKeys(o.Issuer, o.Now, o.Log)}
}

// algorithms are those that need a private key.
func algorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512, jose.PS256, jose.PS384, jose.PS512, jose.EdDSA,
	}
}

// Issues implements auth.Issuer.
func (i *Issuer) Issues(issuer string) bool { return issuer == i.o.Issuer }

// Verify implements auth.Issuer. A token is good a minute longer than it says.
func (i *Issuer) Verify(ctx context.Context, token string) (convo.Actor, error) {
	actor, err := i.verify(ctx, token)
	if convo.ErrorKind(err) == convo.Unauthenticated {
		// What providers put into tokens is hard to guess for those who configure it.
		i.o.Log.DebugContext(ctx, "a user's token is refused", "issuer", i.o.Issuer, "error", err)
	}
	return actor, err
}

func (i *Issuer) verify(ctx context.Context, token string) (convo.Actor, error) {
	header, err := headerOf(token)
	if err != nil {
		return convo.Actor{}, refused(err)
	}
	found, err := i.keys.find(ctx, header.KeyID)
	if err != nil {
		return convo.Actor{}, err
	}
	checked, err := i.verifier(found).Verify(ctx, token)
	if err != nil {
		return convo.Actor{}, refused(err)
	}
	var claims map[string]json.RawMessage
	if err := checked.Claims(&claims); err != nil {
		return convo.Actor{}, refused(err)
	}
	tenant, err := i.tenant(claims)
	if err == nil {
		err = i.checkTimes(claims)
	}
	if err == nil && (checked.Subject == "" || len(checked.Subject) > maxSubject) {
		err = fmt.Errorf("its subject has %d bytes", len(checked.Subject))
	}
	if err != nil {
		return convo.Actor{}, refused(err)
	}
	name, email := textOf(claims, "name"), textOf(claims, "email")
	if name == "" {
		name = textOf(claims, "preferred_username")
	}
	return convo.Actor{
		Tenant: tenant, User: auth.UserID(i.o.Issuer, checked.Subject), Subject: checked.Subject,
		Name: name, Email: email, Expires: checked.Expiry.UTC(),
	}, nil
}

// refused does not say why: the cause is for the log.
func refused(why error) error {
	return convo.WrapError(convo.Unauthenticated, why, "the token is not valid, or has expired; sign in again")
}

// headerOf reads what a token says of its key, before anything is known of it.
func headerOf(token string) (jose.Header, error) {
	parsed, err := jose.ParseSignedCompact(token, algorithms())
	if err != nil {
		return jose.Header{}, err
	}
	return parsed.Signatures[0].Protected, nil
}

// verifier checks tokens with some keys.
func (i *Issuer) verifier(found []crypto.PublicKey) *oidc.IDTokenVerifier {
	var names []string
	for _, a := range algorithms() {
		names = append(names, string(a))
	}
	return oidc.NewVerifier(i.o.Issuer, &oidc.StaticKeySet{PublicKeys: found}, &oidc.Config{
		ClientID: i.o.Audience, SupportedSigningAlgs: names,
		Now: func() time.Time { return i.o.Now().Add(-leeway) },
	})
}

// checkTimes refuses tokens from the future: the library lets them be minutes too
// early.
func (i *Issuer) checkTimes(claims map[string]json.RawMessage) error {
	latest := float64(i.o.Now().Add(leeway).UnixMilli()) / 1000
	for _, name := range []string{"iat", "nbf"} {
		raw, there := claims[name]
		if !there {
			continue
		}
		var at float64
		if err := json.Unmarshal(raw, &at); err != nil {
			return fmt.Errorf("its %s: %w", name, err)
		}
		if at > latest {
			return fmt.Errorf("its %s is in the future", name)
		}
	}
	return nil
}

// tenant finds whose user a token is about.
func (i *Issuer) tenant(claims map[string]json.RawMessage) (string, error) {
	if i.o.TenantClaim == "" {
		return i.o.Tenant, nil
	}
	value := textOf(claims, i.o.TenantClaim)
	if value == "" {
		return "", fmt.Errorf("it has no claim %s with a text", i.o.TenantClaim)
	}
	var named []string
	for _, id := range i.o.Tenants {
		t := convo.TenancyOf(id)
		if strings.EqualFold(value, id) || strings.EqualFold(value, t.TenantID) {
			return id, nil
		}
		if strings.EqualFold(value, t.Tenant) {
			named = append(named, id)
		}
	}
	if len(named) != 1 {
		return "", errors.New("its tenant is not known here, or there are several of that name")
	}
	return named[0], nil
}

// maxText is how long a text about a user may be.
const maxText = 255

// textOf gives a claim that is a text, "" if there is none, or it is too long.
func textOf(claims map[string]json.RawMessage, name string) (text string) {
	if json.Unmarshal(claims[name], &text) != nil || len(text) > maxText {
		return ""
	}
	return text
}
