package chatbotkit

import (
	"slices"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/openapi"
)

// word is one of a few words, which may be left out. The words that it takes are
// those that describe it.
type word[W words] struct{ httpio.Optional[string] }

// words are those of a [word], as a type. The first one counts unless another is
// given.
type words interface{ all() []string }

// DecodeField implements [httpio.Field].
func (w *word[W]) DecodeField(path string, value []byte) error {
	if err := w.Optional.DecodeField(path, value); err != nil {
		return err
	}
	var known W
	if w.Given && !w.Null && !slices.Contains(known.all(), w.Value) {
		return convo.Errorf(convo.Invalid, "%s must be one of %s", path, strings.Join(known.all(), ", "))
	}
	return nil
}

// Describe implements [openapi.Describer].
func (*word[W]) Describe(*openapi.Schemas) *openapi.Schema {
	var known W
	return openapi.OneOf(known.all()...)
}

// apply changes a text that always has a value: null makes it the first word.
func (w *word[W]) apply(dst *string) {
	var known W
	switch {
	case w.Given && w.Null:
		*dst = known.all()[0]
	case w.Given:
		*dst = w.Value
	}
}

type (
	visibilities struct{}
	scopes       struct{}
	secretTypes  struct{}
)

func (visibilities) all() []string { return []string{convo.Private, convo.Protected, convo.Public} }
func (scopes) all() []string       { return []string{convo.SharedSecret, convo.PersonalSecret} }
func (secretTypes) all() []string  { return convo.SecretTypes() }

// aliasText is a second id. The engine refuses what cannot be one.
type aliasText struct{ httpio.Optional[string] }

// Describe implements [openapi.Describer].
func (*aliasText) Describe(*openapi.Schemas) *openapi.Schema {
	schema := openapi.Text()
	schema.Pattern = "^[A-Za-z0-9_-]{0,256}$"
	return schema
}

// objectFields stand on all that tenants configure.
type objectFields struct {
	Name        httpio.Optional[string] `json:"name" limit:"text" doc:"What people call it; an ability's name is given to the model, and templates name secrets by it."`
	Description httpio.Optional[string] `json:"description" limit:"text" doc:"What it is for; an ability's is given to the model."`
	Meta        httpio.Optional[object] `json:"meta" doc:"Anything of the caller's, kept as it was sent, up to 64 KiB. An update replaces it as a whole."`
	BlueprintID httpio.Optional[string] `json:"blueprintId" limit:"text" doc:"Stored and given back, without effect."`
}

func (f *objectFields) apply(dst *convo.ObjectFields) {
	f.Name.Apply(&dst.Name)
	f.Description.Apply(&dst.Description)
	applyMeta(f.Meta, &dst.Meta)
	f.BlueprintID.Apply(&dst.BlueprintID)
}

// sharedFields are those of all but abilities.
type sharedFields struct {
	objectFields
	Alias      aliasText          `json:"alias" doc:"A second id, which is taken wherever the first one is. No other of its kind may have it."`
	Visibility word[visibilities] `json:"visibility" doc:"private unless given. What a public file holds may be downloaded without a token; on all else this is stored and given back."`
}

func (f *sharedFields) apply(dst *convo.ObjectFields) {
	f.objectFields.apply(dst)
	f.Alias.Apply(&dst.Alias)
	f.Visibility.Apply(&dst.Visibility)
}

// botRequest creates or updates a bot.
type botRequest struct {
	sharedFields
	configFields
}

func (r botRequest) draft(d *engine.Draft) {
	r.sharedFields.apply(&d.ObjectFields)
	b, _ := d.Body.(convo.BotConfig)
	r.configFields.apply(&b.Config)
	d.Body = b
}

// skillsetRequest creates or updates a skillset.
type skillsetRequest struct{ sharedFields }

func (r skillsetRequest) draft(d *engine.Draft) { r.sharedFields.apply(&d.ObjectFields) }

// abilityRequest creates or updates an ability. The linked names are the newer
// ones for the same members, and count where both are given.
type abilityRequest struct {
	objectFields
	Instruction    httpio.Optional[string] `json:"instruction" limit:"text" doc:"What the ability does, in the instruction language."`
	SecretID       httpio.Optional[string] `json:"secretId" doc:"The secret of its requests."`
	FileID         httpio.Optional[string] `json:"fileId" doc:"Stored and given back, without effect."`
	BotID          httpio.Optional[string] `json:"botId" doc:"Stored and given back, without effect."`
	SpaceID        httpio.Optional[string] `json:"spaceId" limit:"text" doc:"Stored and given back, without effect."`
	LinkedSecretID httpio.Optional[string] `json:"linkedSecretId" doc:"The newer name of secretId."`
	LinkedFileID   httpio.Optional[string] `json:"linkedFileId" doc:"The newer name of fileId."`
	LinkedBotID    httpio.Optional[string] `json:"linkedBotId" doc:"The newer name of botId."`
	LinkedSpaceID  httpio.Optional[string] `json:"linkedSpaceId" limit:"text" doc:"The newer name of spaceId."`
}

func (r abilityRequest) draft(d *engine.Draft) {
	r.objectFields.apply(&d.ObjectFields)
	a, _ := d.Body.(convo.Ability)
	if r.Instruction.Given {
		a.Instruction = r.Instruction.Value // "" where it was cleared
	}
	for _, field := range []struct {
		dst   **string
		names []httpio.Optional[string]
	}{
		{&a.SecretID, []httpio.Optional[string]{r.SecretID, r.LinkedSecretID}},
		{&a.FileID, []httpio.Optional[string]{r.FileID, r.LinkedFileID}},
		{&a.BotID, []httpio.Optional[string]{r.BotID, r.LinkedBotID}},
		{&a.SpaceID, []httpio.Optional[string]{r.SpaceID, r.LinkedSpaceID}},
	} {
		for _, name := range field.names {
			name.Apply(field.dst)
		}
	}
	d.Body = a
}

// secretRequest creates or updates a secret.
type secretRequest struct {
	sharedFields
	Kind   word[scopes]            `json:"kind" doc:"Whether all share the value; shared unless given."`
	Type   word[secretTypes]       `json:"type" doc:"How the value goes into a request; plain unless given."`
	Config httpio.Optional[object] `json:"config" doc:"Kept as it was sent, up to 64 KiB, and given back: put nothing secret there."`
	Value  httpio.Optional[string] `json:"value" limit:"text" doc:"Kept encrypted, and shown to nobody. null or an empty text forgets it."`
}

func (r secretRequest) draft(d *engine.Draft) {
	r.sharedFields.apply(&d.ObjectFields)
	s, _ := d.Body.(convo.Secret)
	r.Kind.apply(&s.Scope)
	r.Type.apply(&s.Type)
	applyMeta(r.Config, &s.Config)
	if r.Value.Given {
		d.Value = new(r.Value.Value) // "" where it was cleared
	}
	d.Body = s
}

// What objects are unless something is said.
func emptyBot() convo.ObjectBody      { return convo.BotConfig{} }
func emptySkillset() convo.ObjectBody { return convo.Skillset{} }
func emptyAbility() convo.ObjectBody  { return convo.Ability{} }
func emptySecret() convo.ObjectBody {
	return convo.Secret{Scope: convo.SharedSecret, Type: convo.PlainSecret}
}
