package telemetry

import (
	"encoding/json"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/attribute"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
)

// maxContent is how many bytes of text one attribute holds; receivers refuse
// batches that grow too large.
const maxContent = 64 << 10

// said is a message of an answer.
type said struct {
	kind convo.MessageType
	text string
}

// The conventions' form of messages.
type (
	spanMessage struct {
		Role   string     `json:"role"`
		Parts  []spanPart `json:"parts"`
		Finish string     `json:"finish_reason,omitempty"`
	}
	spanPart struct {
		Type      string `json:"type"`
		Content   string `json:"content,omitempty"`
		ID        string `json:"id,omitempty"`
		Name      string `json:"name,omitempty"`
		Arguments string `json:"arguments,omitempty"`
		Response  string `json:"response,omitempty"`
	}
)

// promptAttributes hold the prompt: the latest messages that fit.
func promptAttributes(messages []model.Message) []attribute.KeyValue {
	room := maxContent
	var list []spanMessage
	for _, m := range slices.Backward(messages) {
		if room <= 0 {
			break
		}
		list = append(list, promptMessage(m, &room))
	}
	cut := room < 0 || len(list) < len(messages)
	slices.Reverse(list)
	return []attribute.KeyValue{
		attribute.String("gen_ai.input.messages", encode(list)),
		attribute.Bool("parley.content.cut", cut),
	}
}

func promptMessage(m model.Message, room *int) spanMessage {
	if m.Role == model.ToolResult {
		return spanMessage{Role: "tool", Parts: []spanPart{{Type: "tool_call_response", ID: m.Call, Response: fit(m.Text, room)}}}
	}
	out := spanMessage{Role: "system", Parts: []spanPart{}}
	switch m.Role {
	case model.User:
		out.Role = "user"
	case model.Assistant:
		out.Role = "assistant"
	}
	if m.Text != "" {
		out.Parts = append(out.Parts, spanPart{Type: "text", Content: fit(m.Text, room)})
	}
	for _, c := range m.Calls {
		out.Parts = append(out.Parts, spanPart{Type: "tool_call", ID: c.ID, Name: c.Name, Arguments: fit(c.Arguments, room)})
	}
	return out
}

// answerAttributes hold the answer, from its beginning.
func answerAttributes(answer []said, end engine.CallEnd) []attribute.KeyValue {
	room := maxContent
	out := spanMessage{Role: "assistant", Finish: finishReason(end)}
	for _, s := range answer {
		kind := "text"
		if s.kind == convo.Reasoning {
			kind = "reasoning"
		}
		out.Parts = append(out.Parts, spanPart{Type: kind, Content: fit(s.text, &room)})
	}
	return []attribute.KeyValue{attribute.String("gen_ai.output.messages", encode([]spanMessage{out}))}
}

// fit cuts a text to the room that is left, and takes it. Room below 0 says
// that something was cut.
func fit(text string, room *int) string {
	left := max(*room, 0)
	*room -= len(text)
	if len(text) > left {
		return strings.ToValidUTF8(text[:left], "")
	}
	return text
}

// encode cannot fail: it is given strings only.
func encode(messages []spanMessage) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(messages); err != nil {
		return "[]"
	}
	return strings.TrimSuffix(b.String(), "\n")
}
