package openai_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/moderate/openai"
)

// service is a moderation service that answers like that.
func service(t *testing.T, status int, answer string) (*openai.Moderator, *[]string) {
	t.Helper()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+" "+string(body))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	m := openai.New(openai.Options{BaseURL: server.URL + "/v1/", Key: "the-key", Model: "judge"})
	t.Cleanup(m.Close)
	return m, &asked
}

func TestATextIsJudged(t *testing.T) {
	t.Parallel()
	m, asked := service(t, http.StatusOK, `{"id":"x","results":[{"flagged":true,"categories":{"violence":true,"hate":true,"other":false}}]}`)
	v, err := m.Judge(t.Context(), `say "it"`)
	if err != nil || !v.Flagged || !slices.Equal(v.Categories, []string{"hate", "violence"}) {
		t.Errorf("%+v, %v", v, err)
	}
	if len(*asked) != 1 || !strings.HasPrefix((*asked)[0], "POST /v1/moderations Bearer the-key ") {
		t.Fatalf("asked %q", *asked)
	}
	var sent map[string]string
	if err := json.Unmarshal([]byte((*asked)[0][len("POST /v1/moderations Bearer the-key "):]), &sent); err != nil || sent["input"] != `say "it"` || sent["model"] != "judge" {
		t.Errorf("sent %v, %v", sent, err)
	}
}

func TestWhatIsNotFlaggedPasses(t *testing.T) {
	t.Parallel()
	m, _ := service(t, http.StatusOK, `{"results":[{"flagged":false,"categories":{"hate":false}}]}`)
	if v, err := m.Judge(t.Context(), "hello"); err != nil || v.Flagged || v.Categories != nil {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestNoVerdictIsAnError(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, answer string
		status       int
		kind         convo.Kind
	}{
		{"an answer without results", `{"results":[]}`, 200, convo.UpstreamFailed},
		{"a result without a verdict", `{"results":[{}]}`, 200, convo.UpstreamFailed},
		{"no JSON", `<html>`, 200, convo.UpstreamFailed},
		{"an endless answer", strings.Repeat(" ", 1<<20) + `{"results":[{"flagged":false}]}`, 200, convo.UpstreamFailed},
		{"a refused key", `{"error":{"message":"the-key is wrong"}}`, 401, convo.UpstreamFailed},
		{"a redirection", ``, 307, convo.UpstreamFailed},
		{"too much to do", ``, 429, convo.RateLimited},
		{"a text that it does not take", `{"error":"a private word is too long"}`, 400, convo.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m, _ := service(t, c.status, c.answer)
			_, err := m.Judge(t.Context(), "a private word")
			if convo.ErrorKind(err) != c.kind || strings.Contains(err.Error(), "the-key") || strings.Contains(err.Error(), "private word") {
				t.Errorf("%v of kind %s", err, convo.ErrorKind(err))
			}
		})
	}
}

func TestAServiceThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	m := openai.New(openai.Options{BaseURL: server.URL, Model: "judge"})
	defer m.Close()
	if _, err := m.Judge(t.Context(), "hello"); convo.ErrorKind(err) != convo.UpstreamFailed || strings.Contains(convo.PublicError(err).Message, "127.0.0.1") {
		t.Errorf("%v", err)
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add(`{"results":[{"flagged":true,"categories":{"hate":true}}]}`)
	f.Add(`{"results":[{"flagged":null}]}`)
	f.Fuzz(func(t *testing.T, answer string) {
		m := openai.New(openai.Options{Transport: says(answer)})
		v, err := m.Judge(t.Context(), "hello")
		if err == nil && !v.Flagged && v.Categories != nil {
			t.Errorf("%q passes, as %v", answer, v.Categories)
		}
	})
}

// says is a service that always answers the same.
type says string

func (s says) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(s))), Request: r}, nil
}
