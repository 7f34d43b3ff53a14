package gemini_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/gemini"
	"github.com/parleyhq/parley/internal/model/modeltest"
)

func stream(events ...string) modeltest.Canned {
	return modeltest.Canned("data: " + strings.Join(events, "\r\n\r\ndata: ") + "\r\n\r\n")
}

func canned(t *testing.T, events ...string) modeltest.Answer {
	t.Helper()
	return modeltest.Ask(t, gemini.New(gemini.Options{Transport: stream(events...)}))
}

// parts is a chunk with these parts, chunk one with other fields beside them.
func parts(list string) string { return chunk(list, "") }

func chunk(list, more string) string {
	return `{"candidates": [{"content": {"parts": [` + list + `],"role": "model"},"index": 0` + more + `}],"modelVersion": "gemini-3"}`
}

var hello, stop = parts(`{"text": "Hello"}`), chunk(`{"text": "","thoughtSignature": "Zm9v"}`, `,"finishReason": "STOP"`)

func TestReadsWhatTheAPISends(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		chunks []string
		text   string
		stop   model.StopReason
	}{
		{"an end with a signature and no text", []string{hello, stop}, "Hello", model.StopEnd},
		{"text and end in one chunk", []string{chunk(`{"text":"Hello"}`, `,"finishReason":"STOP"`)}, "Hello", model.StopEnd},
		{"an end without content", []string{hello, `{"candidates":[{"finishReason":"MAX_TOKENS","index":0}]}`}, "Hello", model.StopLength},
		{"a chunk with a usage only", []string{hello, `{"usageMetadata":{"promptTokenCount":1}}`, stop}, "Hello", model.StopEnd},
		{"parts that are not known", []string{parts(`{"executableCode":{"code":"1"}},{"text":"Hello"},{"news":1}`), stop}, "Hello", model.StopEnd},
		{"an unspecified reason before the end", []string{chunk(`{"text":"Hello"}`, `,"finishReason":"FINISH_REASON_UNSPECIFIED"`), stop}, "Hello", model.StopEnd},
		{"an answer that was withheld", []string{hello, `{"candidates":[{"finishReason":"PROHIBITED_CONTENT"}]}`}, "Hello", model.StopRefused},
		{"a reason of later versions", []string{`{"candidates":[{"finishReason":"SOMETHING_NEW"}]}`}, "", model.StopRefused},
		{"a prompt that was refused", []string{`{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":5}}`}, "", model.StopRefused},
		{"garbage behind a whole answer", []string{hello, stop, "{"}, "Hello", model.StopEnd},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := canned(t, c.chunks...); got.Err != nil || got.Text != c.text || got.Stop != c.stop {
				t.Errorf("got %+v, want %q and stop %d", got, c.text, c.stop)
			}
		})
	}
}

func TestThoughtsAreCountedAsOutput(t *testing.T) {
	t.Parallel()
	got := canned(t, parts(`{"text":"Hm.","thought":true}`), hello,
		`{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":10,"toolUsePromptTokenCount":2,"cachedContentTokenCount":4,"candidatesTokenCount":3,"thoughtsTokenCount":7}}`)
	if got.Err != nil || got.Reasoning != "Hm." || got.Text != "Hello" {
		t.Fatalf("got %+v", got)
	}
	if u := got.Usage; *u.Input != 12 || *u.Cached != 4 || *u.Reasoning != 7 || *u.Output != 10 {
		t.Errorf("got input %d, cached %d, reasoning %d, output %d", *u.Input, *u.Cached, *u.Reasoning, *u.Output)
	}
}

func TestAnAnswerThatBreaksOffHasItsInputCounted(t *testing.T) {
	t.Parallel()
	got := canned(t, `{"candidates":[{"content":{"parts":[{"text":"Hello"}]}}],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":1}}`)
	if got.Err == nil || got.Usage == nil || *got.Usage.Input != 10 || got.Usage.Output != nil {
		t.Errorf("got %+v, want the input and no output", got)
	}
}

