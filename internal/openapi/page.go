package openapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's template and style
	"encoding/base64"
	"encoding/json"
	"html/template"
	"slices"
	"strings"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

// Page makes a page for people out of a document, and the
// Content-Security-Policy that it is to be served with. The page is whole: it
// asks no other host for anything and runs no script. Source is the path of the
// document itself, for a link.
func Page(d *Document, source string) (page []byte, policy string, err error) {
	p := &pageData{Document: d, Source: source, Style: template.CSS(pageCSS)}
	t, err := template.New("page").Funcs(template.FuncMap{
		"paragraphs": func(text string) []string { return strings.Split(text, "\n\n") },
		"anchor":     func(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "-")) },
		"type":       func(s *Schema) []piece { return describe(s) },
		"limits":     limits,
		"required":   func(s *Schema, name string) bool { return slices.Contains(s.Required, name) },
		"resolve":    p.resolve,
		"response":   p.response,
		"curl":       p.curl,
		"indent":     indent,
	}).Parse(pageHTML)
	if err != nil {
		return nil, "", err
	}
	var buf bytes.Buffer
	if err := t.Execute(&buf, p); err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256([]byte(pageCSS))
	policy = "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return buf.Bytes(), policy, nil
}

// pageData is what the template sees.
type pageData struct {
	*Document
	Source string
	Style  template.CSS
}

// listed is an operation with its place.
type listed struct {
	Method, Path string
	*Operation
}

// Of gives the operations of a tag.
func (p *pageData) Of(tag string) []listed {
	var all []listed
	for _, path := range p.Paths {
		for _, method := range path.Value {
			if slices.Contains(method.Value.Tags, tag) {
				all = append(all, listed{strings.ToUpper(method.Name), path.Name, method.Value})
			}
		}
	}
	return all
}

// Prefix is what stands before every path.
func (p *pageData) Prefix() string { return p.Servers[0].URL }

func (p *pageData) resolve(s *Schema) *Schema {
	if found, ok := p.Components.Schemas.Get(strings.TrimPrefix(s.Ref, componentPrefix)); ok {
		return found
	}
	return s
}

// response resolves a reference to a component.
func (p *pageData) response(r *Response) *Response {
	if found, ok := p.Components.Responses.Get(strings.TrimPrefix(r.Ref, "#/components/responses/")); ok {
		return found
	}
	return r
}

// curl is a command that asks for the operation.
func (p *pageData) curl(op listed) string {
	path := op.Path
	for _, param := range op.Parameters {
		if param.In == "path" {
			path = strings.ReplaceAll(path, "{"+param.Name+"}", "$"+shellName(param.Name))
		}
	}
	command := `curl "$PARLEY_URL` + p.Prefix() + path + `" \` + "\n  " + `-H "Authorization: Bearer $PARLEY_SECRET"`
	if ok, _ := op.Responses.Get("200"); ok != nil && streams(ok) {
		command = strings.Replace(command, "curl ", "curl -N ", 1) + " \\\n  -H 'Accept: application/jsonl'"
	}
	if op.RequestBody == nil {
		return command
	}
	media, ok := op.RequestBody.Content.Get("application/json")
	if !ok {
		return strings.Replace(command, "curl ", "curl -T FILE ", 1)
	}
	example := strings.ReplaceAll(string(media.Example), "'", `'\''`)
	return command + " \\\n  -H 'Content-Type: application/json' \\\n  -d '" + example + "'"
}

// streams reports whether an answer as lines is more than the object on one.
func streams(r *Response) bool {
	lines, ok := r.Content.Get("application/jsonl")
	return ok && strings.HasSuffix(lines.Schema.Ref, "Line")
}

// shellName makes CONVERSATION_ID of conversationId.
func shellName(name string) string {
	var out strings.Builder
	for _, c := range name {
		if c >= 'A' && c <= 'Z' {
			out.WriteByte('_')
		}
		out.WriteRune(c)
	}
	return strings.ToUpper(out.String())
}

func indent(example json.RawMessage) string {
	var buf bytes.Buffer
	if json.Indent(&buf, example, "", "  ") != nil {
		return string(example)
	}
	return buf.String()
}
