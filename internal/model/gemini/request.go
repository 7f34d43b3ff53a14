package gemini

import (
	"encoding/json"
	"math"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/remote"
)

// What is said for a user who said nothing where the API wants a user.
const (
	opening = "(The conversation begins with the assistant.)"
	goOn    = "(Go on.)"
)

// unsigned is the signature of a call that has none.
const unsigned = "skip_thought_signature_validator"

// The request's body. The contents stand last, so that the body of a request
// that continues another begins with the same bytes as a whole.
type body struct {
	Generation generationConfig `json:"generationConfig"`
	ToolConfig *toolConfig      `json:"toolConfig,omitempty"`
	Tools      []tools          `json:"tools,omitempty"`
	System     *content         `json:"systemInstruction,omitempty"`
	Contents   []content        `json:"contents"`
}

type generationConfig struct {
	MaxOutputTokens  *int64    `json:"maxOutputTokens,omitempty"`
	Seed             *int32    `json:"seed,omitempty"`
	Temperature      *float64  `json:"temperature,omitempty"`
	FrequencyPenalty *float64  `json:"frequencyPenalty,omitempty"`
	PresencePenalty  *float64  `json:"presencePenalty,omitempty"`
	Thinking         *thinking `json:"thinkingConfig,omitempty"`
}

type thinking struct {
	IncludeThoughts bool `json:"includeThoughts"`
}

// toolConfig names the one function that has to be called.
type toolConfig struct {
	Calling struct {
		Mode    string   `json:"mode"`
		Allowed []string `json:"allowedFunctionNames"`
	} `json:"functionCallingConfig"`
}

type tools struct {
	Functions []function `json:"functionDeclarations"`
}

type function struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Schema      json.RawMessage `json:"parametersJsonSchema,omitempty"`
}

type content struct {
	Role  string `json:"role,omitempty"`
	Parts []part `json:"parts"`
}

// part of a content: a text, an image, a call or a result.
type part struct {
	Call      *call   `json:"functionCall,omitempty"`
	Result    *result `json:"functionResponse,omitempty"`
	Signature string  `json:"thoughtSignature,omitempty"`
	Text      string  `json:"text,omitempty"`
	Inline    *inline `json:"inlineData,omitempty"`
}

// inline is an image.
type inline struct {
	MediaType string `json:"mimeType"`
	Data      []byte `json:"data"`
}

type call struct {
	ID   string          `json:"id,omitempty"`
	Name string          `json:"name"`
	Args json.RawMessage `json:"args,omitempty"`
}

type result struct {
	ID       string          `json:"id,omitempty"`
	Name     string          `json:"name"`
	Response json.RawMessage `json:"response"`
}

// encode makes the body of a request.
func encode(req *model.Request, names remote.Names) ([]byte, error) {
	p := req.Params
	b := body{Generation: generationConfig{
		MaxOutputTokens: p.MaxTokens, Seed: fold(p.Seed), Temperature: p.Temperature,
		FrequencyPenalty: p.FrequencyPenalty, PresencePenalty: p.PresencePenalty,
	}}
	if thinks(req.Model) {
		b.Generation.Thinking = &thinking{IncludeThoughts: true}
	}
	if len(req.Tools) > 0 {
		all := tools{}
		for _, t := range req.Tools {
			all.Functions = append(all.Functions, function{Name: names.Out(t.Name), Description: t.Description, Schema: schema(t.Parameters)})
		}
		b.Tools = []tools{all}
	}
	if t, ok := req.Forced(); ok {
		b.ToolConfig = &toolConfig{}
		b.ToolConfig.Calling.Mode, b.ToolConfig.Calling.Allowed = "ANY", []string{names.Out(t.Name)}
	}
	d := dialogue{names: names, called: map[string]string{}, model: req.Model, sign: signs(req.Model)}
	for _, m := range req.Messages {
		d.add(m)
	}
	if len(d.system) > 0 {
		b.System = &content{Parts: d.system}
	}
	if n := len(d.list); n == 0 || d.list[n-1].Role == "model" {
		d.say("user", part{Text: goOn})
	}
	b.Contents = d.list
	return remote.Encode(b)
}

