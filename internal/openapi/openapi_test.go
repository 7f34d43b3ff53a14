package openapi_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/openapi"
)

func marshal(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAMapKeepsItsOrder(t *testing.T) {
	t.Parallel()
	var m openapi.Map[int]
	m.Set("b", 1)
	m.Set("a", 2)
	m.Set("b", 3)
	if got := marshal(t, m); got != `{"b":3,"a":2}` {
		t.Error(got)
	}
	if v, ok := m.Get("a"); v != 2 || !ok {
		t.Error(v, ok)
	}
	if _, ok := m.Get("c"); ok {
		t.Error("there is a c")
	}
}

type answer struct {
	base
	ID     string   `json:"id"`
	Name   *string  `json:"name,omitempty"`
	Tags   []string `json:"tags" doc:"Words."`
	Next   *answer  `json:"next,omitempty"`
	Colour colour   `json:"colour"`
	Inline struct {
		N int64 `json:"n"`
	} `json:"inline"`
}

type base struct {
	Ok bool `json:"ok,omitzero"`
}

type colour string

func (*colour) Describe(*openapi.Schemas) *openapi.Schema {
	return openapi.OneOf[colour]("red", "blue")
}

func TestAnAnswersSchemaSaysWhatIsEncoded(t *testing.T) {
	t.Parallel()
	s := openapi.NewSchemas(map[reflect.Type]string{reflect.TypeFor[answer](): "Answer"}, nil)
	if got := marshal(t, s.Answer(reflect.TypeFor[[]answer]())); got != `{"type":"array","items":{"$ref":"#/components/schemas/Answer"}}` {
		t.Error(got)
	}
	made, err := s.Components()
	want := `{"Answer":{"type":"object","properties":{"ok":{"type":"boolean"},"id":{"type":"string"},"name":{"type":"string"},` +
		`"tags":{"description":"Words.","type":"array","items":{"type":"string"}},"next":{"$ref":"#/components/schemas/Answer"},` +
		`"colour":{"type":"string","enum":["red","blue"]},` +
		`"inline":{"type":"object","properties":{"n":{"type":"integer","format":"int64"}},"required":["n"]}},` +
		`"required":["id","tags","colour","inline"]}}`
	if got := marshal(t, made); got != want || err != nil {
		t.Errorf("got  %s\nwant %s\n%v", got, want, err)
	}
}

type endless struct {
	Next *endless `json:"next"`
}

func TestWhatHasNoSchemaIsAnError(t *testing.T) {
	t.Parallel()
	for want, kind := range map[string]reflect.Type{
		"contains itself": reflect.TypeFor[endless](),
		"has no json tag": reflect.TypeFor[struct{ A string }](),
		"have no schema":  reflect.TypeFor[map[int]int](),
	} {
		s := openapi.NewSchemas(nil, nil)
		s.Answer(kind)
		if _, err := s.Components(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for want, names := range map[string]map[reflect.Type]string{
		"two types have the name A": {reflect.TypeFor[answer](): "A", reflect.TypeFor[base](): "A"},
		"nothing uses":              {reflect.TypeFor[base](): "Base"},
	} {
		s := openapi.NewSchemas(names, nil)
		if _, err := s.Components(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestNullIsOneMoreType(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		schema *openapi.Schema
		want   string
	}{
		{openapi.Text().With("a"), `{"description":"a","type":["string","null"]}`},
		{openapi.OneOf("a"), `{"type":["string","null"],"enum":["a",null]}`},
		{&openapi.Schema{Ref: "#/x", Description: "a"}, `{"description":"a","anyOf":[{"$ref":"#/x"},{"type":"null"}]}`},
		{&openapi.Schema{Description: "a"}, `{"description":"a"}`},
	} {
		before := marshal(t, c.schema)
		if got := marshal(t, c.schema.OrNull()); got != c.want || marshal(t, c.schema) != before {
			t.Errorf("%s: %s", before, got)
		}
	}
}

// document is a small one with something of every kind that the page shows.
func document() *openapi.Document {
	d := &openapi.Document{
		OpenAPI: openapi.Version,
		Info:    openapi.Info{Title: "T <b>", Version: "1", Description: "One.\n\nTwo."},
		Servers: []openapi.Server{{URL: "/v1"}},
		Tags:    []openapi.Tag{{Name: "All things"}},
	}
	op := &openapi.Operation{OperationID: "doIt", Tags: []string{"All things"}, Summary: "Do it", Parameters: []*openapi.Parameter{
		{Name: "thingId", In: "path", Required: true, Schema: openapi.Text()},
		{Name: "take", In: "query", Schema: openapi.Between(1, 9)},
	}}
	op.RequestBody = &openapi.Body{}
	op.RequestBody.Content.Set("application/json", &openapi.Media{Schema: &openapi.Schema{Ref: "#/components/schemas/Thing"}, Example: []byte(`{"a":"it's"}`)})
	ok := &openapi.Response{Description: "Done."}
	ok.Content.Set("application/json", &openapi.Media{Schema: openapi.Text()})
	ok.Content.Set("application/jsonl", &openapi.Media{Schema: &openapi.Schema{Ref: "#/components/schemas/ThingLine"}})
	op.Responses.Set("200", ok)
	op.Responses.Set("400", &openapi.Response{Ref: "#/components/responses/Bad"})
	d.Components.Responses.Set("Bad", &openapi.Response{Description: "It was bad."})
	thing := &openapi.Schema{Type: openapi.Types{"object"}, Required: []string{"a"}}
	thing.Properties.Set("a", openapi.OneOf("x", "y"))
	thing.Properties.Set("b", openapi.List(&openapi.Schema{Ref: "#/components/schemas/Thing"}).OrNull())
	d.Components.Schemas.Set("Thing", thing)
	d.Components.Schemas.Set("ThingLine", &openapi.Schema{OneOf: []*openapi.Schema{openapi.Boolean(), openapi.Number()}})
	d.Components.Schemas.Set("Error", thing)
	d.Paths.Set("/thing/{thingId}", openapi.Map[*openapi.Operation]{{Name: "post", Value: op}})
	return d
}

func TestThePageShowsTheDocument(t *testing.T) {
	t.Parallel()
	page, policy, err := openapi.Page(document(), "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<h1>T &lt;b&gt;</h1>", "<p>One.</p>", "<p>Two.</p>", `id="doIt"`, `href="#doIt"`, "/v1/thing/{thingId}",
		"curl -N &#34;$PARLEY_URL/v1/thing/$THING_ID&#34;", "-d &#39;{&#34;a&#34;:&#34;it&#39;\\&#39;&#39;s&#34;}&#39;",
		"(1 to 9)", "x, y", `list of <a href="#schema-Thing">Thing</a><`, "boolean or number", "It was bad.", `id="all-things"`,
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	_, style, _ := strings.Cut(string(page), "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	sum := sha256.Sum256([]byte(style))
	if want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';"; !strings.HasPrefix(policy, want) {
		t.Errorf("the policy is %s, want %s", policy, want)
	}
}

func TestADocumentIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	one, err := document().JSON()
	if err != nil {
		t.Fatal(err)
	}
	if two, err := document().JSON(); err != nil || string(two) != string(one) || !json.Valid(one) {
		t.Errorf("%s\n%s\n%v", one, two, err)
	}
}
