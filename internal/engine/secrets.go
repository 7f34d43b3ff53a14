package engine

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/parleyhq/parley/internal/convo"
)

// Secrets is the place of secrets.
func Secrets() Place { return Place{Kind: convo.ObjectSecret} }

// secretContext binds a sealed value to its secret.
func secretContext(tenant, id string) []byte { return []byte("secret\x00" + tenant + "\x00" + id) }

// sealSecret seals the value of a secret; nil for an empty one, which is none.
func (e *Engine) sealSecret(o convo.Object, value string) []byte {
	if value == "" {
		return nil
	}
	return e.sealer.Seal([]byte(value), secretContext(o.Tenant, o.ID))
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
