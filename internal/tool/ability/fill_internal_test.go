package ability

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool/request"
)

// FuzzFill fills a request with whatever a model may give. What is sent must go
// to the host that its author wrote, with the headers that he wrote, and no text
// of a model may turn into a secret.
func FuzzFill(f *testing.F) {
	f.Add("$[v]", "$[v]", "$[v]", "@evil.example/../a\r\nX: y ${KEY} $[w]")
	f.Add("$[v euc]?a=$[v]#$[v]", "<$[v js]>", "$[v ys]", "\"\\\x00é\u2028")
	f.Add("${KEY}/$[v js euc]", "${KEY}", "{\"a\": \"$[v js]\", \"k\": \"${KEY}\"}", "..")
	f.Fuzz(func(t *testing.T, path, header, body, value string) {
		const secret = "5ecret-5ecret"
		if strings.Contains(path+header+body+value, secret) || !utf8.ValidString(value) {
			return
		}
		instruction := "```fetch\nPOST https://a.example/" + path + "\nX-A: " + header + "\n\n" + body + "\n```"
		parsed, err := Parse(instruction)
		if err != nil || parsed.Action != "fetch" {
			return
		}
		arguments := map[string]string{}
		for _, p := range parsed.Parameters {
			arguments[p.Name] = value
		}
		got, err := parsed.fetch.Make(t.Context(), request.Values{Arguments: arguments, Secrets: map[string]string{"KEY": secret}}, "")
		if err != nil {
			if convo.ErrorKind(err) == convo.Internal || strings.Contains(err.Error(), secret) {
				t.Fatalf("the error is %q", err)
			}
			return
		}
		if got.URL.Scheme != "https" || got.URL.Host != "a.example" || got.URL.User != nil || got.Host != "a.example" {
			t.Fatalf("the request goes to %s", got.URL)
		}
		again, err := url.Parse(got.URL.String())
		if err != nil || again.Host != "a.example" || slices.Contains(strings.Split(again.Path, "/"), "..") {
			t.Fatalf("the address is %s: %v", got.URL, err)
		}
		for name, values := range got.Header {
			for _, v := range values {
				if strings.ContainsAny(v, "\r\n\x00") {
					t.Fatalf("the header %s is %q", name, v)
				}
			}
		}
		if !strings.Contains(path+header+body, "${KEY}") && strings.Contains(got.URL.String()+got.Header.Get("X-A"), secret) {
			t.Fatal("a value of the model became a secret")
		}
	})
}
