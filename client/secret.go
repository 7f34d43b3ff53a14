package client

import "context"

// SecretService holds the operations on secrets: values that the requests of
// abilities are made with.
type SecretService struct {
	objects[Secret, SecretCreateRequest, SecretUpdateRequest]
}

func newSecretService(c *Client) *SecretService {
	id := func(s *Secret) string { return s.ID }
	return &SecretService{objects[Secret, SecretCreateRequest, SecretUpdateRequest]{client: c, kind: "secret", id: id}}
}

// SecretKind says whose the value of a secret is.
type SecretKind string

// The kinds of secrets.
const (
	SecretShared   SecretKind = "shared"
	SecretPersonal SecretKind = "personal"
)

// SecretType says how the value of a secret goes into a request.
type SecretType string

// The types of secrets.
const (
	SecretPlain     SecretType = "plain"
	SecretBasic     SecretType = "basic"
	SecretBearer    SecretType = "bearer"
	SecretJWT       SecretType = "jwt"
	SecretOAuth     SecretType = "oauth"
	SecretTemplate  SecretType = "template"
	SecretReference SecretType = "reference"
)

// SecretOptions are what a caller sees of a secret: all but its value.
type SecretOptions struct {
	Name        Optional[string] `json:"name,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
	Meta        Optional[Meta]   `json:"meta,omitzero"`
	Alias       Optional[string] `json:"alias,omitzero"` // a second id, unique among those of its kind
	BlueprintID Optional[string] `json:"blueprintId,omitzero"`
	Visibility  Visibility       `json:"visibility,omitzero"` // "" = private, or as it is
	Kind        SecretKind       `json:"kind,omitzero"`       // "" = shared, or as it is
	Type        SecretType       `json:"type,omitzero"`       // "" = plain, or as it is
	Config      Optional[Meta]   `json:"config,omitzero"`
}

// SecretCreateRequest makes a secret.
type SecretCreateRequest struct {
	Name        Optional[string] `json:"name,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
	Meta        Optional[Meta]   `json:"meta,omitzero"`
	Alias       Optional[string] `json:"alias,omitzero"` // a second id, unique among those of its kind
	BlueprintID Optional[string] `json:"blueprintId,omitzero"`
	Visibility  Visibility       `json:"visibility,omitzero"` // "" = private, or as it is
	Kind        SecretKind       `json:"kind,omitzero"`       // "" = shared, or as it is
	Type        SecretType       `json:"type,omitzero"`       // "" = plain, or as it is
	Config      Optional[Meta]   `json:"config,omitzero"`
	Value       Optional[string] `json:"value,omitzero"` // kept encrypted; no answer has it
}

// SecretUpdateRequest changes a secret: what is absent stays as it is, and what
// is [Null] is cleared.
type SecretUpdateRequest SecretCreateRequest

// Secret is a secret as lists show it. Nothing shows its value.
type Secret struct {
	ID        string `json:"id"`
	CreatedAt Time   `json:"createdAt"`
	UpdatedAt Time   `json:"updatedAt"`
	SecretOptions
}

// SecretStatus says whether requests can be made with a secret.
type SecretStatus string

// The states of a secret.
const (
	SecretAuthenticated   SecretStatus = "authenticated"
	SecretUnauthenticated SecretStatus = "unauthenticated"
)

// VerifiedSecret is the state of a secret. Action says what somebody has to do
// about one that cannot be used, where there is something.
type VerifiedSecret struct {
	ID     string        `json:"id"`
	Status SecretStatus  `json:"status"`
	Action *SecretAction `json:"action"`
}

// SecretAction is a page to go to.
type SecretAction struct {
	Type string `json:"type"` // "authenticate"
	URL  string `json:"url"`
}

// Verify says whether requests can be made with a secret.
func (s *SecretService) Verify(ctx context.Context, id string, options ...Option) (*VerifiedSecret, error) {
	r, err := postObject(struct{}{}, "secret", id, "verify")
	return call[VerifiedSecret](ctx, s.client, r, err, options)
}

// Revoke forgets the value of a secret.
func (s *SecretService) Revoke(ctx context.Context, id string, options ...Option) (*Reference, error) {
	return s.post(ctx, struct{}{}, options, id, "revoke")
}

// AuthenticatingSecret names the page on which a person authenticates a secret,
// "" where there is none to go to.
type AuthenticatingSecret struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

// Authenticate begins the authentication of a secret.
func (s *SecretService) Authenticate(ctx context.Context, id string, options ...Option) (*AuthenticatingSecret, error) {
	r, err := postObject(struct{}{}, "secret", id, "authenticate")
	return call[AuthenticatingSecret](ctx, s.client, r, err, options)
}
