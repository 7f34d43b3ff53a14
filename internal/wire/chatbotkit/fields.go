package chatbotkit

import (
	"bytes"
	"reflect"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/openapi"
)

// object is a JSON object kept as it was sent.
type object convo.JSON

// DecodeField implements [httpio.Field].
func (o *object) DecodeField(path string, value []byte) error {
	if value[0] != '{' {
		return convo.Errorf(convo.Invalid, "%s must be an object", path)
	}
	*o = bytes.Clone(value)
	return nil
}

// MarshalJSON keeps the object as it was sent.
func (o object) MarshalJSON() ([]byte, error) { return o, nil }

// Describe implements [openapi.Describer].
func (*object) Describe(*openapi.Schemas) *openapi.Schema { return openapi.Object() }

// entities is a list of known entities. Only wrong types are errors: offsets
// may belong to another text. Without privacy it is given back as it came.
type entities struct {
	list []byte
	said []entity
}

// entity is checked for its types and not kept. Offsets are numbers of any
// kind: JavaScript has no others.
type entity struct {
	Type        string       `json:"type"`
	Begin       float64      `json:"begin"`
	End         float64      `json:"end"`
	Text        string       `json:"text"`
	Replacement *replacement `json:"replacement"`
}

// Refine says that members of the caller's own come back as well.
func (*entity) Refine(s *openapi.Schema) { s.AdditionalProperties = true }

type replacement struct {
	Begin float64 `json:"begin"`
	End   float64 `json:"end"`
	Text  string  `json:"text"`
}

// DecodeField implements [httpio.Field].
func (e *entities) DecodeField(path string, value []byte) error {
	var shape httpio.Optional[[]entity]
	if err := shape.DecodeField(path, value); err != nil || shape.Null {
		return err
	}
	e.list, e.said = bytes.Clone(value), shape.Value
	return nil
}

// known gives the list to the engine, for which only the texts count: their places may
// be those in another text.
func (e entities) known() []convo.Entity {
	var list []convo.Entity
	for _, said := range e.said {
		if said.Text == "" {
			continue
		}
		known := convo.Entity{Type: said.Type, Text: said.Text}
		if said.Replacement != nil {
			known.Replacement = &convo.Replacement{Text: said.Replacement.Text}
		}
		list = append(list, known)
	}
	return list
}

// showEntities gives what was found in a text and replaced.
func showEntities(found []convo.Entity) []entity {
	list := make([]entity, len(found))
	for i, f := range found {
		list[i] = entity{Type: f.Type, Begin: float64(f.Begin), End: float64(f.End), Text: f.Text}
		if r := f.Replacement; r != nil {
			list[i].Replacement = &replacement{Begin: float64(r.Begin), End: float64(r.End), Text: r.Text}
		}
	}
	return list
}

// Describe implements [openapi.Describer].
func (*entities) Describe(s *openapi.Schemas) *openapi.Schema {
	return httpio.RequestSchema(s, reflect.TypeFor[[]entity]()).With("What is known of the text. Offsets count UTF-16 units.")
}

// MarshalJSON gives the caller's own list, or an empty one.
func (e entities) MarshalJSON() ([]byte, error) {
	if e.list == nil {
		return []byte("[]"), nil
	}
	return e.list, nil
}
