package httpio_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/openapi"
)

type described struct {
	Needed   string                   `json:"needed" required:"true" limit:"text" doc:"Say it."`
	Count    int                      `json:"count"`
	Share    float64                  `json:"share"`
	Flag     httpio.Optional[bool]    `json:"flag"`
	Kept     httpio.Optional[string]  `json:"kept" null:"refused"`
	List     []part                   `json:"list"`
	Few      []part                   `json:"few" most:"2"`
	Pointer  *part                    `json:"pointer"`
	Optional httpio.Optional[[]int64] `json:"optional"`
	inner
}

type inner struct {
	Deep string `json:"deep"`
}

type part struct {
	X string `json:"x" required:"true"`
}

func TestARequestsSchemaSaysWhatIsDecoded(t *testing.T) {
	t.Parallel()
	s := openapi.NewSchemas(map[reflect.Type]string{reflect.TypeFor[part](): "Part"}, map[string]int{"text": 7})
	got, err := json.Marshal(httpio.RequestSchema(s, reflect.TypeFor[described]()))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"object","properties":{` +
		`"needed":{"description":"Say it.","type":"string","maxLength":7},` +
		`"count":{"type":["integer","null"],"format":"int64"},` +
		`"share":{"type":["number","null"]},` +
		`"flag":{"type":["boolean","null"]},` +
		`"kept":{"type":"string"},` +
		`"list":{"type":["array","null"],"items":{"$ref":"#/components/schemas/Part"},"maxItems":10000},` +
		`"few":{"type":["array","null"],"items":{"$ref":"#/components/schemas/Part"},"maxItems":2},` +
		`"pointer":{"anyOf":[{"$ref":"#/components/schemas/Part"},{"type":"null"}]},` +
		`"optional":{"type":["array","null"],"items":{"type":"integer","format":"int64"},"maxItems":10000},` +
		`"deep":{"type":["string","null"]}},"required":["needed"]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	parts, err := s.Components()
	if text, _ := json.Marshal(parts); err != nil || string(text) != `{"Part":{"type":"object","properties":{"x":{"type":"string"}},"required":["x"]}}` {
		t.Errorf("%s, %v", text, err)
	}
}

func TestAMemberThatIsToBePresentMustNotBeNull(t *testing.T) {
	t.Parallel()
	if _, err := httpio.Decode[described]([]byte(`{"needed":"x","kept":null}`)); err == nil || err.Error() != "kept must not be null" {
		t.Errorf("null: %v", err)
	}
	if in, err := httpio.Decode[described]([]byte(`{"needed":"x"}`)); err != nil || in.Kept.Given {
		t.Errorf("absent: %v", err)
	}
}

// silent decodes itself and does not say what.
type silent struct{}

func (*silent) DecodeField(string, []byte) error { return nil }

func TestATypeWithoutASchemaIsAnError(t *testing.T) {
	t.Parallel()
	for want, kind := range map[string]reflect.Type{
		"does not describe itself": reflect.TypeFor[struct {
			A silent `json:"a"`
		}](),
		"cannot be decoded": reflect.TypeFor[struct {
			A map[string]int `json:"a"`
		}](),
		"there is no bound": reflect.TypeFor[struct {
			A string `json:"a" limit:"other"`
		}](),
	} {
		s := openapi.NewSchemas(nil, nil)
		httpio.RequestSchema(s, kind)
		if _, err := s.Components(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
