package openapi

import (
	"fmt"
	"reflect"
	"strings"
)

// Describer is a type that says itself what stands for it in JSON.
type Describer interface {
	Describe(s *Schemas) *Schema
}

// Schemas makes schemas of Go types. A type that has a name becomes a component
// of the document, written once; the others are written where they are used.
type Schemas struct {
	names  map[reflect.Type]string
	bounds map[string]int
	made   Map[*Schema]
	err    error
	depth  int
}

// maxDepth is how deep types may be nested; only a type that contains itself is
// deeper, and such a one needs a name.
const maxDepth = 32

// NewSchemas takes the names of components, which are what generators call
// their types, so they are given by hand and do not follow the names in Go; and
// the bounds of texts that are known only now, by the names that fields use.
func NewSchemas(names map[reflect.Type]string, bounds map[string]int) *Schemas {
	s := &Schemas{names: names, bounds: bounds}
	taken := map[string]bool{}
	for _, name := range names {
		if taken[name] {
			s.Fail("two types have the name %s", name)
		}
		taken[name] = true
	}
	return s
}

// Components are the schemas that have names, in the order of their first use.
// The error is the first one of any type that has no schema, or says that a name
// is not used.
func (s *Schemas) Components() (Map[*Schema], error) {
	for t, name := range s.names {
		if _, ok := s.made.Get(name); !ok {
			s.Fail("nothing uses the type %s, of the name %s", t, name)
		}
	}
	return s.made, s.err
}

// Fail keeps the first error, for [Schemas.Components].
func (s *Schemas) Fail(format string, args ...any) *Schema {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
	return &Schema{}
}

// Bounded gives a copy of a text's schema with one of the bounds, in characters.
// A bound in bytes is one in characters too, only a wider one.
func (s *Schemas) Bounded(schema *Schema, bound string) *Schema {
	most, ok := s.bounds[bound]
	if !ok || len(schema.Type) != 1 || schema.Type[0] != "string" {
		return s.Fail("there is no bound %q, or it bounds no text", bound)
	}
	c := *schema
	c.MaxLength = &most
	return &c
}

const componentPrefix = "#/components/schemas/"

// Struct makes the schema of a struct, or a reference to it where the type has
// a name. What is made of its fields is up to describe.
func (s *Schemas) Struct(t reflect.Type, describe func() *Schema) *Schema {
	name := s.names[t]
	if name == "" {
		if s.depth++; s.depth > maxDepth {
			return s.Fail("the type %s contains itself and has no name", t)
		}
		defer func() { s.depth-- }()
		return describe()
	}
	return s.Component(name, describe)
}

// Component makes a schema once, under a name, and gives a reference to it.
func (s *Schemas) Component(name string, describe func() *Schema) *Schema {
	ref := &Schema{Ref: componentPrefix + name}
	if _, ok := s.made.Get(name); ok {
		return ref
	}
	s.made.Set(name, &Schema{}) // its place, and an end for types that contain themselves
	s.made.Set(name, describe())
	return ref
}

// Resolve gives the component that a schema refers to, or the schema itself.
func (s *Schemas) Resolve(schema *Schema) *Schema {
	if found, ok := s.made.Get(strings.TrimPrefix(schema.Ref, componentPrefix)); ok {
		return found
	}
	return schema
}

// Answer is the schema of what encoding/json writes for a type. A member that
// may be left out (omitempty, omitzero) is not required.
func (s *Schemas) Answer(t reflect.Type) *Schema {
	if d, ok := reflect.New(t).Interface().(Describer); ok {
		return d.Describe(s)
	}
	switch t.Kind() {
	case reflect.String:
		return Text()
	case reflect.Bool:
		return Boolean()
	case reflect.Int, reflect.Int64:
		return Integer()
	case reflect.Float64:
		return Number()
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return s.Fail("answers with a %s have no schema", t)
		}
		return &Schema{Type: Types{"object"}, AdditionalProperties: s.Answer(t.Elem())}
	case reflect.Pointer:
		return s.Answer(t.Elem())
	case reflect.Slice:
		return List(s.Answer(t.Elem()))
	case reflect.Struct:
		return s.Struct(t, func() *Schema { return s.answerObject(t) })
	}
	return s.Fail("answers with a %s have no schema", t)
}

func (s *Schemas) answerObject(t reflect.Type) *Schema {
	object := &Schema{Type: Types{"object"}}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			continue // its fields are visible themselves
		case name == "":
			return s.Fail("%s.%s has no json tag", t, f.Name)
		}
		object.Properties.Set(name, s.Answer(f.Type).With(f.Tag.Get("doc")))
		if !strings.Contains(options, "omit") {
			object.Required = append(object.Required, name)
		}
	}
	return object
}
