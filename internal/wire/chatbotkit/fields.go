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

// anything is any JSON value, not kept.
type anything struct{}

// DecodeField implements [httpio.Field].
func (*anything) DecodeField(string, []byte) error { return nil }

// Describe implements [openapi.Describer].
func (*anything) Describe(*openapi.Schemas) *openapi.Schema { return &openapi.Schema{} }

// checkedText is a string that is checked and not kept, and checkedObject an
// object. They take no room, however many of them a list in a list has.
type (
	checkedText   struct{}
	checkedObject struct{}
)

// DecodeField implements [httpio.Field].
func (*checkedText) DecodeField(path string, value []byte) error {
	if value[0] != '"' && string(value) != "null" {
		return convo.Errorf(convo.Invalid, "%s must be a string", path)
	}
	return nil
}

// Describe implements [openapi.Describer].
func (*checkedText) Describe(*openapi.Schemas) *openapi.Schema { return openapi.Text() }

// DecodeField implements [httpio.Field].
func (*checkedObject) DecodeField(path string, value []byte) error {
	if value[0] != '{' && string(value) != "null" {
		return convo.Errorf(convo.Invalid, "%s must be an object", path)
	}
	return nil
}

// Describe implements [openapi.Describer].
func (*checkedObject) Describe(*openapi.Schemas) *openapi.Schema { return openapi.Object() }

// entities is a list of known entities. Only wrong types are errors: offsets
// may belong to another text. It is given back as it came.
type entities struct{ list []byte }

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
	e.list = bytes.Clone(value)
	return nil
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

// functions is a list of functions for a turn.
type functions struct{ given bool }

// function is the shape of one; what its names may be is for the version that
// calls them.
type function struct {
	Name        string                  `json:"name" required:"true"`
	Description string                  `json:"description"`
	Parameters  httpio.Optional[object] `json:"parameters"`
	Result      anything                `json:"result"`
	Call        struct {
		Start bool `json:"start"`
		End   bool `json:"end"`
	} `json:"call"`
}

// DecodeField implements [httpio.Field].
func (f *functions) DecodeField(path string, value []byte) error {
	var shape httpio.Optional[[]function]
	err := shape.DecodeField(path, value)
	f.given = len(shape.Value) > 0
	return err
}

// Describe implements [openapi.Describer].
func (*functions) Describe(s *openapi.Schemas) *openapi.Schema {
	return httpio.RequestSchema(s, reflect.TypeFor[[]function]())
}

// extensions add to what a bot knows and can, for one turn.
type extensions struct{ given bool }

// extension is the shape of extensions.
type extension struct {
	Backstory string    `json:"backstory"`
	Datasets  []dataset `json:"datasets"`
	Skillsets []skills  `json:"skillsets"`
	Features  []feature `json:"features"`
}

type dataset struct {
	Name        checkedText `json:"name"`
	Description checkedText `json:"description"`
	Records     []struct {
		Text checkedText   `json:"text"`
		Meta checkedObject `json:"meta"`
	} `json:"records"`
}

type skills struct {
	Name        checkedText `json:"name"`
	Description checkedText `json:"description"`
	Abilities   []struct {
		Name        checkedText   `json:"name"`
		Description checkedText   `json:"description"`
		Instruction checkedText   `json:"instruction"`
		SecretID    checkedText   `json:"secretId"`
		Meta        checkedObject `json:"meta"`
	} `json:"abilities"`
}

type feature struct {
	Name    checkedText   `json:"name"`
	Options checkedObject `json:"options"`
}

// DecodeField implements [httpio.Field]. An extension that says nothing counts
// as none.
func (e *extensions) DecodeField(path string, value []byte) error {
	var shape httpio.Optional[extension]
	err := shape.DecodeField(path, value)
	x := shape.Value
	e.given = x.Backstory != "" || len(x.Datasets)+len(x.Skillsets)+len(x.Features) > 0
	return err
}

// Describe implements [openapi.Describer].
func (*extensions) Describe(s *openapi.Schemas) *openapi.Schema {
	return httpio.RequestSchema(s, reflect.TypeFor[extension]())
}

// limits bound what one turn may do.
type limits struct{ given bool }

// DecodeField implements [httpio.Field].
func (l *limits) DecodeField(path string, value []byte) error {
	var shape httpio.Optional[struct {
		Iterations    *int64 `json:"iterations"`
		Continuations *int64 `json:"continuations"`
		Calls         *int64 `json:"calls"`
	}]
	if err := shape.DecodeField(path, value); err != nil {
		return err
	}
	for _, n := range []*int64{shape.Value.Iterations, shape.Value.Continuations, shape.Value.Calls} {
		if n == nil {
			continue
		}
		if l.given = true; *n < 1 {
			return convo.Errorf(convo.Invalid, "%s must be whole numbers of at least 1", path)
		}
	}
	return nil
}

// Describe implements [openapi.Describer]. No limit works yet, so that no number
// is taken.
func (*limits) Describe(*openapi.Schemas) *openapi.Schema {
	described := &openapi.Schema{Type: openapi.Types{"object"}, Description: notSupported}
	for _, name := range []string{"iterations", "continuations", "calls"} {
		described.Properties.Set(name, &openapi.Schema{Type: openapi.Types{"null"}})
	}
	return described
}
