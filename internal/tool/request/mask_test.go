package request_test

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/tool/request"
)

func TestSecretsAreKnownInEveryUsualForm(t *testing.T) {
	t.Parallel()
	const secret = `pä<s&"w/o'r+d??>`
	quoted, err := json.Marshal(secret) // with \u003c for <
	if err != nil {
		t.Fatal(err)
	}
	for name, form := range map[string]string{
		"HTML":                      html.EscapeString(secret),
		"XML":                       strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace(secret),
		"lower-case percent":        "p%c3%a4%3cs%26%22w%2fo%27r%2bd%3f%3f%3e",
		"a query, lower-case":       strings.ToLower(url.QueryEscape(secret)),
		"a line of JSON":            "{}\n{\"k\":" + string(quoted) + "}\n",
		"base64":                    base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64 without padding":    base64.RawStdEncoding.EncodeToString([]byte(secret)),
		"base64 for URLs":           base64.URLEncoding.EncodeToString([]byte(secret)),
		"base64 for URLs, unpadded": base64.RawURLEncoding.EncodeToString([]byte(secret)),
	} {
		got, err := request.Answer(answer(200, "text/plain", strings.NewReader("<"+form+">")), []string{secret})
		if out := string(got.Output); err != nil || !strings.Contains(out, "••••") || strings.Contains(out, "amp;") || strings.Contains(out, "%22") || strings.Contains(out, "cMOk") || strings.Contains(out, "003cs") {
			t.Errorf("%s: %s shows %s, %v", name, form, out, err)
		}
	}
}

func TestMaskingLeavesJSONWhole(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"pin": 424242, "other": 1}`:            `{"other":1,"pin":"••••"}`,
		`{"a": 424242, "b": "\u0034\u00324242"}`: `{"a":"••••","b":"••••"}`,
		`[4242420.5]`:                            `["••••0.5"]`,
	} {
		got, err := request.Answer(answer(200, "application/json", strings.NewReader(text)), []string{"424242"})
		if err != nil || string(got.Output) != want {
			t.Errorf("%s becomes %s, not %s: %v", text, got.Output, want, err)
		}
	}
}

func TestASecretThatIsCutOffIsNotShownInPart(t *testing.T) {
	t.Parallel()
	const secret = "a-long-secret"
	begun := io.MultiReader(strings.NewReader("é, a-long-secret, "+strings.Repeat("x", 100)+", a-long-sec"), errorReader{convo.Errorf(convo.TooLarge, "too large")})
	got, err := request.Answer(answer(200, "text/plain", begun), []string{secret})
	if err != nil || strings.Contains(string(got.Output), "a-lo") || !strings.Contains(string(got.Output), "é, ") {
		t.Errorf("the output is %s, %v", got.Output, err)
	}
}

func TestAnErrorOfAnAnswerShowsNoSecretAndIsShort(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"x/the-secret", "x/" + strings.Repeat("y", 10_000)} {
		_, err := request.Answer(answer(200, kind, strings.NewReader("\xff")), []string{"the-secret"})
		if convo.ErrorKind(err) != convo.UpstreamFailed || strings.Contains(err.Error(), "the-secret") || len(err.Error()) > 500 {
			t.Errorf("of the type %.20s: %v", kind, err)
		}
	}
}

func TestALongTextOfNoTypeIsATextWhereverItIsCut(t *testing.T) {
	t.Parallel()
	for _, before := range []string{"", "a", "aa"} {
		text := before + strings.Repeat("€", tool.MaxOutput)
		got, err := request.Answer(answer(200, "", strings.NewReader(text)), nil)
		if err != nil || !strings.HasPrefix(string(got.Output), `"`+before+"€") {
			t.Errorf("after %d bytes: %.20s, %v", len(before), got.Output, err)
		}
	}
}

// refusing is a client whose errors name what a server chose.
type refusing string

func (r refusing) Do(*http.Request) (*http.Response, error) {
	return nil, convo.Errorf(convo.Forbidden, "%s is refused", string(r))
}

func TestAnErrorOfARequestShowsNoSecret(t *testing.T) {
	t.Parallel()
	_, err := request.Do(refusing("the-secret.example"), nil, []string{"the-secret"})
	if convo.ErrorKind(err) != convo.Forbidden || err.Error() != "••••.example is refused" {
		t.Errorf("the error is %v", err)
	}
}
