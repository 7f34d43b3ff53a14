package chatbotkit

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
