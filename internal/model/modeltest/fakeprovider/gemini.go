package fakeprovider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// gemini is Google's generateContent. The model stands in the path.
type gemini struct{ model string }

func (gemini) name() string { return "gemini" }

func (gemini) contentType() string { return events }

type geminiRequest struct {
	Config struct {
		MaxOutputTokens *int64   `json:"maxOutputTokens"`
		Temperature     *float64 `json:"temperature"`
	} `json:"generationConfig"`
	System   *geminiContent  `json:"systemInstruction"`
	Contents []geminiContent `json:"contents"`
	Choice   struct {
		Calling struct {
			Mode    string   `json:"mode"`
			Allowed []string `json:"allowedFunctionNames"`
		} `json:"functionCallingConfig"`
	} `json:"toolConfig"`
	Tools []struct {
		Functions []struct {
			Name   string          `json:"name"`
			Schema json.RawMessage `json:"parametersJsonSchema"`
		} `json:"functionDeclarations"`
	} `json:"tools"`
}

type geminiContent struct {
	Role  string       `json:"role"`
	Parts []geminiPart `json:"parts"`
}

type geminiPart struct {
	Text      string `json:"text"`
	Signature string `json:"thoughtSignature"`
	Inline    *struct {
		MediaType string `json:"mimeType"`
		Data      []byte `json:"data"`
	} `json:"inlineData"`
	Call *struct {
		ID   string          `json:"id"`
		Name string          `json:"name"`
		Args json.RawMessage `json:"args"`
	} `json:"functionCall"`
	Response *struct {
		ID       string          `json:"id"`
		Name     string          `json:"name"`
		Response json.RawMessage `json:"response"`
	} `json:"functionResponse"`
}

func (d gemini) parse(body []byte) (asked, error) {
	var r geminiRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return asked{}, err
	}
	a := asked{model: d.model, bytes: len(body), maxTokens: r.Config.MaxOutputTokens, temperature: r.Config.Temperature}
	if len(r.Contents) == 0 || r.Contents[0].Role != "user" {
		return a, errors.New("contents are wanted, the first one the user's")
	}
	if r.System != nil && len(r.System.Parts) == 0 {
		return a, errors.New("systemInstruction has no parts")
	}
	for _, t := range r.Tools {
		for _, f := range t.Functions {
			if !plainName(f.Name) || f.Name[0] <= '9' || len(f.Schema) > 0 && !json.Valid(f.Schema) || !a.offer(f.Name, f.Schema) {
				return a, fmt.Errorf("function %q: wrong name or schema, or twice", f.Name)
			}
		}
	}
	if forced := r.Choice.Calling; forced.Mode != "" {
		if forced.Mode != "ANY" || len(forced.Allowed) != 1 {
			return a, errors.New("functionCallingConfig: mode ANY and one name are wanted")
		}
		a.forced = forced.Allowed[0]
		if _, known := a.find(a.forced); !known {
			return a, fmt.Errorf("allowedFunctionNames: no function %q", a.forced)
		}
	}
	return a, a.readGemini(r.Contents, strings.HasPrefix(d.model, "gemini-3"))
}

