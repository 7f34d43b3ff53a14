package quote

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/model"
)

// maxNesting is how deep objects in arguments are made.
const maxNesting = 8

// number is a number in a text.
var number = regexp.MustCompile(`-?[0-9]+(\.[0-9]+)?`)

// call gives the call that answers a prompt: of the tool that is forced, or of
// one that the last user message names, unless tools have answered that already.
func call(req *model.Request) *model.Call {
	asked, answered := lastUser(req.Messages)
	tool, ok := req.Forced()
	if !ok && !answered {
		tool, ok = named(req.Tools, asked)
	}
	if !ok {
		return nil
	}
	made := 1
	for _, m := range req.Messages {
		made += len(m.Calls)
	}
	return &model.Call{ID: "call_" + strconv.Itoa(made), Name: tool.Name, Arguments: arguments(tool, asked)}
}

// lastUser gives the last text of a user, and whether tools answered behind it.
func lastUser(prompt []model.Message) (text string, answered bool) {
	for _, m := range prompt {
		switch m.Role {
		case model.User:
			text, answered = m.Text, false
		case model.ToolResult:
			answered = true
		}
	}
	return text, answered
}

// named finds the first tool whose name is a word of the text.
func named(tools []model.Tool, text string) (model.Tool, bool) {
	words := map[string]bool{}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !inName(r) }) {
		words[word] = true
	}
	for _, t := range tools {
		if words[t.Name] {
			return t, true
		}
	}
	return model.Tool{}, false
}

func inName(r rune) bool {
	return r == '_' || r == '$' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= utf8.RuneSelf
}

// arguments gives the JSON object that stands behind the tool's name in the
// text, or else makes one that has what the tool's schema requires.
func arguments(tool model.Tool, text string) string {
	if _, behind, ok := strings.Cut(text, tool.Name); ok {
		var given json.RawMessage
		behind = strings.TrimLeft(behind, " \t\r\n(:")
		if strings.HasPrefix(behind, "{") && json.NewDecoder(strings.NewReader(behind)).Decode(&given) == nil {
			return string(given)
		}
	}
	var s schema
	if json.Unmarshal(tool.Parameters, &s) != nil {
		return "{}"
	}
	made, err := json.Marshal(s.object(text, 0))
	if err != nil {
		return "{}" // cannot be: what is made came from JSON, or is a text
	}
	return string(made)
}

// schema is what of a JSON schema is looked at.
type schema struct {
	Type       any               `json:"type"` // a name or a list of them
	Const      any               `json:"const"`
	Enum       []any             `json:"enum"`
	AnyOf      []schema          `json:"anyOf"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
}

func (s schema) object(text string, depth int) map[string]any {
	made := map[string]any{}
	for _, name := range s.Required {
		if _, twice := made[name]; !twice { // each time would cost all that is below it
			made[name] = s.Properties[name].value(text, depth+1)
		}
	}
	return made
}

// value makes the simplest value that fits, and of a text the user's own.
func (s schema) value(text string, depth int) any {
	switch {
	case s.Const != nil:
		return s.Const
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type == nil && len(s.AnyOf) > 0 && depth < maxNesting:
		return s.AnyOf[0].value(text, depth+1)
	}
	kind, _ := s.Type.(string)
	if list, ok := s.Type.([]any); ok && len(list) > 0 {
		kind, _ = list[0].(string)
	}
	switch kind {
	case "number", "integer":
		return numberIn(text, kind)
	case "boolean":
		return true
	case "array":
		return []any{}
	case "null":
		return nil
	case "object":
		if depth < maxNesting {
			return s.object(text, depth)
		}
		return map[string]any{}
	}
	return text
}

// numberIn gives the first number of a text, or 0.
func numberIn(text, kind string) json.Number {
	found := number.FindString(text)
	whole, _, _ := strings.Cut(found, ".")
	if kind == "integer" {
		found = whole
	}
	if plain := strings.TrimPrefix(whole, "-"); found == "" || len(plain) > 1 && plain[0] == '0' {
		return "0" // JSON has no leading zeros
	}
	return json.Number(found)
}

// sources takes a result and the note apart in which the engine numbers the sources
// of it, and gives the marks by which a model cites them.
func sources(text string) (result, marks string) {
	result, note, ok := strings.Cut(text, "\n\nSources:\n")
	if !ok {
		return text, ""
	}
	for line := range strings.Lines(note) {
		digits, _, _ := strings.Cut(line, ":")
		if n, err := strconv.Atoi(digits); err == nil {
			marks += "[" + strconv.Itoa(n) + "]"
		}
	}
	return result, " " + marks
}

// results words what tools answered last, if that is what the prompt ends with.
func results(prompt []model.Message) (string, bool) {
	var said []string
	for _, m := range prompt {
		switch {
		case m.Role == model.User || len(m.Calls) > 0:
			said = nil
		case m.Role == model.ToolResult:
			result, marks := sources(m.Text)
			if len(result) > maxQuote {
				result = result[:maxQuote] + "…"
			}
			said = append(said, "“"+result+"”"+marks)
		}
	}
	if len(said) == 0 {
		return "", false
	}
	return strings.ToValidUTF8(told+strings.Join(said, " "), ""), true
}
