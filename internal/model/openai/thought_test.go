package openai_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/modeltest"
	"github.com/parleyhq/parley/internal/model/openai"
)

// after gives the body of a request that goes on behind calls.
func after(t *testing.T, name string, calls []model.Call) string {
	t.Helper()
	messages := []model.Message{{Role: model.User, Text: "x"}, {Role: model.Assistant, Text: "I look.", Calls: calls}}
	for _, c := range calls {
		messages = append(messages, model.Message{Role: model.ToolResult, Call: c.ID, Text: "1"})
	}
	r := &recorder{Canned: modeltest.Canned("data: " + stop + "\n\n")}
	for _, err := range openai.New(openai.Options{Transport: r}).Stream(t.Context(), &model.Request{Model: name, Messages: messages}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	return string(r.body)
}

func TestWhatServersWantBackWithCallsComesBack(t *testing.T) {
	t.Parallel()
	const two = `{"index":0,"id":"a","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"c2ln"}}},{"index":1,"id":"b","function":{"name":"f","arguments":"{}"}}`
	for name, want := range map[string]string{
		"reasoning_content": `"content":"I look.","reasoning_content":"A <thought>","tool_calls":[`,
		"reasoning":         `"content":"I look.","reasoning":"A <thought>","tool_calls":[`,
		"other":             `"content":"I look.","tool_calls":[`,
	} {
		got := canned(t, `{"choices":[{"delta":{"`+name+`":"A "}}]}`, `{"choices":[{"delta":{"`+name+`":"<thought>"}}]}`, calls(two), stop, done)
		if got.Err != nil || len(got.Calls) != 2 || got.Calls[1].Signature != "" {
			t.Fatalf("%s: got %+v, want two calls", name, got)
		}
		body := after(t, "fake-1", got.Calls)
		if !strings.Contains(body, want) || strings.Count(body, `"extra_content":{"google":{"thought_signature":"c2ln"}}`) != 1 {
			t.Errorf("%s: got %s, want %s", name, body, want)
		}
		if body := after(t, "deepseek", got.Calls); strings.Contains(body, "thought") || !strings.Contains(body, `"reasoning_content":"",`) {
			t.Errorf("%s: another model gets it: %s", name, body)
		}
	}
}

func TestTooMuchReasoningIsNotGivenBack(t *testing.T) {
	t.Parallel()
	long := `{"choices":[{"delta":{"reasoning_content":"` + strings.Repeat("x", 70<<10) + `"}}]}`
	got := canned(t, long, long, calls(`{"index":0,"id":"a","function":{"name":"f"}}`), stop, done)
	if got.Err != nil || len(got.Calls) != 1 || got.Calls[0].Signature != "" || len(got.Reasoning) != 140<<10 {
		t.Errorf("got %v and %d bytes of reasoning", got.Err, len(got.Reasoning))
	}
}

// FuzzSignature: callers may send any text as what a provider wants back.
func FuzzSignature(f *testing.F) {
	f.Add(`{"of":"openai/m","value":{"reasoning":"a","extra_content":{"google":{}}}}`)
	f.Add(`{"of":"openai/m","value":{"extra_content":"x"}}`)
	f.Fuzz(func(t *testing.T, signature string) {
		body := after(t, "m", []model.Call{{ID: "a", Name: "f", Arguments: "{}", Signature: signature}})
		var shape struct {
			Messages []struct {
				Calls []struct {
					Extra map[string]any `json:"extra_content"`
				} `json:"tool_calls"`
			}
		}
		if err := json.Unmarshal([]byte(body), &shape); err != nil || len(shape.Messages) != 3 {
			t.Errorf("got %v for %s", err, body)
		}
	})
}
