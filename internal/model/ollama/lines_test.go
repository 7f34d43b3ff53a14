package ollama_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/modeltest"
	"github.com/parleyhq/parley/internal/model/ollama"
)

func lines(list ...string) modeltest.Canned { return modeltest.Canned(strings.Join(list, "\n") + "\n") }

func canned(t *testing.T, list ...string) modeltest.Answer {
	t.Helper()
	return modeltest.Ask(t, ollama.New(ollama.Options{Transport: lines(list...)}))
}

const (
	hello = `{"model":"m","created_at":"2026-01-02T03:04:05Z","message":{"role":"assistant","content":"Hello"},"done":false}`
	done  = `{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":26,"eval_count":5}`
)

func TestReadsWhatOllamaSends(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		lines []string
		text  string
		stop  model.StopReason
	}{
		{"text and end", []string{hello, done}, "Hello", model.StopEnd},
		{"blank lines and line ends of Windows", []string{hello + "\r", "", "\r", done}, "Hello", model.StopEnd},
		{"an end without a reason, as old versions say it", []string{hello, `{"done":true}`}, "Hello", model.StopEnd},
		{"text in the last line", []string{`{"message":{"content":"Hello"},"done":true,"done_reason":"length"}`}, "Hello", model.StopLength},
		{"garbage behind a whole answer", []string{hello, done, "{"}, "Hello", model.StopEnd},
		{"fields that are not known", []string{`{"message":{"content":"Hello","images":null},"logprobs":[],"news":1}`, done}, "Hello", model.StopEnd},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := canned(t, c.lines...); got.Err != nil || got.Text != c.text || got.Stop != c.stop {
				t.Errorf("got %+v, want %q and stop %d", got, c.text, c.stop)
			}
		})
	}
}

func TestTheLastLineNeedsNoEnd(t *testing.T) {
	t.Parallel()
	got := modeltest.Ask(t, ollama.New(ollama.Options{Transport: modeltest.Canned(hello + "\n" + done)}))
	if got.Err != nil || got.Text != "Hello" || *got.Usage.Input != 26 || *got.Usage.Output != 5 {
		t.Errorf("got %+v", got)
	}
	got = modeltest.Ask(t, ollama.New(ollama.Options{Transport: modeltest.Canned(hello + "\n" + done[:30])}))
	if failed, ok := errors.AsType[*model.Error](got.Err); !ok || failed.Kind != model.Incomplete {
		t.Errorf("a line that breaks off gave %v", got.Err)
	}
}

func TestCallsWithoutIDsGetSome(t *testing.T) {
	t.Parallel()
	got := canned(t, `{"message":{"content":"","thinking":"Hm.","tool_calls":[{"function":{"name":"f","arguments":{"x": 1}}},{"function":{"index":1,"name":"f","arguments":null}}]}}`, done)
	if got.Err != nil || got.Stop != model.StopCalls || got.Reasoning != "Hm." || len(got.Calls) != 2 {
		t.Fatalf("got %+v, want two calls", got)
	}
	if a, b := got.Calls[0], got.Calls[1]; a.ID == "" || a.ID == b.ID || a.Arguments != `{"x": 1}` || b.Arguments != "{}" {
		t.Errorf("got %+v", got.Calls)
	}
	if got := canned(t, `{"message":{"tool_calls":[{"function":{"arguments":{}}}]}}`, done); got.Err == nil {
		t.Errorf("a call without a name was taken: %+v", got)
	}
}

func TestErrorsInAStreamHaveTheirKind(t *testing.T) {
	t.Parallel()
	for line, kind := range map[string]model.ErrorKind{
		`{"error":"llama runner process has terminated"}`: model.Failed,
		`{"message":7}`:    model.Malformed,
		`<html>`:           model.Malformed,
		`{"done":false}`:   model.Incomplete,
		`{"message":null}`: model.Incomplete,
	} {
		got := canned(t, hello, line)
		if failed, ok := errors.AsType[*model.Error](got.Err); !ok || failed.Kind != kind || got.Text != "Hello" {
			t.Errorf("%s: got %+v, want kind %d after the text", line, got, kind)
		}
	}
}

