package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// OIDC says whose users may sign in, beside the holders of API secrets. They are
// let in where conversations have users: the API of live sessions.
type OIDC struct {
	Issuers []Issuer `key:"issuers" doc:"OpenID providers whose tokens are taken."`
	Builtin Builtin  `key:"builtin"`
}

// Issuer is an OpenID provider elsewhere.
type Issuer struct {
	Issuer      string `key:"issuer" doc:"Its address, as its tokens have it in iss. Its keys are found there, at first use."`
	Audience    string `key:"audience" doc:"What its tokens must have in aud: this server's name at the provider."`
	Tenant      string `key:"tenant" doc:"The tenant that its users belong to, as org/name. Empty, without a tenantClaim: the first one."`
	TenantClaim string `key:"tenantClaim" doc:"The claim that names the user's tenant: as org/name, by its id, or by its name where only one org has a tenant of that name. A token without it is refused."`
	Where       string `file:"-"` // file:line
}

// Builtin is the small identity provider that the server has itself.
type Builtin struct {
	Enabled     bool          `key:"enabled" default:"false" doc:"Whether people sign in at this server itself, under /identity_/."`
	Development bool          `key:"development" default:"false" doc:"Signs everybody in as one fixed user, without a page and for any application on this machine. For development only: it is refused where others can reach the server."`
	Clients     []Client      `key:"clients" doc:"The applications that people may sign in to. All are public clients: they have no secret."`
	Users       []LoginUser   `key:"users" doc:"Users, beside those that parley user add makes."`
	TokenLife   time.Duration `key:"tokenLife" default:"1h" doc:"How long an access token works."`
	SignInLife  time.Duration `key:"signInLife" default:"720h" doc:"How long somebody stays signed in without using it."`
}

// Client is an application that people sign in to.
type Client struct {
	ID           string   `key:"id" doc:"Its client_id."`
	RedirectURIs []string `key:"redirectURIs" doc:"Where a browser may be sent after the sign-in: each one exactly, with its path."`
	Where        string   `file:"-"` // file:line
}

// LoginUser is a user of the file.
type LoginUser struct {
	Name     string `key:"name" doc:"With what the user signs in: 1 to 100 letters, digits, dots, -, _, + and @; case does not matter."`
	Tenant   string `key:"tenant" doc:"Whose user it is, as org/name. Empty: the first tenant's."`
	Password Secret `key:"password" doc:"The password, at least 8 characters, or what parley user hash makes of it; env:NAME takes it from the environment, file:PATH from a file."`
	Email    string `key:"email" doc:"The user's address, for the application."`
	Where    string `file:"-"` // file:line
}

func (v *validator) login(cfg *Config) {
	b := cfg.OIDC.Builtin
	for i, issuer := range cfg.OIDC.Issuers {
		v.issuer(fmt.Sprintf("oidc.issuers[%d].", i), issuer, cfg)
	}
	v.check("oidc.builtin.tokenLife", between(int64(b.TokenLife), int64(time.Minute), int64(24*time.Hour), "1m to 24h"))
	v.check("oidc.builtin.signInLife", between(int64(b.SignInLife), int64(time.Hour), int64(365*24*time.Hour), "1h to 8760h"))
	if b.Development {
		v.check("oidc.builtin.development", checkDevelopment(cfg))
		if !b.Enabled {
			v.check("oidc.builtin.development", errors.New("oidc.builtin.enabled is false; set it to true as well"))
		}
	}
	clients, users := map[string]bool{}, map[string]bool{}
	for i, c := range b.Clients {
		at := fmt.Sprintf("oidc.builtin.clients[%d].", i)
		if !isName(c.ID) || clients[c.ID] {
			v.where(at+"id", c.Where, errors.New("give it an id of letters, digits, - and _ that no other client has"))
		}
		clients[c.ID] = true
		if len(c.RedirectURIs) == 0 {
			v.where(at+"redirectURIs", c.Where, errors.New("name at least one address"))
		}
		for _, uri := range c.RedirectURIs {
			v.where(at+"redirectURIs", c.Where, checkRedirect(uri))
		}
	}
	for i, u := range b.Users {
		v.loginUser(fmt.Sprintf("oidc.builtin.users[%d].", i), u, cfg, users)
	}
}

func (v *validator) issuer(at string, issuer Issuer, cfg *Config) {
	if issuer.Issuer == "" {
		v.where(at+"issuer", issuer.Where, errors.New("name the address"))
	}
	v.where(at+"issuer", issuer.Where, checkURL(issuer.Issuer))
	if issuer.Audience == "" {
		v.where(at+"audience", issuer.Where, errors.New("say what its tokens for this server have in aud: without that, tokens for others would be taken"))
	}
	if issuer.Tenant != "" && issuer.TenantClaim != "" {
		v.where(at+"tenant", issuer.Where, errors.New("tenantClaim is set too; keep one of them"))
	}
	v.where(at+"tenant", issuer.Where, knownTenant(cfg, issuer.Tenant))
}

func (v *validator) loginUser(at string, u LoginUser, cfg *Config, taken map[string]bool) {
	v.where(at+"tenant", u.Where, knownTenant(cfg, u.Tenant))
	v.where(at+"name", u.Where, CheckUserName(u.Name))
	id := cfg.TenantOrFirst(u.Tenant) + "\x00" + strings.ToLower(u.Name)
	if taken[id] {
		v.where(at+"name", u.Where, fmt.Errorf("there are two users %s", u.Name))
	}
	taken[id] = true
	if len(u.Password) < MinPassword {
		v.where(at+"password", u.Where, fmt.Errorf("give the user a password of at least %d characters", MinPassword))
	}
}

// MinPassword is how many bytes a user's password has at least.
const MinPassword = 8

// CheckUserName says what is wrong with the name of a user.
func CheckUserName(name string) error {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if name == "" || len(name) > 100 || strings.Trim(name, letters+"0123456789.-_+@") != "" {
		return fmt.Errorf("%.300q is no name for a user: use 1 to 100 letters (a-z), digits, dots, -, _, + and @", name)
	}
	return nil
}

// TenantOrFirst is the id of a tenant that was named, or of the first one.
func (c *Config) TenantOrFirst(tenant string) string {
	if tenant != "" {
		return tenant
	}
	return c.AllTenants()[0].ID()
}

func knownTenant(cfg *Config, tenant string) error {
	if tenant == "" || slices.ContainsFunc(cfg.AllTenants(), func(t Tenant) bool { return t.ID() == tenant }) {
		return nil
	}
	return fmt.Errorf("there is no tenant %q", tenant)
}

func checkRedirect(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || strings.Contains(text, "#") {
		return fmt.Errorf("%q cannot be one: write http:// or https://, a host and a path, without user and fragment", text)
	}
	return nil
}

// checkDevelopment refuses to let everybody in who comes from elsewhere.
func checkDevelopment(cfg *Config) error {
	host, _, err := net.SplitHostPort(cfg.Listen)
	if err == nil && !isLoopback(host) {
		return fmt.Errorf("listen is %s, where others can reach the server; listen on 127.0.0.1, or take users instead", cfg.Listen)
	}
	if u, err := url.Parse(cfg.PublicURL); err == nil && cfg.PublicURL != "" && !isLoopback(u.Hostname()) {
		return errors.New("publicURL says that others can reach the server; take users instead")
	}
	return nil
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}
