package openai

import (
	"encoding/json"
	"strings"
)

// chunk is what counts of one piece of a stream.
type chunk struct {
	Choices []choice  `json:"choices"`
	Usage   *usage    `json:"usage"`
	Error   *reported `json:"error"`
}

type choice struct {
	Delta        delta  `json:"delta"`
	FinishReason string `json:"finish_reason"`
}

type delta struct {
	Content          content     `json:"content"`
	Refusal          string      `json:"refusal"`
	Reasoning        content     `json:"reasoning"`         // OpenRouter, vLLM
	ReasoningContent content     `json:"reasoning_content"` // DeepSeek, llama.cpp, vLLM
	ToolCalls        []callDelta `json:"tool_calls"`
}

type callDelta struct {
	Index    *int   `json:"index"`
	ID       string `json:"id"`
	Function struct {
		Name      string    `json:"name"`
		Arguments arguments `json:"arguments"`
	} `json:"function"`
	Extra json.RawMessage `json:"extra_content"` // Google's, with a signature
}

type usage struct {
	PromptTokens     *int64 `json:"prompt_tokens"`
	CompletionTokens *int64 `json:"completion_tokens"`
	PromptDetails    struct {
		CachedTokens *int64 `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
	CompletionDetails struct {
		ReasoningTokens *int64 `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
}

// content is text: a string, or with some servers a list of parts.
type content string

// UnmarshalJSON implements json.Unmarshaler.
func (c *content) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		var parts []struct {
			Text string `json:"text"`
		}
		if err := json.Unmarshal(data, &parts); err != nil {
			return err
		}
		var all strings.Builder
		for _, p := range parts {
			all.WriteString(p.Text)
		}
		*c = content(all.String())
		return nil
	}
	return json.Unmarshal(data, (*string)(c))
}

// arguments are a JSON text in a string, or with some servers the JSON itself.
type arguments string

// UnmarshalJSON implements json.Unmarshaler.
func (a *arguments) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		*a = arguments(data)
		return nil
	}
	return json.Unmarshal(data, (*string)(a))
}

// reported is an error in mid-stream: an object, or with some servers a text.
type reported struct {
	Message string
	Type    string
	Status  int
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *reported) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &r.Message)
	}
	var object struct {
		Message string          `json:"message"`
		Type    string          `json:"type"`
		Code    json.RawMessage `json:"code"` // a number or a word
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	r.Message, r.Type = object.Message, object.Type
	if json.Unmarshal(object.Code, &r.Status) != nil {
		_ = json.Unmarshal(object.Code, &r.Type)
	}
	return nil
}

// decode reads one chunk. What c held before is overwritten, and its memory used
// again.
func decode(data []byte, c *chunk) error {
	*c = chunk{Choices: c.Choices[:0]}
	if scan(data, c) {
		return nil
	}
	*c = chunk{}
	return json.Unmarshal(data, c)
}