func TestCallsKeepTheirSignatures(t *testing.T) {
	t.Parallel()
	got := canned(t, parts(`{"functionCall":{"id":"a1","name":"f","args":{"x": 1}},"thoughtSignature":"c2ln"},{"functionCall":{"name":"g"}}`),
		parts(`{"functionCall":{"name":"g","args":{}}}`), stop)
	if got.Err != nil || got.Stop != model.StopCalls || len(got.Calls) != 3 {
		t.Fatalf("got %+v, want three calls", got)
	}
	if c := got.Calls[0]; c != (model.Call{ID: "a1", Name: "f", Arguments: `{"x": 1}`, Signature: `{"of":"gemini/fake-1","value":"c2ln"}`}) {
		t.Errorf("got %+v", c)
	}
	second, third := got.Calls[1], got.Calls[2]
	if second.ID == "" || second.ID == third.ID || second.Arguments != "{}" || second.Signature != "" || third.Name != "g" {
		t.Errorf("got %+v and %+v", second, third)
	}
	if got := canned(t, parts(`{"functionCall":{"args":{}}}`), stop); got.Err == nil {
		t.Errorf("a call without a name was taken: %+v", got)
	}
}

func TestErrorsInAStreamHaveTheirKind(t *testing.T) {
	t.Parallel()
	for event, kind := range map[string]model.ErrorKind{
		`{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}`:                          model.Failed,
		`{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED"}}`:                            model.Limited,
		`{"error":{"code":400,"message":"x"}}`:                                                          model.Rejected,
		`{"error":{"message":"x"}}`:                                                                     model.Failed,
		`{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"Malformed: f(\n"}]}`: model.Failed,
		`{"candidates":{}}`: model.Malformed,
		`{}`:                model.Incomplete,
	} {
		got := canned(t, hello, event)
		if failed, ok := errors.AsType[*model.Error](got.Err); !ok || failed.Kind != kind || got.Text != "Hello" {
			t.Errorf("%s: got %+v, want kind %d after the text", event, got, kind)
		}
	}
	bare := modeltest.Canned("data: " + hello + "\n\n" + `{"error":{"code":500,"message":"bare"}}` + "\n")
	got := modeltest.Ask(t, gemini.New(gemini.Options{Transport: bare}))
	if failed, ok := errors.AsType[*model.Error](got.Err); !ok || failed.Kind != model.Failed || !strings.Contains(failed.Message, "bare") {
		t.Errorf("an error that is no event gave %v", got.Err)
	}
}

// refusal answers with a status and a body.
type refusal struct {
	status int
	body   string
}

func (r refusal) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := modeltest.Canned(r.body).RoundTrip(req)
	if err == nil {
		res.StatusCode, res.Header = r.status, http.Header{"Content-Type": {"application/json"}}
	}
	return res, err
}

func TestRefusalsSayHowLongToWaitAndWhatToMend(t *testing.T) {
	t.Parallel()
	const info = `"details":[{"@type":"type.googleapis.com/google.rpc.Help"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.5s"}]`
	for _, body := range []string{
		`{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED",` + info + `}}`,
		`[{"error":{"code":429,"message":"quota",` + info + "}}\n]",
	} {
		got := modeltest.Ask(t, gemini.New(gemini.Options{Transport: refusal{429, body}}))
		failed, ok := errors.AsType[*model.Error](got.Err)
		if !ok || failed.Kind != model.Limited || failed.RetryAfter != 34500*time.Millisecond || !strings.Contains(failed.Message, "quota") {
			t.Errorf("got %+v, want to wait 34.5 s", got.Err)
		}
	}
	wrongKey := refusal{400, `{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}`}
	got := modeltest.Ask(t, gemini.New(gemini.Options{Transport: wrongKey}))
	if failed, ok := errors.AsType[*model.Error](got.Err); !ok || failed.Kind != model.Unauthorized || !strings.Contains(failed.Message, "check its key") {
		t.Errorf("a wrong key gave %v", got.Err)
	}
}

// recorder keeps the last request.
type recorder struct {
	url, body string
	header    http.Header
	modeltest.Canned
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.url, r.header = req.URL.String(), req.Header
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		r.body = string(body)
	}
	return r.Canned.RoundTrip(req)
}

