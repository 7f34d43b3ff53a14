package fakeprovider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ollama is Ollama's own API.
type ollama struct{}

func (ollama) name() string { return "ollama" }

func (ollama) contentType() string { return "application/x-ndjson" }

type ollamaRequest struct {
	Model   string `json:"model"`
	Stream  *bool  `json:"stream"`
	Options struct {
		NumPredict  *int64   `json:"num_predict"`
		Temperature *float64 `json:"temperature"`
	} `json:"options"`
	Messages []ollamaMessage `json:"messages"`
	Tools    []struct {
		Function struct {
			Name       string          `json:"name"`
			Parameters json.RawMessage `json:"parameters"`
		} `json:"function"`
	} `json:"tools"`
}

type ollamaMessage struct {
	Role      string   `json:"role"`
	Content   string   `json:"content"`
	Images    [][]byte `json:"images"`
	ToolName  string   `json:"tool_name"`
	ToolCalls []struct {
		Function struct {
			Name      string          `json:"name"`
			Arguments json.RawMessage `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
}

func (ollama) parse(body []byte) (asked, error) {
	var r ollamaRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return asked{}, err
	}
	a := asked{model: r.Model, bytes: len(body), maxTokens: r.Options.NumPredict, temperature: r.Options.Temperature}
	if r.Model == "" || len(r.Messages) == 0 || r.Stream != nil && !*r.Stream {
		return a, errors.New("model, messages and a stream are wanted")
	}
	for _, t := range r.Tools {
		if !plainName(t.Function.Name) || !objectSchema(t.Function.Parameters) || !a.offer(t.Function.Name, t.Function.Parameters) {
			return a, fmt.Errorf("tool %q: wrong name or parameters, or twice", t.Function.Name)
		}
	}
	for i, m := range r.Messages {
		if err := a.readOllama(m); err != nil {
			return a, fmt.Errorf("messages[%d]: %w", i, err)
		}
	}
	return a, nil
}

func (a *asked) readOllama(m ollamaMessage) error {
	a.answered = m.Role == "tool" || a.answered && m.Role == "user" && plain(m.Content) == ""
	a.last = m.Content
	switch m.Role {
	case "system":
	case "user":
		a.images = append(a.images, m.Images...)
		if own := plain(m.Content); own != "" {
			a.user, a.rounds = own, 0
		}
	case "assistant":
		a.rounds += min(len(m.ToolCalls), 1)
		for _, c := range m.ToolCalls {
			if !plainName(c.Function.Name) || !bytes.HasPrefix(c.Function.Arguments, []byte("{")) {
				return errors.New("a call with a wrong name, or without an object")
			}
		}
	case "tool":
		if !plainName(m.ToolName) {
			return errors.New("a result without the name of its tool")
		}
		a.result = m.Content
	default:
		return fmt.Errorf("role %q", m.Role)
	}
	return nil
}

func (ollama) line(message object) frame {
	message["role"] = "assistant"
	return frame{data: text(object{"model": "fake", "created_at": "2026-01-02T03:04:05.000000006Z", "message": message, "done": false}), piece: true}
}

func (d ollama) frames(b Behaviour) (pieces, end []frame) {
	for _, s := range b.Reasoning {
		pieces = append(pieces, d.line(object{"content": "", "thinking": s}))
	}
	for _, s := range b.Text {
		pieces = append(pieces, d.line(object{"content": s}))
	}
	for i, c := range b.Calls {
		arguments := strings.Join(c.Arguments, "")
		if arguments == "" {
			arguments = "{}"
		}
		if !json.Valid([]byte(arguments)) {
			continue // calls come whole or not at all
		}
		call := object{"function": object{"index": i, "name": c.Name, "arguments": json.RawMessage(arguments)}}
		if c.ID != "" {
			call["id"] = c.ID
		}
		pieces = append(pieces, d.line(object{"content": "", "tool_calls": []object{call}}))
	}
	done := object{
		"model": "fake", "created_at": "2026-01-02T03:04:05.000000006Z", "message": object{"role": "assistant", "content": ""},
		"done": true, "done_reason": "stop", "total_duration": 1, "load_duration": 1,
	}
	if b.Stop == Length {
		done["done_reason"] = "length"
	}
	if !b.NoUsage {
		done["prompt_eval_count"], done["eval_count"] = b.Usage.Input, b.Usage.Output
	}
	return pieces, []frame{{data: text(done)}}
}

func (ollama) failed(_ int, message string) any { return object{"error": message} }

func (d ollama) errorFrame(message string) frame {
	return frame{data: text(d.failed(500, message))}
}
