package openapi

import "encoding/json"

// Schema is a JSON schema of draft 2020-12, with the keywords that are used
// here. The zero value takes anything.
type Schema struct {
	Ref         string `json:"$ref,omitempty"`
	Description string `json:"description,omitempty"`
	Type        Types  `json:"type,omitempty"`
	Format      string `json:"format,omitempty"`

	Const   any   `json:"const,omitempty"`
	Enum    []any `json:"enum,omitempty"`
	Default any   `json:"default,omitempty"`

	Pattern   string `json:"pattern,omitempty"`
	MinLength *int   `json:"minLength,omitempty"` // characters
	MaxLength *int   `json:"maxLength,omitempty"`
	Minimum   *int64 `json:"minimum,omitempty"`
	Maximum   *int64 `json:"maximum,omitempty"`

	Items    *Schema `json:"items,omitempty"`
	MinItems *int    `json:"minItems,omitempty"`
	MaxItems *int    `json:"maxItems,omitempty"`

	Properties           Map[*Schema] `json:"properties,omitempty"`
	Required             []string     `json:"required,omitempty"`
	PropertyNames        *Schema      `json:"propertyNames,omitempty"`
	MaxProperties        *int         `json:"maxProperties,omitempty"`
	AdditionalProperties any          `json:"additionalProperties,omitempty"` // *Schema or bool

	AnyOf         []*Schema      `json:"anyOf,omitempty"`
	OneOf         []*Schema      `json:"oneOf,omitempty"`
	Discriminator *Discriminator `json:"discriminator,omitempty"`
}

// Discriminator names the member by which the schemas of a OneOf differ.
type Discriminator struct {
	PropertyName string      `json:"propertyName"`
	Mapping      Map[string] `json:"mapping,omitempty"`
}

// Types are the JSON types that a value may have.
type Types []string

// MarshalJSON writes a single type as a string, as most tools expect it.
func (t Types) MarshalJSON() ([]byte, error) {
	if len(t) == 1 {
		return json.Marshal(t[0])
	}
	return json.Marshal([]string(t))
}

// Text is the schema of any string.
func Text() *Schema { return &Schema{Type: Types{"string"}} }

// Boolean is the schema of true and false.
func Boolean() *Schema { return &Schema{Type: Types{"boolean"}} }

// Number is the schema of any number.
func Number() *Schema { return &Schema{Type: Types{"number"}} }

// Integer is the schema of a whole number of 64 bits.
func Integer() *Schema { return &Schema{Type: Types{"integer"}, Format: "int64"} }

// Between is the schema of a whole number from low to high.
func Between(low, high int64) *Schema {
	s := Integer()
	s.Minimum, s.Maximum = &low, &high
	return s
}

// OneOf is the schema of a string that is one of the values.
func OneOf[T ~string](values ...T) *Schema {
	s := Text()
	for _, v := range values {
		s.Enum = append(s.Enum, string(v))
	}
	return s
}

// Object is the schema of an object of any members.
func Object() *Schema { return &Schema{Type: Types{"object"}, AdditionalProperties: true} }

// List is the schema of a list.
func List(items *Schema) *Schema { return &Schema{Type: Types{"array"}, Items: items} }

// With gives a copy with a description.
func (s *Schema) With(description string) *Schema {
	if description == "" {
		return s
	}
	c := *s
	c.Description = description
	return &c
}

// OrNull gives a schema that takes null too.
func (s *Schema) OrNull() *Schema {
	switch {
	case s.Ref == "" && len(s.Type) == 0 && s.Enum == nil && s.AnyOf == nil && s.OneOf == nil:
		return s // takes anything
	case s.Ref != "" || len(s.Type) == 0:
		inner := s.bare()
		return &Schema{Description: s.Description, AnyOf: []*Schema{inner, {Type: Types{"null"}}}}
	}
	c := *s
	c.Type = append(append(Types{}, s.Type...), "null")
	if c.Enum != nil {
		c.Enum = append(append([]any{}, c.Enum...), nil)
	}
	return &c
}

func (s *Schema) bare() *Schema {
	c := *s
	c.Description = ""
	return &c
}