// sent gives what a request looks like on the wire.
func sent(t *testing.T, req *model.Request) *recorder {
	t.Helper()
	r := &recorder{Canned: stream(stop)}
	for _, err := range gemini.New(gemini.Options{Key: " k ", Transport: r}).Stream(t.Context(), req) {
		if err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestARequestIsWhatTheAPIWants(t *testing.T) {
	t.Parallel()
	seed := int64(7)
	r := sent(t, &model.Request{
		Model: "gemini-3-flash", Params: model.Params{Seed: &seed},
		Tools: []model.Tool{
			{Name: "f", Description: "F", Parameters: convo.JSON(`{"type":"object","properties":{"x":{"type":"number"}}}`)},
			{Name: "g", Parameters: convo.JSON(`{"type":"object","properties":{}}`)},
		},
		Messages: []model.Message{
			{Role: model.System, Text: "Be brief."}, {Role: model.User, Text: "x"},
			{Role: model.Assistant, Text: "I call.", Calls: []model.Call{{ID: "a", Name: "f", Arguments: `{"x":1}`, Signature: `{"of":"gemini/gemini-3-flash","value":"c2ln"}`}, {ID: "b", Name: "g", Arguments: `{}`}}},
			{Role: model.ToolResult, Call: "a", Text: `{"y":2,"half":"\ud83d"}`}, {Role: model.ToolResult, Call: "b", Text: "broken", Error: true},
			{Role: model.Information, Text: "now"},
			{Role: model.Assistant, Calls: []model.Call{{ID: "c", Name: "g", Arguments: `{}`, Signature: `{"of":"gemini/gemini-2.5-pro","value":"b3RoZXI="}`}}},
			{Role: model.ToolResult, Call: "c", Text: "fine"},
		},
	})
	const want = `{"generationConfig":{"seed":7,"thinkingConfig":{"includeThoughts":true}},` +
		`"tools":[{"functionDeclarations":[{"name":"f","description":"F","parametersJsonSchema":{"type":"object","properties":{"x":{"type":"number"}}}},{"name":"g"}]}],` +
		`"systemInstruction":{"parts":[{"text":"Be brief."}]},` +
		`"contents":[{"role":"user","parts":[{"text":"x"}]},` +
		`{"role":"model","parts":[{"text":"I call."},{"functionCall":{"id":"a","name":"f","args":{"x":1}},"thoughtSignature":"c2ln"},{"functionCall":{"id":"b","name":"g","args":{}}}]},` +
		`{"role":"user","parts":[{"functionResponse":{"id":"a","name":"f","response":{"y":2,"half":"\ufffd"}}},{"functionResponse":{"id":"b","name":"g","response":{"error":"broken"}}}]},` +
		`{"role":"user","parts":[{"text":"<information>\nnow\n</information>"}]},` +
		`{"role":"model","parts":[{"functionCall":{"id":"c","name":"g","args":{}},"thoughtSignature":"skip_thought_signature_validator"}]},` +
		`{"role":"user","parts":[{"functionResponse":{"id":"c","name":"g","response":{"output":"fine"}}}]}]}` + "\n"
	if r.body != want {
		t.Errorf("got  %s\nwant %s", r.body, want)
	}
	if r.url != "https://generativelanguage.googleapis.com/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse" || r.header.Get("X-Goog-Api-Key") != "k" {
		t.Errorf("sent to %s with %v", r.url, r.header)
	}
}

func TestOnlyModelsThatThinkAreAskedForTheirThoughts(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"gemini-2.0-flash": false, "gemini-2.5-flash": true, "gemini-3-pro-preview": true, "gemini-3.8-flash": true, "gemini-flash-latest": true,
		"gemini-2.5-flash-image": false, "gemma-3-27b-it": false, "tunedModels/mine": false, "gemini-exp-1206": false,
	} {
		r := sent(t, &model.Request{Model: name, Messages: []model.Message{{Role: model.User, Text: "x"}, {Role: model.Assistant, Calls: []model.Call{{ID: "1", Name: "f"}}}, {Role: model.ToolResult, Call: "1"}}})
		if got := strings.Contains(r.body, "includeThoughts"); got != want {
			t.Errorf("%s: thoughts asked for: %t", name, got)
		}
		if strings.Contains(r.body, "skip_thought") != (want && !strings.Contains(name, "2.5")) {
			t.Errorf("%s: wrong signature in %s", name, r.body)
		}
	}
}

func TestANameCannotLeadElsewhere(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "../../v1/files", "a?b", "a#b", "a b", "a%2fb", "é"} {
		p := gemini.New(gemini.Options{Transport: refusal{500, "it was asked"}})
		for _, err := range p.Stream(t.Context(), &model.Request{Model: name, Messages: []model.Message{{Role: model.User, Text: "x"}}}) {
			if failed, ok := errors.AsType[*model.Error](err); !ok || failed.Kind != model.Rejected {
				t.Errorf("%q: got %v, want it refused", name, err)
			}
		}
	}
}

