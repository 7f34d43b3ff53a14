package schema

import (
	"bytes"
	"errors"

	"github.com/parleyhq/parley/internal/convo"
)

// maxSchemas is how many schemas, one in another, are looked at in all, with
// references written out.
const maxSchemas = 4096

var (
	errNoObject   = errors.New("it is not a JSON object")
	errProperties = errors.New("its properties are not an object")
	errNoArgument = errors.New("its type is not object, and arguments are always an object")
	errParts      = errors.New("it has too many parts with its references written out")
)

// normal is a schema in its plain form.
type normal struct {
	provider convo.JSON // for providers
	checked  convo.JSON // what arguments are held against
	values   int        // how many JSON values that is, and what its patterns cost
	cost     int        // bytes of memory, about, compiled
	fault    error      // why arguments are not checked; nil = they are, if it compiles
}

// normalise brings parameters into their plain form. Its only error is errDeep.
func normalise(parameters convo.JSON) (normal, error) {
	text := bytes.TrimSpace(parameters)
	if len(text) == 0 || string(text) == "null" {
		text = []byte("{}")
	}
	root, err := read(text)
	if errors.Is(err, errDeep) {
		return normal{}, err
	}
	if o, ok := root.(*object); ok && err == nil {
		return plain(o), nil
	}
	n := plain(newObject())
	n.fault = errNoObject
	if err != nil {
		n.fault = err
	}
	return n, nil
}

// plain makes the plain form of an object. A schema that would be too large with
// its references written out keeps them.
func plain(root *object) normal {
	n := (&pass{root: root, inline: true, left: maxSchemas}).run()
	if n.fault != errParts && n.fault != errLarge {
		return n
	}
	kept := (&pass{root: root, left: MaxBytes}).run() // it has fewer schemas than bytes
	if len(kept.provider) == 0 {
		kept = (&pass{root: newObject(), left: 1}).run() // odd bytes take more room in JSON
	}
	kept.fault = n.fault
	return kept
}

// pass goes through a schema once.
type pass struct {
	root   *object
	inline bool // references are written out
	left   int  // schemas that may still come

	values   int             // so far, and the bytes of references
	open     map[string]bool // the references that are being written out
	parts    int             // schemas so far
	patterns map[string]int  // what those cost that were looked at
	cost     int             // what the patterns cost to match
	fault    error           // the first one
}

// afford counts values that are looked at, and reports whether it may be done. No
// schema has so many, unless references repeat them.
func (p *pass) afford(values int) bool {
	if p.values += values; p.values <= MaxBytes {
		return true
	}
	p.fail(errParts)
	return false
}

func (p *pass) run() normal {
	p.open, p.patterns = map[string]bool{}, map[string]int{}
	whole, ok := p.schema(p.root).(*object)
	if !ok {
		whole = newObject() // a reference led to true or false
		p.fail(errNoObject)
	}
	whole = p.arguments(whole)
	var n normal
	var err error
	if n.checked, n.values, err = write(whole); err != nil {
		p.fail(err)
	}
	n.provider = n.checked
	if offered := flat(whole); offered != whole {
		if n.provider, _, err = write(offered); err != nil {
			p.fail(err)
		}
	}
	n.values += p.cost / 2
	n.cost = 3*len(n.checked) + len(n.provider) + p.parts*partBytes + p.cost*stepBytes
	n.fault = p.fault
	return n
}

// What a compiled schema takes, about, for each schema in it and each step of a
// pattern.
const (
	partBytes = 2 << 10
	stepBytes = 100
)

func (p *pass) fail(err error) {
	if p.fault == nil {
		p.fault = err
	}
}

// schema gives the plain form of one schema. Providers refuse the forms true and
// false in many places.
func (p *pass) schema(v any) any {
	o, ok := v.(*object)
	if _, simple := v.(bool); !ok && !simple {
		return v
	}
	p.parts++
	if p.left--; p.left < 0 {
		p.fail(errParts)
		return newObject()
	}
	switch {
	case v == true:
		return newObject()
	case v == false:
		never := newObject()
		never.set("not", newObject())
		return never
	case !p.afford(len(o.keys)):
		return newObject()
	}
	if ref, ok := o.values["$ref"].(string); ok && p.inline {
		return p.referred(o.without("$ref"), ref)
	}
	if only, ok := onlyOne(o); ok {
		return p.schema(only)
	}
	plain := newObject()
	for _, key := range o.keys {
		p.member(plain, o, key)
	}
	withItems(plain)
	if o.values["nullable"] == true {
		return nullable(plain)
	}
	return plain
}

// member writes the plain form of one member of a schema.
func (p *pass) member(plain, o *object, key string) {
	value := o.values[key]
	switch key {
	case "$schema", "$id", "$vocabulary", "nullable":
	case "$defs", "definitions":
		if !p.inline {
			plain.set(key, p.each(value))
		}
	case "minimum", "maximum":
		if o.values[exclusive(key)] != true {
			plain.set(key, value)
		}
	case "exclusiveMinimum", "exclusiveMaximum":
		p.exclusive(plain, o, key)
	case "required":
		if _, old := value.(bool); !old {
			plain.set(key, value)
		}
	case "items", "additionalItems":
		p.items(plain, o, key)
	case "dependencies":
		p.dependencies(plain, value)
	case "pattern":
		if text, ok := value.(string); ok {
			p.cost += p.patternCost(text)
		}
		plain.set(key, value)
	case "patternProperties":
		p.patternProperties(plain, value)
	case "additionalProperties", "unevaluatedProperties":
		p.others(plain, o, key)
	default:
		plain.set(key, p.nested(key, value))
	}
}

// nested gives the plain form of a member's value, by where schemas stand in it.
func (p *pass) nested(key string, value any) any {
	switch key {
	case "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedItems", "contentSchema":
		return p.schema(value)
	case "allOf", "anyOf", "oneOf", "prefixItems":
		return p.all(value)
	case "properties", "dependentSchemas":
		return p.each(value)
	}
	return value
}

func (p *pass) all(value any) any {
	list, ok := value.([]any)
	if !ok || !p.afford(len(list)) {
		return value
	}
	plain := make([]any, 0, len(list))
	for _, v := range list {
		plain = append(plain, p.schema(v))
	}
	return plain
}

func (p *pass) each(value any) any {
	o, ok := value.(*object)
	if !ok || !p.afford(len(o.keys)) {
		return value
	}
	plain := newObject()
	for _, key := range o.keys {
		plain.set(key, p.schema(o.values[key]))
	}
	return plain
}
