package schema_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/schema"
)

func compile(t *testing.T, parameters string) *schema.Schema {
	t.Helper()
	s, err := schema.NewCache(1<<20).Compile("f", convo.JSON(parameters))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// properties puts schemas of properties into one of arguments.
func properties(inner string) string { return `{"type":"object","properties":{` + inner + `}}` }

func TestProvidersGetPlainSchemas(t *testing.T) {
	t.Parallel()
	const empty = `{"type":"object","properties":{}}`
	for _, c := range []struct{ name, sent, want string }{
		{"nothing", ``, empty},
		{"null", `null`, empty},
		{"an empty object", ` {} `, empty},
		{"no properties", `{"description":"d","type":"object"}`, `{"type":"object","description":"d","properties":{}}`},
		{"several types", `{"type":["object","null"],"properties":{}}`, empty},
		{"the caller's order", properties(`"z":{"type":"string"},"a":{"type":"number"}`), properties(`"z":{"type":"string"},"a":{"type":"number"}`)},
		{"numbers as they are", properties(`"n":{"maximum":9007199254740993,"multipleOf":1.10}`), properties(`"n":{"maximum":9007199254740993,"multipleOf":1.10}`)},
		{"a draft and an address", `{"$schema":"http://json-schema.org/draft-07/schema#","$id":"https://example.com/s","type":"object","properties":{}}`, empty},
		{"nullable", properties(`"a":{"type":"string","nullable":true}`), properties(`"a":{"type":["string","null"]}`)},
		{"not nullable", properties(`"a":{"type":"string","nullable":false}`), properties(`"a":{"type":"string"}`)},
		{"a nullable enum", properties(`"a":{"type":"string","enum":["x"],"nullable":true}`), properties(`"a":{"anyOf":[{"type":"string","enum":["x"]},{"type":"null"}]}`)},
		{"nullable null", properties(`"a":{"enum":["null"],"nullable":true}`), properties(`"a":{"anyOf":[{"enum":["null"]},{"type":"null"}]}`)},
		{"a nullable enum that says so twice", properties(`"a":{"description":"d","enum":["x",null],"nullable":true}`), properties(`"a":{"description":"d","anyOf":[{"enum":["x"]},{"type":"null"}]}`)},
		{"nullable types", properties(`"a":{"type":["string","null"],"nullable":true}`), properties(`"a":{"type":["string","null"]}`)},
		{"nullable alternatives", properties(`"a":{"anyOf":[{"type":"string"}],"nullable":true}`), properties(`"a":{"anyOf":[{"type":"string"},{"type":"null"}]}`)},
		{"nullable anything", properties(`"a":{"description":"d","nullable":true}`), properties(`"a":{"description":"d"}`)},
		{"nullable something", properties(`"a":{"minLength":1,"nullable":true}`), properties(`"a":{"anyOf":[{"minLength":1},{"type":"null"}]}`)},
		{"exclusive bounds", properties(`"a":{"minimum":1,"exclusiveMinimum":true,"maximum":9,"exclusiveMaximum":false}`), properties(`"a":{"exclusiveMinimum":1,"maximum":9}`)},
		{"exclusive numbers", properties(`"a":{"exclusiveMinimum":1,"minimum":0}`), properties(`"a":{"exclusiveMinimum":1,"minimum":0}`)},
		{"items as a list", properties(`"a":{"type":"array","items":[{"type":"string"},{"type":"number","nullable":true}]}`), properties(`"a":{"type":"array","prefixItems":[{"type":"string"},{"type":["number","null"]}],"items":{}}`)},
		{"items after a list", properties(`"a":{"items":[{}],"additionalItems":false}`), properties(`"a":{"prefixItems":[{}],"items":{},"maxItems":1}`)},
		{"a list of anything", properties(`"a":{"type":"array"},"b":{"type":["string","array"]}`), properties(`"a":{"type":"array","items":{}},"b":{"type":["string","array"],"items":{}}`)},
		{"a list of nothing else", properties(`"a":{"items":false,"maxItems":3,"prefixItems":[{},true]}`), properties(`"a":{"items":{},"maxItems":2,"prefixItems":[{},{}]}`)},
		{"a short list", properties(`"a":{"maxItems":0,"items":false,"prefixItems":[{}]}`), properties(`"a":{"maxItems":0,"items":{},"prefixItems":[{}]}`)},
		{"true and false", properties(`"a":true,"b":false,"c":{"additionalProperties":false,"items":true}`), properties(`"a":{},"b":{"not":{}},"c":{"additionalProperties":false,"items":{}}`)},
		{"required as in draft 3", properties(`"a":{"type":"string","required":true}`), properties(`"a":{"type":"string"}`)},
		{"dependencies", properties(`"a":{"dependencies":{"x":["y"],"z":{"nullable":true,"type":"object"}}}`), properties(`"a":{"dependentRequired":{"x":["y"]},"dependentSchemas":{"z":{"type":["object","null"]}}}`)},
		{"a property that is named like a keyword", properties(`"nullable":{"type":"boolean"},"$ref":{"type":"string"}`), properties(`"nullable":{"type":"boolean"},"$ref":{"type":"string"}`)},
		{"a value that looks like a schema", properties(`"a":{"default":{"$ref":"#","nullable":true}}`), properties(`"a":{"default":{"$ref":"#","nullable":true}}`)},
		{"an enum at the top", `{"enum":[{}],"type":"object"}`, empty},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := compile(t, c.sent)
			if got := string(s.Provider()); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if err := s.Fault(); err != nil {
				t.Errorf("it is not checked: %v", err)
			}
		})
	}
}

func TestReferencesAreWrittenOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, sent, want string }{
		{"to a property", properties(`"a":{"type":"string"},"b":{"$ref":"#/properties/a"}`), properties(`"a":{"type":"string"},"b":{"type":"string"}`)},
		{"with a description", properties(`"a":{"type":"string","description":"A"},"b":{"$ref":"#/properties/a","description":"B","nullable":true}`), properties(`"a":{"type":"string","description":"A"},"b":{"type":["string","null"],"description":"B"}`)},
		{"in a list of one", properties(`"a":{"type":"string"},"b":{"allOf":[{"$ref":"#/properties/a"}],"nullable":true}`), properties(`"a":{"type":"string"},"b":{"type":["string","null"]}`)},
		{"beside more than that", properties(`"a":{"type":"string"},"b":{"$ref":"#/properties/a","minLength":2}`), properties(`"a":{"type":"string"},"b":{"minLength":2,"allOf":[{"type":"string"}]}`)},
		{"to a definition", `{"$defs":{"a/b c":{"type":"string"}},"type":"object","properties":{"x":{"$ref":"#/$defs/a~1b%20c"}}}`, properties(`"x":{"type":"string"}`)},
		{"of the whole", `{"$ref":"#/definitions/F","definitions":{"F":{"type":"object","properties":{"a":{"type":"null"}}}}}`, properties(`"a":{"type":"null"}`)},
		{"into a list", properties(`"a":{"anyOf":[{"type":"null"},{"type":"number"}]},"b":{"$ref":"#/properties/a/anyOf/1"}`), properties(`"a":{"anyOf":[{"type":"null"},{"type":"number"}]},"b":{"type":"number"}`)},
		{"through a reference", `{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"type":"number"}},"type":"object","properties":{"x":{"$ref":"#/$defs/a"}}}`, properties(`"x":{"type":"number"}`)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := compile(t, c.sent)
			if got := string(s.Provider()); got != c.want || !s.Checked() {
				t.Errorf("got  %s (%v)\nwant %s", got, s.Fault(), c.want)
			}
		})
	}
}

