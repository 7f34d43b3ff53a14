package convo

import (
	"strings"
	"time"
)

// Member is a user whom the built-in identity provider knows.
type Member struct {
	Tenant, ID string
	Name       string // unique in its tenant, without case
	Email      string // "" = none
	Password   string // the hash of the password
	Created    time.Time
	Changed    time.Time // when the password or the email was
}

// Handle is what names of users are compared by: without case. Names are made of
// ASCII, so that no two that look alike differ.
func Handle(name string) string { return strings.ToLower(name) }

// SigningKey is a key of the built-in identity provider.
type SigningKey struct {
	ID      string
	Created time.Time
	Sealed  []byte // the private key, bound to SigningKeyContext
}

// SigningKeyContext is what the sealed form of a signing key is bound to.
func SigningKeyContext(id string) []byte { return []byte("signing key\x00" + id) }

// SignIn is what came of somebody who signed in: an application may act for him,
// with refresh tokens that replace each other, until it ends.
type SignIn struct {
	ID         string
	Tenant     string
	User       string // id of the user
	Client     string // id of the application
	Scope      string
	Stamp      string // tells the password that it was made with from a later one
	Generation int64  // of the newest refresh token
	Created    time.Time
	Renewed    time.Time // when that one was made
	Expires    time.Time
}
