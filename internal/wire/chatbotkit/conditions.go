package chatbotkit

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/openapi"
)

// conditions are what the meta of a record must be: values by their keys, or for a
// key some comparisons.
type conditions struct{ list []engine.Condition }

// DecodeField implements [httpio.Field].
func (f *conditions) DecodeField(path string, value []byte) error {
	f.list = nil
	if string(value) == "null" {
		return nil
	}
	var members map[string]any
	if value[0] != '{' || json.Unmarshal(value, &members) != nil {
		return convo.Errorf(convo.Invalid, "%s must be an object", path)
	}
	if len(members) > engine.MaxConditions {
		return convo.Errorf(convo.Invalid, "%s has %d keys; give at most %d", path, len(members), engine.MaxConditions)
	}
	for _, key := range slices.Sorted(maps.Keys(members)) {
		comparisons, ok := members[key].(map[string]any)
		if !ok {
			comparisons = map[string]any{string(engine.Equal): members[key]}
		}
		for _, op := range slices.Sorted(maps.Keys(comparisons)) {
			c := engine.Condition{Key: key, Op: engine.Operator(op), Value: comparisons[op]}
			if err := checkCondition(path, c); err != nil {
				return err
			}
			f.list = append(f.list, c)
		}
	}
	return nil
}

func checkCondition(path string, c engine.Condition) error {
	if !c.Op.Valid() {
		return convo.Errorf(convo.Invalid, "%s: there is no comparison %.16q; use $eq, $ne, $gt, $gte, $lt or $lte", path, string(c.Op))
	}
	_, number := c.Value.(float64)
	_, text := c.Value.(string)
	_, truth := c.Value.(bool)
	switch {
	case c.Op.Ordered() && !number:
		return convo.Errorf(convo.Invalid, "%s: %s takes a number", path, c.Op)
	case !number && !text && !truth:
		return convo.Errorf(convo.Invalid, "%s: a value must be a string, a number or a boolean", path)
	}
	return nil
}

// Describe implements [openapi.Describer].
func (*conditions) Describe(*openapi.Schemas) *openapi.Schema {
	most := engine.MaxConditions
	any := &openapi.Schema{Type: openapi.Types{"string", "number", "boolean"}}
	comparisons := &openapi.Schema{Type: openapi.Types{"object"}, AdditionalProperties: false}
	for _, op := range []engine.Operator{engine.Equal, engine.NotEqual} {
		comparisons.Properties.Set(string(op), any)
	}
	for _, op := range []engine.Operator{engine.Above, engine.AtLeast, engine.Below, engine.AtMost} {
		comparisons.Properties.Set(string(op), openapi.Number())
	}
	return &openapi.Schema{
		Type: openapi.Types{"object"}, MaxProperties: &most,
		AdditionalProperties: &openapi.Schema{AnyOf: []*openapi.Schema{any, comparisons}},
		Description:          "Only records whose meta has these values, as in {\"lang\":\"en\"}, or compares so, as in {\"year\":{\"$gte\":2020}}; all of them must hold. Dots lead into nested objects.",
	}
}
