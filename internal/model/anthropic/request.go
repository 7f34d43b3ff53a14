package anthropic

import (
	"encoding/json"
	"slices"
	"strconv"
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

// maxTemperature is the API's; model strings go up to the 2 of others.
const maxTemperature = 1.0

// The request's body. The messages stand last, so that the body of a request
// that continues another begins with the same bytes as a whole.
type body struct {
	Model        string      `json:"model"`
	MaxTokens    int64       `json:"max_tokens"`
	Stream       bool        `json:"stream"`
	Temperature  *float64    `json:"temperature,omitempty"`
	CacheControl cacheMark   `json:"cache_control"`
	Thinking     *thinking   `json:"thinking,omitempty"`
	ToolChoice   *toolChoice `json:"tool_choice,omitempty"`
	Tools        []tool      `json:"tools,omitempty"`
	System       []block     `json:"system,omitempty"`
	Messages     []message   `json:"messages"`
}

type cacheMark struct {
	Type string `json:"type"`
}

type thinking struct {
	Type    string `json:"type"`
	Display string `json:"display,omitempty"`
}

type toolChoice struct {
	Type string `json:"type"`
	Name string `json:"name,omitempty"`
}

type tool struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	InputSchema json.RawMessage `json:"input_schema"`
}

type message struct {
	Role    string  `json:"role"`
	Content []block `json:"content"`
}

// block is a part of a message: text, an image, a call, a result, or a thought.
type block struct {
	Type         string          `json:"type"`
	CacheControl *cacheMark      `json:"cache_control,omitempty"`
	ID           string          `json:"id,omitempty"`
	ToolUseID    string          `json:"tool_use_id,omitempty"`
	IsError      bool            `json:"is_error,omitempty"`
	Name         string          `json:"name,omitempty"`
	Input        json.RawMessage `json:"input,omitempty"`
	Content      string          `json:"content,omitempty"`
	Text         string          `json:"text,omitempty"`
	Source       *source         `json:"source,omitempty"`
	thought
}

// source is what an image is made of.
type source struct {
	Type      string `json:"type"`
	MediaType string `json:"media_type"`
	Data      []byte `json:"data"`
}

// encode makes the body of a request.
func encode(req *model.Request, names remote.Names) ([]byte, error) {
	mark := cacheMark{Type: "ephemeral"}
	b := body{
		Model: req.Model, MaxTokens: defaultMaxTokens(req.Model), Stream: true,
		CacheControl: mark,
	}
	now := generation(req.Model)
	if warm := req.Params.Temperature; warm != nil && now < noSampling {
		most := min(*warm, maxTemperature)
		b.Temperature = &most
	}
	if now >= thinksUnasked {
		b.Thinking = &thinking{Type: "adaptive", Display: "summarized"}
	}
	if most := req.Params.MaxTokens; most != nil {
		b.MaxTokens = *most
	}
	front, rest := split(req.Messages)
	if front != "" {
		b.System = []block{{Type: "text", CacheControl: &mark, Text: front}}
	}
	offered := req.Tools
	forced, force := req.Forced()
	switch {
	case force && alwaysThinks(req.Model):
		offered = []model.Tool{forced}
		rest = append(slices.Clip(rest), model.Message{Role: model.User, Text: remote.Wanted(names.Out(forced.Name))})
	case force:
		b.ToolChoice = &toolChoice{Type: "tool", Name: names.Out(forced.Name)}
		if b.Thinking != nil {
			b.Thinking = &thinking{Type: "disabled"} // the API refuses the two together
		}
	case len(offered) == 0:
		b.ToolChoice = &toolChoice{Type: "none"}
	}
	b.Messages = messages(rest, req.Model, names)
	if b.Tools = tools(offered, req.Messages, names); len(b.Tools) == 0 {
		b.ToolChoice = nil
	}
	return remote.Encode(b)
}

// defaultMaxTokens is how long an answer may get where the request does not
// say: the API wants a number, and refuses one that the model cannot reach.
func defaultMaxTokens(name string) int64 {
	switch {
	case strings.Contains(name, "claude-3-5"):
		return 8192
	case strings.Contains(name, "claude-3-7"):
	case strings.Contains(name, "claude-3"):
		return 4096
	}
	return 32000
}

// From these generations on, models take no temperature, and think without
// being asked, but show their thoughts only if they are.
const (
	noSampling    = 4.7
	thinksUnasked = 5
)

