package chatbotkit

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/openapi"
)

// newDocument describes the operations: their requests by the types that are
// decoded, their query strings by the parameters that are read, their answers by
// the types that are rendered. Operations of later versions are not in it.
func newDocument(limits engine.Limits) (*openapi.Document, error) {
	d := &describer{schemas: openapi.NewSchemas(schemaNames(), map[string]int{"text": limits.Text})}
	document := &openapi.Document{
		OpenAPI: openapi.Version,
		Info: openapi.Info{
			Title: "Parley", Version: "v1", Summary: "Conversations with language models, kept on your own server.",
			Description: introduction, License: &openapi.License{Name: "Apache License 2.0", Identifier: "Apache-2.0"},
		},
		Servers: []openapi.Server{
			{URL: "/v1", Description: "This server."},
			{URL: "/api/v1", Description: "The same, under the prefix that the published JavaScript package uses."},
		},
		Security: []map[string][]string{{"token": {}}},
	}
	all := groups()
	for _, g := range all {
		document.Tags = append(document.Tags, openapi.Tag{Name: g.name, Description: g.description})
	}
	for _, op := range operations() {
		tag, text, err := find(all, op.name)
		if err != nil {
			return nil, err
		}
		described := d.operation(op, text)
		described.Tags = []string{tag}
		methods, _ := document.Paths.Get(op.path)
		methods.Set(strings.ToLower(op.method), described)
		document.Paths.Set(op.path, methods)
	}
	var err error
	document.Components.Responses = d.failures()
	document.Components.SecuritySchemes.Set("token", &openapi.SecurityScheme{
		Type: "http", Scheme: "bearer", Description: "An API secret, or the token of a session where the operation takes one.",
	})
	document.Components.Schemas, err = d.schemas.Components()
	return document, err
}

// find gives the group of an operation and what is said of it.
func find(all []group, name string) (tag string, text reference, err error) {
	for _, g := range all {
		if text, ok := g.operations[name]; ok {
			return g.name, text, nil
		}
	}
	return "", reference{}, fmt.Errorf("the operation %s has no description", name)
}

// describer makes the parts of a document.
type describer struct{ schemas *openapi.Schemas }

func (d *describer) operation(op operation, text reference) *openapi.Operation {
	described := &openapi.Operation{
		OperationID: op.name, Summary: text.summary, Description: text.description,
		Parameters: d.parameters(op, text),
	}
	if op.session {
		described.Description += "\n\nA session token may do this in its own conversation."
	}
	if op.request != nil {
		schema := httpio.RequestSchema(d.schemas, op.request)
		whole := d.schemas.Resolve(schema)
		needed := len(whole.Required)+len(whole.AnyOf) > 0 // else no body is as good as {}
		described.RequestBody = &openapi.Body{Required: needed, Content: openapi.Map[*openapi.Media]{
			{Name: "application/json", Value: &openapi.Media{Schema: schema, Example: []byte(text.example)}},
		}}
	}
	if len(text.takes) > 0 {
		if described.RequestBody == nil {
			described.RequestBody = &openapi.Body{Required: true}
		}
		for _, media := range text.takes {
			described.RequestBody.Content.Set(media, &openapi.Media{Schema: takenAs(media)})
		}
	}
	if op.open {
		described.Security = []map[string][]string{{"token": {}}, {}}
	}
	if text.answer.object != nil || text.answer.stream || text.answer.bytes {
		described.Responses.Set("200", d.success(op, text))
	}
	if text.answer.empty {
		described.Responses.Set("204", &openapi.Response{Description: "There is no content."})
	}
	for _, kind := range kinds(op, text) {
		status, code := statusOf(kind)
		described.Responses.Set(strconv.Itoa(status), &openapi.Response{Ref: "#/components/responses/" + responseName(code)})
	}
	return described
}

// takenAs is the schema of a body that is not JSON.
func takenAs(media string) *openapi.Schema {
	content := &openapi.Schema{Type: openapi.Types{"string"}, Format: "binary"}
	if media != "multipart/form-data" {
		return content
	}
	form := &openapi.Schema{Type: openapi.Types{"object"}, Required: []string{"file"}}
	form.Properties.Set("file", content)
	return form
}