func TestSeedsFitInto32Bits(t *testing.T) {
	t.Parallel()
	for seed, want := range map[int64]string{-1: `"seed":-1}`, 1 << 31: `"seed":-2147483648}`, 1<<40 + 5: `"seed":261}`} {
		if r := sent(t, &model.Request{Model: "m", Params: model.Params{Seed: &seed}, Messages: []model.Message{{Role: model.User, Text: "x"}}}); !strings.Contains(r.body, want) {
			t.Errorf("%d went out as %s, want %s", seed, r.body, want)
		}
	}
}

func TestBaseURLsAreMended(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"http://x:1/":               "http://x:1/v1beta/models/m:streamGenerateContent?alt=sse",
		"x/gemini/v1beta":           "http://x/gemini/v1beta/models/m:streamGenerateContent?alt=sse",
		"https://x/v1beta/models  ": "https://x/v1beta/models/m:streamGenerateContent?alt=sse",
	} {
		r := &recorder{Canned: stream(stop)}
		for range gemini.New(gemini.Options{BaseURL: base, Transport: r}).Stream(t.Context(), &model.Request{Model: "m", Messages: []model.Message{{Role: model.User, Text: "x"}}}) {
		}
		if r.url != want || r.header.Get("X-Goog-Api-Key") != "" {
			t.Errorf("base URL %q leads to %s with %v, want %s", base, r.url, r.header, want)
		}
	}
}

// pages answers lists of models page by page.
type pages struct{ asked []string }

func (p *pages) RoundTrip(r *http.Request) (*http.Response, error) {
	p.asked = append(p.asked, r.URL.Query().Get("pageToken"))
	page := `{"models":[{"name":"models/gemini-a","inputTokenLimit":1000,"outputTokenLimit":100,"supportedGenerationMethods":["generateContent"]},
		{"name":"models/gemini-embedding-1","supportedGenerationMethods":["embedContent"]},{"name":"models/gemini-2.5-flash-image","supportedGenerationMethods":["generateContent"]}],"nextPageToken":"n"}`
	if r.URL.Query().Has("pageToken") {
		page = `{"models":[{"name":"models/gemini-b","supportedGenerationMethods":["generateContent"]}],"nextPageToken":"n"}`
	}
	return modeltest.Canned(page).RoundTrip(r)
}

func TestModelsReadsAllPagesAndOnlyWhatChats(t *testing.T) {
	t.Parallel()
	p := &pages{}
	infos, err := gemini.New(gemini.Options{Transport: p}).Models(t.Context())
	if err != nil || len(infos) != 2 || infos[0] != (model.Info{Name: "gemini-a", MaxInput: 1000, MaxOutput: 100}) || infos[1].Name != "gemini-b" || len(p.asked) != 2 {
		t.Errorf("got %v (%v) after %q", infos, err, p.asked)
	}
}

func FuzzStream(f *testing.F) {
	f.Add(string(stream(hello, stop)))
	f.Add(string(stream(parts(`{"functionCall":{"name":"f","args":{"a":[1]}},"thoughtSignature":"x"},{"text":"t","thought":true}`), stop)))
	f.Add(string(stream(`{"promptFeedback":{"blockReason":"OTHER"}}`, `{"usageMetadata":{"promptTokenCount":1,"thoughtsTokenCount":2}}`)))
	f.Add("{\"error\":{\"code\":500}}\n\ndata: {\"candidates\":[{\"finishReason\":\"MAX_TOKENS\"}]}")
	f.Fuzz(func(t *testing.T, s string) {
		modeltest.Ask(t, gemini.New(gemini.Options{Key: modeltest.Key, Transport: modeltest.Canned(s)}))
	})
}
