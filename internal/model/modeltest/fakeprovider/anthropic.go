package fakeprovider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// anthropic is the messages API.
type anthropic struct{}

func (anthropic) name() string { return "anthropic" }

func (anthropic) contentType() string { return events }

type anthropicRequest struct {
	Model       string             `json:"model"`
	Stream      bool               `json:"stream"`
	MaxTokens   int64              `json:"max_tokens"`
	Temperature *float64           `json:"temperature"`
	System      []anthropicBlock   `json:"system"`
	Messages    []anthropicMessage `json:"messages"`
	Thinking    struct {
		Type string `json:"type"`
	} `json:"thinking"`
	Choice struct {
		Type string `json:"type"`
		Name string `json:"name"`
	} `json:"tool_choice"`
	Tools []struct {
		Name        string          `json:"name"`
		InputSchema json.RawMessage `json:"input_schema"`
	} `json:"tools"`
}

type anthropicMessage struct {
	Role    string           `json:"role"`
	Content []anthropicBlock `json:"content"`
}

type anthropicBlock struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	ToolUseID string          `json:"tool_use_id"`
	Content   string          `json:"content"`
	Thinking  *string         `json:"thinking"`
	Signature string          `json:"signature"`
	Data      string          `json:"data"`
	Source    struct {
		Type      string `json:"type"`
		MediaType string `json:"media_type"`
		Data      []byte `json:"data"`
	} `json:"source"`
}

// returned reports whether a thought is one that the fake gave.
func (b anthropicBlock) returned() bool {
	return b.Type == "thinking" && b.Thinking != nil && b.Signature == signature || b.Type == "redacted_thinking" && b.Data == hidden
}

func (anthropic) parse(body []byte) (asked, error) {
	var r anthropicRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return asked{}, err
	}
	a := asked{model: r.Model, bytes: len(body), maxTokens: &r.MaxTokens, temperature: r.Temperature}
	if !r.Stream || r.MaxTokens < 1 || r.Model == "" || len(r.Messages) == 0 {
		return a, errors.New("model, messages, max_tokens and stream are wanted")
	}
	if n := bytes.Count(body, []byte(`"cache_control"`)); n > 4 {
		return a, fmt.Errorf("a maximum of 4 blocks with cache_control may be provided, found %d", n)
	}
	if last := r.Messages[len(r.Messages)-1]; last.Role != "user" {
		return a, errors.New("this model does not support prefill: the last message must be the user's")
	}
	for _, t := range r.Tools {
		if !plainName(t.Name) || !objectSchema(t.InputSchema) || !a.offer(t.Name, t.InputSchema) {
			return a, fmt.Errorf("tool %q: wrong name or input_schema, or twice", t.Name)
		}
	}
	if r.Choice.Type == "tool" {
		a.forced = r.Choice.Name
		if _, known := a.find(a.forced); !known || r.Thinking.Type != "" && r.Thinking.Type != "disabled" {
			return a, errors.New("tool_choice: there is no such tool, or thinking is enabled, which forbids forced tool use")
		}
	}
	return a, a.readAnthropic(r.Messages)
}

func (a *asked) readAnthropic(messages []anthropicMessage) error {
	open := map[string]bool{}
	role := "assistant"
	for i, m := range messages {
		if m.Role == role || m.Role != "user" && m.Role != "assistant" || len(m.Content) == 0 {
			return fmt.Errorf("messages.%d: role %q after %q, or no content", i, m.Role, role)
		}
		role = m.Role
		a.answered = false
		behind := false // something that is no result came in this message
		calls := 0
		var own []string
		for _, b := range m.Content {
			_, known := a.find(b.Name)
			switch {
			case m.Role == "assistant" && b.returned():
				a.signed++
			case b.Type == "text" && strings.TrimSpace(b.Text) != "":
				behind = true
				own = append(own, plain(b.Text))
				a.last = b.Text
			case b.Type == "image" && m.Role == "user" && b.Source.Type == "base64" && b.Source.MediaType == "image/png":
				behind = true
				a.images = append(a.images, b.Source.Data)
			case b.Type == "tool_use" && m.Role == "assistant" && known && plainName(b.ID) && bytes.HasPrefix(b.Input, []byte("{")):
				open[b.ID] = true
				calls++
			case b.Type == "tool_result" && m.Role == "user" && open[b.ToolUseID] && !behind:
				delete(open, b.ToolUseID)
				a.answered, a.result = true, b.Content
			default:
				return fmt.Errorf("messages.%d: block %s %s cannot stand here", i, b.Type, b.ID+b.ToolUseID)
			}
		}
		if m.Role == "user" && len(open) > 0 {
			return fmt.Errorf("messages.%d: tool_use ids were found without tool_result blocks immediately after", i)
		}
		if said := strings.TrimSpace(strings.Join(own, "\n\n")); m.Role == "user" && said != "" {
			a.user, a.answered, a.rounds = said, false, 0
		}
		a.rounds += min(calls, 1)
	}
	return nil
}

