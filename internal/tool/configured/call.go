package configured

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/outbound"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/tool/request"
)

// fixed is a tool that always gives the same.
type fixed struct {
	spec   tool.Spec
	result convo.JSON
}

// Spec implements tool.Tool.
func (f *fixed) Spec() tool.Spec { return f.spec }

// Call implements tool.Tool.
func (f *fixed) Call(context.Context, tool.Call) (tool.Result, error) {
	return tool.Result{Output: f.result}, nil
}

// elsewhere is a tool whose calls end elsewhere: a client carries them out, or the
// user's answer is what they give.
type elsewhere struct{ *fixed }

// Call implements tool.Tool.
func (e *elsewhere) Call(context.Context, tool.Call) (tool.Result, error) {
	return tool.Result{}, convo.Errorf(convo.Invalid, "the server does not carry out %s itself", e.spec.Name)
}

// caller is a tool that makes a request.
type caller struct {
	*fixed
	request *request.Request
	secret  string
	client  *outbound.Client
}

// newRequest reads the templates of a request.
func newRequest(h HTTP, known map[string]bool) (*request.Request, error) {
	method := h.Method
	switch {
	case method == "" && h.Body == "":
		method = "GET"
	case method == "":
		method = "POST"
	}
	address, err := template(h.URL, inAddress, known)
	if err != nil {
		return nil, err
	}
	r, err := request.New(method, address)
	if err != nil {
		return nil, err
	}
	if r.Origin() == "" {
		return nil, convo.Errorf(convo.Invalid, "its address must begin with http:// or https:// and a host")
	}
	written := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(h.Headers)) {
		canonical := http.CanonicalHeaderKey(strings.TrimSpace(name))
		if written[canonical] {
			return nil, convo.Errorf(convo.Invalid, "the header %s is there twice", canonical)
		}
		written[canonical] = true
		value, err := template(h.Headers[name], inHeader, known)
		if err != nil {
			return nil, err
		}
		if err := r.Header(name, value); err != nil {
			return nil, err
		}
	}
	body, err := template(h.Body, bodyPlace(h), known)
	if err != nil {
		return nil, err
	}
	r.Body(body)
	sample, err := body.Fill(request.Values{Secrets: map[string]string{}})
	if err != nil {
		return nil, err
	}
	if bodyPlace(h) == inJSON && !json.Valid([]byte(sample)) {
		return nil, convo.Errorf(convo.Invalid, "its body is no JSON once its {{arguments}} are filled in; leave out quotes where a number or an object goes, and set them where a text goes")
	}
	if h.Secret == "" && len(r.Secrets()) > 0 {
		return nil, convo.Errorf(convo.Invalid, "it uses ${secret} and has no secret")
	}
	if inHeader := len(r.Secrets()) == 0 || r.InHeader(ownSecret); inHeader && strings.ContainsFunc(h.Secret, unicode.IsControl) {
		return nil, convo.Errorf(convo.Invalid, "its secret has a line break or another control character, and goes into a header")
	}
	return r, nil
}

// bodyPlace says what language a body is in.
func bodyPlace(h HTTP) place {
	kind := ""
	for name, value := range h.Headers {
		if strings.EqualFold(name, "Content-Type") {
			kind = strings.ToLower(value)
		}
	}
	start := strings.TrimLeft(h.Body, " \t\r\n")
	switch {
	case strings.Contains(kind, "json"), kind == "" && (strings.HasPrefix(start, "{") || strings.HasPrefix(start, "[")):
		return inJSON
	case strings.Contains(kind, "form-urlencoded"):
		return inForm
	case strings.Contains(kind, "xml"), strings.Contains(kind, "html"), kind == "" && strings.HasPrefix(start, "<"):
		return inXML
	}
	return inText
}

// Call implements tool.Tool.
func (c *caller) Call(ctx context.Context, call tool.Call) (tool.Result, error) {
	arguments, err := forms(call.Arguments)
	if err != nil {
		return tool.Result{}, err
	}
	v := request.Values{Arguments: arguments, Secrets: map[string]string{ownSecret: c.secret}}
	authorization := ""
	if c.secret != "" && len(c.request.Secrets()) == 0 {
		authorization = request.Authorization("bearer", c.secret)
	}
	r, err := c.request.Make(outbound.WithTenant(ctx, call.Tenant), v, authorization)
	if err != nil {
		return tool.Result{}, err
	}
	return request.Do(c.client, r, []string{c.secret})
}

// forms gives every argument as a text and as JSON. One that is not given is no
// text, and null.
func forms(object convo.JSON) (map[string]string, error) {
	var given map[string]json.RawMessage
	if len(object) > 0 {
		if err := json.Unmarshal(object, &given); err != nil {
			return nil, convo.Errorf(convo.Invalid, "the arguments are no JSON object")
		}
	}
	all := make(map[string]string, 2*len(given))
	for name, value := range given {
		all[name], _ = request.Scalar(value)
		all[asJSON+name] = string(value)
	}
	return all, nil
}
