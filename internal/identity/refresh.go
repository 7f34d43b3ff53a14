package identity

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/parleyhq/parley/internal/convo"
)

// refreshGrace is how long the refresh token before the newest one works: two tabs
// may use one at the same time.
const refreshGrace = 10 * time.Second

const (
	refreshPrefix  = "rt_"
	refreshPurpose = "refresh token"
)

// refreshToken makes the refresh token of a generation of a sign-in, the same one
// each time: it need not be kept.
func (r *keyring) refreshToken(signIn string, generation int64) (string, error) {
	id, err := uuid.Parse(signIn)
	if err != nil {
		return "", fmt.Errorf("identity: the id of a sign-in: %w", err)
	}
	text := binary.BigEndian.AppendUint64(id[:], uint64(generation))
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(append(text, r.mac(refreshPurpose, text)...)), nil
}

// readRefresh reads a refresh token that was made here.
func (r *keyring) readRefresh(token string) (signIn string, generation int64, err error) {
	encoded, ours := strings.CutPrefix(token, refreshPrefix)
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || !ours || len(raw) != 16+8+32 {
		return "", 0, errNoMAC
	}
	text, err := r.checkMAC(refreshPurpose, raw)
	if err != nil {
		return "", 0, err
	}
	return uuid.UUID(text[:16]).String(), int64(binary.BigEndian.Uint64(text[16:])), nil
}

// badRefresh does not say what is wrong with a refresh token.
func badRefresh() error {
	return &refusal{"invalid_grant", "the refresh token is unknown, was used, has expired, or its user was signed out; sign in again"}
}

// renew gives new tokens for a refresh token.
func (p *Provider) renew(c *call, form url.Values) (*issued, error) {
	ctx, now := c.r.Context(), p.o.Now()
	id, generation, err := p.keys.Load().readRefresh(form.Get("refresh_token"))
	if err != nil {
		return nil, badRefresh()
	}
	if _, err := p.attempts.Admit(convo.Actor{Token: "sign-in " + id}, false); err != nil {
		return nil, tooMany(err) // each is a write that is waited for
	}
	s, err := p.o.Store.SignIn(ctx, id)
	if convo.ErrorKind(err) == convo.NotFound {
		return nil, badRefresh()
	}
	if err != nil {
		return nil, err
	}
	if s.Client != form.Get("client_id") || !now.Before(s.Expires) {
		return nil, badRefresh()
	}
	a, err := p.byID(ctx, s.Tenant, s.User)
	if convo.ErrorKind(err) == convo.NotFound || err == nil && p.keys.Load().stamp(a) != s.Stamp {
		if err := p.signOut(c, id); err != nil {
			return nil, err
		}
		return nil, badRefresh()
	}
	if err != nil {
		return nil, err
	}
	if s, err = p.advance(c, s, generation, now); err != nil {
		return nil, err
	}
	return p.issue(s, a, "", now)
}

// advance moves a sign-in on from a generation. Who comes with the one before, and
// soon, gets what the first one got; who comes later has a copy.
func (p *Provider) advance(c *call, s convo.SignIn, generation int64, now time.Time) (convo.SignIn, error) {
	ctx := c.r.Context()
	if generation == s.Generation {
		expires := now.Add(p.o.SignInLife)
		moved, err := p.o.Store.RenewSignIn(ctx, s.ID, generation, now, expires)
		if moved {
			s.Generation, s.Renewed, s.Expires = generation+1, now, expires
			return s, nil
		}
		if err == nil { // somebody was faster
			s, err = p.o.Store.SignIn(ctx, s.ID)
		}
		if convo.ErrorKind(err) == convo.NotFound {
			return s, badRefresh()
		}
		if err != nil {
			return s, err
		}
	}
	if generation == s.Generation-1 && now.Sub(s.Renewed) <= refreshGrace {
		return s, nil
	}
	p.o.Log.WarnContext(ctx, "an old refresh token was used: the sign-in is ended", "client", s.Client, "user", s.User)
	if err := p.signOut(c, s.ID); err != nil {
		return s, err
	}
	return s, badRefresh()
}
