package httpio

import (
	"reflect"

	"github.com/parleyhq/parley/internal/openapi"
)

// RequestSchema is the schema of the bodies that [Decode] reads into a type. It
// walks the same members by the same rules: unknown ones are not forbidden,
// null is as good as absent, and a list has its bound. A [Field] must be an
// [openapi.Describer] too. A tag doc:"…" is a member's description, limit:"…"
// names the bound of a text, which others than the decoder check.
//
// What the schema refuses is refused, but what it takes may still be refused for
// what it says.
func RequestSchema(s *openapi.Schemas, t reflect.Type) *openapi.Schema {
	w := &schemaWalk{Schemas: s, decoder: newDecoder()}
	return w.of(t)
}

type schemaWalk struct {
	*openapi.Schemas
	*decoder
}

// refiner is a request that knows more of itself than its members say.
type refiner interface{ Refine(*openapi.Schema) }

func (w *schemaWalk) of(t reflect.Type) *openapi.Schema {
	pointer := reflect.New(t).Interface()
	if d, ok := pointer.(openapi.Describer); ok {
		return d.Describe(w.Schemas)
	}
	if _, ok := pointer.(Field); ok {
		return w.Fail("%s decodes itself and does not describe itself", t)
	}
	switch t.Kind() {
	case reflect.String:
		return openapi.Text()
	case reflect.Bool:
		return openapi.Boolean()
	case reflect.Int, reflect.Int64:
		return openapi.Integer()
	case reflect.Float64:
		return openapi.Number()
	case reflect.Pointer:
		return w.of(t.Elem())
	case reflect.Slice:
		most := MaxItems
		list := openapi.List(w.of(t.Elem()))
		list.MaxItems = &most
		return list
	case reflect.Struct:
		return w.Struct(t, func() *openapi.Schema { return w.members(t) })
	}
	return w.Fail("%s cannot be decoded", t)
}

func (w *schemaWalk) members(t reflect.Type) *openapi.Schema {
	object := &openapi.Schema{Type: openapi.Types{"object"}}
	for _, m := range w.decoder.members(t) {
		field := t.FieldByIndex(m.index)
		schema := w.of(field.Type)
		if bound := field.Tag.Get("limit"); bound != "" {
			schema = w.Bounded(schema, bound)
		}
		if m.most > 0 {
			schema.MaxItems = &m.most
		}
		switch {
		case m.required:
			object.Required = append(object.Required, m.name)
		case !m.present:
			schema = schema.OrNull()
		}
		object.Properties.Set(m.name, schema.With(field.Tag.Get("doc")))
	}
	if r, ok := reflect.New(t).Interface().(refiner); ok {
		r.Refine(object)
	}
	return object
}

// Describe implements [openapi.Describer].
func (o *Optional[T]) Describe(s *openapi.Schemas) *openapi.Schema {
	return RequestSchema(s, reflect.TypeFor[T]())
}
