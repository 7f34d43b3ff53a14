package anthropic_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/anthropic"
	"github.com/parleyhq/parley/internal/model/modeltest"
)

func stream(events ...string) modeltest.Canned {
	return modeltest.Canned("data: " + strings.Join(events, "\n\ndata: ") + "\n\n")
}

func canned(t *testing.T, events ...string) modeltest.Answer {
	t.Helper()
	return modeltest.Ask(t, anthropic.New(anthropic.Options{Transport: stream(events...)}))
}

const (
	start   = `{"type":"message_start","message":{"usage":{"input_tokens":10,"cache_creation_input_tokens":200,"cache_read_input_tokens":3000,"output_tokens":1}}}`
	hello   = `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}`
	ended   = `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}`
	stopped = `{"type":"message_stop"}`
)

func TestCountsCachedInput(t *testing.T) {
	t.Parallel()
	got := canned(t, start, hello, ended, stopped)
	if got.Err != nil || got.Text != "Hello" || got.Stop != model.StopEnd {
		t.Fatalf("got %+v, want an answer", got)
	}
	if u := got.Usage; *u.Input != 3210 || *u.Cached != 3000 || *u.Output != 7 || u.Reasoning != nil {
		t.Errorf("got input %d, cached %d, output %d, reasoning %v", *u.Input, *u.Cached, *u.Output, u.Reasoning)
	}
}

func TestAnAnswerThatBreaksOffHasItsInputCounted(t *testing.T) {
	t.Parallel()
	got := canned(t, start, hello)
	if got.Err == nil || got.Usage == nil || *got.Usage.Input != 3210 || got.Usage.Output != nil {
		t.Errorf("got %+v, want the input and no output", got)
	}
}

func TestUnknownEventsAreSkipped(t *testing.T) {
	t.Parallel()
	got := canned(t, start, `{"type":"ping"}`, `{"type":"news","delta":{"type":"x"}}`,
		`{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s","name":"web","input":{}}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{"}}`,
		`{"type":"content_block_delta","index":1,"delta":{"type":"signature_delta","signature":"x"}}`, hello, ended)
	if got.Err != nil || got.Text != "Hello" || got.Calls != nil {
		t.Errorf("got %+v, want the text only", got)
	}
}

func TestErrorsInAStreamHaveTheirKind(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]model.ErrorKind{
		"overloaded_error": model.Failed, "api_error": model.Failed, "rate_limit_error": model.Limited,
		"authentication_error": model.Unauthorized, "invalid_request_error": model.Rejected,
	} {
		got := canned(t, start, hello, `{"type":"error","error":{"type":"`+kind+`","message":"Overloaded"}}`)
		if failed, ok := errors.AsType[*model.Error](got.Err); !ok || failed.Kind != want {
			t.Errorf("%s: got %v, want kind %d", kind, got.Err, want)
		}
	}
	if got := canned(t, start, hello, stopped); got.Err == nil {
		t.Error("an end without a reason was taken for a good one")
	}
}

// recorder keeps the last request.
type recorder struct {
	url    string
	header http.Header
	body   []byte
	modeltest.Canned
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.url, r.header = req.URL.String(), req.Header
	var err error
	if r.body, err = io.ReadAll(req.Body); err != nil {
		return nil, err
	}
	return r.Canned.RoundTrip(req)
}

// sent gives what a request looks like on the wire.
func sent(t *testing.T, req *model.Request) string {
	t.Helper()
	r := &recorder{Canned: stream(ended)}
	for _, err := range anthropic.New(anthropic.Options{Transport: r}).Stream(t.Context(), req) {
		if err != nil {
			t.Fatal(err)
		}
	}
	return string(r.body)
}

func TestTheCacheIsMarkedOutsideOfTheMessages(t *testing.T) {
	t.Parallel()
	body := sent(t, &model.Request{Model: "claude-sonnet-4-6", Messages: []model.Message{
		{Role: model.System, Text: "A"}, {Role: model.System, Text: "B"}, {Role: model.User, Text: "x"},
	}})
	const want = `{"model":"claude-sonnet-4-6","max_tokens":32000,"stream":true,"cache_control":{"type":"ephemeral"},` +
		`"system":[{"type":"text","cache_control":{"type":"ephemeral"},"text":"A\n\nB"}],` +
		`"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}]}` + "\n"
	if body != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
}