func TestAnAnswerThatIsNoStreamIsReadAsOneLine(t *testing.T) {
	t.Parallel()
	kind := "application/json; charset=utf-8"
	body := `{"message":{"content":"Hello"},"done":true}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = io.WriteString(w, body)
	}))
	defer server.Close()
	p := ollama.New(ollama.Options{BaseURL: server.URL})
	defer p.Close()
	if got := modeltest.Ask(t, p); got.Err != nil || got.Text != "Hello" {
		t.Errorf("got %+v", got)
	}
	kind, body = "text/html", "<html>"
	if got := modeltest.Ask(t, p); got.Err == nil || !strings.Contains(got.Err.Error(), "check its base URL") {
		t.Errorf("a page of HTML gave %+v", got)
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
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	r.body = string(body)
	return r.Canned.RoundTrip(req)
}

// sent gives what a request looks like on the wire.
func sent(t *testing.T, o ollama.Options, req *model.Request) *recorder {
	t.Helper()
	r := &recorder{Canned: lines(done)}
	o.Transport = r
	for _, err := range ollama.New(o).Stream(t.Context(), req) {
		if err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestARequestIsWhatOllamaWants(t *testing.T) {
	t.Parallel()
	most, seed := int64(9), int64(1<<40)
	r := sent(t, ollama.Options{Key: "k"}, &model.Request{
		Model: "qwen3:8b", Context: 4096, Params: model.Params{MaxTokens: &most, Seed: &seed},
		Tools: []model.Tool{{Name: "$f", Description: "F"}},
		Messages: []model.Message{
			{Role: model.System, Text: "Be"}, {Role: model.System, Text: "brief."}, {Role: model.User, Text: "x"}, {Role: model.Information, Text: "now"},
			{Role: model.Assistant, Text: "I call.", Calls: []model.Call{{ID: "a", Name: "$f", Arguments: `{"x":1}`}}},
			{Role: model.ToolResult, Call: "a", Text: "broken", Error: true},
		},
	})
	const want = `{"model":"qwen3:8b","stream":true,"options":{"num_ctx":4096,"num_predict":9,"seed":1099511627776},` +
		`"tools":[{"type":"function","function":{"name":"_f","description":"F","parameters":{"type":"object","properties":{}}}}],` +
		`"messages":[{"role":"system","content":"Be\n\nbrief."},{"role":"user","content":"x\n\n<information>\nnow\n</information>"},` +
		`{"role":"assistant","content":"I call.","tool_calls":[{"id":"a","function":{"name":"_f","arguments":{"x":1}}}]},` +
		`{"role":"tool","tool_name":"_f","tool_call_id":"a","content":"Error: broken"}]}` + "\n"
	if r.body != want {
		t.Errorf("got  %s\nwant %s", r.body, want)
	}
	if r.header.Get("Authorization") != "Bearer k" || r.header.Get("Accept") != "application/x-ndjson" {
		t.Errorf("sent with %v", r.header)
	}
}

func TestEveryRequestAsksForAContextButThoseOfTheCloud(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"llama3.2": true, "gpt-oss:120b-cloud": false, "qwen3-coder:cloud": false} {
		r := sent(t, ollama.Options{}, &model.Request{Model: name, Messages: []model.Message{{Role: model.User, Text: "x"}}})
		if strings.Contains(r.body, `"num_ctx":8192`) != want || r.header.Get("Authorization") != "" {
			t.Errorf("%s: got %s with %v", name, r.body, r.header)
		}
	}
}

func TestAddressesAreReadAsOllamaReadsThem(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"": "http://127.0.0.1:11434", " box ": "http://box:11434", "box:8080": "http://box:8080", ":8080": "http://127.0.0.1:8080",
		"0.0.0.0": "http://127.0.0.1:11434", "0.0.0.0:99": "http://127.0.0.1:99", "[::]:99": "http://[::1]:99", "::1": "http://[::1]:11434",
		"192.168.1.2": "http://192.168.1.2:11434", "http://box": "http://box:80", "https://box": "https://box:443", "https://box:1/ollama/": "https://box:1/ollama",
		"ollama.com": "https://ollama.com:443", "http://box:11434/v1": "http://box:11434", "http://box:11434/api": "http://box:11434", "box/ollama": "http://box:11434/ollama",
	} {
		if got := ollama.BaseURL(s); got != want {
			t.Errorf("%q is read as %s, want %s", s, got, want)
		}
	}
}

// host lists models, and counts who is asked for details.
type host struct {
	mu    sync.Mutex
	tags  string
	shown []string
}

func (h *host) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.URL.Path == "/api/tags" {
		return modeltest.Canned(h.tags).RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	h.shown = append(h.shown, string(body))
	answer := modeltest.Canned(`{"capabilities":["completion"],"model_info":{"general.architecture":"llama","llama.context_length":131072}}`)
	switch {
	case strings.Contains(string(body), "embed"):
		answer = `{"capabilities":["embedding"],"model_info":{"bert.context_length":512}}`
	case strings.Contains(string(body), "small"):
		answer = `{"model_info":{"gpt.context_length":2048}}`
	case strings.Contains(string(body), "eyes"):
		answer = `{"model_info":{"a.context_length":4096,"general.architecture":"m","m.context_length":2048,"m.vision.context_length":77,"z.context_length":8}}`
	case strings.Contains(string(body), "broken"):
		answer = `no JSON`
	}
	return answer.RoundTrip(r)
}

func TestModelsListsWhatChatsAndAsksOnce(t *testing.T) {
	t.Parallel()
	h := &host{tags: `{"models":[{"name":"llama3.2:latest","model":"llama3.2:latest","digest":"1"},{"name":"small:1b","digest":"2"},{"model":"nomic-embed-text","digest":"3"},{"model":"eyes","digest":"6"},
		{"model":"big:cloud","remote_host":"https://ollama.com:443","digest":"4"},{"model":"broken","digest":"5"}]}`}
	p := ollama.New(ollama.Options{Transport: h})
	want := []model.Info{{Name: "llama3.2", MaxInput: 6144}, {Name: "small:1b", MaxInput: 1536}, {Name: "eyes", MaxInput: 1536}, {Name: "broken", MaxInput: 6144}, {Name: "big:cloud", MaxInput: 98304}}
	for round := range 2 {
		infos, err := p.Models(t.Context())
		if err != nil || len(infos) != len(want) {
			t.Fatalf("got %v (%v), want %v", infos, err, want)
		}
		for i := range want {
			if infos[i] != want[i] {
				t.Errorf("got %+v, want %+v", infos[i], want[i])
			}
		}
		if asked := len(h.shown); asked != 6+round { // only the one that could not tell is asked again
			t.Errorf("%d models were asked for their details", asked)
		}
	}
}

func FuzzStream(f *testing.F) {
	f.Add(string(lines(hello, done)))
	f.Add(string(lines(`{"message":{"thinking":"t","tool_calls":[{"id":"a","function":{"name":"f","arguments":{"x":[1]}}}]}}`, `{"done":true,"done_reason":"length"}`)))
	f.Add("{\"error\":\"x\"}\r\n\r\n{")
	f.Fuzz(func(t *testing.T, s string) {
		modeltest.Ask(t, ollama.New(ollama.Options{Key: modeltest.Key, Transport: modeltest.Canned(s)}))
	})
}

func FuzzBaseURL(f *testing.F) {
	f.Add("0.0.0.0:1")
	f.Add("https://[::1%25lo]/x/v1")
	f.Add("://0")
	f.Fuzz(func(t *testing.T, s string) {
		if got := ollama.BaseURL(s); !strings.Contains(got, "://") {
			t.Errorf("%q is read as %q", s, got)
		}
	})
}

func TestTheEndIsNotHeldBack(t *testing.T) {
	t.Parallel()
	modeltest.WantEndAtOnce(t, func(transport http.RoundTripper) model.Provider {
		return ollama.New(ollama.Options{Transport: transport})
	}, string(lines(hello, done)))
}

func TestTheCloudHasTheWholeContextUnlessItIsLimited(t *testing.T) {
	t.Parallel()
	tags := `{"models":[{"model":"gpt-oss:120b","digest":"1"}]}`
	for window, want := range map[int64]int64{0: 98304, 20000: 20000} {
		infos, err := ollama.New(ollama.Options{BaseURL: "ollama.com", Window: window, Transport: &host{tags: tags}}).Models(t.Context())
		if err != nil || len(infos) != 1 || infos[0].MaxInput != want {
			t.Errorf("window %d: got %v (%v), want %d", window, infos, err, want)
		}
	}
	away := `{"models":[{"model":"big:cloud","remote_host":"https://ollama.com:443","digest":"4"}]}`
	infos, err := ollama.New(ollama.Options{Window: 20000, Transport: &host{tags: away}}).Models(t.Context())
	if err != nil || len(infos) != 1 || infos[0].MaxInput != 20000 {
		t.Errorf("got %v (%v), want what was configured", infos, err)
	}
	r := sent(t, ollama.Options{BaseURL: "ollama.com"}, &model.Request{Model: "gpt-oss:120b", Context: 4096, Messages: []model.Message{{Role: model.User, Text: "x"}}})
	if strings.Contains(r.body, "num_ctx") {
		t.Errorf("the cloud is told of a context: %s", r.body)
	}
}

// mute never answers.
type mute struct{}

func (mute) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestAModelMayTakeMinutesToLoad(t *testing.T) {
	t.Parallel()
	for silence, want := range map[time.Duration]time.Duration{0: 6 * time.Minute, time.Minute: time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now() // the test's own clock
			got := modeltest.Ask(t, ollama.New(ollama.Options{Silence: silence, Transport: mute{}}))
			if failed, ok := errors.AsType[*model.Error](got.Err); !ok || failed.Kind != model.Silent || time.Since(began).Round(time.Second) != want {
				t.Errorf("got %v after %s, want to wait for %s", got.Err, time.Since(began), want)
			}
		})
	}
}
