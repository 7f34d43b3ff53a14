package convo

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// MetaFilter asks for objects whose meta has a value at Key that reads Value.
type MetaFilter struct{ Key, Value string }

// MatchMeta reports whether a meta object satisfies all filters. A key is
// looked up literally first, and then, if it has dots, as a path. A value
// matches by its string form: a string as it is, numbers and booleans as they
// stand in the JSON, null as "null". Objects and lists match nothing.
func MatchMeta(meta JSON, filters []MetaFilter) bool {
	if len(filters) == 0 {
		return true
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(meta, &object) != nil {
		return false
	}
	for _, f := range filters {
		if !matchKey(object, f.Key, f.Value) {
			return false
		}
	}
	return true
}

func matchKey(object map[string]json.RawMessage, key, want string) bool {
	if v, ok := object[key]; ok {
		return scalarIs(v, want)
	}
	for i := range len(key) {
		if key[i] != '.' {
			continue
		}
		var inner map[string]json.RawMessage
		if json.Unmarshal(object[key[:i]], &inner) == nil && matchKey(inner, key[i+1:], want) {
			return true
		}
	}
	return false
}

func scalarIs(v json.RawMessage, want string) bool {
	v = bytes.TrimSpace(v)
	if len(v) == 0 {
		return false
	}
	switch v[0] {
	case '"':
		var s string
		return json.Unmarshal(v, &s) == nil && s == want
	case '{', '[':
		return false
	case 't', 'f', 'n':
		return string(v) == want
	}
	if string(v) == want {
		return true
	}
	return sameNumber(string(v), want)
}

// sameNumber lets 1.0 and 1e0 match "1": a caller writes the number as
// JavaScript prints it.
func sameNumber(stored, want string) bool {
	if !strings.ContainsAny(stored, ".eE") {
		return false
	}
	f, err := strconv.ParseFloat(stored, 64)
	return err == nil && strconv.FormatFloat(f, 'f', -1, 64) == want
}
