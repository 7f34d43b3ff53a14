package chatbotkit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/wire/chatbotkit"
)

// contract is the OpenAPI document as a judge of requests and answers. Every
// answer that any test of this package gets is held against it.
type contract struct {
	document map[string]any
	router   *httpio.Router[chatbotkit.Row]
	requests map[string]*jsonschema.Schema // by method and path
	answers  map[string]*jsonschema.Schema // by method, path, status and media type
	empty    map[string]bool               // those that may have no answer, by method and path
}

var theContract = sync.OnceValues(func() (*contract, error) {
	text, err := chatbotkit.Document()
	if err != nil {
		return nil, err
	}
	c := &contract{requests: map[string]*jsonschema.Schema{}, answers: map[string]*jsonschema.Schema{}, empty: map[string]bool{}}
	if err := json.Unmarshal(text, &c.document); err != nil {
		return nil, err
	}
	var routes []httpio.Route[chatbotkit.Row]
	for _, row := range chatbotkit.Rows() {
		if !row.Later {
			routes = append(routes, httpio.Route[chatbotkit.Row]{Method: row.Method, Pattern: row.Path, Value: row})
		}
	}
	if c.router, err = httpio.NewRouter(routes); err != nil {
		return nil, err
	}
	return c, c.compile(text)
})

// compile makes the document's schemas ready. Those of answers are closed: a
// member that the document does not name is a mistake in it.
func (c *contract) compile(text []byte) error {
	compilers := map[bool]*jsonschema.Compiler{}
	for _, closed := range []bool{false, true} {
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return err
		}
		if closed {
			closeObjects(document)
		}
		compilers[closed] = jsonschema.NewCompiler()
		if err := compilers[closed].AddResource("mem:///openapi.json", document); err != nil {
			return err
		}
	}
	compile := func(closed bool, pointer ...string) (*jsonschema.Schema, error) {
		for i, part := range pointer {
			pointer[i] = strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(part)
		}
		return compilers[closed].Compile("mem:///openapi.json#/" + strings.Join(pointer, "/"))
	}
	for path, methods := range c.object("paths") {
		for method, described := range methods.(map[string]any) {
			key := strings.ToUpper(method) + " " + path
			operation := described.(map[string]any)
			if c.object("paths", path, method, "requestBody", "content", "application/json") != nil {
				schema, err := compile(false, "paths", path, method, "requestBody", "content", "application/json", "schema")
				if err != nil {
					return err
				}
				c.requests[key] = schema
			}
			for status, response := range operation["responses"].(map[string]any) {
				at := []string{"paths", path, method, "responses", status}
				response := response.(map[string]any)
				if ref, ok := response["$ref"].(string); ok {
					at = strings.Split(strings.TrimPrefix(ref, "#/"), "/")
					response = c.object(at...)
				}
				content, ok := response["content"].(map[string]any)
				c.empty[key] = c.empty[key] || !ok
				for media := range content {
					schema, err := compile(true, append(append([]string(nil), at...), "content", media, "schema")...)
					if err != nil {
						return err
					}
					c.answers[key+" "+status+" "+media] = schema
				}
			}
		}
	}
	return nil
}

// object gives a part of the document.
func (c *contract) object(path ...string) map[string]any {
	part := c.document
	for _, name := range path {
		part, _ = part[name].(map[string]any)
	}
	return part
}

// closeObjects forbids members that are not named.
func closeObjects(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok && v["type"] == "object" && v["additionalProperties"] == nil {
			v["additionalProperties"] = false
		}
		for _, inner := range v {
			closeObjects(inner)
		}
	case []any:
		for _, inner := range v {
			closeObjects(inner)
		}
	}
}

// find gives the operation that a request is for, as the document calls it.
func (c *contract) find(method, path string) (key string, ok bool) {
	path, _, _ = strings.Cut(path, "?")
	path, ok = strings.CutPrefix(strings.TrimPrefix(path, "/api"), "/v1")
	if !ok {
		return "", false
	}
	match, err := c.router.Find(method, path)
	return method + " " + match.Pattern, err == nil
}

// check says where a request and its answer contradict the document.
func (c *contract) check(method, path, body string, a answer) error {
	key, ok := c.find(method, path)
	if !ok {
		return nil
	}
	if schema := c.requests[key]; schema != nil && a.status == http.StatusOK && body != "" {
		if err := validate(schema, body); err != nil {
			return fmt.Errorf("%s took %.200s: %w", key, body, err)
		}
	}
	media, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	schema := c.answers[fmt.Sprintf("%s %d %s", key, a.status, media)]
	switch {
	case c.answers[fmt.Sprintf("%s %d */*", key, a.status)] != nil, a.status == http.StatusNoContent && c.empty[key]:
	case schema == nil:
		return fmt.Errorf("%s: %d %s is not in the document", key, a.status, media)
	case media == "application/jsonl":
		for line := range strings.Lines(a.body) {
			if err := validate(schema, line); err != nil {
				return fmt.Errorf("%s: %s: %w", key, line, err)
			}
		}
	case media == "application/json":
		if err := validate(schema, a.body); err != nil {
			return fmt.Errorf("%s: %s: %w", key, a.body, err)
		}
	}
	return nil
}

func validate(schema *jsonschema.Schema, text string) error {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// contract gives the judge to a test.
func contractOf(t *testing.T) *contract {
	t.Helper()
	c, err := theContract()
	must(t, err)
	return c
}
