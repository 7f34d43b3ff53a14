package client

import "context"

// ContactSecretService holds the operations on secrets as they stand for one contact.
// In this version of the server a secret has one value, which counts for all contacts.
type ContactSecretService struct{ parts[Secret] }

func newContactSecretService(c *Client) *ContactSecretService {
	id := func(s *Secret) string { return s.ID }
	return &ContactSecretService{parts[Secret]{client: c, kind: "contact", part: "secret", id: id}}
}

// Verify says whether requests can be made for a contact with a secret.
func (s *ContactSecretService) Verify(ctx context.Context, contact, secret string, options ...Option) (*VerifiedSecret, error) {
	r, err := postObject(struct{}{}, "contact", contact, "secret", secret, "verify")
	return call[VerifiedSecret](ctx, s.client, r, err, options)
}

// Revoke forgets what only the contact has of a secret. A value that counts for all
// contacts stays: [SecretService.Revoke] forgets that.
func (s *ContactSecretService) Revoke(ctx context.Context, contact, secret string, options ...Option) (*Reference, error) {
	r, err := postObject(struct{}{}, "contact", contact, "secret", secret, "revoke")
	return call[Reference](ctx, s.client, r, err, options)
}

// Authenticate begins the authentication of a secret by a contact.
func (s *ContactSecretService) Authenticate(ctx context.Context, contact, secret string, options ...Option) (*AuthenticatingSecret, error) {
	r, err := postObject(struct{}{}, "contact", contact, "secret", secret, "authenticate")
	return call[AuthenticatingSecret](ctx, s.client, r, err, options)
}
