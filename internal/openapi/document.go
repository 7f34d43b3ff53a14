package openapi

import (
	"bytes"
	"encoding/json"
)

// Version is the version of the OpenAPI specification that documents follow.
const Version = "3.1.0"

// Map is a JSON object whose members keep their order.
type Map[T any] []Entry[T]

// Entry is a member of a [Map].
type Entry[T any] struct {
	Name  string
	Value T
}

// Set adds a member, or changes the one of that name.
func (m *Map[T]) Set(name string, value T) {
	for i := range *m {
		if (*m)[i].Name == name {
			(*m)[i].Value = value
			return
		}
	}
	*m = append(*m, Entry[T]{name, value})
}

// Get gives the member of that name.
func (m Map[T]) Get(name string) (value T, ok bool) {
	for _, e := range m {
		if e.Name == name {
			return e.Value, true
		}
	}
	return value, false
}

// MarshalJSON writes the members in their order.
func (m Map[T]) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, e := range m {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := encode(e.Name)
		if err != nil {
			return nil, err
		}
		value, err := encode(e.Value)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}

// encode makes JSON without escaping for HTML, which only makes it harder to
// read.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(buf.Bytes()), err
}

// Document is an OpenAPI document.
type Document struct {
	OpenAPI    string                `json:"openapi"`
	Info       Info                  `json:"info"`
	Servers    []Server              `json:"servers"`
	Security   []map[string][]string `json:"security"`
	Tags       []Tag                 `json:"tags"`
	Paths      Map[Map[*Operation]]  `json:"paths"` // by path, then by method in small letters
	Components Components            `json:"components"`
}

// JSON is the document as it is served, indented for those who read it.
func (d *Document) JSON() ([]byte, error) {
	compact, err := encode(d)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	if err := json.Indent(&buf, compact, "", "  "); err != nil {
		return nil, err
	}
	buf.WriteByte('\n')
	return buf.Bytes(), nil
}

// Info says what a document is about. Description is shown as paragraphs.
type Info struct {
	Title       string   `json:"title"`
	Summary     string   `json:"summary,omitempty"`
	Description string   `json:"description,omitempty"`
	License     *License `json:"license,omitempty"`
	Version     string   `json:"version"`
}

// License is the licence of the API, by its SPDX identifier.
type License struct {
	Name       string `json:"name"`
	Identifier string `json:"identifier"`
}

// Server is an address that paths are relative to.
type Server struct {
	URL         string `json:"url"`
	Description string `json:"description,omitempty"`
}

// Tag is a group of operations.
type Tag struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// Operation is what a method does at a path.
type Operation struct {
	OperationID string         `json:"operationId"`
	Tags        []string       `json:"tags,omitempty"`
	Summary     string         `json:"summary"`
	Description string         `json:"description,omitempty"`
	Parameters  []*Parameter   `json:"parameters,omitempty"`
	RequestBody *Body          `json:"requestBody,omitempty"`
	Responses   Map[*Response] `json:"responses"` // by status
	// Security is how callers of this operation say who they are; nil = as those of all.
	Security []map[string][]string `json:"security,omitempty"`
}

// Parameter is one of a path, a query string or the headers.
type Parameter struct {
	Name        string  `json:"name"`
	In          string  `json:"in"` // path, query or header
	Description string  `json:"description,omitempty"`
	Required    bool    `json:"required,omitempty"`
	Style       string  `json:"style,omitempty"`
	Explode     bool    `json:"explode,omitempty"`
	Schema      *Schema `json:"schema"`
}

// Body is what a request carries.
type Body struct {
	Description string      `json:"description,omitempty"`
	Required    bool        `json:"required,omitempty"`
	Content     Map[*Media] `json:"content"` // by media type
}

// Response is an answer. One with a Ref is written elsewhere and has nothing
// else.
type Response struct {
	Ref         string       `json:"$ref,omitempty"`
	Description string       `json:"description,omitempty"`
	Headers     Map[*Header] `json:"headers,omitempty"`
	Content     Map[*Media]  `json:"content,omitempty"`
}

// Header is a header of an answer.
type Header struct {
	Description string  `json:"description,omitempty"`
	Schema      *Schema `json:"schema"`
}

// Media is a body in one media type. Of application/jsonl the schema is that of
// each line.
type Media struct {
	Schema  *Schema         `json:"schema"`
	Example json.RawMessage `json:"example,omitempty"`
}

// Components are what other parts of a document refer to.
type Components struct {
	Schemas         Map[*Schema]         `json:"schemas,omitempty"`
	Responses       Map[*Response]       `json:"responses,omitempty"`
	SecuritySchemes Map[*SecurityScheme] `json:"securitySchemes,omitempty"`
}

// SecurityScheme is how a caller says who he is.
type SecurityScheme struct {
	Type        string `json:"type"`
	Scheme      string `json:"scheme,omitempty"`
	Description string `json:"description,omitempty"`
}
