package identity

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

// issued is the answer of the token endpoint. Every field but the last is always
// there: clients count on it.
type issued struct {
	Access    string `json:"access_token"`
	Type      string `json:"token_type"`
	ExpiresIn int64  `json:"expires_in"` // seconds
	Refresh   string `json:"refresh_token"`
	Scope     string `json:"scope"`
	ID        string `json:"id_token,omitempty"`
}

// token answers an application that has a code or a refresh token. Addresses that
// send too many wrong ones wait. Right ones are always taken: nobody can guess them,
// and clients sign their users out at a refusal, which those behind the same address
// must not bring about by passwords that are wrong.
func (p *Provider) token(c *call) error {
	got, err := p.exchange(c)
	refused, ok := errors.AsType[*refusal](err)
	if !ok {
		if err != nil {
			return err
		}
		return c.answer(http.StatusOK, got)
	}
	if refused.code == "invalid_grant" {
		from := httpio.ClientAddress(c.r, p.o.Proxies)
		if err := p.attempts.MayTry(from); err != nil {
			return err
		}
		p.attempts.TriedWrong(from)
	}
	return c.answer(http.StatusBadRequest, failure{refused.code, refused.text})
}

func (p *Provider) exchange(c *call) (*issued, error) {
	form, err := c.form()
	if err != nil {
		return nil, err
	}
	if _, known := p.client(form.Get("client_id")); !known {
		return nil, &refusal{"invalid_client", "the client is not known here; it belongs into oidc.builtin.clients"}
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		return p.redeem(c, form)
	case "refresh_token":
		return p.renew(c, form)
	}
	return nil, &refusal{"unsupported_grant_type", "grant_type must be authorization_code or refresh_token"}
}

// badCode does not say what is wrong with a code.
func badCode() error {
	return &refusal{"invalid_grant", "the code is unknown, was used, has expired, or was made for another client, redirect_uri or code_verifier"}
}

// redeem gives tokens for a code. The code is burned whatever comes of it.
func (p *Provider) redeem(c *call, form url.Values) (*issued, error) {
	ctx, now := c.r.Context(), p.o.Now()
	g, ok, again := p.codes.take(form.Get("code"))
	if again {
		p.o.Log.WarnContext(ctx, "a code was used twice: the sign-in is ended", "client", g.client, "user", g.account.id)
		if err := p.signOut(c, g.signIn); err != nil {
			return nil, err
		}
	}
	if !ok || g.client != form.Get("client_id") || g.redirect != form.Get("redirect_uri") || !verifies(g.challenge, form.Get("code_verifier")) {
		return nil, badCode()
	}
	a, err := p.byID(ctx, g.account.tenant, g.account.id)
	if convo.ErrorKind(err) == convo.NotFound || err == nil && p.keys.Load().stamp(a) != g.stamp {
		return nil, badCode() // removed, or with another password, in the minute between
	}
	if err != nil {
		return nil, err
	}
	s := convo.SignIn{
		ID: g.signIn, Tenant: a.tenant, User: a.id, Client: g.client, Scope: g.scope, Stamp: g.stamp,
		Generation: 1, Created: now, Renewed: now, Expires: now.Add(p.o.SignInLife),
	}
	if err := p.o.Store.PutSignIn(ctx, s); err != nil {
		return nil, err
	}
	if p.codes.reused(form.Get("code")) { // while it was stored
		if err := p.signOut(c, s.ID); err != nil {
			return nil, err
		}
		return nil, badCode()
	}
	return p.issue(s, a, g.nonce, now)
}

// verifies reports whether a verifier is the one of a challenge (RFC 7636, 4.6).
func verifies(challenge, verifier string) bool {
	if len(verifier) < 43 || len(verifier) > 128 || !isUnreserved(verifier) {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

// issue makes the tokens of a sign-in.
func (p *Provider) issue(s convo.SignIn, a account, nonce string, now time.Time) (*issued, error) {
	ring := p.keys.Load()
	access, err := p.accessToken(ring, s, now)
	if err != nil {
		return nil, err
	}
	id, err := p.idToken(ring, s, a, nonce, now)
	if err != nil {
		return nil, err
	}
	refresh, err := ring.refreshToken(s.ID, s.Generation)
	return &issued{
		Access: access, Type: "Bearer", ExpiresIn: int64(p.o.TokenLife / time.Second), Refresh: refresh, Scope: s.Scope, ID: id,
	}, err
}

// signOut ends a sign-in with all its tokens.
func (p *Provider) signOut(c *call, id string) error {
	if err := p.o.Store.DeleteSignIn(c.r.Context(), id); err != nil {
		return err
	}
	p.o.Changed()
	return nil
}
