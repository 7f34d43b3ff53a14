package identity

import (
	"context"
	"net/mail"
	"time"

	"github.com/google/uuid"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// Users is what operators do with the users in the store.
type Users struct {
	Store store.Identities
	Now   func() time.Time
	// Fixed are users that are not in the store: their names are taken.
	Fixed []FixedUser
	// Check says what is wrong with the name of a new user.
	Check func(name string) error
	// Changed is told when tokens stopped working; nil = nobody is.
	Changed func()
}

// maxEmail is how long an address may be.
const maxEmail = 255

// Add makes a user. The email may be "".
func (u *Users) Add(ctx context.Context, tenant, name, email, password string) (convo.Member, error) {
	if err := u.Check(name); err != nil {
		return convo.Member{}, convo.WrapError(convo.Invalid, err, "%s", err.Error())
	}
	if email != "" {
		if at, err := mail.ParseAddress(email); err != nil || at.Address != email || len(email) > maxEmail {
			return convo.Member{}, convo.Errorf(convo.Invalid, "%.300q is no email address", email)
		}
	}
	for _, f := range u.Fixed {
		if f.Tenant == tenant && convo.Handle(f.Name) == convo.Handle(name) {
			return convo.Member{}, convo.Errorf(convo.Conflict, "the configuration has a user %s already", f.Name)
		}
	}
	hash, err := HashPassword(password)
	if err != nil {
		return convo.Member{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return convo.Member{}, err
	}
	now := u.Now().UTC().Truncate(time.Millisecond)
	m := convo.Member{Tenant: tenant, ID: id.String(), Name: name, Email: email, Password: hash, Created: now, Changed: now}
	return m, u.Store.PutUser(ctx, m)
}

// List gives a tenant's users by their names, without their passwords' hashes.
func (u *Users) List(ctx context.Context, tenant string) ([]convo.Member, error) {
	list, err := u.Store.Users(ctx, tenant)
	for i := range list {
		list[i].Password = ""
	}
	return list, err
}

// SetPassword gives a user another password, and signs him out everywhere.
func (u *Users) SetPassword(ctx context.Context, tenant, name, password string) error {
	m, err := u.find(ctx, tenant, name)
	if err != nil {
		return err
	}
	hash, err := HashPassword(password)
	if err != nil {
		return err
	}
	defer u.changed()
	return u.Store.SetPassword(ctx, tenant, m.ID, hash, u.Now().UTC().Truncate(time.Millisecond))
}

// Remove removes a user, and signs him out everywhere. What he owns stays.
func (u *Users) Remove(ctx context.Context, tenant, name string) error {
	m, err := u.find(ctx, tenant, name)
	if err != nil {
		return err
	}
	defer u.changed()
	return u.Store.DeleteUser(ctx, tenant, m.ID)
}

// find says what to do about a user who is not in the store.
func (u *Users) find(ctx context.Context, tenant, name string) (convo.Member, error) {
	m, err := u.Store.UserByName(ctx, tenant, name)
	if convo.ErrorKind(err) != convo.NotFound {
		return m, err
	}
	for _, f := range u.Fixed {
		if f.Tenant == tenant && convo.Handle(f.Name) == convo.Handle(name) {
			return m, convo.Errorf(convo.Conflict, "user %s comes from the configuration: change him there and start the server again", f.Name)
		}
	}
	return m, convo.Errorf(convo.NotFound, "there is no user %.300q in tenant %s", name, tenant)
}

func (u *Users) changed() {
	if u.Changed != nil {
		u.Changed()
	}
}
