package identity

import (
	"context"
	"encoding/base64"

	"github.com/parleyhq/parley/internal/convo"
)

// developer is the name of the one user of development.
const developer = "developer"

// account is somebody who can sign in, wherever he is kept.
type account struct {
	tenant, id  string
	name, email string
	password    string // as a FixedUser's, or its hash; "" = none
}

// fixedID is the id of a user who is not kept in the store: it stays while the
// name does.
func fixedID(tenant, name string) string {
	return convo.StableID("fixed user", tenant, convo.Handle(name))
}

// fixed gives the users who are not kept in the store, of a tenant.
func (p *Provider) fixed(tenant string) []account {
	var all []account
	for _, u := range p.o.Users {
		if u.Tenant == tenant {
			all = append(all, account{tenant, fixedID(tenant, u.Name), u.Name, u.Email, u.Password})
		}
	}
	if p.o.Development {
		all = append(all, developerOf(tenant))
	}
	return all
}

func developerOf(tenant string) account {
	return account{tenant: tenant, id: convo.StableID("developer", tenant), name: developer}
}

// byName finds who signs in with a name, without case. A fixed user goes before
// one of the store. Nobody is [convo.NotFound].
func (p *Provider) byName(ctx context.Context, tenant, name string) (account, error) {
	for _, a := range p.fixed(tenant) {
		if convo.Handle(a.name) == convo.Handle(name) && a.password != "" {
			return a, nil
		}
	}
	return p.stored(p.o.Store.UserByName(ctx, tenant, name))
}

// byID finds who a token is about. Nobody, and nobody any more, is
// [convo.NotFound].
func (p *Provider) byID(ctx context.Context, tenant, id string) (account, error) {
	for _, a := range p.fixed(tenant) {
		if a.id == id {
			return a, nil
		}
	}
	return p.stored(p.o.Store.User(ctx, tenant, id))
}

func (p *Provider) stored(m convo.Member, err error) (account, error) {
	return account{m.Tenant, m.ID, m.Name, m.Email, m.Password}, err
}

// stamp tells an account's password from an earlier and a later one, and nothing
// of the password.
func (r *keyring) stamp(a account) string {
	sum := r.mac("stamp", []byte(a.tenant+"\x00"+a.id+"\x00"+a.password))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
