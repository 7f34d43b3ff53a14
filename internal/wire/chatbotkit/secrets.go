package chatbotkit

import "github.com/parleyhq/parley/internal/engine"

// verifiedObject says whether requests can be made with a secret.
type verifiedObject struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// verifySecret changes nothing, so it has no answer to keep for repeats.
func verifySecret(c *call, _ emptyRequest) error {
	found, stands, err := c.engine().SecretStands(c.r.Context(), c.actor, secrets().named(c))
	if err != nil {
		return err
	}
	status := "unauthenticated"
	if stands {
		status = "authenticated"
	}
	return c.answer(encode(verifiedObject{found.ID, status}), false)
}

func revokeSecret(c *call, _ emptyRequest) error {
	c.rendersObject()
	revoked, err := c.engine().RevokeSecret(c.r.Context(), c.actor, secrets().named(c), c.ask)
	if err != nil {
		return err
	}
	return c.reply(revoked, false)
}

// authenticatingObject names the page on which a secret is authenticated.
type authenticatingObject struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

// authenticateSecret names no page: the secrets of this version have a value or
// none, and nobody has to be asked.
func authenticateSecret(c *call, _ emptyRequest) error {
	found, _, err := c.engine().SecretStands(c.r.Context(), c.actor, secrets().named(c))
	if err != nil {
		return err
	}
	return c.answer(encode(authenticatingObject{ID: found.ID}), false)
}

// ofContact makes an operation on a secret one on that secret for the contact in the
// path. Secrets have one value in this version, which counts for all contacts.
func ofContact(handle func(*call, emptyRequest) error) func(*call, emptyRequest) error {
	return func(c *call, in emptyRequest) error {
		if _, err := c.engine().Object(c.r.Context(), c.actor, engine.Contacts(), contacts().named(c)); err != nil {
			return err
		}
		return handle(c, in)
	}
}

// revokeContactSecret forgets what only the contact has of a secret, which is
// nothing. A value that others use stays.
func revokeContactSecret(c *call, _ emptyRequest) error {
	found, _, err := c.engine().SecretStands(c.r.Context(), c.actor, secrets().named(c))
	if err != nil {
		return err
	}
	return c.answer(encode(idObject{found.ID}), false)
}
