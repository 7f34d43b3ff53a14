package client

import (
	"context"
	"encoding/json"
	"iter"
)

// SkillsetService holds the operations on skillsets: sets of abilities, which
// bots, conversations and completions name by the field SkillsetID.
type SkillsetService struct {
	objects[Skillset, SkillsetCreateRequest, SkillsetUpdateRequest]

	Ability *AbilityService
}

func newSkillsetService(c *Client) *SkillsetService {
	id := func(s *Skillset) string { return s.ID }
	return &SkillsetService{
		objects: objects[Skillset, SkillsetCreateRequest, SkillsetUpdateRequest]{client: c, kind: "skillset", id: id},
		Ability: &AbilityService{client: c},
	}
}

// SkillsetOptions are what a caller sets on a skillset.
type SkillsetOptions struct {
	Name        Optional[string] `json:"name,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
	Meta        Optional[Meta]   `json:"meta,omitzero"`
	Alias       Optional[string] `json:"alias,omitzero"` // a second id, unique among those of its kind
	BlueprintID Optional[string] `json:"blueprintId,omitzero"`
	Visibility  Visibility       `json:"visibility,omitzero"` // "" = private, or as it is
}

// SkillsetCreateRequest makes a skillset.
type SkillsetCreateRequest SkillsetOptions

// SkillsetUpdateRequest changes a skillset: what is absent stays as it is, and
// what is [Null] is cleared.
type SkillsetUpdateRequest SkillsetOptions

// Skillset is a skillset as lists show it, without its abilities.
type Skillset struct {
	ID        string `json:"id"`
	CreatedAt Time   `json:"createdAt"`
	UpdatedAt Time   `json:"updatedAt"`
	SkillsetOptions
}

// AbilityService holds the operations on the abilities of a skillset.
type AbilityService struct{ client *Client }

// AbilityOptions are what a caller sets on an ability.
type AbilityOptions struct {
	Name        Optional[string] `json:"name,omitzero"`
	Description Optional[string] `json:"description,omitzero"` // what it does, for the model
	Instruction Optional[string] `json:"instruction,omitzero"` // what happens, in the instruction language
	Meta        Optional[Meta]   `json:"meta,omitzero"`
	SecretID    Optional[string] `json:"secretId,omitzero"` // sent with its requests
	BotID       Optional[string] `json:"botId,omitzero"`
	FileID      Optional[string] `json:"fileId,omitzero"`
	SpaceID     Optional[string] `json:"spaceId,omitzero"`
	BlueprintID Optional[string] `json:"blueprintId,omitzero"`
}

// AbilityCreateRequest makes an ability.
type AbilityCreateRequest AbilityOptions

// AbilityUpdateRequest changes an ability: what is absent stays as it is, and
// what is [Null] is cleared.
type AbilityUpdateRequest AbilityOptions

// Ability is an ability as lists show it.
type Ability struct {
	ID        string `json:"id"`
	CreatedAt Time   `json:"createdAt"`
	UpdatedAt Time   `json:"updatedAt"`
	AbilityOptions
}

func (s *AbilityService) listing(skillset, operation string) listing[Ability] {
	path, err := objectPath("skillset", skillset, "ability", operation)
	return listing[Ability]{client: s.client, path: path, err: err, id: func(a *Ability) string { return a.ID }}
}

// List reads a page of the abilities of a skillset, oldest first.
func (s *AbilityService) List(ctx context.Context, skillset string, in ListRequest, options ...Option) (*Page[Ability], error) {
	return s.listing(skillset, "list").page(ctx, in, options)
}

// All reads all abilities page by page; in.Take is the length of a page.
func (s *AbilityService) All(ctx context.Context, skillset string, in ListRequest, options ...Option) iter.Seq2[Ability, error] {
	return s.listing(skillset, "list").all(ctx, in, options)
}

// ListStream reads the abilities out of one answer: all of them, or in.Take.
func (s *AbilityService) ListStream(ctx context.Context, skillset string, in ListRequest, options ...Option) iter.Seq2[Ability, error] {
	return s.listing(skillset, "list").stream(ctx, in, options)
}

// Export is [AbilityService.ListStream] by the operation that is meant for
// backups.
func (s *AbilityService) Export(ctx context.Context, skillset string, in ListRequest, options ...Option) iter.Seq2[Ability, error] {
	return s.listing(skillset, "export").stream(ctx, in, options)
}

// Fetch reads an ability.
func (s *AbilityService) Fetch(ctx context.Context, skillset, id string, options ...Option) (*Ability, error) {
	r, err := getObject("skillset", skillset, "ability", id, "fetch")
	return call[Ability](ctx, s.client, r, err, options)
}

// Create makes an ability.
func (s *AbilityService) Create(ctx context.Context, skillset string, in AbilityCreateRequest, options ...Option) (*Reference, error) {
	r, err := postObject(in, "skillset", skillset, "ability", "create")
	return call[Reference](ctx, s.client, r, err, options)
}

// Update changes the fields that are given.
func (s *AbilityService) Update(ctx context.Context, skillset, id string, in AbilityUpdateRequest, options ...Option) (*Reference, error) {
	r, err := postObject(in, "skillset", skillset, "ability", id, "update")
	return call[Reference](ctx, s.client, r, err, options)
}

// Delete removes an ability.
func (s *AbilityService) Delete(ctx context.Context, skillset, id string, options ...Option) (*Reference, error) {
	r, err := postObject(struct{}{}, "skillset", skillset, "ability", id, "delete")
	return call[Reference](ctx, s.client, r, err, options)
}

// AbilityExecuteRequest gives an ability its parameters.
type AbilityExecuteRequest struct {
	// Input is a JSON object with the parameters, as text; or, if there is only
	// one, its value.
	Input string `json:"input,omitzero"`
	// ContactID is whom it is carried out for, by its id or fingerprint.
	ContactID string `json:"contactId,omitzero"`
}

// Executed is what came of an ability: a result, or the text of an error.
type Executed struct {
	Usage  Usage           `json:"usage"`
	Result json.RawMessage `json:"result"` // any JSON value; nil = none
	Error  string          `json:"error"`
}

// Execute carries out an ability, without a model and outside of a conversation.
// That the ability fails is no error of the call.
func (s *AbilityService) Execute(ctx context.Context, skillset, id string, in AbilityExecuteRequest, options ...Option) (*Executed, error) {
	r, err := postObject(in, "skillset", skillset, "ability", id, "execute")
	return call[Executed](ctx, s.client, r, err, options)
}
