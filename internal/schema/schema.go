// Package schema makes the JSON schemas that callers send with their functions
// fit for model providers, and holds a model's arguments against them.
//
// Callers send schemas in many forms: those of OpenAPI 3.0 (nullable, a boolean
// exclusiveMinimum, a list of items), older drafts, references into the schema
// itself, or nothing at all. [Cache.Compile] makes of each a plain JSON Schema
// 2020-12 of type object, with all references written out.
//
// It promises:
//
//   - Only a schema that is too large or too deep is an error. One that is no
//     schema, refers to itself or to elsewhere, or cannot be compiled is usable
//     all the same: its arguments are not checked, and [Schema.Fault] says why.
//     Where it refers to itself, providers are told that anything goes.
//   - What providers get has none of the forms that one of them refuses and that
//     can be said in another way: alternatives at the top, lists without items,
//     true and false.
//   - Nothing is loaded from anywhere.
//   - The members of objects stay in the caller's order, in which models answer.
//   - Compiling and checking cost bounded time and memory, whatever they are
//     given. Where a check would cost too much, it passes.
//   - What a format names (date-time, email, …) is for the model to read and is
//     not checked; nor is a pattern that Go's regexp does not know.
package schema

import (
	"errors"
	"sync"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The bounds of a schema, as it comes.
const (
	MaxBytes = 256 << 10
	MaxDepth = 100 // objects and lists in one another
)

// Schema is the schema of a function's arguments. It may be used by many
// goroutines.
type Schema struct {
	normal

	compile sync.Once // sets what follows
	checker *jsonschema.Schema
}

// Provider gives the schema as providers take it. It must not be changed.
func (s *Schema) Provider() convo.JSON { return s.provider }

// Checked reports whether Check looks at more than that the arguments are an
// object.
func (s *Schema) Checked() bool { return s.Fault() == nil }

// Fault says why arguments are not checked. It is nil if they are.
func (s *Schema) Fault() error {
	s.compile.Do(s.compileOnce)
	return s.fault
}

// newSchema makes the schema for what a caller sent. The work that only a check
// needs is left to the first one: of a hundred functions a model calls few.
func newSchema(name string, parameters convo.JSON) (*Schema, error) {
	if len(parameters) > MaxBytes {
		return nil, convo.Errorf(convo.Invalid, "the parameters of function %s are over %d KiB; send a smaller schema", name, MaxBytes>>10)
	}
	n, err := normalise(parameters)
	if errors.Is(err, errDeep) {
		return nil, convo.Errorf(convo.Invalid, "the parameters of function %s are over %d levels deep; send a flatter schema", name, MaxDepth)
	}
	if err != nil {
		return nil, err
	}
	return &Schema{normal: n}, nil
}
