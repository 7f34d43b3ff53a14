package schema

import (
	"encoding/json"
	"slices"
	"strconv"
)

// arguments makes of a plain schema one of a function's arguments: it is of type
// object and has properties, without which some providers refuse it.
func (p *pass) arguments(plain *object) *object {
	whole := newObject()
	whole.set("type", "object")
	for _, key := range plain.keys {
		if key != "type" {
			whole.set(key, plain.values[key])
		}
	}
	if kind, said := plain.values["type"]; said && kind != "object" {
		if list, ok := kind.([]any); !ok || !slices.Contains(list, any("object")) {
			p.fail(errNoArgument)
		}
	}
	if _, ok := whole.values["properties"].(*object); !ok {
		if whole.has("properties") {
			p.fail(errProperties)
		}
		whole.set("properties", newObject())
	}
	return whole
}

// flat gives a schema without alternatives at its top, where providers refuse
// them: it has the properties of all alternatives, and requires what it requires
// itself. So the model knows them all, and is told what does not fit together
// when its arguments are checked.
func flat(whole *object) *object {
	choices := []string{"allOf", "anyOf", "oneOf", "not", "enum", "const"}
	if !slices.ContainsFunc(choices, whole.has) {
		return whole
	}
	offered := whole.without(choices...)
	properties := offered.values["properties"].(*object).without()
	for _, key := range choices[:3] {
		list, _ := whole.values[key].([]any)
		for _, v := range list {
			addProperties(properties, v)
		}
	}
	offered.set("properties", properties)
	return offered
}

// addProperties adds those of a schema and of its own alternatives.
func addProperties(properties *object, v any) {
	o, ok := v.(*object)
	if !ok {
		return
	}
	if own, ok := o.values["properties"].(*object); ok {
		for _, key := range own.keys {
			if !properties.has(key) {
				properties.set(key, own.values[key])
			}
		}
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		list, _ := o.values[key].([]any)
		for _, inner := range list {
			addProperties(properties, inner)
		}
	}
}

// withItems writes a schema of lists as providers want it: its items are an object,
// if need be one that says nothing. That no more of them may come, it says by
// their number.
func withItems(plain *object) {
	if plain.values["items"] == false {
		prefix, _ := plain.values["prefixItems"].([]any)
		most, ok := plain.values["maxItems"].(json.Number)
		if n, err := most.Float64(); !ok || err != nil || n > float64(len(prefix)) {
			plain.set("maxItems", json.Number(strconv.Itoa(len(prefix))))
		}
		plain.set("items", newObject())
	}
	kinds, _ := plain.values["type"].([]any)
	if kind := plain.values["type"]; kind != "array" && !slices.Contains(kinds, any("array")) {
		return
	}
	if !plain.has("items") && !plain.has("unevaluatedItems") {
		plain.set("items", newObject())
	}
}
