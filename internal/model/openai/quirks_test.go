package openai_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/modeltest"
	"github.com/parleyhq/parley/internal/model/openai"
)

// canned gives the answer to a stream whose chunks these are.
func canned(t *testing.T, chunks ...string) modeltest.Answer {
	t.Helper()
	return modeltest.Ask(t, openai.New(openai.Options{Transport: modeltest.Canned("data: " + strings.Join(chunks, "\n\ndata: ") + "\n\n")}))
}

func text(s string) string { return `{"choices":[{"delta":{"content":"` + s + `"}}]}` }

const (
	stop = `{"choices":[{"delta":{},"finish_reason":"stop"}]}`
	done = "[DONE]"
)

func TestForgivesCompatibleServers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		chunks []string
		text   string
		stop   model.StopReason
	}{
		{"no [DONE]", []string{text("a"), stop}, "a", model.StopEnd},
		{"no role chunk and nulls", []string{`{"choices":[{"delta":{"content":null,"tool_calls":null}}]}`, text("a"), stop, done}, "a", model.StopEnd},
		{"a reason that nobody knows", []string{text("a"), `{"choices":[{"delta":{},"finish_reason":"eos"}]}`, done}, "a", model.StopEnd},
		{"text and reason in one chunk", []string{`{"choices":[{"delta":{"content":"a"},"finish_reason":"length"}]}`, done}, "a", model.StopLength},
		{"content in parts", []string{`{"choices":[{"delta":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}}]}`, stop, done}, "ab", model.StopEnd},
		{"no choices, as Azure begins", []string{`{"choices":[],"prompt_filter_results":[]}`, text("a"), stop, done}, "a", model.StopEnd},
		{"a refusal", []string{`{"choices":[{"delta":{"refusal":"No."}}]}`, stop, done}, "No.", model.StopRefused},
		{"a usage in every chunk", []string{`{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}`, stop, done}, "a", model.StopEnd},
		{"a usage before the reason", []string{text("a"), `{"choices":[],"usage":{"prompt_tokens":1}}`, stop, done}, "a", model.StopEnd},
		{"no list of choices", []string{`{"choices":null}`, text("a"), stop, done}, "a", model.StopEnd},
		{"text behind the reason", []string{`{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}`, text("b"), done}, "ab", model.StopEnd},
		{"a refusal in pieces behind text", []string{text("a"), `{"choices":[{"delta":{"refusal":"b"}}]}`, `{"choices":[{"delta":{"refusal":"c"}}]}`, stop, done}, "abc", model.StopRefused},
		{"the last chunk twice", []string{text("a"), stop, stop, done}, "a", model.StopEnd},
		{"garbage behind a whole answer", []string{text("a"), stop, "{"}, "a", model.StopEnd},
		{"an error behind a whole answer", []string{text("a"), stop, `{"error":{"message":"late"}}`}, "a", model.StopEnd},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := canned(t, c.chunks...); got.Err != nil || got.Text != c.text || got.Stop != c.stop {
				t.Errorf("got %+v, want %q and stop %d", got, c.text, c.stop)
			}
		})
	}
}

func calls(deltas string) string { return `{"choices":[{"delta":{"tool_calls":[` + deltas + `]}}]}` }

func TestTellsCallsApart(t *testing.T) {
	t.Parallel()
	for name, chunks := range map[string][]string{
		"by IDs where every index is 0": {
			calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}`), calls(`{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}`)},
		"by order where there is no index": {
			calls(`{"id":"a","function":{"name":"f","arguments":"{\"x\""}}`), calls(`{"function":{"arguments":":1}"}}`), calls(`{"id":"b","function":{"name":"g","arguments":"{}"}}`)},
		"by names where there is nothing else": {
			calls(`{"function":{"name":"f","arguments":"{\"x\":1}"}},{"function":{"name":"g","arguments":{}}}`)},
		"with ID and name in every piece": {
			calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}`), calls(`{"index":1,"id":"b","function":{"name":"g"}}`), calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"1}"}}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := canned(t, append(chunks, stop, done)...)
			if got.Err != nil || got.Stop != model.StopCalls || len(got.Calls) != 2 {
				t.Fatalf("got %+v, want two calls", got)
			}
			if f, g := got.Calls[0], got.Calls[1]; f.Name != "f" || f.Arguments != `{"x":1}` || g.Name != "g" || g.Arguments != "{}" || f.ID == "" || f.ID == g.ID {
				t.Errorf("got %+v", got.Calls)
			}
		})
	}
	if got := canned(t, calls(`{"index":0,"id":"a","function":{"arguments":"{}"}}`), stop, done); got.Err == nil {
		t.Errorf("a call without a name was taken: %+v", got)
	}
}

func TestErrorsInAStreamHaveTheirKind(t *testing.T) {
	t.Parallel()
	for chunk, kind := range map[string]model.ErrorKind{
		`{"error":{"message":"x","code":502}}`:                     model.Failed,
		`{"error":{"message":"x","code":429}}`:                     model.Limited,
		`{"error":{"message":"x","code":400}}`:                     model.Rejected,
		`{"error":{"message":"x","code":"rate_limit_exceeded"}}`:   model.Limited,
		`{"error":{"message":"x","type":"invalid_request_error"}}`: model.Rejected,
		`{"error":"x"}`: model.Failed,
		`{"choices":[{"delta":{"content":"x"},"finish_reason":"error"}]}`: model.Failed,
		`{"choices":[{"delta":{"content":7}}]}`:                           model.Malformed,
		`[]`:                                                              model.Malformed,
		done:                                                              model.Incomplete,
	} {
		got := canned(t, chunk)
		if failed, ok := errors.AsType[*model.Error](got.Err); !ok || failed.Kind != kind {
			t.Errorf("%s: got %v, want kind %d", chunk, got.Err, kind)
		}
	}
}