func TestOrdersInMidConversationAreMarkedTexts(t *testing.T) {
	t.Parallel()
	body := sent(t, &model.Request{Model: "claude-sonnet-4-6", Messages: []model.Message{
		{Role: model.User, Text: "x"}, {Role: model.Assistant, Text: "y"}, {Role: model.System, Text: "Be brief."}, {Role: model.Information, Text: "It rains."}, {Role: model.User, Text: "z"},
	}})
	if !strings.Contains(body, `{"role":"user","content":[{"type":"text","text":"<instruction>\nBe brief.\n</instruction>"},{"type":"text","text":"<information>\nIt rains.\n</information>"},{"type":"text","text":"z"}]}`) {
		t.Errorf("got %s", body)
	}
}

func TestToolsThatAreGoneAreDefinedButNotOffered(t *testing.T) {
	t.Parallel()
	body := sent(t, &model.Request{Model: "claude-3-haiku-20240307", Messages: []model.Message{
		{Role: model.User, Text: "x"}, {Role: model.Assistant, Calls: []model.Call{{ID: "1", Name: "f", Arguments: `{"a":1}`}}}, {Role: model.ToolResult, Call: "1", Text: "no", Error: true},
	}})
	for _, want := range []string{
		`"tool_choice":{"type":"none"}`, `"name":"f"`, `"max_tokens":4096`,
		`{"type":"tool_use","id":"1","name":"f","input":{"a":1}}`, `{"type":"tool_result","tool_use_id":"1","is_error":true,"content":"no"}`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
}

func TestTemperatureStaysInTheAPIsRange(t *testing.T) {
	t.Parallel()
	hot, seed := 1.7, int64(3)
	body := sent(t, &model.Request{Model: "m", Messages: []model.Message{{Role: model.User, Text: "x"}}, Params: model.Params{Temperature: &hot, Seed: &seed, PresencePenalty: &hot}})
	if !strings.Contains(body, `"temperature":1,`) || bytes.Contains([]byte(body), []byte("seed")) || strings.Contains(body, "penalty") {
		t.Errorf("got %s", body)
	}
}

func TestNewModelsAreAskedAsTheyWantToBe(t *testing.T) {
	t.Parallel()
	warm := 0.5
	for name, want := range map[string]struct{ temperature, thinking bool }{
		"claude-3-5-haiku-20241022": {true, false}, "claude-opus-4-6": {true, false}, "claude-opus-4-5-20251101": {true, false}, "claude-sonnet-4-20250514": {true, false},
		"claude-opus-4-7": {false, false}, "claude-opus-5": {false, true}, "claude-sonnet-5-5": {false, true}, "anthropic/claude-fable-5-1": {false, true},
		"claude-mythos-preview": {true, false}, "other-9": {true, false},
	} {
		body := sent(t, &model.Request{Model: name, Messages: []model.Message{{Role: model.User, Text: "x"}}, Params: model.Params{Temperature: &warm}})
		if got := strings.Contains(body, `"temperature"`); got != want.temperature {
			t.Errorf("%s: a temperature is sent: %t", name, got)
		}
		if got := strings.Contains(body, `"thinking":{"type":"adaptive","display":"summarized"}`); got != want.thinking || strings.Contains(body, `"thinking"`) != got {
			t.Errorf("%s: thoughts are asked for: %t in %s", name, got, body)
		}
	}
}

func TestUnusualStreamsAreRead(t *testing.T) {
	t.Parallel()
	const call = `{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}}`
	for _, c := range []struct {
		name   string
		events []string
		text   string
		calls  int
		stop   model.StopReason
	}{
		{"text in the beginning of a block", []string{start, `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"Hel"}}`, `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo"}}`, ended}, "Hello", 0, model.StopEnd},
		{"thinking that is left out", []string{start, `{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`, `{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"x"}}`, hello, ended}, "Hello", 0, model.StopEnd},
		{"a call although it says end_turn", []string{start, hello, call, ended, stopped}, "Hello", 1, model.StopCalls},
		{"a refusal behind text", []string{start, hello, `{"type":"message_delta","delta":{"stop_reason":"refusal"}}`, stopped}, "Hello", 0, model.StopRefused},
		{"a full context", []string{start, hello, `{"type":"message_delta","delta":{"stop_reason":"model_context_window_exceeded"}}`}, "Hello", 0, model.StopLength},
		{"an error behind a whole answer", []string{start, hello, ended, `{"type":"error","error":{"type":"api_error"}}`}, "Hello", 0, model.StopEnd},
		{"a usage apart from the reason", []string{start, hello, ended, `{"type":"message_delta","delta":{},"usage":{"output_tokens":7}}`, stopped}, "Hello", 0, model.StopEnd},
		{"no beginning", []string{hello, ended}, "Hello", 0, model.StopEnd},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := canned(t, c.events...); got.Err != nil || got.Text != c.text || len(got.Calls) != c.calls || got.Stop != c.stop {
				t.Errorf("got %+v, want %q, %d calls and stop %d", got, c.text, c.calls, c.stop)
			}
		})
	}
}

