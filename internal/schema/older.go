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
	if !ok || !p.afford(len(o.keys)) {
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

// nullable lets a plain schema allow null as well, beside the values of an enum,
// too, whatever OpenAPI says: that is what is meant. Not all providers take null
// as one of these values.
func nullable(plain *object) *object {
	if plain.has("enum") || plain.has("const") {
		return orNull(plain)
	}
	switch kinds := plain.values["type"].(type) {
	case string:
		plain.set("type", withNull([]any{kinds}))
		return plain
	case []any:
		plain.set("type", withNull(kinds))
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
	return orNull(plain)
}

// orNull gives the choice between a schema and null. What describes the schema
// describes the choice.
func orNull(plain *object) *object {
	either, rest := newObject(), newObject()
	for _, key := range plain.keys {
		value := plain.values[key]
		if annotation(key) {
			either.set(key, value)
			continue
		}
		if list, ok := value.([]any); ok && key == "enum" && len(list) > 1 {
			value = slices.DeleteFunc(slices.Clone(list), func(v any) bool { return v == nil })
		}
		rest.set(key, value)
	}
	either.set("anyOf", []any{rest, null()})
	return either
}

func null() *object {
	o := newObject()
	o.set("type", "null")
	return o
}

// withNull adds null to a list of types that may have it.
func withNull(kinds []any) []any {
	if slices.Contains(kinds, any("null")) {
		return kinds
	}
	return append(slices.Clone(kinds), "null")
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
