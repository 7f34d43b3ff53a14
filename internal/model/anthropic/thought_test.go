package anthropic_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
)

const (
	thinks   = `{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`
	thought  = `{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"A \u003cthought\u003e"}}`
	signed   = `{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}`
	redacted = `{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"aGlk"}}`
	speaks   = `{"type":"content_block_start","index":2,"content_block":{"type":"text","text":"I look."}}`
	omitted  = `{"type":"content_block_start","index":3,"content_block":{"type":"thinking","thinking":"","signature":"b21p"}}`
	callF    = `{"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}}`
	callG    = `{"type":"content_block_start","index":5,"content_block":{"type":"tool_use","id":"b","name":"g","input":{}}}`
)

// after is a request that goes on behind calls.
func after(name, text string, calls []model.Call) *model.Request {
	messages := []model.Message{{Role: model.User, Text: "x"}, {Role: model.Assistant, Text: text, Calls: calls}}
	for _, c := range calls {
		messages = append(messages, model.Message{Role: model.ToolResult, Call: c.ID, Text: "1"})
	}
	return &model.Request{Model: name, Messages: messages}
}

func TestThoughtsComeBackWhereTheyStood(t *testing.T) {
	t.Parallel()
	got := canned(t, start, thinks, thought, signed, redacted, speaks, omitted, callF, callG, ended)
	if got.Err != nil || len(got.Calls) != 2 || got.Reasoning != "A <thought>" || got.Calls[1].Signature != "" {
		t.Fatalf("got %+v, want two calls, the first one signed", got)
	}
	const want = `{"role":"assistant","content":[` +
		`{"type":"thinking","thinking":"A <thought>","signature":"c2ln"},{"type":"redacted_thinking","data":"aGlk"},` +
		`{"type":"text","text":"I look."},{"type":"thinking","thinking":"","signature":"b21p"},` +
		`{"type":"tool_use","id":"a","name":"f","input":{}},{"type":"tool_use","id":"b","name":"g","input":{}}]}`
	if body := sent(t, after("fake-1", "I look.", got.Calls)); !strings.Contains(body, want) {
		t.Errorf("got  %s\nwant %s", body, want)
	}
	if body := sent(t, after("claude-sonnet-5", "I look.", got.Calls)); strings.Contains(body, "c2ln") || strings.Contains(body, "aGlk") {
		t.Errorf("another model gets the thoughts: %s", body)
	}
}

func TestThoughtsThatTheAPIWouldRefuseAreLeftOut(t *testing.T) {
	t.Parallel()
	long := strings.Replace(thought, "A ", strings.Repeat("long ", 40<<10), 1)
	for name, events := range map[string][]string{
		"not signed": {start, thinks, thought, callF, ended},
		"one of two": {start, thinks, thought, signed, strings.Replace(omitted, "b21p", "", 1), callF, ended},
		"too long":   {start, thinks, long, signed, callF, ended},
		"no thought": {start, callF, ended},
	} {
		if got := canned(t, events...); got.Err != nil || len(got.Calls) != 1 || got.Calls[0].Signature != "" {
			t.Errorf("%s: got %v and %.100v", name, got.Err, got.Calls)
		}
	}
}

func TestModelsAreForcedAsTheyCanBe(t *testing.T) {
	t.Parallel()
	const forced = `"tool_choice":{"type":"tool","name":"g"}`
	const asked = `{"type":"text","text":"x"},{"type":"text","text":"<instruction>\nCall the tool g now.\n</instruction>"}`
	for name, want := range map[string][]string{
		"claude-sonnet-4-6": {forced, `"name":"f"`},
		"claude-sonnet-5":   {forced, `"name":"f"`, `"thinking":{"type":"disabled"}`},
		"claude-opus-5-5":   {asked, `"thinking":{"type":"adaptive"`},
		"claude-fable-5":    {asked, `"thinking":{"type":"adaptive"`},
	} {
		body := sent(t, &model.Request{
			Model: name, Messages: []model.Message{{Role: model.User, Text: "x"}}, Force: "g",
			Tools: []model.Tool{{Name: "f"}, {Name: "g", Parameters: convo.JSON(`{"type":"object","properties":{}}`)}},
		})
		for _, part := range want {
			if !strings.Contains(body, part) {
				t.Errorf("%s: no %s in %s", name, part, body)
			}
		}
		if want[0] == asked && (strings.Contains(body, "tool_choice") || strings.Contains(body, `"name":"f"`)) {
			t.Errorf("%s: got %s, want that tool alone", name, body)
		}
	}
}

// FuzzSignature: callers may send any text as what a provider wants back.
func FuzzSignature(f *testing.F) {
	f.Add(`{"of":"anthropic/m","value":{"before":[{"thinking":"a","signature":"b"}],"after":[{"data":"c"}]}}`)
	f.Add(`{"of":"anthropic/m","value":{"before":[{"thinking":"a","type":"text"}],"after":[{}]}}`)
	f.Add(`{"of":"anthropic/m","value":[]}`)
	f.Fuzz(func(t *testing.T, signature string) {
		body := sent(t, after("m", "", []model.Call{{ID: "a", Name: "f", Arguments: "{}", Signature: signature}}))
		var shape struct {
			Messages []struct {
				Content []struct{ Type, Thinking, Signature, Data string }
			}
		}
		if err := json.Unmarshal([]byte(body), &shape); err != nil {
			t.Fatalf("not JSON: %s", body)
		}
		content := shape.Messages[1].Content
		for _, b := range content[:len(content)-1] {
			if b.Type != "thinking" && b.Type != "redacted_thinking" || b.Type == "thinking" && b.Signature == "" || b.Type == "redacted_thinking" && b.Data == "" {
				t.Errorf("the provider would get the block %+v", b)
			}
		}
	})
}
