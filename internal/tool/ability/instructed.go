package ability

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/outbound"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/tool/request"
)

// maxGuidance is how much of the text around an action the model is told.
const maxGuidance = 4 << 10

// instructed is an ability as a tool. It belongs to a tenant, whose secrets it
// may use.
type instructed struct {
	set         *Set
	tenant      string
	secret      string // the id of the ability's own
	spec        tool.Spec
	instruction *Instruction
	fault       error  // why it cannot be carried out
	dataset     string // what it searches where it names none
}

func (s *Set) instructed(tenant string, a tool.Ability, name string) *instructed {
	t := &instructed{set: s, tenant: tenant, secret: a.SecretID}
	if t.instruction, t.fault = Parse(a.Instruction); t.fault != nil {
		t.instruction = &Instruction{}
	}
	description := a.Description
	if description == "" {
		description = a.Name
	}
	if t.instruction.Guidance != "" {
		description = strings.TrimSpace(description + "\n\n" + request.Trim(t.instruction.Guidance, maxGuidance))
	}
	t.spec = tool.Spec{
		Name: name, Description: description, Parameters: schema(t.instruction.Parameters),
		// What is searched for may be shown to a service of embeddings.
		Reveals: reveals(a.Meta) && t.instruction.Action != "search",
	}
	return t
}

// reveals reports whether the author of an ability lets it have what private turns
// keep from the model: the member privacy of its meta says so.
func reveals(meta convo.JSON) bool {
	var said struct {
		Privacy string `json:"privacy"`
	}
	return json.Unmarshal(meta, &said) == nil && said.Privacy == "reveal"
}

// schema describes parameters to the model.
func schema(parameters []Parameter) convo.JSON {
	var b bytes.Buffer
	b.WriteString(`{"type":"object","properties":{`)
	var required []string
	for i, p := range parameters {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(request.EncodeJSON(p.Name))
		b.WriteString(`:{"type":"` + p.Type + `"`)
		if p.Description != "" {
			b.WriteString(`,"description":` + string(request.EncodeJSON(p.Description)))
		}
		if p.Enum != nil && p.Type == "string" {
			b.WriteString(`,"enum":` + string(request.EncodeJSON(p.Enum)))
		}
		if p.Default != "" && p.Type == "string" {
			b.WriteString(`,"default":` + string(request.EncodeJSON(p.Default)))
		}
		b.WriteByte('}')
		if p.Required {
			required = append(required, p.Name)
		}
	}
	b.WriteByte('}')
	if required != nil {
		b.WriteString(`,"required":` + string(request.EncodeJSON(required)))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// Spec implements tool.Tool.
func (t *instructed) Spec() tool.Spec { return t.spec }

// Call implements tool.Tool.
func (t *instructed) Call(ctx context.Context, c tool.Call) (tool.Result, error) {
	if t.fault != nil {
		return tool.Result{}, convo.WrapError(convo.Invalid, t.fault, "this ability cannot be carried out, because its instruction is wrong: %s", convo.PublicError(t.fault).Message)
	}
	arguments, err := t.arguments(c.Arguments)
	if err != nil {
		return tool.Result{}, err
	}
	switch t.instruction.Action {
	case "", "text":
		text, err := t.instruction.text.Fill(request.Values{Arguments: arguments})
		if err != nil {
			return tool.Result{}, err
		}
		return tool.Result{Output: request.Text(text)}, nil
	case "fetch":
		return t.fetch(ctx, arguments)
	case "search":
		return t.search(ctx, arguments)
	}
	return tool.Result{}, convo.Errorf(convo.NotImplemented, "action not supported: %s", request.Short(t.instruction.Action))
}

// search looks for the filled text in the dataset that the instruction names, or in
// that of the turn.
func (t *instructed) search(ctx context.Context, arguments map[string]string) (tool.Result, error) {
	text, err := t.instruction.text.Fill(request.Values{Arguments: arguments})
	if err != nil {
		return tool.Result{}, err
	}
	dataset := cmp.Or(t.instruction.Dataset, t.dataset)
	switch {
	case t.set.search == nil:
		return tool.Result{}, convo.Errorf(convo.NotImplemented, "this server searches no datasets")
	case dataset == "":
		return tool.Result{}, convo.Errorf(convo.Invalid, "there is no dataset to search: the operator of this ability has to name one, as in search/datasetId=…, or give the conversation one")
	}
	output, err := t.set.search(ctx, t.tenant, dataset, text)
	return tool.Result{Output: output}, err
}

func (t *instructed) fetch(ctx context.Context, arguments map[string]string) (tool.Result, error) {
	v := request.Values{Arguments: arguments, Secrets: map[string]string{}}
	var used []string
	for _, name := range t.instruction.fetch.Secrets() {
		_, value, err := t.set.objects.SecretByName(ctx, t.tenant, name)
		if err := checkValue(value, err, "${"+name+"}"); err != nil {
			return tool.Result{}, err
		}
		v.Secrets[name] = value
		used = append(used, value)
	}
	var own string
	if t.secret != "" {
		if t.instruction.fetch.Origin() == "" {
			return tool.Result{}, request.ErrChosenHost()
		}
		kind, value, err := t.set.objects.SecretByID(ctx, t.tenant, t.secret)
		if err := checkValue(value, err, "of the ability"); err != nil {
			return tool.Result{}, err
		}
		own = request.Authorization(kind, value)
		used = append(used, value)
	}
	r, err := t.instruction.fetch.Make(outbound.WithTenant(ctx, t.tenant), v, own)
	if err != nil {
		return tool.Result{}, err
	}
	return request.Do(t.set.client, r, used)
}

// checkValue says what is missing of a secret, and never what is there.
func checkValue(value string, err error, which string) error {
	if convo.ErrorKind(err) == convo.NotFound {
		return convo.Errorf(convo.NotFound, "the secret %s does not exist; the operator of this ability has to create it", which)
	}
	if err == nil && value == "" {
		return convo.Errorf(convo.Invalid, "the secret %s has no value; the operator of this ability has to give it one", which)
	}
	return err
}

// arguments gives every parameter its value, "" if there is none.
func (t *instructed) arguments(object convo.JSON) (map[string]string, error) {
	var given map[string]json.RawMessage
	if len(object) > 0 {
		if err := json.Unmarshal(object, &given); err != nil {
			return nil, convo.Errorf(convo.Invalid, "the arguments are no JSON object")
		}
	}
	filled := map[string]string{}
	for _, p := range t.instruction.Parameters {
		value, isGiven := request.Scalar(given[p.Name])
		switch {
		case !isGiven && p.Required && p.Default == "":
			return nil, convo.Errorf(convo.Invalid, "the parameter %s is missing", p.Name)
		case !isGiven:
			value = p.Default
		case p.Enum != nil && !slices.Contains(p.Enum, value):
			return nil, convo.Errorf(convo.Invalid, "the parameter %s must be one of %s", p.Name, request.Short(strings.Join(p.Enum, ", ")))
		}
		filled[p.Name] = value
	}
	return filled, nil
}

// input makes arguments of what a caller typed.
func (t *instructed) input(text string) (convo.JSON, error) {
	parameters := t.instruction.Parameters
	var object map[string]json.RawMessage
	switch trimmed := strings.TrimSpace(text); {
	case trimmed == "":
		return convo.JSON("{}"), nil
	case json.Unmarshal([]byte(trimmed), &object) == nil && object != nil:
		return convo.JSON(trimmed), nil
	case len(parameters) == 1:
		return request.EncodeJSON(map[string]string{parameters[0].Name: text}), nil
	case len(parameters) == 0:
		return convo.JSON("{}"), nil
	}
	return nil, convo.Errorf(convo.Invalid, "the input must be a JSON object with the ability's parameters: %s", t.names())
}

func (t *instructed) names() string {
	var names []string
	for _, p := range t.instruction.Parameters {
		names = append(names, p.Name)
	}
	return request.Short(strings.Join(names, ", "))
}
