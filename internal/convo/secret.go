package convo

import "slices"

// Secret says how a secret is used. Its value is the object's Sealed.
type Secret struct {
	Scope  string // "shared" or "personal"
	Type   string // one of SecretTypes: how the value goes into a request
	Config JSON   // an object; nil = none
}

// ObjectKind implements ObjectBody.
func (Secret) ObjectKind() ObjectKind { return ObjectSecret }

// The scopes of secrets.
const (
	SharedSecret   = "shared"
	PersonalSecret = "personal"
)

// The types of secrets.
const (
	PlainSecret     = "plain"
	BasicSecret     = "basic"
	BearerSecret    = "bearer"
	JWTSecret       = "jwt"
	OAuthSecret     = "oauth"
	TemplateSecret  = "template"
	ReferenceSecret = "reference"
)

// SecretTypes lists the types of secrets.
func SecretTypes() []string {
	return []string{PlainSecret, BasicSecret, BearerSecret, JWTSecret, OAuthSecret, TemplateSecret, ReferenceSecret}
}

// ValidSecretType reports whether secrets of that type can be stored.
func ValidSecretType(t string) bool { return slices.Contains(SecretTypes(), t) }