// readGemini checks that a content with calls has a content with their
// responses behind it, and, where signatures are wanted, that the first call of
// a content has one.
func (a *asked) readGemini(contents []geminiContent, signed bool) error {
	var open []string // the names of the calls that wait, in their order
	for i, c := range contents {
		if c.Role != "user" && c.Role != "model" || len(c.Parts) == 0 {
			return fmt.Errorf("contents[%d]: role %q, or no parts", i, c.Role)
		}
		responses := 0
		var own []string
		calls := 0
		for _, p := range c.Parts {
			switch {
			case p.Call != nil && c.Role == "model" && plainName(p.Call.Name) && bytes.HasPrefix(p.Call.Args, []byte("{")):
				if calls++; signed && calls == 1 && p.Signature == "" {
					return fmt.Errorf("contents[%d]: function call is missing a thought_signature", i)
				}
				switch p.Signature {
				case signature:
					a.signed++
				case "", "skip_thought_signature_validator":
				default:
					return fmt.Errorf("contents[%d]: corrupted thought signature", i)
				}
				open = append(open, p.Call.Name)
			case p.Response != nil && c.Role == "user" && responses < len(open) && p.Response.Name == open[responses] && bytes.HasPrefix(p.Response.Response, []byte("{")):
				responses++
				a.result = plainResult(p.Response.Response)
			case p.Inline != nil && c.Role == "user" && p.Inline.MediaType == "image/png":
				a.images = append(a.images, p.Inline.Data)
			case p.Text != "" && p.Call == nil && p.Response == nil:
				own = append(own, plain(p.Text))
			default:
				return fmt.Errorf("contents[%d]: a part cannot stand here", i)
			}
		}
		if c.Role == "user" {
			if responses != len(open) {
				return fmt.Errorf("contents[%d]: the number of function response parts is not that of the function call parts", i)
			}
			open = nil
			a.answered = responses > 0 || a.answered && strings.TrimSpace(strings.Join(own, "")) == ""
			if said := strings.TrimSpace(strings.Join(own, "\n\n")); said != "" {
				a.user, a.answered, a.rounds = said, false, 0
			}
		}
		a.rounds += min(calls, 1)
	}
	if len(open) > 0 {
		return errors.New("the last function calls have no responses")
	}
	return nil
}

// plainResult is what a tool said, without the object around it.
func plainResult(response json.RawMessage) string {
	var shape struct {
		Output *string `json:"output"`
		Error  *string `json:"error"`
	}
	switch {
	case json.Unmarshal(response, &shape) != nil:
	case shape.Output != nil:
		return *shape.Output
	case shape.Error != nil:
		return *shape.Error
	}
	return string(response)
}

// chunk is one piece of a stream. All of them say what the call cost so far.
func (gemini) chunk(b Behaviour, parts []object, reason string) frame {
	candidate := object{"index": 0, "content": object{"role": "model", "parts": parts}}
	whole := object{"candidates": []object{candidate}, "modelVersion": "fake", "responseId": "fake"}
	if !b.NoUsage {
		counts := object{"promptTokenCount": b.Usage.Input, "totalTokenCount": b.Usage.Input}
		if b.Usage.Cached > 0 {
			counts["cachedContentTokenCount"] = b.Usage.Cached
		}
		if reason != "" {
			counts["candidatesTokenCount"], counts["thoughtsTokenCount"] = b.Usage.Output-b.Usage.Reasoning, b.Usage.Reasoning
			counts["totalTokenCount"] = b.Usage.Input + b.Usage.Output
		}
		whole["usageMetadata"] = counts
	}
	if reason != "" {
		candidate["finishReason"] = reason
	}
	return frame{data: text(whole), piece: len(parts) > 0}
}

func (d gemini) frames(b Behaviour) (pieces, end []frame) {
	for _, s := range b.Reasoning {
		pieces = append(pieces, d.chunk(b, []object{{"text": s, "thought": true}}, ""))
	}
	for _, s := range b.Text {
		pieces = append(pieces, d.chunk(b, []object{{"text": s}}, ""))
	}
	for i, c := range b.Calls {
		arguments := strings.Join(c.Arguments, "")
		if arguments != "" && !json.Valid([]byte(arguments)) {
			continue // calls come whole or not at all
		}
		call := object{"name": c.Name}
		if c.ID != "" {
			call["id"] = c.ID
		}
		if arguments != "" {
			call["args"] = json.RawMessage(arguments)
		}
		part := object{"functionCall": call}
		if i == 0 {
			part["thoughtSignature"] = signature
		}
		pieces = append(pieces, d.chunk(b, []object{part}, ""))
	}
	reason := map[Stop]string{Natural: "STOP", Length: "MAX_TOKENS", Refused: "SAFETY"}[b.Stop]
	return pieces, []frame{d.chunk(b, []object{}, reason)}
}

func (gemini) failed(status int, message string) any {
	words := map[int]string{400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}
	word, known := words[status]
	if !known {
		word = "INTERNAL"
	}
	return object{"error": object{"code": status, "message": message, "status": word}}
}

func (d gemini) errorFrame(message string) frame {
	return frame{data: text(d.failed(503, message))}
}
