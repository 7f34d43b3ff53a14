package fakeprovider_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(int) { http.DefaultClient.CloseIdleConnections() }))
}

// say asks in OpenAI's dialect, and gives the status and the whole body.
func say(t *testing.T, fake *fakeprovider.Server, text string) (int, string) {
	t.Helper()
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	body := `{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"` + text + `"}]}`
	res, err := http.Post(fake.URL+"/v1/chat/completions", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, _ := io.ReadAll(res.Body) // some answers break on purpose
	return res.StatusCode, string(data)
}

func TestMagicTexts(t *testing.T) {
	t.Parallel()
	fake := fakeprovider.Start(t)
	for _, c := range []struct {
		text   string
		status int
		want   string
		not    string
	}{
		{"Hello you", 200, `"content":"you"`, "fake_error"},
		{`Hello\n\n<information>\nnow\n</information>`, 200, `"content":"Hello"`, "information"},
		{"fake:ok", 200, `"content":"fake:ok"`, "fake_error"},
		{"fake:429 retry=3", 429, "told to fail", "data:"},
		{"fake:503", 503, "told to fail", "data:"},
		{"fake:cut after=1", 200, `"content":"You "`, "DONE"},
		{"fake:break after=1", 200, `"content":"You "`, "DONE"},
		{"fake:error", 200, `"code":500`, "DONE"},
		{"fake:garbage", 200, `"content":` + "\n", `"code":500`},
		{"fake:reasoning", 200, `"reasoning_content":"Let me"`, "tool_calls"},
		{"fake:calls n=1", 200, `"finish_reason":"tool_calls"`, "call_2"},
		{"fake:calls tool=f,g", 200, `"name":"g"`, "call_3"},
		{`fake:calls n=1 args={\"x\":1 say=Look`, 200, `"content":"Look"`, "Paris"},
		{"fake:calls n=1 args=", 200, `"finish_reason":"tool_calls"`, "Paris"},
		{"fake:calls n=2 id=same", 200, `"id":"same"`, "call_1"},
		{"fake:calls think=1", 200, `"reasoning_content":"Let me"`, "You said"},
		{"fake:forever n=1", 200, `"id":"call_1"`, "call_2"},
		{"fake:interleaved n=3", 200, `"id":"call_3"`, "call_4"},
		{"fake:length", 200, `"finish_reason":"length"`, "tool_calls"},
		{"fake:refused", 200, `"finish_reason":"content_filter"`, "tool_calls"},
		{"fake:empty", 200, "DONE", "You said"},
		{"fake:nousage", 200, "DONE", "prompt_tokens"},
		{"fake:split", 200, "DONE", "fake_error"},
		{"fake:slow n=3 rate=0", 200, `"content":"word3 "`, "word4"},
	} {
		if status, body := say(t, fake, c.text); status != c.status || !strings.Contains(body, c.want) || strings.Contains(body, c.not) {
			t.Errorf("%s: got %d %s, want %d with %q and without %q", c.text, status, body, c.status, c.want, c.not)
		}
	}
	if got := fake.Requests()[0]; got.Dialect != "openai" || got.Cancelled(t.Context()) {
		t.Errorf("got the request %+v, want one that ended by itself", got)
	}
}

func TestTheOtherDialectsAnswerToo(t *testing.T) {
	t.Parallel()
	fake := fakeprovider.Start(t)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	const (
		gemini = "/v1beta/models/m:streamGenerateContent?alt=sse"
		ollama = "/api/chat"
	)
	for _, c := range []struct{ path, text, want, not string }{
		{gemini, "Hello you", `"text":"you"`, "fake_error"},
		{gemini, "Hello", `"finishReason":"STOP"`, "[DONE]"},
		{gemini, "fake:calls n=2", `"args":{"location":"Paris 2"}`, "MAX_TOKENS"},
		{gemini, "fake:length", `"finishReason":"MAX_TOKENS"`, "STOP"},
		{gemini, "fake:reasoning", `"thought":true`, "functionCall"},
		{gemini, "fake:error", `"status":"UNAVAILABLE"`, "STOP"},
		{gemini, "fake:nousage", "STOP", "usageMetadata"},
		{gemini, "fake:503", `"code":503`, "data:"},
		{ollama, "Hello you", `"content":"you"`, "data:"},
		{ollama, "Hello", `"done_reason":"stop"`, "data:"},
		{ollama, "fake:calls n=1", `"arguments":{"location":"Paris 1"}`, "call_2"},
		{ollama, "fake:length", `"done_reason":"length"`, `"stop"`},
		{ollama, "fake:reasoning", `"thinking":"Let me"`, "tool_calls"},
		{ollama, "fake:error", `{"error":"The fake provider was told to fail."}`, `"done":true`},
		{ollama, "fake:429", `{"error":`, `"done"`},
	} {
		body := `{"model":"m","messages":[{"role":"user","content":"` + c.text + `"}]}`
		if c.path == gemini {
			body = `{"contents":[{"role":"user","parts":[{"text":"` + c.text + `"}]}]}`
		}
		res, err := http.Post(fake.URL+c.path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		data, _ := io.ReadAll(res.Body) // some answers break on purpose
		_ = res.Body.Close()
		if got := string(data); !strings.Contains(got, c.want) || strings.Contains(got, c.not) {
			t.Errorf("%s %s: got %s, want %q and not %q", c.path, c.text, got, c.want, c.not)
		}
	}
}

func TestRefusesWhatRealProvidersRefuse(t *testing.T) {
	t.Parallel()
	fake := fakeprovider.Start(t)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	const gemini = "/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse" // its generation wants signatures
	const stream = `"model":"m","stream":true,"stream_options":{"include_usage":true},"max_tokens":1,`
	for _, c := range []struct{ path, body string }{
		{"/v1/chat/completions", `{`},
		{"/v1/chat/completions", `{"model":"m","messages":[{"role":"user","content":"x"}]}`},
		{"/v1/chat/completions", `{` + stream + `"messages":[{"role":"tool","tool_call_id":"x","content":"y"}]}`},
		{"/v1/chat/completions", `{` + stream + `"messages":[{"role":"user","content":"x"}],"tools":[{"function":{"name":"f","parameters":{"type":"object","properties":{},"anyOf":[]}}}]}`},
		{"/v1/chat/completions", `{` + stream + `"messages":[{"role":"user","content":"x"}],"tools":[{"function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"array","prefixItems":[{}]}}}}}]}`},
		{"/v1/chat/completions", `{` + stream + `"messages":[{"role":"user","content":"x"}],"tool_choice":{"type":"function","function":{"name":"f"}}}`},
		{"/v1/messages", `{` + stream + `"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"tool_choice":{"type":"tool","name":"f"}}`},
		{"/v1/messages", `{` + stream + `"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"tool_choice":{"type":"tool","name":"f"},"thinking":{"type":"adaptive"},"tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}]}`},
		{"/v1/messages", `{` + stream + `"messages":[{"role":"user","content":[{"type":"text","text":"x"}]},{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":"wrong"},{"type":"text","text":"y"}]},{"role":"user","content":[{"type":"text","text":"x"}]}]}`},
		{gemini, `{"contents":[{"role":"user","parts":[{"text":"x"}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}}`},
		{gemini, `{"contents":[{"role":"user","parts":[{"text":"x"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{}},"thoughtSignature":"wrong"}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}]}`},
		{"/v1/chat/completions", `{` + stream + `"messages":[{"role":"assistant","tool_calls":[{"id":"x","function":{"name":"f"}}]}]}`},
		{"/v1/messages", `{` + stream + `"messages":[{"role":"assistant","content":[{"type":"text","text":"x"}]}]}`},
		{"/v1/messages", `{` + stream + `"messages":[{"role":"user","content":[{"type":"text","text":" "}]}]}`},
		{"/v1/messages", `{` + stream + `"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"x"}]}]}`},
		{"/v1/messages", `{` + stream + `"messages":[{"role":"user","content":[{"type":"text","text":"x"}]},{"role":"user","content":[{"type":"text","text":"x"}]}]}`},
		{gemini, `{"contents":[]}`},
		{gemini, `{"contents":[{"role":"model","parts":[{"text":"x"}]}]}`},
		{gemini, `{"contents":[{"role":"user","parts":[]}]}`},
		{gemini, `{"contents":[{"role":"user","parts":[{"text":"x"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{}},"thoughtSignature":"s"}]}]}`},
		{gemini, `{"contents":[{"role":"user","parts":[{"text":"x"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}]}`},
		{gemini, `{"contents":[{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}]}`},
		{"/api/chat", `{"model":"m","messages":[]}`},
		{"/api/chat", `{"model":"m","stream":false,"messages":[{"role":"user","content":"x"}]}`},
		{"/api/chat", `{"model":"m","messages":[{"role":"tool","content":"x"}]}`},
		{"/api/chat", `{"model":"m","messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}]}`},
	} {
		res, err := http.Post(fake.URL+c.path, "application/json", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s %s: got %d, want 400", c.path, c.body, res.StatusCode)
		}
	}
}

// TestCallsInRounds goes on after calls, as a loop does.
func TestCallsInRounds(t *testing.T) {
	t.Parallel()
	fake := fakeprovider.Start(t)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	const answered = `,{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"21"}`
	for _, c := range []struct {
		text   string
		rounds int
		want   string
	}{
		{"fake:calls n=1", 0, `"id":"call_1"`},
		{"fake:calls n=1", 1, `"content":"21"`},
		{"fake:calls n=1 rounds=2", 1, `"id":"call_2"`},
		{"fake:calls n=1 rounds=2", 2, `"content":"21"`},
		{"fake:forever n=2", 9, `"id":"call_20"`},
		{"fake:calls n=1 then=Tall_[1].", 1, `"content":"[1]."`},
	} {
		body := `{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"` + c.text + `"}` + strings.Repeat(answered, c.rounds) + `]}`
		res, err := http.Post(fake.URL+"/v1/chat/completions", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(res.Body)
		if err != nil || !strings.Contains(string(data), c.want) {
			t.Errorf("%s after %d rounds: got %s, want %s", c.text, c.rounds, data, c.want)
		}
		_ = res.Body.Close()
	}
}

func TestArgumentsFitWhatTheSchemaRequires(t *testing.T) {
	t.Parallel()
	fake := fakeprovider.Start(t)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	body := `{"model":"m","messages":[{"role":"user","content":"fake:calls tool=*"}],"tools":[{"function":{"name":"f","parameters":{"type":"object",
		"properties":{"s":{"type":"string"},"n":{"type":["integer","null"]},"e":{"enum":["x"]},"o":{"type":"object"},"free":{"type":"string"}},"required":["s","n","e","o"]}}},
		{"function":{"name":"g","parameters":{"type":"object","properties":{"b":{"type":"boolean"}},"required":["b"]}}}]}`
	res, err := http.Post(fake.URL+"/api/chat", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, _ := io.ReadAll(res.Body)
	for _, want := range []string{`"arguments":{"e":"x","n":1,"o":{},"s":"Paris 1"}`, `"arguments":{"b":true}`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("no %s in %s", want, data)
		}
	}
}
