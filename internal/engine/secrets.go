package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/parleyhq/parley/internal/convo"
)

// Secrets is the place of secrets.
func Secrets() Place { return Place{Kind: convo.ObjectSecret} }

// secretContext binds a sealed value to its secret.
func secretContext(tenant, id string) []byte { return []byte("secret\x00" + tenant + "\x00" + id) }

// sealSecret seals the value of a secret; nil for an empty one, which is none.
func (e *Engine) sealSecret(o convo.Object, value string) []byte {
	return SealSecret(e.sealer, o, []byte(value))
}

// SealSecret seals the value of a secret for the place where it is kept; nil for
// an empty one, which is none.
func SealSecret(s Sealer, o convo.Object, value []byte) []byte {
	if len(value) == 0 {
		return nil
	}
	return s.Seal(value, secretContext(o.Tenant, o.ID))
}

// OpenSecret opens the value of a secret; nil if it has none. It is for tools,
// which it goes into requests of, and for exports, which seal it again at once.
func OpenSecret(s Sealer, o convo.Object) ([]byte, error) {
	if o.Sealed == nil {
		return nil, nil
	}
	plain, err := s.Open(o.Sealed, secretContext(o.Tenant, o.ID))
	if err != nil {
		return nil, fmt.Errorf("the value of the secret %s: %w", o.ID, err)
	}
	return plain, nil
}

func (e *Engine) checkSecret(s convo.Secret) error {
	if s.Scope != convo.SharedSecret && s.Scope != convo.PersonalSecret {
		return convo.Errorf(convo.Invalid, "kind must be shared or personal")
	}
	if !convo.ValidSecretType(s.Type) {
		return convo.Errorf(convo.Invalid, "type must be one of plain, basic, bearer, jwt, oauth, template, reference")
	}
	if len(s.Config) > e.limits.Meta {
		return convo.Errorf(convo.TooLarge, "config has %d bytes; the limit is %d", len(s.Config), e.limits.Meta)
	}
	if c := bytes.TrimSpace(s.Config); s.Config != nil && (len(c) == 0 || c[0] != '{' || !json.Valid(c)) {
		return convo.Errorf(convo.Invalid, "config must be an object")
	}
	return nil
}

// RevokeSecret forgets the value of a secret.
func (e *Engine) RevokeSecret(ctx context.Context, actor convo.Actor, name string, ask *Ask) (convo.Object, error) {
	return e.UpdateObject(ctx, actor, Secrets(), name, func(d *Draft) { d.Value = new("") }, ask)
}

// SecretStands reads a secret, and reports whether it has a value that requests
// can be made with.
func (e *Engine) SecretStands(ctx context.Context, actor convo.Actor, name string) (convo.Object, bool, error) {
	o, err := e.Object(ctx, actor, Secrets(), name)
	return o, o.Sealed != nil, err
}
