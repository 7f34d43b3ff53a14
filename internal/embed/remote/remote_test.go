package remote_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/embed"
	"github.com/parleyhq/parley/internal/embed/remote"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "sk-very-secret"

// dialect is an API that the drivers speak.
type dialect struct {
	name    string
	connect func(remote.Options) *remote.Embedder
	path    string
	header  string // that has the key
	sent    string // for two questions, with a dimension of 3
	answer  func(vectors ...string) string
}

func dialects() []dialect {
	join := func(before, each, after string) func(...string) string {
		return func(vectors ...string) string {
			var items []string
			for i, v := range vectors {
				items = append(items, strings.NewReplacer("$v", v, "$i", fmt.Sprint(i)).Replace(each))
			}
			return before + strings.Join(items, ",") + after
		}
	}
	return []dialect{
		{"openai", remote.OpenAI, "/embeddings", "Authorization",
			`{"model":"m","input":["one","two"],"encoding_format":"float","dimensions":3}`,
			join(`{"data":[`, `{"index":$i,"embedding":$v}`, `]}`)},
		{"ollama", remote.Ollama, "/api/embed", "Authorization",
			`{"model":"m","input":["one","two"],"truncate":true,"dimensions":3}`,
			join(`{"embeddings":[`, `$v`, `]}`)},
		{"gemini", remote.Gemini, "/v1beta/models/m:batchEmbedContents", "x-goog-api-key",
			`{"requests":[{"model":"models/m","content":{"parts":[{"text":"one"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":3},` +
				`{"model":"models/m","content":{"parts":[{"text":"two"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":3}]}`,
			join(`{"embeddings":[`, `{"values":$v}`, `]}`)},
	}
}

// service gives an embedder whose service a test answers for.
func service(t *testing.T, d dialect, answer http.HandlerFunc) *remote.Embedder {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	made := d.connect(remote.Options{Name: "local", BaseURL: server.URL + "/", Key: key, Model: "m", Dimensions: 3})
	t.Cleanup(made.Close)
	return made
}

func TestTextsAreEmbeddedInTheirOrder(t *testing.T) {
	t.Parallel()
	for _, d := range dialects() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			e := service(t, d, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if r.Method != http.MethodPost || r.URL.Path != d.path || string(body) != d.sent {
					t.Errorf("%s %s %s", r.Method, r.URL.Path, body)
				}
				if !strings.HasSuffix(r.Header.Get(d.header), key) {
					t.Errorf("the key is not in %s", d.header)
				}
				_, _ = io.WriteString(w, d.answer("[1,0,0]", "[0,0.5,0]"))
			})
			got, err := e.Embed(t.Context(), embed.Question, []string{"one", "two"})
			if err != nil || len(got) != 2 || got[0][0] != 1 || got[1][1] != 0.5 {
				t.Errorf("%v, %v", got, err)
			}
			if e.Space() != "local/m/3" {
				t.Errorf("the space is %q", e.Space())
			}
		})
	}
}

func TestVectorsOfOpenAIAreFoundByTheirIndex(t *testing.T) {
	t.Parallel()
	d := dialects()[0]
	for body, want := range map[string]bool{
		`{"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}]}`: true,
		`{"data":[{"index":1,"embedding":[2]},{"index":1,"embedding":[1]}]}`: false,
		`{"data":[{"index":2,"embedding":[2]},{"index":0,"embedding":[1]}]}`: false,
	} {
		e := service(t, d, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
		got, err := e.Embed(t.Context(), embed.Passage, []string{"one", "two"})
		if want != (err == nil) || want && (got[0][0] != 1 || got[1][0] != 2) {
			t.Errorf("%s: %v, %v", body, got, err)
		}
	}
}

func TestAServiceThatMisbehavesIsAClearErrorWithoutTheKey(t *testing.T) {
	t.Parallel()
	for _, d := range dialects() {
		say := func(status int, body string) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
			}
		}
		for name, c := range map[string]struct {
			answer http.HandlerFunc
			kind   convo.Kind
		}{
			"too few vectors":      {say(200, d.answer("[1,2]")), convo.UpstreamFailed},
			"too many vectors":     {say(200, d.answer("[1,2]", "[1,2]", "[1,2]")), convo.UpstreamFailed},
			"unequal lengths":      {say(200, d.answer("[1,2]", "[1]")), convo.UpstreamFailed},
			"a vector of zeros":    {say(200, d.answer("[1,2]", "[0,0]")), convo.UpstreamFailed},
			"a vector of nothing":  {say(200, d.answer("[1,2]", "null")), convo.UpstreamFailed},
			"an endless number":    {say(200, d.answer("[1,2]", "[1e39,1]")), convo.UpstreamFailed},
			"no JSON":              {say(200, "<html>"+key), convo.UpstreamFailed},
			"a cut answer":         {say(200, d.answer("[1,2]", "[1,2]")[:9]), convo.UpstreamFailed},
			"a refused key":        {say(401, key), convo.UpstreamFailed},
			"too much to do":       {say(429, key), convo.RateLimited},
			"a text that is wrong": {say(400, key), convo.Invalid},
			"a failure":            {say(500, key), convo.UpstreamFailed},
			"somewhere else":       {say(302, key), convo.UpstreamFailed},
		} {
			t.Run(d.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				got, err := service(t, d, c.answer).Embed(t.Context(), embed.Passage, []string{"one", "two"})
				if got != nil || convo.ErrorKind(err) != c.kind || strings.Contains(fmt.Sprintf("%+v", err), key) {
					t.Errorf("%v, %v", got, err)
				}
				if c.kind == convo.RateLimited && convo.PublicError(err).RetryAfter != 7*time.Second {
					t.Errorf("the time to wait is %s", convo.PublicError(err).RetryAfter)
				}
			})
		}
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for _, d := range dialects() {
		ctx, cancel := context.WithCancel(t.Context())
		e := service(t, d, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			cancel()
			<-r.Context().Done()
		})
		if _, err := e.Embed(ctx, embed.Passage, []string{"one"}); convo.ErrorKind(err) != convo.UpstreamTimeout {
			t.Errorf("%s: %v", d.name, err)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	for i, d := range dialects() {
		f.Add(byte(i), []byte(d.answer("[1,2]", "[3,4]")))
	}
	f.Fuzz(func(t *testing.T, which byte, body []byte) {
		d := dialects()[int(which)%len(dialects())]
		e := d.connect(remote.Options{Model: "m", Key: "k", Transport: answers(body)})
		got, err := e.Embed(t.Context(), embed.Passage, []string{"one", "two"})
		if err == nil && (len(got) != 2 || len(got[0]) == 0 || len(got[0]) != len(got[1])) {
			t.Errorf("%s gives %v", body, got)
		}
		public := convo.PublicError(err)
		if err != nil && !json.Valid([]byte(`"`+public.Message+`"`)) {
			t.Errorf("the error is %q", public.Message)
		}
	})
}

// answers is a service that always gives the same.
type answers []byte

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(a))), Request: r}, nil
}
