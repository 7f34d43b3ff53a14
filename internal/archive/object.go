package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// objectLine is a line with an object: a bot, a skillset, an ability, a secret,
// or a vote on a bot. Body is the shape of its kind when it is written, and a
// *json.RawMessage when it is read. Sealed is the value of a secret, see [Lock].
type objectLine struct {
	Type        string           `json:"type"`
	Kind        convo.ObjectKind `json:"kind"`
	ID          string           `json:"id"`
	Parent      string           `json:"parent,omitempty"`
	Number      int64            `json:"number,omitempty"`
	Unlisted    bool             `json:"unlisted,omitempty"`
	CreatedAt   int64            `json:"createdAt"`
	UpdatedAt   int64            `json:"updatedAt"`
	Name        *string          `json:"name,omitempty"`
	Description *string          `json:"description,omitempty"`
	Meta        object           `json:"meta,omitempty"`
	Alias       *string          `json:"alias,omitempty"`
	BlueprintID *string          `json:"blueprintId,omitempty"`
	Visibility  *string          `json:"visibility,omitempty"`
	Body        any              `json:"body"`
	Sealed      []byte           `json:"sealed,omitempty"`
}

type botBody struct {
	Model      *string `json:"model,omitempty"`
	Backstory  *string `json:"backstory,omitempty"`
	DatasetID  *string `json:"datasetId,omitempty"`
	SkillsetID *string `json:"skillsetId,omitempty"`
	Privacy    *bool   `json:"privacy,omitempty"`
	Moderation *bool   `json:"moderation,omitempty"`
	Unmasked   *bool   `json:"unmasked,omitempty"`
	Folder     int64   `json:"folder"`
	Declared   bool    `json:"declared,omitempty"`
}

type abilityBody struct {
	Instruction string  `json:"instruction"`
	SecretID    *string `json:"secretId,omitempty"`
	FileID      *string `json:"fileId,omitempty"`
	BotID       *string `json:"botId,omitempty"`
	SpaceID     *string `json:"spaceId,omitempty"`
}

type secretBody struct {
	Scope  string `json:"kind"`
	Type   string `json:"type"`
	Config object `json:"config,omitempty"`
}

type ratingBody struct {
	Value  int    `json:"value"`
	Reason string `json:"reason,omitempty"`
}

// AddObject writes an object, without what it has sealed unless Lock was called.
// Objects come before all conversations, and those that others belong to before
// them.
func (a *Writer) AddObject(o convo.Object) error {
	if a.lock == nil {
		o.Sealed = nil
	}
	body, err := bodyOf(o.Body)
	if err == nil {
		a.begin(objectVersion)
		err = a.needs(o.Kind())
	}
	if err == nil {
		a.counts.Objects++
		f := o.ObjectFields
		err = a.write(objectLine{
			Type: typeObject, Kind: o.Kind(), ID: o.ID, Parent: o.Parent, Number: o.Number, Unlisted: o.Unlisted,
			CreatedAt: o.Created.UnixMilli(), UpdatedAt: o.Updated.UnixMilli(),
			Name: f.Name, Description: f.Description, Meta: object(f.Meta), Alias: f.Alias,
			BlueprintID: f.BlueprintID, Visibility: f.Visibility, Body: body, Sealed: o.Sealed,
		})
	}
	if err == nil {
		err = a.faithfulObject(o)
	}
	if err != nil {
		a.err = fmt.Errorf("%s %q: %w", o.Kind(), o.ID, err)
	}
	return a.err
}

// faithfulObject makes sure that the line that was just written is read as the
// object that it was made from, as faithful does for events.
func (a *Writer) faithfulObject(o convo.Object) error {
	if !bytes.Contains(a.line.Bytes(), []byte(`\ufffd`)) {
		return nil
	}
	back, err := decodeObject(a.line.Bytes())
	if err != nil {
		return err
	}
	o.Tenant, back.Created, back.Updated = "", o.Created, o.Updated
	if file, ok := o.Body.(convo.Stored); ok && file.Upload != "" {
		file.Upload = Content
		o.Body = file
	}
	if !reflect.DeepEqual(back, o) {
		return errNotUTF8
	}
	return nil
}

func bodyOf(b convo.ObjectBody) (any, error) {
	switch b := b.(type) {
	case convo.BotConfig:
		return botBody{b.Model, b.Backstory, b.DatasetID, b.SkillsetID, b.Privacy, b.Moderation, b.Unmasked, b.Folder, b.Declared}, nil
	case convo.Skillset:
		return empty{}, nil
	case convo.Ability:
		return abilityBody(b), nil
	case convo.Secret:
		return secretBody{b.Scope, b.Type, object(b.Config)}, nil
	case convo.Rating:
		return ratingBody(b), nil
	}
	return knowledgeOf(b)
}

// decodeObject reads the line of an object.
func decodeObject(line []byte) (convo.Object, error) {
	l, err := strict[struct {
		objectLine
		Body json.RawMessage `json:"body"`
	}](line)
	if err != nil {
		return convo.Object{}, err
	}
	if l.ID == "" || l.Body == nil {
		return convo.Object{}, errors.New("the object has no id or no body")
	}
	if l.Sealed != nil && (len(l.Sealed) == 0 || l.Kind != convo.ObjectSecret) {
		return convo.Object{}, errors.New("only a secret has a value, and none is left out")
	}
	o := convo.Object{
		ID: l.ID, Parent: l.Parent, Number: l.Number, Unlisted: l.Unlisted,
		Created: time.UnixMilli(l.CreatedAt).UTC(), Updated: time.UnixMilli(l.UpdatedAt).UTC(),
		ObjectFields: convo.ObjectFields{
			Name: l.Name, Description: l.Description, Meta: convo.JSON(l.Meta), Alias: l.Alias,
			BlueprintID: l.BlueprintID, Visibility: l.Visibility,
		},
		Sealed: l.Sealed,
	}
	if o.Body, err = objectBody(l.Kind, l.Body); err != nil {
		return o, fmt.Errorf("the body of %s %q: %w", l.Kind, l.ID, err)
	}
	return o, nil
}

func objectBody(kind convo.ObjectKind, text []byte) (convo.ObjectBody, error) {
	switch kind {
	case convo.ObjectBot:
		b, err := strict[botBody](text)
		return convo.BotConfig{
			Config: convo.Config{
				Model: b.Model, Backstory: b.Backstory, DatasetID: b.DatasetID, SkillsetID: b.SkillsetID,
				Privacy: b.Privacy, Moderation: b.Moderation, Unmasked: b.Unmasked,
			},
			Folder: b.Folder, Declared: b.Declared,
		}, err
	case convo.ObjectSkillset:
		_, err := strict[empty](text)
		return convo.Skillset{}, err
	case convo.ObjectAbility:
		b, err := strict[abilityBody](text)
		return convo.Ability(b), err
	case convo.ObjectSecret:
		b, err := strict[secretBody](text)
		return convo.Secret{Scope: b.Scope, Type: b.Type, Config: convo.JSON(b.Config)}, err
	case convo.ObjectRating:
		b, err := strict[ratingBody](text)
		return convo.Rating(b), err
	}
	return knowledgeBody(kind, text)
}