// fold makes a seed of the 32 bits that the API takes: the same seed is always
// the same, and one that fits stays as it is.
func fold(seed *int64) *int32 {
	if seed == nil {
		return nil
	}
	n := *seed
	if n < math.MinInt32 || n > math.MaxInt32 {
		n ^= n >> 32
	}
	small := int32(n) // the lower half, on purpose
	return &small
}

// schema leaves out one that says nothing: an object without properties is
// refused in some forms, and no schema means the same.
func schema(s convo.JSON) json.RawMessage {
	var says struct {
		Properties map[string]json.RawMessage `json:"properties"`
		Others     json.RawMessage            `json:"additionalProperties"`
	}
	if json.Unmarshal(s, &says) == nil && len(says.Properties) == 0 && (len(says.Others) == 0 || says.Others[0] != '{') && !strings.Contains(string(s), `"$ref"`) {
		return nil
	}
	return json.RawMessage(s)
}

// dialogue puts a prompt into the API's form.
type dialogue struct {
	names  remote.Names
	called map[string]string // the names of calls, by their IDs
	model  string
	sign   bool // calls need a signature

	system []part // before all others
	list   []content
}

func (d *dialogue) add(m model.Message) {
	switch m.Role {
	case model.System:
		if blank(m.Text) {
			return
		}
		if len(d.list) == 0 {
			d.system = append(d.system, part{Text: m.Text})
			return
		}
		d.say("user", part{Text: remote.Inline(m)})
	case model.Assistant:
		if !blank(m.Text) {
			d.say("model", part{Text: m.Text})
		}
		for _, c := range m.Calls {
			d.call(c)
		}
	case model.ToolResult:
		d.say("user", part{Result: &result{ID: remote.CallID(m.Call), Name: d.called[m.Call], Response: response(m)}})
	default:
		if !blank(m.Text) {
			d.say("user", part{Text: remote.Inline(m)})
		}
		for _, image := range m.Images {
			d.say("user", part{Inline: &inline{image.MediaType, image.Data}})
		}
	}
}

// call adds a call. Of the calls that one answer made together, only the first
// has to be signed.
func (d *dialogue) call(c model.Call) {
	d.called[c.ID] = d.names.Out(c.Name)
	p := part{Call: &call{ID: remote.CallID(c.ID), Name: d.called[c.ID], Args: remote.Object(c.Arguments)}}
	if !remote.Signed(c.Signature, driver, d.model, &p.Signature) && d.sign && !d.calling() {
		p.Signature = unsigned
	}
	d.say("model", p)
}

// calling reports whether the last content has a call already.
func (d *dialogue) calling() bool {
	n := len(d.list)
	if n == 0 || d.list[n-1].Role != "model" {
		return false
	}
	for _, p := range d.list[n-1].Parts {
		if p.Call != nil {
			return true
		}
	}
	return false
}

// say adds a part. What one role says together is one content; only results
// stand apart from texts, because the API counts what stands with them.
func (d *dialogue) say(role string, p part) {
	n := len(d.list)
	if n == 0 && role == "model" {
		d.list = append(d.list, content{Role: "user", Parts: []part{{Text: opening}}})
		n++
	}
	if n > 0 && d.list[n-1].Role == role && (d.list[n-1].Parts[0].Result != nil) == (p.Result != nil) {
		d.list[n-1].Parts = append(d.list[n-1].Parts, p)
		return
	}
	d.list = append(d.list, content{Role: role, Parts: []part{p}})
}

// response gives a tool's result as the object that the API wants.
func response(m model.Message) json.RawMessage {
	raw := json.RawMessage(strings.TrimSpace(m.Text))
	if len(raw) > 0 && raw[0] == '{' && !m.Error && json.Valid(raw) {
		return remote.Whole(raw)
	}
	key := "output"
	if m.Error {
		key = "error"
	}
	wrapped, err := json.Marshal(map[string]string{key: m.Text})
	if err != nil {
		return json.RawMessage("{}") // cannot be: any string has a JSON form
	}
	return wrapped
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }
