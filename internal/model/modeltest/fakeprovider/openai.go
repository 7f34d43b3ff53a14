package fakeprovider

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// openAI is the chat completions API.
type openAI struct{}

func (openAI) name() string { return "openai" }

func (openAI) contentType() string { return events }

type openAIRequest struct {
	Model         string   `json:"model"`
	Stream        bool     `json:"stream"`
	MaxTokens     *int64   `json:"max_tokens"`
	Temperature   *float64 `json:"temperature"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	Messages []openAIMessage `json:"messages"`
	Choice   *struct {
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	} `json:"tool_choice"`
	Tools []struct {
		Function struct {
			Name       string          `json:"name"`
			Parameters json.RawMessage `json:"parameters"`
		} `json:"function"`
	} `json:"tools"`
}

type openAIMessage struct {
	Role       string         `json:"role"`
	Content    *openAIContent `json:"content"`
	Reasoning  *string        `json:"reasoning_content"`
	ToolCallID string         `json:"tool_call_id"`
	ToolCalls  []struct {
		ID       string `json:"id"`
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
}

// openAIContent is a text, or a list of texts and images.
type openAIContent struct {
	text   string
	images [][]byte
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *openAIContent) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &c.text) == nil {
		return nil
	}
	var parts []struct {
		Type  string `json:"type"`
		Text  string `json:"text"`
		Image struct {
			URL string `json:"url"`
		} `json:"image_url"`
	}
	if err := json.Unmarshal(data, &parts); err != nil {
		return err
	}
	var texts []string
	for _, p := range parts {
		encoded, ok := strings.CutPrefix(p.Image.URL, "data:image/png;base64,")
		switch image, err := base64.StdEncoding.DecodeString(encoded); {
		case p.Type == "text" && p.Text != "":
			texts = append(texts, p.Text)
		case p.Type == "image_url" && ok && err == nil:
			c.images = append(c.images, image)
		default:
			return fmt.Errorf("a part of type %q cannot stand here", p.Type)
		}
	}
	c.text = strings.Join(texts, "\n\n")
	return nil
}

func (openAI) parse(body []byte) (asked, error) {
	var r openAIRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return asked{}, err
	}
	a := asked{model: r.Model, bytes: len(body), maxTokens: r.MaxTokens, temperature: r.Temperature}
	if !r.Stream || !r.StreamOptions.IncludeUsage || r.Model == "" || len(r.Messages) == 0 {
		return a, errors.New("model, messages, stream and stream_options.include_usage are wanted")
	}
	for _, t := range r.Tools {
		if !plainName(t.Function.Name) || !objectSchema(t.Function.Parameters) || !a.offer(t.Function.Name, t.Function.Parameters) {
			return a, fmt.Errorf("tool %q: wrong name or parameters, or twice", t.Function.Name)
		}
	}
	if r.Choice != nil {
		a.forced = r.Choice.Function.Name
		if _, known := a.find(a.forced); !known {
			return a, fmt.Errorf("tool_choice: no tool %q", a.forced)
		}
	}
	return a, a.readOpenAI(r.Messages)
}

// readOpenAI checks that every call has its result behind it, and no result
// stands alone.
func (a *asked) readOpenAI(messages []openAIMessage) error {
	open := map[string]bool{}
	for i, m := range messages {
		a.answered = m.Role == "tool"
		if m.Role != "tool" && len(open) > 0 {
			return fmt.Errorf("messages[%d]: a tool call before it has no result", i)
		}
		switch m.Role {
		case "system":
		case "user":
			if m.Content == nil {
				return fmt.Errorf("messages[%d]: no content", i)
			}
			a.images = append(a.images, m.Content.images...)
			if own := plain(m.Content.text); own != "" {
				a.user, a.rounds = own, 0
			}
		case "assistant":
			if m.Content == nil && len(m.ToolCalls) == 0 {
				return fmt.Errorf("messages[%d]: neither content nor calls", i)
			}
			if len(m.ToolCalls) > 0 {
				a.rounds++
			}
			if m.Reasoning != nil && *m.Reasoning != "" && len(m.ToolCalls) > 0 {
				a.signed++
			}
			if m.Reasoning == nil && len(m.ToolCalls) > 0 && strings.HasPrefix(a.model, "deepseek") {
				return fmt.Errorf("messages[%d]: the reasoning_content must be passed back", i)
			}
			for _, c := range m.ToolCalls {
				if !plainName(c.Function.Name) || c.ID == "" || len(c.ID) > 40 {
					return fmt.Errorf("messages[%d]: call with a wrong name or id", i)
				}
				open[c.ID] = true
			}
		case "tool":
			if !open[m.ToolCallID] || m.Content == nil {
				return fmt.Errorf("messages[%d]: a result without its call", i)
			}
			delete(open, m.ToolCallID)
			a.result = m.Content.text
		default:
			return fmt.Errorf("messages[%d]: role %q", i, m.Role)
		}
	}
	if len(open) > 0 {
		return errors.New("the last tool calls have no results")
	}
	return nil
}

func plainName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

// objectSchema reports whether a schema is one that OpenAI takes for a function.
func objectSchema(schema json.RawMessage) bool {
	var top map[string]json.RawMessage
	if json.Unmarshal(schema, &top) != nil || string(top["type"]) != `"object"` || top["properties"] == nil {
		return false
	}
	for _, choice := range []string{"anyOf", "oneOf", "allOf", "enum", "not"} {
		if top[choice] != nil {
			return false
		}
	}
	var whole any
	return json.Unmarshal(schema, &whole) == nil && listsHaveItems(whole)
}

// listsHaveItems reports whether all schemas of lists say what their items are.
func listsHaveItems(v any) bool {
	switch v := v.(type) {
	case []any:
		for _, inner := range v {
			if !listsHaveItems(inner) {
				return false
			}
		}
	case map[string]any:
		if _, ok := v["items"].(map[string]any); v["type"] == "array" && !ok {
			return false
		}
		for _, inner := range v {
			if !listsHaveItems(inner) {
				return false
			}
		}
	}
	return true
}

func openAIChunk(delta object, finish any) frame {
	return frame{data: text(object{
		"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1, "model": "fake",
		"choices": []object{{"index": 0, "delta": delta, "finish_reason": finish}},
		"usage":   nil,
	}), piece: len(delta) > 0}
}

func (openAI) frames(b Behaviour) (pieces, end []frame) {
	opening := openAIChunk(object{"role": "assistant", "content": ""}, nil)
	opening.piece = false
	pieces = append(pieces, opening)
	for _, s := range b.Reasoning {
		pieces = append(pieces, openAIChunk(object{"reasoning_content": s}, nil))
	}
	for _, s := range b.Text {
		pieces = append(pieces, openAIChunk(object{"content": s}, nil))
	}
	for _, part := range order(b) {
		call := object{"index": part.call, "function": object{"arguments": part.piece}}
		if part.first {
			c := b.Calls[part.call]
			call = object{"index": part.call, "id": c.ID, "type": "function", "function": object{"name": c.Name, "arguments": ""}}
		}
		pieces = append(pieces, openAIChunk(object{"tool_calls": []object{call}}, nil))
	}
	end = append(end, openAIChunk(object{}, openAIStop(b)))
	if !b.NoUsage {
		end = append(end, frame{data: text(object{"choices": []object{}, "usage": object{
			"prompt_tokens": b.Usage.Input, "completion_tokens": b.Usage.Output,
			"total_tokens":              b.Usage.Input + b.Usage.Output,
			"prompt_tokens_details":     object{"cached_tokens": b.Usage.Cached},
			"completion_tokens_details": object{"reasoning_tokens": b.Usage.Reasoning},
		}})})
	}
	return pieces, append(end, frame{data: "[DONE]"})
}

func openAIStop(b Behaviour) string {
	switch {
	case b.Stop == Length:
		return "length"
	case b.Stop == Refused:
		return "content_filter"
	case len(b.Calls) > 0:
		return "tool_calls"
	}
	return "stop"
}

// part is a piece of a call, or its beginning.
type part struct {
	call  int
	first bool
	piece string
}

// order lays the pieces of the calls in a row.
func order(b Behaviour) []part {
	var parts []part
	if !b.Mixed {
		for i, c := range b.Calls {
			parts = append(parts, part{call: i, first: true})
			for _, piece := range c.Arguments {
				parts = append(parts, part{call: i, piece: piece})
			}
		}
		return parts
	}
	for i := range b.Calls {
		parts = append(parts, part{call: i, first: true})
	}
	for round, more := 0, true; more; round++ {
		more = false
		for i, c := range b.Calls {
			if round < len(c.Arguments) {
				parts = append(parts, part{call: i, piece: c.Arguments[round]})
				more = true
			}
		}
	}
	return parts
}

func (openAI) failed(status int, message string) any {
	return object{"error": object{"message": message, "type": "fake_error", "param": nil, "code": status}}
}

func (d openAI) errorFrame(message string) frame {
	return frame{data: text(d.failed(500, message))}
}
