package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/ratelimit"
	"github.com/parleyhq/parley/internal/store"
)

// Sealer encrypts what is kept at rest.
type Sealer interface {
	Seal(plain, context []byte) []byte
	Open(sealed, context []byte) ([]byte, error)
}

// Client is an application that people may sign in to.
type Client struct {
	ID           string
	RedirectURIs []string // each one exactly
}

// FixedUser is a user who is not kept in the store.
type FixedUser struct {
	Tenant, Name string
	Password     string // as it is, or its hash as HashPassword makes it
	Email        string
}

// Options is what a provider needs.
type Options struct {
	Store  store.Identities
	Sealer Sealer
	// Issuer gives the address of the provider, up to /identity_ and without a
	// slash behind it. It is asked when requests come.
	Issuer  func() string
	Tenants []string // ids of all tenants, at least one

	// Development signs everybody in as one user, for any application whose address
	// is on this machine.
	Development bool
	Clients     []Client
	Users       []FixedUser

	TokenLife  time.Duration // of access tokens; default 1 hour
	SignInLife time.Duration // of what is not used; default 30 days

	// AllowOrigin says which web pages may read answers; default: all.
	AllowOrigin func(origin string) bool
	// Proxies are those whose word is taken for whom they speak for.
	Proxies []netip.Prefix
	// Changed is told when tokens stopped working before their time; default: nobody is.
	Changed  func()
	Log      *slog.Logger     // default: none
	Observer httpio.Observer  // of requests; default: nobody
	Now      func() time.Time // default: time.Now
}

// Provider is the identity provider. Make one with New; it is an http.Handler for
// the paths that Serves names, and vouches for its users to package auth.
type Provider struct {
	o        Options
	keys     atomic.Pointer[keyring]
	codes    *codes
	hasher   *hasher
	attempts *ratelimit.Limiter
	page     *loginPage
	handler  http.Handler
}

// How often somebody may be wrong.
const (
	triesOfName    = 10 // a minute, right ones included
	triesOfAddress = 30 // a minute, wrong ones only
)

// New makes a provider, and its keys if there are none yet.
func New(ctx context.Context, o Options) (*Provider, error) {
	if len(o.Tenants) == 0 {
		return nil, errors.New("identity: there is no tenant")
	}
	fill(&o)
	if err := CheckUsers(o.Users); err != nil {
		return nil, err
	}
	p := &Provider{
		o: o, codes: newCodes(o.Now), hasher: newHasher(),
		attempts: ratelimit.New(ratelimit.Limits{TokenRate: triesOfName, AddressRate: triesOfAddress}),
	}
	var err error
	if p.page, err = newLoginPage(); err != nil {
		return nil, err
	}
	if err := p.refreshKeys(ctx); err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	p.handler, err = p.routes()
	return p, err
}

// CheckUsers finds hashes of passwords that are none.
func CheckUsers(users []FixedUser) error {
	for _, u := range users {
		if !isHash(u.Password) {
			continue
		}
		if _, err := parseHash(u.Password); err != nil {
			return convo.Errorf(convo.Invalid, "oidc.builtin.users: the password of %s begins as a hash but is none (%v): make it with parley user hash", u.Name, err)
		}
	}
	return nil
}

func fill(o *Options) {
	if o.TokenLife == 0 {
		o.TokenLife = time.Hour
	}
	if o.SignInLife == 0 {
		o.SignInLife = 30 * 24 * time.Hour
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// sweepEvery is how often Sweep looks for what is to be renewed or forgotten.
const sweepEvery = time.Hour

// Sweep renews the keys when it is time to, and forgets sign-ins that expired,
// until ctx ends.
func (p *Provider) Sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		err := errors.Join(p.refreshKeys(ctx), p.o.Store.PruneSignIns(ctx, p.o.Now()))
		if err != nil && ctx.Err() == nil {
			p.o.Log.ErrorContext(ctx, "the identity provider's keys and sign-ins could not be looked after", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// client finds an application. In development any one is known.
func (p *Provider) client(id string) (Client, bool) {
	i := slices.IndexFunc(p.o.Clients, func(c Client) bool { return c.ID == id })
	if i >= 0 {
		return p.o.Clients[i], true
	}
	return Client{ID: id}, p.o.Development && id != "" && len(id) <= maxClientID
}
