package auth

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
)

// Configured is a secret that the configuration gives to a tenant.
type Configured struct {
	Tenant string
	Name   string // what lists call it
	Secret string
}

// Reconcile makes the stored tokens of the configuration those that it names
// now: new ones work from here on, and ones that have left it stop working,
// also those of tenants that have left it altogether.
func (a *Auth) Reconcile(ctx context.Context, want []Configured) error {
	list, err := a.tokens.Tokens(ctx, "")
	if err != nil {
		return err
	}
	defer a.Forget()
	stored := map[convo.TokenHash]convo.Token{}
	for _, t := range list {
		stored[t.Hash] = t
	}
	keep := map[convo.TokenHash]bool{}
	for _, c := range want {
		hash := Hash(c.Secret)
		if t, ok := stored[hash]; ok && t.Tenant == c.Tenant && t.Revoked.IsZero() {
			keep[hash] = true
		}
	}
	for _, t := range list {
		if t.Source == SourceConfig && !keep[t.Hash] {
			if err := a.tokens.DeleteToken(ctx, t.Tenant, t.ID); err != nil {
				return err
			}
			delete(stored, t.Hash)
		}
	}
	for _, c := range want {
		if err := a.ensure(ctx, c, stored); err != nil {
			return err
		}
	}
	return nil
}

func (a *Auth) ensure(ctx context.Context, c Configured, stored map[convo.TokenHash]convo.Token) error {
	t, there := stored[Hash(c.Secret)]
	switch {
	case !there:
		_, err := a.put(ctx, convo.Token{
			Tenant: c.Tenant, Name: c.Name, Source: SourceConfig, App: DefaultApp, Hash: Hash(c.Secret),
		}, 0)
		return err
	case t.Tenant != c.Tenant || !t.Revoked.IsZero() || !t.Expires.IsZero():
		return convo.Errorf(convo.Conflict,
			"%s of tenant %s is the secret of token %s, which is of another tenant, revoked or made to expire: configure another secret", c.Name, c.Tenant, t.ID)
	}
	return nil // an operator's token with the same secret does as well
}
