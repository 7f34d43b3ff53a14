package openapi

import (
	"fmt"
	"strings"
)

// piece is a part of a type's description: plain words, or the name of a schema
// that is described elsewhere on the page.
type piece struct{ Text, Schema string }

// describe says in words what a schema takes, but for null.
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
	for _, t := range s.Type {
		switch {
		case t == "null" && len(s.Type) > 1:
			continue // said once for all members
		case len(out) > 0:
			out = append(out, piece{" or ", ""})
		}
		out = append(out, ofType(t, s)...)
	}
	return out
}

func ofType(t string, s *Schema) []piece {
	switch {
	case t == "integer":
		return []piece{{"whole number", ""}}
	case t == "array" && s.MaxItems != nil && *s.MaxItems == 0:
		return []piece{{"list", ""}}
	case t == "array":
		return append([]piece{{"list of ", ""}}, describe(s.Items)...)
	}
	return []piece{{t, ""}}
}

func joined(schemas []*Schema) (out []piece) {
	for _, s := range schemas {
		switch {
		case len(s.Type) == 1 && s.Type[0] == "null":
			continue
		case len(out) > 0:
			out = append(out, piece{" or ", ""})
		}
		out = append(out, describe(s)...)
	}
	return out
}

func enumeration(values []any) string {
	var words []string
	for _, v := range values {
		if v != nil {
			words = append(words, fmt.Sprint(v))
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