// recorder keeps the last request.
type recorder struct {
	url, authorization string
	body               []byte
	modeltest.Canned
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.url, r.authorization = req.URL.String(), req.Header.Get("Authorization")
	var err error
	if r.body, err = io.ReadAll(req.Body); err != nil {
		return nil, err
	}
	return r.Canned.RoundTrip(req)
}

func TestBaseURLsAreMended(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"":                                      "https://api.openai.com/v1/chat/completions",
		" http://localhost:8080 ":               "http://localhost:8080/v1/chat/completions",
		"localhost:8080/v1/":                    "http://localhost:8080/v1/chat/completions",
		"http://x/api/v3":                       "http://x/api/v3/chat/completions",
		"http://x/v1/chat/completions":          "http://x/v1/chat/completions",
		"https://x.example/openai/v1?version=2": "https://x.example/openai/v1/chat/completions?version=2",
	} {
		r := &recorder{Canned: modeltest.Canned("data: " + stop + "\n\n")}
		if got := modeltest.Ask(t, openai.New(openai.Options{BaseURL: base, Transport: r})); got.Err != nil || r.url != want {
			t.Errorf("base URL %q leads to %s (%v), want %s", base, r.url, got.Err, want)
		}
		if r.authorization != "" {
			t.Errorf("an empty key was sent: %q", r.authorization)
		}
	}
}

func TestReasoningModelsHaveTheirOwnLimit(t *testing.T) {
	t.Parallel()
	most := int64(9)
	for name, want := range map[string]string{"gpt-4o": "max_tokens", "o3-mini": "max_completion_tokens", "openai/gpt-5.4": "max_completion_tokens", "gpt-6-sol": "max_completion_tokens", "gpt-5": "max_completion_tokens", "gpt-oss-20b": "max_tokens", "orca": "max_tokens"} {
		r := &recorder{Canned: modeltest.Canned("data: " + stop + "\n\n")}
		p := openai.New(openai.Options{Transport: r})
		for range p.Stream(t.Context(), &model.Request{Model: name, Messages: []model.Message{{Role: model.User, Text: "x"}}, Params: model.Params{MaxTokens: &most}}) {
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(r.body, &fields); err != nil || string(fields[want]) != "9" {
			t.Errorf("%s: got %s, want %s", name, r.body, want)
		}
		if bytes.Count(r.body, []byte("tokens\"")) != 1 {
			t.Errorf("%s: two limits in %s", name, r.body)
		}
	}
}

func TestModelsTellsVendorAndServers(t *testing.T) {
	t.Parallel()
	list := modeltest.Canned(`{"data":[{"id":"text-embedding-3"},{"id":"gpt-4o"},{"id":"o3"},{"id":"gpt-4o-audio"},{"id":"llama","max_model_len":8192}]}`)
	infos, err := openai.New(openai.Options{Transport: list}).Models(t.Context())
	if err != nil || len(infos) != 2 || infos[0].Name != "gpt-4o" || infos[1].Name != "o3" {
		t.Errorf("OpenAI offers %v (%v), want its chat models", infos, err)
	}
	infos, err = openai.New(openai.Options{BaseURL: "http://x", Transport: list}).Models(t.Context())
	if err != nil || len(infos) != 5 || infos[4].MaxInput != 6144 {
		t.Errorf("a server offers %v (%v), want all that it lists", infos, err)
	}
}

func TestTheVendorIsKnownByItsHost(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]bool{
		"": true, "https://api.openai.com/v1/": true, "https://eu.api.openai.com/v1": true,
		"https://evil-api.openai.com.example/v1": false, "http://localhost:8080": false, "https://my.openai.azure.com/openai/v1": false,
	} {
		if got := openai.New(openai.Options{BaseURL: base}).Vendor(); got != want {
			t.Errorf("%q is taken for OpenAI itself: %t", base, got)
		}
	}
}

func FuzzStream(f *testing.F) {
	for _, chunks := range [][]string{
		{text("a"), stop, done}, {text(`\ud83d\ude42\n`), done}, {calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}`), stop},
		{`{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":1}}}`, stop}, {`{"error":{"code":"x"}}`},
	} {
		f.Add("data: " + strings.Join(chunks, "\n\ndata: ") + "\n\n")
	}
	f.Add(": comment\r\nevent: x\r\ndata:{\r\ndata:}\r\n\r\n\xef\xbb\xbfdata: [DONE]")
	f.Fuzz(func(t *testing.T, stream string) {
		modeltest.Ask(t, openai.New(openai.Options{Key: modeltest.Key, Transport: modeltest.Canned(stream)}))
	})
}

func TestTheEndIsNotHeldBack(t *testing.T) {
	t.Parallel()
	modeltest.WantEndAtOnce(t, func(transport http.RoundTripper) model.Provider {
		return openai.New(openai.Options{Transport: transport})
	}, "data: "+text("a")+"\n\ndata: "+stop+"\n\ndata: [DONE]\n\n")
}
