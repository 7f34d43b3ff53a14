package convo_test

import (
	"testing"

	"github.com/parleyhq/parley/internal/convo"
)

func TestMatchMeta(t *testing.T) {
	t.Parallel()
	const meta = `{
		"s": "v", "empty": "", "n": 1, "neg": -2.50, "exp": 1e3, "one": 1.0, "big": 12345678901234567890,
		"t": true, "f": false, "null": null, "list": [1], "object": {"a": {"b": "deep"}, "n": 7},
		"a.b": "literal", "a": {"b": "path", "c": "only"}, "x": {"y.z": "dotted"}, "uni": "\u00e9"
	}`
	for name, c := range map[string]struct {
		key, value string
		want       bool
	}{
		"a string":                             {"s", "v", true},
		"another string":                       {"s", "w", false},
		"a string is not its JSON":             {"s", `"v"`, false},
		"an empty string":                      {"empty", "", true},
		"a number":                             {"n", "1", true},
		"a number as it stands":                {"neg", "-2.50", true},
		"a number as JavaScript prints it":     {"neg", "-2.5", true},
		"an exponent":                          {"exp", "1000", true},
		"a whole number with a point":          {"one", "1", true},
		"a whole number does not gain a point": {"n", "1.0", false},
		"a number too large for a float":       {"big", "12345678901234567890", true},
		"true":                                 {"t", "true", true},
		"false":                                {"f", "false", true},
		"false is not true":                    {"f", "true", false},
		"null":                                 {"null", "null", true},
		"null is not empty":                    {"null", "", false},
		"a list":                               {"list", "[1]", false},
		"an object":                            {"object", "", false},
		"a path":                               {"object.a.b", "deep", true},
		"a number at a path":                   {"object.n", "7", true},
		"a path that ends early":               {"object.a", "", false},
		"a path through a string":              {"s.v", "v", false},
		"a literal key before a path":          {"a.b", "literal", true},
		"a path behind a literal key":          {"a.b", "path", false},
		"a path beside a literal key":          {"a.c", "only", true},
		"a key with a dot at a path":           {"x.y.z", "dotted", true},
		"an escape":                            {"uni", "é", true},
		"an unknown key":                       {"unknown", "", false},
		"an empty key":                         {"", "", false},
		"dots only":                            {"..", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := convo.MatchMeta(convo.JSON(meta), []convo.MetaFilter{{Key: c.key, Value: c.value}}); got != c.want {
				t.Errorf("%q = %q matches: %v", c.key, c.value, got)
			}
		})
	}
}

func TestMatchMetaWantsAllFilters(t *testing.T) {
	t.Parallel()
	meta := convo.JSON(`{"a":"1","b":"2"}`)
	a, b, c := convo.MetaFilter{Key: "a", Value: "1"}, convo.MetaFilter{Key: "b", Value: "2"}, convo.MetaFilter{Key: "b", Value: "3"}
	if !convo.MatchMeta(meta, []convo.MetaFilter{a, b}) || convo.MatchMeta(meta, []convo.MetaFilter{a, c}) {
		t.Error("not all filters count")
	}
	for _, meta := range []convo.JSON{nil, {}, convo.JSON(`null`), convo.JSON(`[]`), convo.JSON(`"a"`), convo.JSON(`{`)} {
		if !convo.MatchMeta(meta, nil) {
			t.Errorf("%q does not match no filter", meta)
		}
		if convo.MatchMeta(meta, []convo.MetaFilter{a}) {
			t.Errorf("%q matches a filter", meta)
		}
	}
}

func FuzzMatchMeta(f *testing.F) {
	f.Add([]byte(`{"a":{"b":"c"}}`), "a.b", "c")
	f.Add([]byte(`{"a":1e999}`), "a", "1")
	f.Add([]byte(`{"a":`), "a", "")
	f.Fuzz(func(_ *testing.T, meta []byte, key, value string) {
		convo.MatchMeta(meta, []convo.MetaFilter{{Key: key, Value: value}})
	})
}
