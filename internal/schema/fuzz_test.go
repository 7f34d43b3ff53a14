package schema_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/schema"
)

// FuzzSchema holds the promises of the package against whatever is sent: an
// answer, a form that providers take, and the same form for that form.
func FuzzSchema(f *testing.F) {
	for _, seed := range []string{
		weather, ``, `null`, `[]`, `{"type":`, `{"$ref":"#"}`, `{"allOf":[{"$ref":"#/properties/a"}],"properties":{"a":true}}`,
		`{"properties":{"a":{"items":[{}],"additionalItems":{"nullable":true,"enum":[1]}},"b":{"$ref":"#/properties/a/items/0"}}}`,
		`{"anyOf":[{"properties":{"a":{"pattern":"(a|b)*"}}},{"oneOf":[false]}],"not":{"dependencies":{"a":["b"],"c":{}}}}`,
		`{"patternProperties":{"^x":{"exclusiveMaximum":true,"maximum":1e30}},"unevaluatedProperties":false,"$dynamicRef":"#a"}`,
		`{"properties":{"a":{"uniqueItems":true,"contains":{"const":{"a":[1.0]}},"$anchor":"a","$recursiveRef":"#"}}}`,
	} {
		f.Add([]byte(seed), []byte(`{"a":[1,"x",null],"b":{"c":{}},"city":"Paris"}`))
	}
	f.Fuzz(func(t *testing.T, parameters, arguments []byte) {
		cache := schema.NewCache(1 << 20)
		s, err := cache.Compile("f", parameters)
		if err != nil {
			if convo.ErrorKind(err) != convo.Invalid {
				t.Fatalf("got %v, which is no error for a caller", err)
			}
			return
		}
		var form map[string]any // a struct would take Properties for properties
		err = json.Unmarshal(s.Provider(), &form)
		if properties, _ := form["properties"].(map[string]any); err != nil || form["type"] != "object" || properties == nil {
			t.Fatalf("a provider would get %s", s.Provider())
		}
		again, err := cache.Compile("f", s.Provider())
		if err == nil && s.Checked() && !bytes.Equal(again.Provider(), s.Provider()) {
			t.Errorf("the plain form %s\nhas another plain form %s", s.Provider(), again.Provider())
		}
		if err := s.Check(arguments); err != nil {
			if e := convo.PublicError(err); e.Kind != convo.Invalid || len(e.Message) > 1100 {
				t.Errorf("the model would be told %q", e.Message)
			}
		}
	})
}
