package openapi

import (
	"fmt"
	"strings"
)

// piece is a part of a type's description: plain words, or the name of a schema
// that is described elsewhere on the page.
type piece struct{ Text, Schema string }

// describe says in words what a schema takes.
func describe(s *Schema) []piece {
	if s == nil {
		return nil
	}
	switch {
	case s.Ref != "":
		name := strings.TrimPrefix(s.Ref, componentPrefix)
		return []piece{{name, name}}
	case s.Const != nil:
		return []piece{{fmt.Sprintf("%q", s.Const), ""}}
	case s.Enum != nil:
		return []piece{{enumeration(s.Enum), ""}}
	case len(s.OneOf) > 0:
		return joined(s.OneOf)
	case len(s.AnyOf) > 0 && len(s.Type) == 0:
		return joined(s.AnyOf)
	case len(s.Type) == 0:
		return []piece{{"anything", ""}}
	}
	var out []piece
	for i, t := range s.Type {
		if i > 0 {
			out = append(out, piece{" or ", ""})
		}
		switch t {
		case "array":
			out = append(append(out, piece{"list of ", ""}), describe(s.Items)...)
		case "integer":
			out = append(out, piece{"whole number", ""})
		default:
			out = append(out, piece{t, ""})
		}
	}
	return out
}

func joined(schemas []*Schema) (out []piece) {
	for i, s := range schemas {
		if i > 0 {
			out = append(out, piece{" or ", ""})
		}
		out = append(out, describe(s)...)
	}
	return out
}

func enumeration(values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
		if v == nil {
			words[i] = "null"
		}
	}
	return strings.Join(words, ", ")
}

// limits says what else a value must be.
func limits(s *Schema) string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	switch {
	case s.Minimum != nil && s.Maximum != nil && *s.Maximum < 1<<53:
		add("%d to %d", *s.Minimum, *s.Maximum)
	case s.Minimum != nil:
		add("at least %d", *s.Minimum)
	}
	switch {
	case s.MaxLength != nil && *s.MaxLength == 0:
		add("empty")
	case s.MaxLength != nil:
		add("at most %d characters", *s.MaxLength)
	}
	switch {
	case s.MaxItems != nil && *s.MaxItems == 0:
		add("empty")
	case s.MaxItems != nil:
		add("at most %d items", *s.MaxItems)
	}
	if s.Default != nil {
		add("%v unless given", s.Default)
	}
	return strings.Join(all, ", ")
}
