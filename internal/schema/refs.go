package schema

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// errCyclic is the fault of a schema that has no end when it is written out.
var errCyclic = errors.New("it refers to itself")

// referred writes a reference out, with what stands beside it.
func (p *pass) referred(beside *object, ref string) any {
	if !p.afford(len(ref)) {
		return newObject()
	}
	target, ok := p.find(ref)
	switch {
	case !ok:
		p.fail(fmt.Errorf("its reference %.100q leads nowhere in it", ref))
		return newObject()
	case p.open[ref]:
		p.fail(errCyclic)
		return newObject()
	}
	p.open[ref] = true
	defer delete(p.open, ref)
	if merged, ok := merge(beside, target); ok {
		return p.schema(merged)
	}
	list, _ := beside.values["allOf"].([]any)
	both := beside.without("allOf")
	both.set("allOf", append(slices.Clone(list), target))
	return p.schema(both)
}

// onlyOne gives the one schema of a list allOf that has nothing but annotations
// beside it: so OpenAPI 3.0 writes a reference with a description.
func onlyOne(o *object) (any, bool) {
	list, ok := o.values["allOf"].([]any)
	if !ok || len(list) != 1 {
		return nil, false
	}
	return merge(o.without("allOf"), list[0])
}

// merge gives a schema with the annotations that stand beside it, if these are
// annotations only. They count more than its own.
func merge(beside *object, v any) (any, bool) {
	if len(beside.keys) == 0 {
		return v, true
	}
	o, ok := v.(*object)
	if !ok || slices.ContainsFunc(beside.keys, func(key string) bool { return !annotation(key) }) {
		return nil, false
	}
	merged := o.without()
	for _, key := range beside.keys {
		merged.set(key, beside.values[key])
	}
	return merged, true
}

// find follows a JSON pointer into the schema as it came.
func (p *pass) find(ref string) (any, bool) {
	pointer, ok := strings.CutPrefix(ref, "#")
	pointer, err := url.PathUnescape(pointer)
	if !ok || err != nil {
		return nil, false
	}
	var at any = p.root
	if pointer == "" {
		return at, true
	}
	steps := strings.Split(pointer, "/")
	if steps[0] != "" {
		return nil, false
	}
	for _, step := range steps[1:] {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		if at, ok = child(at, step); !ok {
			return nil, false
		}
	}
	return at, true
}

func child(v any, step string) (any, bool) {
	switch v := v.(type) {
	case *object:
		found, ok := v.values[step]
		return found, ok
	case []any:
		i, err := strconv.Atoi(step)
		if err != nil || i < 0 || i >= len(v) {
			return nil, false
		}
		return v[i], true
	}
	return nil, false
}