// alwaysThinks knows the models that cannot be told not to think, and so cannot
// be forced to call a tool.
func alwaysThinks(name string) bool {
	now := generation(name)
	return now > thinksUnasked || now == thinksUnasked && (strings.Contains(name, "fable") || strings.Contains(name, "mythos"))
}

// generation is the number in a model's name: 4.7 of claude-opus-4-7. Names
// without one count as 0.
func generation(name string) float64 {
	rest, ok := strings.CutPrefix(name[strings.LastIndexByte(name, '/')+1:], "claude-")
	if !ok {
		return 0
	}
	words := strings.Split(rest, "-")
	for i, word := range words {
		n, err := strconv.ParseFloat(word, 64)
		if err != nil {
			continue
		}
		if i+1 < len(words) && len(words[i+1]) == 1 { // longer ones are dates
			if more, err := strconv.ParseFloat(words[i+1], 64); err == nil {
				n += more / 10
			}
		}
		return n
	}
	return 0
}

// split parts the system messages at the beginning from the others.
func split(prompt []model.Message) (front string, rest []model.Message) {
	var parts []string
	for i, m := range prompt {
		if m.Role != model.System {
			return strings.Join(parts, "\n\n"), prompt[i:]
		}
		if !blank(m.Text) {
			parts = append(parts, m.Text)
		}
	}
	return strings.Join(parts, "\n\n"), nil
}

// messages gives the dialogue by turns. The API takes neither blank texts nor
// an answer as the last message.
func messages(prompt []model.Message, name string, names remote.Names) []message {
	list := make([]message, 0, len(prompt)+1)
	add := func(role string, b block) {
		if len(list) == 0 && role == "assistant" {
			list = append(list, message{Role: "user", Content: []block{{Type: "text", Text: opening}}})
		}
		if n := len(list); n > 0 && list[n-1].Role == role {
			list[n-1].Content = place(list[n-1].Content, b)
			return
		}
		list = append(list, message{Role: role, Content: []block{b}})
	}
	for _, m := range prompt {
		role := "user"
		if m.Role == model.Assistant {
			role = "assistant"
		}
		if m.Role == model.ToolResult {
			add(role, block{Type: "tool_result", ToolUseID: remote.CallID(m.Call), IsError: m.Error, Content: m.Text})
			continue
		}
		before, after := thoughtsOf(m.Calls, name)
		for _, t := range before {
			add(role, block{Type: t.kind(), thought: t})
		}
		if !blank(m.Text) {
			add(role, block{Type: "text", Text: remote.Inline(m)})
		}
		for _, image := range m.Images {
			add(role, block{Type: "image", Source: &source{Type: "base64", MediaType: image.MediaType, Data: image.Data}})
		}
		for i, c := range m.Calls {
			for _, t := range after[i] {
				add(role, block{Type: t.kind(), thought: t})
			}
			add(role, block{Type: "tool_use", ID: remote.CallID(c.ID), Name: names.Out(c.Name), Input: remote.Object(c.Arguments)})
		}
	}
	if n := len(list); n == 0 || list[n-1].Role == "assistant" {
		add("user", block{Type: "text", Text: goOn})
	}
	return list
}

// place adds a block to a message. Results stand before texts and images: the API
// looks for them nowhere else.
func place(content []block, b block) []block {
	at := len(content)
	if b.Type == "tool_result" {
		for at > 0 && (content[at-1].Type == "text" || content[at-1].Type == "image") {
			at--
		}
	}
	return slices.Insert(content, at, b)
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }

// tools gives the tools, and a bare form of those that only the history knows,
// without which the API refuses the calls in it.
func tools(offered []model.Tool, prompt []model.Message, names remote.Names) []tool {
	var list []tool
	known := map[string]bool{}
	for _, t := range offered {
		known[t.Name] = true
		list = append(list, tool{Name: names.Out(t.Name), Description: t.Description, InputSchema: schema(t.Parameters)})
	}
	for _, m := range prompt {
		for _, c := range m.Calls {
			if !known[c.Name] {
				known[c.Name] = true
				list = append(list, tool{Name: names.Out(c.Name), Description: "Not available any more.", InputSchema: schema(nil)})
			}
		}
	}
	return list
}

func schema(s convo.JSON) json.RawMessage {
	if len(s) == 0 {
		return json.RawMessage(`{"type":"object","properties":{}}`)
	}
	return json.RawMessage(s)
}
