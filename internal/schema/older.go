package schema

import "slices"

// The forms of OpenAPI 3.0 and of older drafts.

func exclusive(bound string) string {
	if bound == "minimum" {
		return "exclusiveMinimum"
	}
	return "exclusiveMaximum"
}

// exclusive writes a bound that was true or false once, beside the bound itself.
func (p *pass) exclusive(plain, o *object, key string) {
	bound := map[string]string{"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}[key]
	switch o.values[key] {
	case false:
	case true:
		if o.has(bound) {
			plain.set(key, o.values[bound])
		}
	default:
		plain.set(key, o.values[key])
	}
}

// items writes what was a list once, and additionalItems then.
func (p *pass) items(plain, o *object, key string) {
	_, tuple := o.values["items"].([]any)
	switch {
	case key == "items" && tuple:
		plain.set("prefixItems", p.all(o.values["items"]))
	case o.values[key] == false && (key == "items" || tuple):
		plain.set("items", false) // withItems says it otherwise
	case key == "items" || tuple:
		plain.set("items", p.schema(o.values[key]))
	}
}

// dependencies writes what are two members now.
func (p *pass) dependencies(plain *object, value any) {
	o, ok := value.(*object)
	if !ok {
		return
	}
	required, schemas := newObject(), newObject()
	for _, key := range o.keys {
		if list, ok := o.values[key].([]any); ok {
			required.set(key, list)
		} else {
			schemas.set(key, p.schema(o.values[key]))
		}
	}
	if len(required.keys) > 0 {
		plain.set("dependentRequired", required)
	}
	if len(schemas.keys) > 0 {
		plain.set("dependentSchemas", schemas)
	}
}

// nullable lets a plain schema allow null as well. Where an enum stands beside
// it, null is meant to be one of its values, whatever OpenAPI says.
func nullable(plain *object) *object {
	kinds := plain.values["type"]
	if kind, ok := kinds.(string); ok {
		kinds = []any{kind}
	}
	enum, hasEnum := plain.values["enum"].([]any)
	if list, ok := kinds.([]any); ok {
		plain.set("type", withValue(list, "null"))
	}
	if hasEnum {
		plain.set("enum", withValue(enum, nil))
	}
	if kinds != nil || hasEnum {
		return plain
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		if list, ok := plain.values[key].([]any); ok {
			plain.set(key, append(slices.Clone(list), null()))
			return plain
		}
	}
	if !slices.ContainsFunc(plain.keys, func(key string) bool { return !annotation(key) }) {
		return plain // it allows everything
	}
	either := newObject()
	either.set("anyOf", []any{plain, null()})
	return either
}

func null() *object {
	o := newObject()
	o.set("type", "null")
	return o
}

// withValue adds a string or nil to a list that may have it.
func withValue(list []any, value any) []any {
	for _, v := range list {
		if v == value {
			return list
		}
	}
	return append(slices.Clone(list), value)
}

// annotation reports whether a member of a schema says nothing about what fits.
func annotation(key string) bool {
	switch key {
	case "title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly",
		"$comment", "nullable", "$schema", "$id", "$defs", "definitions":
		return true
	}
	return false
}
