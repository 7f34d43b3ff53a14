package ollama

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/remote"
)

// The request's body. The messages stand last, so that the body of a request
// that continues another begins with the same bytes as a whole. How long the
// model stays loaded is left to the server.
type body struct {
	Model    string    `json:"model"`
	Stream   bool      `json:"stream"`
	Options  options   `json:"options"`
	Tools    []tool    `json:"tools,omitempty"`
	Messages []message `json:"messages"`
}

type options struct {
	NumCtx           int64    `json:"num_ctx,omitempty"`
	NumPredict       *int64   `json:"num_predict,omitempty"`
	Seed             *int64   `json:"seed,omitempty"`
	Temperature      *float64 `json:"temperature,omitempty"`
	FrequencyPenalty *float64 `json:"frequency_penalty,omitempty"`
	PresencePenalty  *float64 `json:"presence_penalty,omitempty"`
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
	Role       string   `json:"role"`
	ToolName   string   `json:"tool_name,omitempty"`
	ToolCallID string   `json:"tool_call_id,omitempty"`
	Content    string   `json:"content"`
	Images     [][]byte `json:"images,omitempty"`
	ToolCalls  []call   `json:"tool_calls,omitempty"`
}

type call struct {
	ID       string `json:"id,omitempty"`
	Function struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	} `json:"function"`
}

// encode makes the body of a request, for the cloud itself or for a server.
func encode(req *model.Request, names remote.Names, cloud bool) ([]byte, error) {
	p, prompt, offered := req.Params, req.Messages, req.Tools
	if t, ok := req.Forced(); ok {
		prompt = append(slices.Clip(prompt), model.Message{Role: model.User, Text: remote.Wanted(names.Out(t.Name))})
		offered = []model.Tool{t}
	}
	b := body{
		Model: req.Model, Stream: true, Messages: messages(prompt, names),
		Options: options{
			NumPredict: p.MaxTokens, Seed: p.Seed, Temperature: p.Temperature,
			FrequencyPenalty: p.FrequencyPenalty, PresencePenalty: p.PresencePenalty,
		},
	}
	if !cloud && !inCloud(req.Model) {
		b.Options.NumCtx = cmp.Or(req.Context, DefaultContext)
	}
	for _, t := range offered {
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

// messages brings a prompt into the order that models' templates take: one
// system message, at the beginning, and after it user and assistant by turns.
// So what stands together is joined, facts become a marked part of the user's
// message, and only an order in mid-conversation stays a system message of its
// own.
func messages(prompt []model.Message, names remote.Names) []message {
	list := make([]message, 0, len(prompt))
	called := map[string]string{} // the names of calls, by their IDs
	join := func(role, text string) {
		if text == "" {
			return
		}
		if n := len(list); n > 0 && list[n-1].Role == role && list[n-1].ToolCalls == nil {
			list[n-1].Content += "\n\n" + text
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
			for _, c := range m.Calls {
				called[c.ID] = names.Out(c.Name)
			}
			list = appendCalls(list, m, names)
		case model.ToolResult:
			text := m.Text
			if m.Error {
				text = "Error: " + text // there is no field for it
			}
			list = append(list, message{Role: "tool", ToolName: called[m.Call], ToolCallID: remote.CallID(m.Call), Content: text})
		}
	}
	return list
}

// appendImages adds images to what the user says.
func appendImages(list []message, images []model.Image) []message {
	if len(images) == 0 {
		return list
	}
	if n := len(list); n == 0 || list[n-1].Role != "user" {
		list = append(list, message{Role: "user"})
	}
	last := &list[len(list)-1]
	for _, image := range images {
		last.Images = append(last.Images, image.Data)
	}
	return list
}

// appendCalls adds calls to the text that the model said before them.
func appendCalls(list []message, m model.Message, names remote.Names) []message {
	if len(m.Calls) == 0 {
		return list
	}
	n := len(list)
	if n == 0 || list[n-1].Role != "assistant" || list[n-1].ToolCalls != nil {
		list = append(list, message{Role: "assistant"})
		n++
	}
	for _, c := range m.Calls {
		made := call{ID: remote.CallID(c.ID)}
		made.Function.Name, made.Function.Arguments = names.Out(c.Name), remote.Object(c.Arguments)
		list[n-1].ToolCalls = append(list[n-1].ToolCalls, made)
	}
	return list
}
