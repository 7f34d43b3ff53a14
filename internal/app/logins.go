package app

import (
	"context"
	"net/http"
	"net/netip"
	"os"
	"time"

	"github.com/parleyhq/parley/internal/auth/openid"
	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/console"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/identity"
	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/store/sqlite"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

// withLogins lets users in, and adds the built-in identity provider to the API, if
// it is enabled.
func (a *App) withLogins(ctx context.Context, api http.Handler, box *seal.Box, proxies []netip.Prefix) (_ http.Handler, err error) {
	a.trustIssuers()
	b := a.cfg.OIDC.Builtin
	if !b.Enabled {
		return api, nil
	}
	o := identity.Options{
		Store: a.store, Sealer: box, Tenants: tenantIDs(a.cfg), Development: b.Development, Users: fixedUsers(a.cfg),
		Issuer:    func() string { return a.URL() + "/identity_" },
		TokenLife: b.TokenLife, SignInLife: b.SignInLife,
		Proxies: proxies, Changed: a.auth.Forget, Log: a.log, Observer: a.telemetry,
	}
	if len(a.cfg.Origins) > 0 {
		o.AllowOrigin = uipath.Origins(a.cfg.Origins).Allow
	}
	for _, c := range b.Clients {
		o.Clients = append(o.Clients, identity.Client{ID: c.ID, RedirectURIs: c.RedirectURIs})
	}
	if a.logins, err = identity.New(ctx, o); err != nil {
		return nil, err
	}
	a.auth.Trust(a.logins)
	if b.Development {
		a.log.Warn("oidc.builtin.development signs everybody in who reaches this server; it is not for production")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if identity.Serves(r.URL.Path) {
			a.logins.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	}), nil
}

// trustIssuers lets the users of identity providers elsewhere in.
func (a *App) trustIssuers() {
	for _, i := range a.cfg.OIDC.Issuers {
		a.auth.Trust(openid.New(openid.Options{
			Issuer: i.Issuer, Audience: i.Audience, Tenant: a.cfg.TenantOrFirst(i.Tenant), TenantClaim: i.TenantClaim,
			Tenants: tenantIDs(a.cfg), Log: a.log,
		}))
	}
}

func tenantIDs(cfg config.Config) []string {
	var ids []string
	for _, t := range cfg.AllTenants() {
		ids = append(ids, t.ID())
	}
	return ids
}

func fixedUsers(cfg config.Config) []identity.FixedUser {
	var users []identity.FixedUser
	for _, u := range cfg.OIDC.Builtin.Users {
		users = append(users, identity.FixedUser{
			Tenant: cfg.TenantOrFirst(u.Tenant), Name: u.Name, Password: u.Password.Reveal(), Email: u.Email,
		})
	}
	return users
}

// tenantUsers is what commands may do with users: it knows which tenants there are.
type tenantUsers struct {
	users   identity.Users
	tenants tenants
}

var _ console.Users = tenantUsers{}

func (a *App) users() tenantUsers {
	return newUsers(a.cfg, identity.Users{Store: a.store, Changed: a.auth.Forget})
}

func newUsers(cfg config.Config, u identity.Users) tenantUsers {
	u.Now, u.Fixed, u.Check = time.Now, fixedUsers(cfg), config.CheckUserName
	return tenantUsers{users: u, tenants: cfg.AllTenants()}
}

// AddUser implements console.Users.
func (t tenantUsers) AddUser(ctx context.Context, tenant, name, email, password string) (convo.Member, error) {
	id, err := t.tenants.find(tenant)
	if err != nil {
		return convo.Member{}, err
	}
	return t.users.Add(ctx, id, name, email, password)
}

// ListUsers implements console.Users.
func (t tenantUsers) ListUsers(ctx context.Context, tenant string) ([]convo.Member, error) {
	id, err := t.tenants.find(tenant)
	if err != nil {
		return nil, err
	}
	return t.users.List(ctx, id)
}

// SetPassword implements console.Users.
func (t tenantUsers) SetPassword(ctx context.Context, tenant, name, password string) error {
	id, err := t.tenants.find(tenant)
	if err != nil {
		return err
	}
	return t.users.SetPassword(ctx, id, name, password)
}

// RemoveUser implements console.Users.
func (t tenantUsers) RemoveUser(ctx context.Context, tenant, name string) error {
	id, err := t.tenants.find(tenant)
	if err != nil {
		return err
	}
	return t.users.Remove(ctx, id, name)
}

// OpenUsers opens the data folder for commands about users, while no server holds
// it. The caller calls what it returns when it is done.
func OpenUsers(ctx context.Context, cfg config.Config) (console.Users, func() error, error) {
	if _, err := os.Stat(cfg.Data); err != nil {
		return nil, nil, noData(cfg, err)
	}
	data, err := openFolder(ctx, cfg.Data, sqlite.Options{})
	if err != nil {
		return nil, nil, err
	}
	return newUsers(cfg, identity.Users{Store: data}), data.Close, nil
}

// CheckLogins finds what is wrong with the users of a configuration.
func CheckLogins(cfg config.Config) error { return identity.CheckUsers(fixedUsers(cfg)) }

// HashPassword makes of a password what the configuration may hold in its place.
func HashPassword(password string) (string, error) { return identity.HashPassword(password) }
