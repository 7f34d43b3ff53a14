package record

import (
	"encoding/json"
	"fmt"

	"github.com/parleyhq/parley/internal/convo"
)

// object is the stored form of what an object has beside its ids, its times,
// its name, its meta and a secret's value, for which drivers have columns.
type object struct {
	Description *string `json:"d,omitempty"`
	BlueprintID *string `json:"b,omitempty"`
	Visibility  *string `json:"v,omitempty"`

	Bot     *bot     `json:"bot,omitempty"`
	Ability *ability `json:"ability,omitempty"`
	Secret  *secret  `json:"secret,omitempty"`
	Rating  *rating  `json:"rating,omitempty"`

	Dataset     *dataset     `json:"dataset,omitempty"`
	File        *stored      `json:"file,omitempty"`
	DatasetFile *datasetFile `json:"datasetfile,omitempty"`
	Contact     *contact     `json:"contact,omitempty"`
}

type bot struct {
	config
	Folder   int64 `json:"f,omitempty"`
	Declared bool  `json:"d,omitempty"`
}

type ability struct {
	Instruction string  `json:"i,omitempty"`
	SecretID    *string `json:"s,omitempty"`
	FileID      *string `json:"f,omitempty"`
	BotID       *string `json:"b,omitempty"`
	SpaceID     *string `json:"p,omitempty"`
}

type secret struct {
	Scope  string `json:"s,omitempty"`
	Type   string `json:"t,omitempty"`
	Config string `json:"c,omitempty"` // as it was sent
}

type rating struct {
	Value  int    `json:"v,omitempty"`
	Reason string `json:"r,omitempty"`
}

// EncodeObject gives the stored form of an object's body and of the fields that
// no driver looks at: all but the ids, the number, the times, Unlisted, Name,
// Alias, Meta and Sealed. It is nil if nothing is left to say.
func EncodeObject(o convo.Object) ([]byte, error) {
	data := object{Description: o.Description, BlueprintID: o.BlueprintID, Visibility: o.Visibility}
	switch b := o.Body.(type) {
	case convo.BotConfig:
		data.Bot = &bot{config(b.Config), b.Folder, b.Declared}
	case convo.Skillset:
	case convo.Ability:
		data.Ability = new(ability(b))
	case convo.Secret:
		data.Secret = &secret{b.Scope, b.Type, string(b.Config)}
	case convo.Rating:
		data.Rating = new(rating(b))
	default:
		if err := data.encodeKnowledge(b); err != nil {
			return nil, err
		}
	}
	return marshal(data)
}

// DecodeObject sets in o what EncodeObject was given of an object of that kind.
func DecodeObject(o *convo.Object, kind convo.ObjectKind, text []byte) error {
	var data object
	if len(text) > 0 {
		if err := json.Unmarshal(text, &data); err != nil {
			return fmt.Errorf("record: %s %s: %w", kind, o.ID, err)
		}
	}
	o.Description, o.BlueprintID, o.Visibility = data.Description, data.BlueprintID, data.Visibility
	switch kind {
	case convo.ObjectBot:
		b := or(data.Bot)
		o.Body = convo.BotConfig{Config: convo.Config(b.config), Folder: b.Folder, Declared: b.Declared}
	case convo.ObjectSkillset:
		o.Body = convo.Skillset{}
	case convo.ObjectAbility:
		o.Body = convo.Ability(or(data.Ability))
	case convo.ObjectSecret:
		s := or(data.Secret)
		o.Body = convo.Secret{Scope: s.Scope, Type: s.Type, Config: jsonOf(s.Config)}
	case convo.ObjectRating:
		o.Body = convo.Rating(or(data.Rating))
	default:
		var err error
		o.Body, err = data.knowledge(kind)
		return err
	}
	return nil
}

func or[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