// parameters are those of the path, the query string and the headers.
func (d *describer) parameters(op operation, text reference) []*openapi.Parameter {
	var all []*openapi.Parameter
	one, most := 1, maxID
	for segment := range strings.SplitSeq(op.path, "/") {
		name, ok := strings.CutPrefix(strings.TrimSuffix(segment, "}"), "{")
		if !ok {
			continue
		}
		schema := openapi.Text()
		schema.MinLength, schema.MaxLength = &one, &most
		if name == "channelId" {
			schema = openapi.Text()
			schema.Pattern = convo.ChannelPattern
		}
		all = append(all, &openapi.Parameter{Name: name, In: "path", Required: true, Schema: schema})
	}
	for _, p := range op.query {
		all = append(all, p.Parameter())
	}
	if op.request != nil {
		longest := httpio.MaxKey
		schema := openapi.Text()
		schema.Pattern, schema.MinLength, schema.MaxLength = "^[!-~]+$", &one, &longest
		all = append(all, &openapi.Parameter{Name: "Idempotency-Key", In: "header", Schema: schema,
			Description: "A repeat with the same key and body gets the same answer for 24 hours, and nothing is done twice."})
	}
	if text.model {
		all = append(all, &openapi.Parameter{Name: "X-Timezone", In: "header", Schema: openapi.Text(),
			Description: "The caller's time zone by its IANA name, such as Europe/Paris; UTC unless given."})
	}
	return all
}

// success is the answer of an operation that did what it was asked to.
func (d *describer) success(op operation, text reference) *openapi.Response {
	r := &openapi.Response{Description: text.answer.doc}
	if r.Description == "" {
		r.Description = "It was done."
	}
	r.Headers.Set("X-Request-Id", &openapi.Header{Description: "What the server's log calls this request.", Schema: openapi.Text()})
	rateHeaders(&r.Headers)
	if op.request != nil {
		r.Headers.Set("Idempotent-Replayed", &openapi.Header{
			Description: "Given where an earlier request was answered with this.", Schema: openapi.OneOf("true"),
		})
	}
	if text.answer.bytes {
		r.Content.Set("*/*", &openapi.Media{Schema: takenAs("*/*")})
		return r
	}
	var object *openapi.Schema
	if !text.answer.stream {
		object = text.answer.object(d.schemas)
		r.Content.Set("application/json", &openapi.Media{Schema: object})
	}
	lines := object
	if text.answer.lines != nil {
		lines = text.answer.lines(d.schemas)
	}
	r.Content.Set("application/jsonl", &openapi.Media{Schema: lines})
	if text.answer.csv {
		r.Content.Set("text/csv", &openapi.Media{Schema: openapi.Text()})
	}
	return r
}

// rateHeaders are those of a server with rate limits.
func rateHeaders(h *openapi.Map[*openapi.Header]) {
	h.Set("RateLimit", &openapi.Header{Description: "What is left of the caller's limits, where there are some.", Schema: openapi.Text()})
	h.Set("RateLimit-Policy", &openapi.Header{Description: "The limits themselves, in the same form.", Schema: openapi.Text()})
}

// kinds are the errors that an operation may answer with, by their status.
func kinds(op operation, text reference) []convo.Kind {
	has := func(kind convo.Kind) bool {
		switch kind {
		case convo.NotFound:
			return strings.Contains(op.path, "{") || refers(op)
		case convo.Conflict, convo.TooLarge, convo.Unprocessable:
			return op.request != nil || len(text.takes) > 0
		case convo.QuotaReached, convo.UpstreamFailed, convo.UpstreamTimeout:
			return text.model || text.fetches
		}
		return true
	}
	var list []convo.Kind
	for _, f := range failureTexts() {
		if has(f.kind) {
			list = append(list, f.kind)
		}
	}
	return list
}

// refers reports whether an operation may be asked about what does not exist, by a
// member of its request or by its query string.
func refers(op operation) bool {
	if slices.ContainsFunc(op.query, func(p httpio.Declared) bool { return strings.HasSuffix(p.QueryName(), "Id") }) {
		return true
	}
	if op.request == nil {
		return false
	}
	return slices.ContainsFunc([]string{"SkillsetID", "ContactID"}, func(member string) bool {
		_, ok := op.request.FieldByName(member)
		return ok
	})
}

// failures are the answers that say what went wrong.
func (d *describer) failures() (all openapi.Map[*openapi.Response]) {
	schema := d.schemas.Answer(reflect.TypeFor[wireError]())
	for _, f := range failureTexts() {
		_, code := statusOf(f.kind)
		r := &openapi.Response{Description: f.when}
		if f.kind == convo.RateLimited || f.kind == convo.Unavailable {
			r.Headers.Set("Retry-After", &openapi.Header{Description: "How many seconds to wait.", Schema: openapi.Integer()})
		}
		if f.kind == convo.RateLimited {
			rateHeaders(&r.Headers)
		}
		r.Content.Set("application/json", &openapi.Media{Schema: schema})
		all.Set(responseName(code), r)
	}
	return all
}

// responseName makes BadRequest of BAD_REQUEST.
func responseName(code string) string {
	var name strings.Builder
	for word := range strings.SplitSeq(code, "_") {
		name.WriteString(word[:1] + strings.ToLower(word[1:]))
	}
	return name.String()
}
