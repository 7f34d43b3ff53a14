package openai

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/remote"
)

// The request's body. The messages stand last, so that the body of a request
// that continues another begins with the same bytes as a whole.
type body struct {
	Model               string        `json:"model"`
	Stream              bool          `json:"stream"`
	StreamOptions       streamOptions `json:"stream_options"`
	MaxTokens           *int64        `json:"max_tokens,omitempty"`
	MaxCompletionTokens *int64        `json:"max_completion_tokens,omitempty"`
	Seed                *int64        `json:"seed,omitempty"`
	Temperature         *float64      `json:"temperature,omitempty"`
	FrequencyPenalty    *float64      `json:"frequency_penalty,omitempty"`
	PresencePenalty     *float64      `json:"presence_penalty,omitempty"`
	ToolChoice          *toolChoice   `json:"tool_choice,omitempty"`
	Tools               []tool        `json:"tools,omitempty"`
	Messages            []message     `json:"messages"`
}

type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

// toolChoice names the one tool that has to be called.
type toolChoice struct {
	Type     string `json:"type"`
	Function struct {
		Name string `json:"name"`
	} `json:"function"`
}

type tool struct {
	Type     string   `json:"type"`
	Function function `json:"function"`
}

type function struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters"`
}

type message struct {
	Role             string     `json:"role"`
	ToolCallID       string     `json:"tool_call_id,omitempty"`
	Content          any        `json:"content,omitempty"` // a string, or []part where there are images
	Reasoning        string     `json:"reasoning,omitempty"`
	ReasoningContent *string    `json:"reasoning_content,omitempty"`
	ToolCalls        []toolCall `json:"tool_calls,omitempty"`
}

// part of a message that shows images: a text or an image.
type part struct {
	Type  string    `json:"type"`
	Text  string    `json:"text,omitempty"`
	Image *imageURL `json:"image_url,omitempty"`
}

type imageURL struct {
	URL string `json:"url"`
}

type toolCall struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Function calledByName    `json:"function"`
	Extra    json.RawMessage `json:"extra_content,omitempty"`
}

type calledByName struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// encode makes the body of a request.
func encode(req *model.Request, names remote.Names) ([]byte, error) {
	b := body{
		Model: req.Model, Stream: true, StreamOptions: streamOptions{IncludeUsage: true},
		MaxTokens: req.Params.MaxTokens, Seed: req.Params.Seed, Temperature: req.Params.Temperature,
		FrequencyPenalty: req.Params.FrequencyPenalty, PresencePenalty: req.Params.PresencePenalty,
		Messages: messages(req.Messages, req.Model, names),
	}
	if reasons(req.Model) {
		b.MaxTokens, b.MaxCompletionTokens = nil, req.Params.MaxTokens
	}
	if t, ok := req.Forced(); ok {
		b.ToolChoice = &toolChoice{Type: "function"}
		b.ToolChoice.Function.Name = names.Out(t.Name)
	}
	for _, t := range req.Tools {
		b.Tools = append(b.Tools, tool{Type: "function", Function: function{
			Name: names.Out(t.Name), Description: t.Description, Parameters: schema(t.Parameters),
		}})
	}
	return remote.Encode(b)
}

func schema(s convo.JSON) json.RawMessage {
	if len(s) == 0 {
		return json.RawMessage(`{"type":"object","properties":{}}`)
	}
	return json.RawMessage(s)
}

// reasons reports whether a model is one of those that call the limit of an
// answer max_completion_tokens, because their thinking counts as well.
func reasons(name string) bool {
	name = name[strings.LastIndexByte(name, '/')+1:]
	if line, ok := strings.CutPrefix(name, "gpt-"); ok {
		number, _, _ := strings.Cut(line, "-")
		n, err := strconv.ParseFloat(number, 64)
		return err == nil && n >= 5
	}
	return len(name) >= 2 && name[0] == 'o' && name[1] >= '1' && name[1] <= '9' && (len(name) == 2 || name[2] == '-')
}

// messages brings a prompt into the order that all servers take. Many local
// models' templates want one system message, at the beginning, and after it
// user and assistant by turns. So what stands together is joined, facts become
// a marked part of the user's message, and only an order in mid-conversation
// stays a system message of its own.
func messages(prompt []model.Message, name string, names remote.Names) []message {
	list := make([]message, 0, len(prompt))
	join := func(role, text string) {
		if text == "" {
			return
		}
		if n := len(list); n > 0 && list[n-1].Role == role && list[n-1].ToolCalls == nil {
			list[n-1].Content = joined(list[n-1].Content, text)
			return
		}
		list = append(list, message{Role: role, Content: text})
	}
	for _, m := range prompt {
		switch m.Role {
		case model.System:
			join("system", m.Text)
		case model.User, model.Information:
			join("user", remote.Inline(m))
			list = appendImages(list, m.Images)
		case model.Assistant:
			join("assistant", m.Text)
			list = appendCalls(list, m, name, names)
		case model.ToolResult:
			list = append(list, message{Role: "tool", ToolCallID: remote.CallID(m.Call), Content: result(m)})
		}
	}
	return list
}

// joined adds a text to the content of a message.
func joined(content any, text string) any {
	switch before := content.(type) {
	case string:
		return before + "\n\n" + text
	case []part:
		return append(before, part{Type: "text", Text: text})
	}
	return text
}

// appendImages adds images to what the user says. A content with images is a list.
func appendImages(list []message, images []model.Image) []message {
	if len(images) == 0 {
		return list
	}
	if n := len(list); n == 0 || list[n-1].Role != "user" {
		list = append(list, message{Role: "user"})
	}
	last := &list[len(list)-1]
	parts, _ := last.Content.([]part)
	if text, ok := last.Content.(string); ok {
		parts = []part{{Type: "text", Text: text}}
	}
	for _, image := range images {
		parts = append(parts, part{Type: "image_url", Image: &imageURL{URL: remote.DataURL(image)}})
	}
	last.Content = parts
	return list
}

// appendCalls adds calls to the text that the model said before them.
func appendCalls(list []message, m model.Message, name string, names remote.Names) []message {
	if len(m.Calls) == 0 {
		return list
	}
	n := len(list)
	if n == 0 || list[n-1].Role != "assistant" || list[n-1].ToolCalls != nil {
		list = append(list, message{Role: "assistant"})
		n++
	}
	for i, c := range m.Calls {
		back := signed(c, name)
		if i == 0 {
			list[n-1].Reasoning = back.Reasoning
			if back.ReasoningContent != "" || wantsReasoning(name) {
				list[n-1].ReasoningContent = &back.ReasoningContent
			}
		}
		list[n-1].ToolCalls = append(list[n-1].ToolCalls, toolCall{
			ID: remote.CallID(c.ID), Type: "function", Extra: back.Extra,
			Function: calledByName{Name: names.Out(c.Name), Arguments: c.Arguments},
		})
	}
	return list
}

// result is a tool's result. There is no field for its failure.
func result(m model.Message) string {
	text := m.Text
	if m.Error {
		text = "Error: " + text
	}
	return text
}
