package client

import (
	"encoding/json"
	"errors"
)

// Entity is a part of a text that names somebody or something. Its offsets
// count UTF-16 units, as JavaScript does.
type Entity struct {
	Type        string       `json:"type"` // as "email" or "name"
	Begin       int          `json:"begin"`
	End         int          `json:"end"` // behind the last unit
	Text        string       `json:"text"`
	Replacement *Replacement `json:"replacement,omitzero"`
}

// Replacement is what stands for an entity where it is not to be seen. Its
// offsets are those in the replaced text.
type Replacement struct {
	Begin int    `json:"begin"`
	End   int    `json:"end"`
	Text  string `json:"text"`
}

// Attachment is a file for a turn, by its http, https or data URL.
type Attachment struct {
	URL string `json:"url"`
}

// Function is something that the model may call in a turn.
type Function struct {
	Name        string          `json:"name"` // a JavaScript identifier of at most 64 characters
	Description string          `json:"description,omitzero"`
	Parameters  *Parameters     `json:"parameters,omitzero"`
	Result      *FunctionResult `json:"result,omitzero"` // nil: the turn ends, and the caller brings it
	Call        *FunctionForce  `json:"call,omitzero"`
}

// FunctionResult says where the result of a function comes from: it is known
// already, or somebody publishes it on a channel.
type FunctionResult struct {
	Data    Optional[any] `json:"data,omitzero"`
	Channel string        `json:"channel,omitzero"`
}

// FunctionForce makes the model call a function.
type FunctionForce struct {
	Start bool `json:"start,omitzero"` // before anything else
	End   bool `json:"end,omitzero"`   // after the answer
}

// Parameters is the JSON Schema of a function's arguments, an object.
type Parameters struct {
	Type       string         // "" = "object"
	Properties map[string]any // from the name of an argument to its schema
	Required   []string
	Extra      map[string]any // further keywords of the schema
}

// MarshalJSON implements [json.Marshaler].
func (p Parameters) MarshalJSON() ([]byte, error) {
	schema := map[string]any{}
	for keyword, value := range p.Extra {
		schema[keyword] = value
	}
	schema["type"] = "object"
	if p.Type != "" {
		schema["type"] = p.Type
	}
	schema["properties"] = map[string]any{}
	if p.Properties != nil {
		schema["properties"] = p.Properties
	}
	if p.Required != nil {
		schema["required"] = p.Required
	}
	return json.Marshal(schema)
}

// UnmarshalJSON implements [json.Unmarshaler], for schemas that are read from a
// file. All of it is kept.
func (p *Parameters) UnmarshalJSON(text []byte) error {
	var known struct {
		Type       string   `json:"type"`
		Properties Meta     `json:"properties"`
		Required   []string `json:"required"`
	}
	var all Meta // which keeps numbers as they are written
	if err := errors.Join(json.Unmarshal(text, &known), json.Unmarshal(text, &all)); err != nil {
		return err
	}
	for _, keyword := range []string{"type", "properties", "required"} {
		delete(all, keyword)
	}
	*p = Parameters{Type: known.Type, Properties: known.Properties, Required: known.Required}
	if len(all) > 0 {
		p.Extra = all
	}
	return nil
}

// Limits bound what one turn may do; 0 is the server's own bound.
type Limits struct {
	Iterations    int `json:"iterations,omitzero"`    // answers of the model, with their calls
	Continuations int `json:"continuations,omitzero"` // of answers that were cut
	Calls         int `json:"calls,omitzero"`         // of functions
}

// Extensions add to what the bot knows and can, for one turn.
type Extensions struct {
	Backstory string              `json:"backstory,omitzero"`
	Datasets  []ExtensionDataset  `json:"datasets,omitzero"`
	Skillsets []ExtensionSkillset `json:"skillsets,omitzero"`
	Features  []ExtensionFeature  `json:"features,omitzero"`
}

// ExtensionDataset is a dataset that comes with a turn.
type ExtensionDataset struct {
	Name        string            `json:"name,omitzero"`
	Description string            `json:"description,omitzero"`
	Records     []ExtensionRecord `json:"records,omitzero"`
}

// ExtensionRecord is one text of an [ExtensionDataset].
type ExtensionRecord struct {
	Text string         `json:"text"`
	Meta Optional[Meta] `json:"meta,omitzero"`
}

// ExtensionSkillset is a skillset that comes with a turn.
type ExtensionSkillset struct {
	Name        string             `json:"name,omitzero"`
	Description string             `json:"description,omitzero"`
	Abilities   []ExtensionAbility `json:"abilities,omitzero"`
}

// ExtensionAbility is one skill of an [ExtensionSkillset].
type ExtensionAbility struct {
	Name        string         `json:"name,omitzero"`
	Description string         `json:"description,omitzero"`
	Instruction string         `json:"instruction,omitzero"`
	SecretID    string         `json:"secretId,omitzero"`
	Meta        Optional[Meta] `json:"meta,omitzero"`
}

// ExtensionFeature switches something on, by its name. With "memory" the model is told
// what is remembered of the contact and the bot, and remembers more of the contact,
// unless Options has "write": false.
type ExtensionFeature struct {
	Name    string         `json:"name"`
	Options map[string]any `json:"options,omitzero"`
}