func anthropicEvent(kind string, fields object) frame {
	fields["type"] = kind
	return frame{event: kind, data: text(fields)}
}

func (anthropic) frames(b Behaviour) (pieces, end []frame) {
	started := object{"input_tokens": b.Usage.Input - b.Usage.Cached, "cache_read_input_tokens": b.Usage.Cached, "cache_creation_input_tokens": 0, "output_tokens": 1}
	if b.NoUsage {
		started = nil
	}
	pieces = append(pieces,
		anthropicEvent("message_start", object{"message": object{"id": "msg_fake", "role": "assistant", "content": []object{}, "usage": started}}),
		anthropicEvent("ping", object{}))
	index := 0
	if len(b.Reasoning) > 0 {
		thinking := blockOf(index, object{"type": "thinking", "thinking": "", "signature": ""}, "thinking_delta", "thinking", b.Reasoning)
		signed := anthropicEvent("content_block_delta", object{"index": index, "delta": object{"type": "signature_delta", "signature": signature}})
		pieces = append(pieces, slices.Insert(thinking, len(thinking)-1, signed)...)
		index++
	}
	if b.Hidden {
		pieces = append(pieces, blockOf(index, object{"type": "redacted_thinking", "data": hidden}, "", "", nil)...)
		index++
	}
	if len(b.Text) > 0 {
		pieces = append(pieces, blockOf(index, object{"type": "text", "text": ""}, "text_delta", "text", b.Text)...)
		index++
	}
	for _, part := range order(b) {
		f := anthropicDelta(index+part.call, "input_json_delta", "partial_json", part.piece)
		if part.first {
			c := b.Calls[part.call]
			f = anthropicEvent("content_block_start", object{"index": index + part.call, "content_block": object{"type": "tool_use", "id": c.ID, "name": c.Name, "input": object{}}})
		}
		f.piece = true
		pieces = append(pieces, f)
	}
	for i := range b.Calls {
		pieces = append(pieces, anthropicEvent("content_block_stop", object{"index": index + i}))
	}
	done := object{"delta": object{"stop_reason": anthropicStop(b), "stop_sequence": nil}}
	if !b.NoUsage {
		done["usage"] = object{"output_tokens": b.Usage.Output, "output_tokens_details": object{"thinking_tokens": b.Usage.Reasoning}}
	}
	return pieces, []frame{anthropicEvent("message_delta", done), anthropicEvent("message_stop", object{})}
}

func blockOf(index int, block object, kind, field string, texts []string) []frame {
	frames := []frame{anthropicEvent("content_block_start", object{"index": index, "content_block": block})}
	for _, s := range texts {
		frames = append(frames, anthropicDelta(index, kind, field, s))
	}
	return append(frames, anthropicEvent("content_block_stop", object{"index": index}))
}

func anthropicDelta(index int, kind, field, piece string) frame {
	f := anthropicEvent("content_block_delta", object{"index": index, "delta": object{"type": kind, field: piece}})
	f.piece = true
	return f
}

func anthropicStop(b Behaviour) string {
	switch {
	case b.Stop == Length:
		return "max_tokens"
	case b.Stop == Refused:
		return "refusal"
	case len(b.Calls) > 0:
		return "tool_use"
	}
	return "end_turn"
}

func (anthropic) failed(status int, message string) any {
	kind := "api_error"
	switch status {
	case 429:
		kind = "rate_limit_error"
	case 529:
		kind = "overloaded_error"
	}
	return object{"type": "error", "error": object{"type": kind, "message": message}}
}

func (d anthropic) errorFrame(message string) frame {
	return frame{event: "error", data: text(d.failed(529, message))}
}
