package app

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/auth"
	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/console"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

// prepareTokens makes the configured secrets work, and makes one for each
// tenant that has no token at all.
func prepareTokens(ctx context.Context, a *auth.Auth, cfg config.Config) ([]FirstSecret, error) {
	if err := a.Reconcile(ctx, configuredSecrets(cfg)); err != nil {
		return nil, err
	}
	var made []FirstSecret
	for _, t := range cfg.AllTenants() {
		list, err := a.List(ctx, t.ID())
		if err != nil {
			return nil, err
		}
		if hasOwn(list) {
			continue
		}
		secret, _, err := a.Create(ctx, t.ID(), "first", "", 0)
		if err != nil {
			return nil, err
		}
		made = append(made, FirstSecret{Tenant: t.ID(), Secret: secret})
	}
	return made, nil
}

func configuredSecrets(cfg config.Config) []auth.Configured {
	tenants := cfg.AllTenants()
	var all []auth.Configured
	if cfg.Secret != "" {
		all = append(all, auth.Configured{Tenant: tenants[0].ID(), Name: "secret", Secret: cfg.Secret.Reveal()})
	}
	for _, t := range tenants {
		for _, s := range t.Secrets {
			all = append(all, auth.Configured{Tenant: t.ID(), Name: "tenants", Secret: s.Reveal()})
		}
	}
	return all
}

// hasOwn reports whether a tenant ever had a token that was meant to stay. One
// whose tokens are all revoked gets no new one: that was somebody's will.
func hasOwn(list []convo.Token) bool {
	for _, t := range list {
		if t.Source != auth.SourceConsole {
			return true
		}
	}
	return false
}

// tenantTokens is what commands may do with tokens: it knows which tenants
// there are.
type tenantTokens struct {
	auth    *auth.Auth
	tenants tenants
}

var _ console.Tokens = tenantTokens{}

func (a *App) tokens() tenantTokens {
	return tenantTokens{auth: a.auth, tenants: a.cfg.AllTenants()}
}

// tenants are those that the configuration has.
type tenants []config.Tenant

// find gives the id of a tenant by its id; "" is the first one.
func (t tenants) find(id string) (string, error) {
	if id == "" {
		return t[0].ID(), nil
	}
	var known []string
	for _, tenant := range t {
		if tenant.ID() == id {
			return id, nil
		}
		known = append(known, tenant.ID())
	}
	return "", convo.Errorf(convo.NotFound, "there is no tenant %q; the configuration has %s", id, strings.Join(known, ", "))
}

// Create implements console.Tokens.
func (t tenantTokens) Create(ctx context.Context, tenant, name, app string, lasts time.Duration) (string, convo.Token, error) {
	id, err := t.tenants.find(tenant)
	if err != nil {
		return "", convo.Token{}, err
	}
	return t.auth.Create(ctx, id, name, app, lasts)
}

// List implements console.Tokens.
func (t tenantTokens) List(ctx context.Context, tenant string) ([]convo.Token, error) {
	id, err := t.tenants.find(tenant)
	if err != nil {
		return nil, err
	}
	return t.auth.List(ctx, id)
}

// Revoke implements console.Tokens.
func (t tenantTokens) Revoke(ctx context.Context, tenant, token string) error {
	id, err := t.tenants.find(tenant)
	if err != nil {
		return err
	}
	return t.auth.Revoke(ctx, id, token)
}

// OpenTokens opens the data folder for commands about tokens, while no server
// holds it. The caller calls what it returns when it is done.
func OpenTokens(ctx context.Context, cfg config.Config) (console.Tokens, func() error, error) {
	if _, err := os.Stat(cfg.Data); err != nil {
		return nil, nil, noData(cfg, err)
	}
	data, err := openFolder(ctx, cfg.Data, sqlite.Options{})
	if err != nil {
		return nil, nil, err
	}
	// The secrets of the configuration are left as they are: this command's
	// environment need not be the server's.
	return tenantTokens{auth: auth.New(data, time.Now), tenants: cfg.AllTenants()}, data.Close, nil
}