// TestAlternativesAtTheTopAreOfferedAsOne: providers refuse them there. What
// the model makes of it is still held against the alternatives.
func TestAlternativesAtTheTopAreOfferedAsOne(t *testing.T) {
	t.Parallel()
	s := compile(t, `{"anyOf":[
		{"type":"object","properties":{"kind":{"const":"a"},"x":{"type":"string"}},"required":["kind","x"]},
		{"allOf":[{"properties":{"kind":{"const":"b"},"y":{"type":"number"}}},{"required":["kind","y"]}]}]}`)
	want := properties(`"kind":{"const":"a"},"x":{"type":"string"},"y":{"type":"number"}`)
	if got := string(s.Provider()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if err := s.Check(convo.JSON(`{"kind":"b","y":1}`)); err != nil {
		t.Errorf("got %v for arguments that fit", err)
	}
	if s.Check(convo.JSON(`{"kind":"b","x":"1"}`)) == nil {
		t.Error("got no error for arguments that fit none of the alternatives")
	}
}

func TestWhatIsNoSchemaIsUsableUnchecked(t *testing.T) {
	t.Parallel()
	const empty = `{"type":"object","properties":{}}`
	bomb := `{"type":"object","properties":{"x":{"$ref":"#/$defs/d0"}},"$defs":{"d60":{"type":"string"}`
	for i := range 60 {
		bomb += fmt.Sprintf(`,"d%d":{"anyOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]}`, i, i+1, i+1)
	}
	bomb += "}}"
	cyclic := properties(`"child":{"$ref":"#"},"n":{"type":"number","nullable":true}`)
	for _, c := range []struct{ name, sent, want, fault string }{
		{"not JSON", `{"type":`, empty, "it is not JSON"},
		{"two values", `{} {}`, empty, "it is not JSON"},
		{"a list", `[]`, empty, "it is not a JSON object"},
		{"a text", `"object"`, empty, "it is not a JSON object"},
		{"another type", `{"type":"string"}`, empty, "its type is not object"},
		{"properties as a list", `{"properties":[]}`, empty, "its properties are not an object"},
		{"an unknown type", properties(`"a":{"type":"any"}`), properties(`"a":{"type":"any"}`), "it is not a JSON schema: at '/properties/a/type'"},
		{"a reference to nothing", properties(`"a":{"$ref":"#/$defs/b"}`), properties(`"a":{}`), "leads nowhere"},
		{"a reference to elsewhere", properties(`"a":{"$ref":"http://127.0.0.1:1/s.json"}`), properties(`"a":{}`), "leads nowhere"},
		{"a reference to a file", properties(`"a":{"$ref":"file:///etc/passwd"}`), properties(`"a":{}`), "leads nowhere"},
		{"a reference to a name", properties(`"a":{"$anchor":"x"},"b":{"$ref":"#x"}`), properties(`"a":{"$anchor":"x"},"b":{}`), "leads nowhere"},
		{"a dynamic reference to elsewhere", properties(`"a":{"$dynamicRef":"http://127.0.0.1:1/s.json#a"}`), properties(`"a":{"$dynamicRef":"http://127.0.0.1:1/s.json#a"}`), "nothing elsewhere"},
		{"a cycle", cyclic, properties(`"child":{"type":"object","properties":{"child":{},"n":{"type":["number","null"]}}},"n":{"type":["number","null"]}`), "refers to itself"},
		{"references that grow", bomb, "", "too many parts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := compile(t, c.sent)
			if got := string(s.Provider()); c.want != "" && got != c.want || !json.Valid(s.Provider()) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if s.Checked() || !strings.Contains(s.Fault().Error(), c.fault) {
				t.Errorf("got fault %v, want %q", s.Fault(), c.fault)
			}
			if err := s.Check(convo.JSON(`{"any":["thing"]}`)); err != nil {
				t.Errorf("arguments were refused: %v", err)
			}
		})
	}
}

func TestSchemasBeyondTheBoundsAreRefused(t *testing.T) {
	t.Parallel()
	deep := func(n int) string {
		return strings.Repeat(`{"items":`, n-1) + `{}` + strings.Repeat(`}`, n-1)
	}
	cache := schema.NewCache(1 << 20)
	for _, c := range []struct {
		name, sent, want string
	}{
		{"too large", `{"description":"` + strings.Repeat("x", schema.MaxBytes) + `"}`, "function get_weather are over 256 KiB"},
		{"too deep", deep(schema.MaxDepth + 1), "function get_weather are over 100 levels deep"},
	} {
		_, err := cache.Compile("get_weather", convo.JSON(c.sent))
		if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := cache.Compile("get_weather", convo.JSON(deep(schema.MaxDepth))); err != nil {
		t.Errorf("at the bound: %v", err)
	}
}
