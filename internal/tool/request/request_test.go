package request_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/tool/request"
)

// answer is what another server says.
func answer(status int, kind string, body io.Reader) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(body)}
}

func TestAHoleIsFilledOnceAndNeverReadAgain(t *testing.T) {
	t.Parallel()
	template := request.Template{{Argument: "a"}, {Text: " "}, {Secret: "K"}, {Text: " "}, {Argument: "b", Write: strings.ToUpper}}
	arguments := map[string]string{"a": "${K}", "b": "x"}
	if got, err := template.Fill(request.Values{Arguments: arguments, Secrets: map[string]string{"K": "$[b]"}}); err != nil || got != "${K} $[b] X" {
		t.Errorf("it is filled in as %q", got)
	}
	if got, err := template.Fill(request.Values{Arguments: arguments}); err != nil || got != "${K} ${K} X" {
		t.Errorf("without secrets it is filled in as %q", got)
	}
}

func TestAnAddressOfTheModelsOwnTakesNoSecret(t *testing.T) {
	t.Parallel()
	r, err := request.New("get", request.Template{{Argument: "url", Write: request.EncodeComponent}})
	if err != nil || r.Origin() != "" {
		t.Fatalf("the origin is %q, %v", r.Origin(), err)
	}
	v := request.Values{Arguments: map[string]string{"url": "https://a.example/b c"}, Secrets: map[string]string{"K": "k"}}
	if made, err := r.Make(t.Context(), v, ""); err != nil || made.URL.String() != "https://a.example/b%20c" || made.Method != "GET" {
		t.Errorf("the request is %v, %v", made, err)
	}
	if _, err := r.Make(t.Context(), v, "Bearer k"); convo.ErrorKind(err) != convo.Invalid {
		t.Errorf("with a secret of its own: %v", err)
	}
	r.Body(request.Template{{Secret: "K"}})
	if _, err := r.Make(t.Context(), v, ""); convo.ErrorKind(err) != convo.Invalid {
		t.Errorf("with a secret in its body: %v", err)
	}
}

func TestAnAnswerThatBreaksOffIsAnError(t *testing.T) {
	t.Parallel()
	broken := errors.New("the connection broke")
	body := io.MultiReader(strings.NewReader(`{"a":`), errorReader{broken})
	if got, err := request.Answer(answer(200, "application/json", body), nil); !errors.Is(err, broken) {
		t.Errorf("the output is %s, %v", got.Output, err)
	}
	tooLarge := io.MultiReader(strings.NewReader("abc"), errorReader{convo.Errorf(convo.TooLarge, "too large")})
	if got, err := request.Answer(answer(200, "text/plain", tooLarge), nil); err != nil || !strings.Contains(string(got.Output), `"abc\n[the answer is longer`) {
		t.Errorf("of one that is too large the output is %s, %v", got.Output, err)
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

func TestAnOutputFitsIntoWhatAModelIsTold(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"ASCII": strings.Repeat("a", tool.MaxOutput+1), "a character across the cut": strings.Repeat("a", tool.MaxOutput/2-1) + strings.Repeat("é", tool.MaxOutput),
		"a text of escapes": strings.Repeat("\"\\", tool.MaxOutput/2), "a long text of escapes": strings.Repeat("\x01", 2*tool.MaxOutput),
		"JSON that is too long": `["` + strings.Repeat("a", tool.MaxOutput) + `"]`,
	} {
		got, err := request.Answer(answer(200, "text/plain", strings.NewReader(text)), nil)
		var output string
		if err != nil || json.Unmarshal(got.Output, &output) != nil || len(got.Output) > tool.MaxOutput || len(got.Output) < tool.MaxOutput-8<<10 || strings.ContainsRune(output, '\uFFFD') {
			t.Errorf("%s: %d bytes, %v", name, len(got.Output), err)
		}
	}
}

// FuzzAnswer holds outputs to what is promised of them, whatever a server says.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"a": ["s3cret\/\"x", 1e999]}`), "application/json", 200, `s3cret/"x`)
	f.Add([]byte("\xff\x00 s3cret"), "text/html; charset=latin1", 404, "s3cret")
	f.Fuzz(func(t *testing.T, body []byte, kind string, status int, secret string) {
		got, err := request.Answer(answer(status, kind, strings.NewReader(string(body))), []string{secret})
		if err != nil {
			if convo.ErrorKind(err) != convo.UpstreamFailed || len(err.Error()) > 8<<10+len(kind) {
				t.Fatalf("the error is %.200q", err)
			}
			return
		}
		if !json.Valid(got.Output) {
			t.Fatalf("the output is %.200q", got.Output)
		}
		var text string
		if json.Unmarshal(got.Output, &text) == nil && len(secret) > 4 && !strings.Contains("•…\uFFFD[the answer is longer; this is its beginning]", secret) && strings.Contains(text, secret) {
			t.Fatalf("the output %.200q shows %q", text, secret)
		}
	})
}
