package httpio

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/openapi"
)

// Param is a parameter of a query string. What describes it is what reads it.
type Param[T any] struct {
	name   string
	doc    string
	schema *openapi.Schema
	deep   bool // an object, of which each member is sent as name[member]
	read   func(Query) (T, error)
}

// Declared is a [Param] of any type.
type Declared interface {
	// QueryName is the parameter's name, or that of a group of them.
	QueryName() string
	// Parameter describes it.
	Parameter() *openapi.Parameter
}

// Read gives the parameter, or what counts where it is absent. One that cannot
// be read is [convo.Invalid].
func (p Param[T]) Read(q Query) (T, error) { return p.read(q) }

// QueryName implements [Declared].
func (p Param[T]) QueryName() string { return p.name }

// Parameter implements [Declared].
func (p Param[T]) Parameter() *openapi.Parameter {
	described := &openapi.Parameter{Name: p.name, In: "query", Description: p.doc, Schema: p.schema}
	if p.deep {
		described.Style, described.Explode = "deepObject", true
	}
	return described
}

// StringParam is any text; "" where it is absent.
func StringParam(name, doc string) Param[string] {
	return Param[string]{name: name, doc: doc, schema: openapi.Text(), read: func(q Query) (string, error) {
		return q.values.Get(name), nil
	}}
}

// ChoiceParam is one of the values, the first one where it is absent.
func ChoiceParam(name, doc string, values ...string) Param[string] {
	schema := openapi.OneOf(values...)
	schema.Default = values[0]
	return Param[string]{name: name, doc: doc, schema: schema, read: func(q Query) (string, error) {
		if !q.values.Has(name) {
			return values[0], nil
		}
		if value := q.values.Get(name); slices.Contains(values, value) {
			return value, nil
		}
		return "", convo.Errorf(convo.Invalid, "%s must be %s", name, strings.Join(slices.Sorted(slices.Values(values)), " or "))
	}}
}

// IntParam is a whole number from low to high, absent where it is not given;
// absent is described only if it lies between them, for else it has a meaning of
// its own.
func IntParam(name string, low, high, absent int64, doc string) Param[int64] {
	schema := openapi.Between(low, high)
	if absent >= low && absent <= high {
		schema.Default = absent
	}
	return Param[int64]{name: name, doc: doc, schema: schema, read: func(q Query) (int64, error) {
		if !q.values.Has(name) {
			return absent, nil
		}
		n, err := strconv.ParseInt(q.values.Get(name), 10, 64)
		if err != nil || n < low || n > high {
			return 0, convo.Errorf(convo.Invalid, "%s must be a whole number from %d to %d", name, low, high)
		}
		return n, nil
	}}
}

// BoolParam is true or false; false where it is absent.
func BoolParam(name, doc string) Param[bool] {
	schema := openapi.Boolean()
	schema.Default = false
	return Param[bool]{name: name, doc: doc, schema: schema, read: func(q Query) (bool, error) {
		switch q.values.Get(name) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		if !q.values.Has(name) {
			return false, nil
		}
		return false, convo.Errorf(convo.Invalid, "%s must be true or false", name)
	}}
}

// TimeParam is a time: epoch milliseconds, an ISO 8601 date (its midnight in
// UTC) or date and time. It is zero where it is absent or empty.
func TimeParam(name, doc string) Param[time.Time] {
	return Param[time.Time]{name: name, doc: doc, schema: openapi.Text(), read: func(q Query) (time.Time, error) {
		value := q.values.Get(name)
		if value == "" {
			return time.Time{}, nil
		}
		if ms, err := strconv.ParseInt(value, 10, 64); err == nil && ms >= 0 && ms < maxMillis {
			return time.UnixMilli(ms).UTC(), nil
		}
		for _, layout := range []string{time.RFC3339Nano, time.DateOnly, "2006-01-02T15:04:05", "2006-01-02T15:04"} {
			if t, err := time.Parse(layout, value); err == nil {
				return t.UTC(), nil
			}
		}
		return time.Time{}, convo.Errorf(convo.Invalid, "%s must be an ISO 8601 date or milliseconds since 1970", name)
	}}
}

// maxMillis is the year 10000, where ISO 8601 dates end.
const maxMillis = 253402300800000

// GroupParam is all parameters whose names are name.rest, by the rest: a.b is a
// level below a. There may be most of them, with at most levels levels. The form
// name[rest] is taken too, which is the one that OpenAPI has a word for and that
// generated clients send.
func GroupParam(name string, most, levels int, doc string) Param[map[string]string] {
	schema := &openapi.Schema{
		Type: openapi.Types{"object"}, AdditionalProperties: openapi.Text(), MaxProperties: &most,
		PropertyNames: &openapi.Schema{Pattern: fmt.Sprintf(`^[^.]*(\.[^.]*){0,%d}$`, levels-1)},
	}
	return Param[map[string]string]{name: name, doc: doc, schema: schema, deep: true, read: func(q Query) (map[string]string, error) {
		found := map[string]string{}
		for _, full := range slices.Sorted(maps.Keys(q.values)) {
			rest, ok := cutGroup(name, full)
			if !ok {
				continue
			}
			if found[rest] = q.values.Get(full); strings.Count(rest, ".") >= levels {
				return nil, convo.Errorf(convo.Invalid, "a filter on %s takes at most %d levels", name, levels)
			}
		}
		if len(found) > most {
			return nil, convo.Errorf(convo.Invalid, "at most %d filters on %s are taken", most, name)
		}
		return found, nil
	}}
}

// cutGroup gives the rest of a parameter's name, from either of its forms.
func cutGroup(name, full string) (rest string, ok bool) {
	if rest, ok := strings.CutPrefix(full, name+"."); ok {
		return rest, true
	}
	rest, ok = strings.CutPrefix(full, name+"[")
	rest, closed := strings.CutSuffix(rest, "]")
	return strings.ReplaceAll(rest, "][", "."), ok && closed
}
