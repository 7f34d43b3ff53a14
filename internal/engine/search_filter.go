package engine

import (
	"encoding/json"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// Condition is what the meta of a record must be for a search to find it. A key is
// looked up as it is, and then, if it has dots, as a path.
type Condition struct {
	Key string
	Op  Operator
	// Value is a string, a float64 or a bool; for an order it is a float64. A value of
	// another type than that of the record is another value, and in no order with it.
	Value any
}

// Operator compares a record's value with that of a condition.
type Operator string

// The operators, by the names that callers give them.
const (
	Equal    Operator = "$eq"
	NotEqual Operator = "$ne" // also where there is no such value
	Above    Operator = "$gt"
	AtLeast  Operator = "$gte"
	Below    Operator = "$lt"
	AtMost   Operator = "$lte"
)

// Ordered reports whether an operator asks for an order of numbers.
func (o Operator) Ordered() bool { return o != Equal && o != NotEqual }

// Valid reports whether there is such an operator.
func (o Operator) Valid() bool {
	switch o {
	case Equal, NotEqual, Above, AtLeast, Below, AtMost:
		return true
	}
	return false
}

// MaxConditions bounds the filter of a search.
const MaxConditions = 32

// splitConditions gives the tags by which an index knows what conditions ask for, and
// the conditions that only the records themselves can answer.
func splitConditions(all []Condition) (tags []string, rest []Condition) {
	for _, c := range all {
		tag, ok := convo.MetaTag(c.Key, c.Value)
		if ok && c.Op == Equal && !strings.Contains(c.Key, ".") {
			tags = append(tags, tag)
		} else {
			rest = append(rest, c)
		}
	}
	return tags, rest
}

// matchConditions reports whether meta is what conditions ask for.
func matchConditions(meta convo.JSON, all []Condition) bool {
	if len(all) == 0 {
		return true
	}
	var members map[string]any
	if len(meta) > 0 && json.Unmarshal(meta, &members) != nil {
		return false
	}
	for _, c := range all {
		value, _ := lookUp(members, c.Key)
		if !c.holds(value) {
			return false
		}
	}
	return true
}

// lookUp finds a value by its key, or by a path of keys.
func lookUp(members map[string]any, key string) (any, bool) {
	if value, ok := members[key]; ok {
		return value, true
	}
	for i := range len(key) {
		if key[i] != '.' {
			continue
		}
		if inner, ok := members[key[:i]].(map[string]any); ok {
			if value, ok := lookUp(inner, key[i+1:]); ok {
				return value, true
			}
		}
	}
	return nil, false
}

func (c Condition) holds(value any) bool {
	if !c.Op.Ordered() {
		switch value.(type) {
		case string, float64, bool:
			return (value == c.Value) == (c.Op == Equal)
		}
		return c.Op == NotEqual
	}
	have, ok := value.(float64)
	want, given := c.Value.(float64)
	if !ok || !given {
		return false
	}
	switch c.Op {
	case Above:
		return have > want
	case AtLeast:
		return have >= want
	case Below:
		return have < want
	}
	return have <= want
}
