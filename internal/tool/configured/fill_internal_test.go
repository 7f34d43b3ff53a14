package configured

import (
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool/request"
)

// FuzzFill fills a request of the file with whatever a model may give: it goes
// to its host, its headers end where they did, and a body of JSON stays JSON with
// as many values as before.
func FuzzFill(f *testing.F) {
	f.Add("{{a}}?b={{a}}", "<{{a}}>", `{"x": "{{a}}", "y": [{{a}}, "\"{{ a }}"]}`, "../\"],[\"\r\nX: y ${secret} {{a}}")
	f.Add("$[a]", "${secret}", `["{{{a}}}", "\\{{a}}"]`, "\\")
	f.Fuzz(func(t *testing.T, path, header, body, value string) {
		if !utf8.ValidString(value) {
			return
		}
		h := HTTP{URL: "https://a.example/" + path, Headers: map[string]string{"X-A": header}, Body: body, Secret: "s3cret"}
		r, err := newRequest(h, map[string]bool{"a": true})
		if err != nil {
			if convo.ErrorKind(err) != convo.Invalid {
				t.Fatalf("the error is %q", err)
			}
			return
		}
		arguments, err := forms(request.EncodeJSON(map[string]string{"a": value}))
		if err != nil {
			t.Fatal(err)
		}
		made, err := r.Make(t.Context(), request.Values{Arguments: arguments, Secrets: map[string]string{ownSecret: h.Secret}}, "")
		if err != nil {
			return
		}
		if again, err := url.Parse(made.URL.String()); err != nil || again.Host != "a.example" || made.URL.User != nil {
			t.Fatalf("the request goes to %s: %v", made.URL, err)
		}
		if strings.ContainsAny(made.Header.Get("X-A"), "\r\n") {
			t.Fatalf("the header is %q", made.Header.Get("X-A"))
		}
		if bodyPlace(h) == inJSON {
			plain, err := template(body, inJSON, map[string]bool{"a": true})
			if err != nil {
				t.Fatal(err)
			}
			sample, wrong := plain.Fill(request.Values{Secrets: map[string]string{}})
			filled, tooLarge := plain.Fill(request.Values{Arguments: arguments, Secrets: map[string]string{ownSecret: h.Secret}})
			if wrong != nil || tooLarge != nil {
				t.Fatal(wrong, tooLarge)
			}
			if !json.Valid([]byte(filled)) || values(t, filled) != values(t, sample) {
				t.Fatalf("%s becomes %s", sample, filled)
			}
		}
	})
}

// values counts the values in a JSON text. Two members of one name are two.
func values(t *testing.T, text string) (n int) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
}