func TestBaseURLsAreMended(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"":                      "https://api.anthropic.com/v1/messages",
		"http://x:1/":           "http://x:1/v1/messages",
		"http://x/v1":           "http://x/v1/messages",
		"x/proxy/v1/messages":   "http://x/proxy/v1/messages",
		"https://x/anthropic  ": "https://x/anthropic/v1/messages",
	} {
		r := &recorder{Canned: stream(ended)}
		got := modeltest.Ask(t, anthropic.New(anthropic.Options{BaseURL: base, Key: " k ", Transport: r}))
		if got.Err != nil || r.url != want || r.header.Get("X-Api-Key") != "k" || r.header.Get("Anthropic-Version") == "" {
			t.Errorf("base URL %q leads to %s with %v (%v), want %s", base, r.url, r.header, got.Err, want)
		}
	}
}

// pages answers lists of models page by page.
type pages struct{ asked []string }

func (p *pages) RoundTrip(r *http.Request) (*http.Response, error) {
	p.asked = append(p.asked, r.URL.RawQuery)
	page := map[string]any{"data": []any{map[string]any{"id": "claude-b"}}, "has_more": false}
	if !r.URL.Query().Has("after_id") {
		page = map[string]any{"data": []any{map[string]any{"id": "claude-a", "max_input_tokens": 200000, "max_tokens": 64000}}, "has_more": true, "last_id": "claude-a"}
	}
	data, err := json.Marshal(page)
	if err != nil {
		return nil, err
	}
	return modeltest.Canned(data).RoundTrip(r)
}

func TestModelsReadsAllPages(t *testing.T) {
	t.Parallel()
	p := &pages{}
	infos, err := anthropic.New(anthropic.Options{Transport: p}).Models(t.Context())
	if err != nil || len(infos) != 2 || infos[0] != (model.Info{Name: "claude-a", MaxInput: 168000, MaxOutput: 64000}) || infos[1].MaxInput != 0 {
		t.Errorf("got %v (%v) after %q", infos, err, p.asked)
	}
}

func FuzzStream(f *testing.F) {
	f.Add(string(stream(start, hello, ended, stopped)))
	f.Add(string(stream(start, `{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"f","input":{"x":1}}}`,
		`{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{"}}`, `{"type":"message_delta","delta":{"stop_reason":"max_tokens"}}`)))
	f.Add("event: error\r\ndata: {\"type\":\"error\",\"error\":{}}\r\n\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		modeltest.Ask(t, anthropic.New(anthropic.Options{Key: modeltest.Key, Transport: modeltest.Canned(s)}))
	})
}

func TestTheEndIsNotHeldBack(t *testing.T) {
	t.Parallel()
	modeltest.WantEndAtOnce(t, func(transport http.RoundTripper) model.Provider {
		return anthropic.New(anthropic.Options{Transport: transport})
	}, string(stream(start, hello, ended, stopped)))
}

func TestInputThatSaysNothingIsNotPartOfACall(t *testing.T) {
	t.Parallel()
	for _, empty := range []string{`null`, `{ }`, `{}`} {
		got := canned(t, start, `{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":`+empty+`}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"x\":1}"}}`, ended, stopped)
		if got.Err != nil || len(got.Calls) != 1 || got.Calls[0].Arguments != `{"x":1}` {
			t.Errorf("input %s: got %+v, want a call with the pieces alone", empty, got)
		}
	}
}
