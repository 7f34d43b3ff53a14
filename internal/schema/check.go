package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

const (
	maxText   = 1 << 10 // of what the model is told
	maxReason = 200     // of one reason
	// maxWork bounds a check: the values of the schema times those of the
	// arguments, of which each may meet each. It takes seconds at the worst.
	maxWork = 1 << 20
)

var errElsewhere = errors.New("a schema refers to nothing elsewhere")

// location is the address that the compiler wants the schema to have.
const location = "urn:parameters"

// compileOnce makes what checks, or finds why there is nothing.
func (s *Schema) compileOnce() {
	if s.fault != nil {
		return
	}
	var doc any
	if s.fault = json.Unmarshal(s.checked, &doc); s.fault != nil {
		return
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(elsewhere{})
	c.UseRegexpEngine(compilePattern)
	if s.fault = c.AddResource(location, doc); s.fault != nil {
		return
	}
	checker, err := c.Compile(location)
	if err != nil {
		s.fault = fmt.Errorf("it is not a JSON schema: %s", reasons(err))
		return
	}
	s.checker = checker
}

// elsewhere is the loader of a compiler that loads nothing.
type elsewhere struct{}

// Load implements jsonschema.URLLoader.
func (elsewhere) Load(string) (any, error) { return nil, errElsewhere }

// Check holds arguments, as a model wrote them, against the schema. The error is
// an [*convo.Error] that tells the model what to mend, in about a KiB at most.
// Whatever the schema, arguments have to be a JSON object.
func (s *Schema) Check(arguments convo.JSON) error {
	var v any
	if err := json.Unmarshal(arguments, &v); err != nil {
		if _, tooLarge := errors.AsType[*json.UnmarshalTypeError](err); tooLarge {
			return convo.Errorf(convo.Invalid, "a number in the arguments is out of range")
		}
		return convo.Errorf(convo.Invalid, "the arguments are not JSON: %s", cut(err.Error(), maxReason))
	}
	if _, ok := v.(map[string]any); !ok {
		return convo.Errorf(convo.Invalid, "the arguments have to be a JSON object")
	}
	if s.Fault() != nil || s.values > maxWork/size(v) {
		return nil
	}
	if err := s.checker.Validate(v); err != nil {
		return convo.Errorf(convo.Invalid, "the arguments do not fit the function's schema: %s", reasons(err))
	}
	return nil
}

// size is how much there is to check in a value: its values, and its text.
func size(v any) int {
	n := 1
	switch v := v.(type) {
	case string:
		n += len(v) / 16
	case []any:
		for _, inner := range v {
			n += size(inner)
		}
	case map[string]any:
		for key, inner := range v {
			n += size(inner) + len(key)/16
		}
	}
	return n
}

// reasons words what does not fit, place by place, as far as there is room.
func reasons(err error) string {
	failed, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		if invalid, isSchema := errors.AsType[*jsonschema.SchemaValidationError](err); isSchema {
			return reasons(invalid.Err)
		}
		return cut(err.Error(), maxReason)
	}
	var list reasonList
	list.add(failed)
	return list.String()
}

type reasonList struct {
	strings.Builder
	full bool
}

// add adds what is at the bottom of an error: all above only says that something
// does not fit.
func (l *reasonList) add(failed *jsonschema.ValidationError) {
	if l.full {
		return
	}
	for _, cause := range failed.Causes {
		l.add(cause)
	}
	if len(failed.Causes) > 0 {
		return
	}
	reason := cut(reasonOf(failed), maxReason)
	if l.Len()+len(reason) > maxText-maxReason {
		l.WriteString("; …")
		l.full = true
		return
	}
	if l.Len() > 0 {
		l.WriteString("; ")
	}
	l.WriteString(reason)
}

// reasonOf words one reason: where, and why.
func reasonOf(failed *jsonschema.ValidationError) string {
	place := "/" + cut(strings.Join(failed.InstanceLocation, "/"), maxReason/2)
	switch k := failed.ErrorKind.(type) {
	case *kind.FalseSchema:
		return "at '" + place + "': not allowed"
	case *kind.Enum:
		if values, err := json.Marshal(k.Want); err == nil {
			return "at '" + place + "': value must be one of " + string(values)
		}
	}
	// Without a place and causes, the library's text is the bare reason.
	bare := jsonschema.ValidationError{ErrorKind: failed.ErrorKind}
	return "at '" + place + "'" + strings.TrimPrefix(bare.Error(), "at ''")
}

// cut shortens a text to whole characters of at most so many bytes.
func cut(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	return strings.ToValidUTF8(s[:bytes], "") + "…"
}
