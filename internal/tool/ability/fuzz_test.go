package ability_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/tool/ability"
)

// FuzzParse holds the parser to what the rest relies on: an instruction is fine
// or wrong, and its parameters are names that a schema can have.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"", "Hello $[name! js|who] ${KEY}", "```fetch\nGET https://a.example/$[a euc]?b=${K}\nX: $[b]\n\n{\"c\": $[c ys]}\n```\n",
		"text\n````text\n$[a enum<x, y> default<x>]\n````", "$[a[b]]", "$[$[a]]", "$$[a]${", "```search/datasetId=1\n```",
		"```fetch\nGET $[url]\n```", "  ```fetch\r\n  POST http://[::1]:80/\r\n```", "```\n```text\n```",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		i, err := ability.Parse(text)
		if err != nil {
			if message := convo.PublicError(err).Message; convo.ErrorKind(err) != convo.Invalid || len(message) > 1000 || !utf8.ValidString(message) {
				t.Fatalf("the error is %q", err)
			}
			return
		}
		var names []string
		for _, p := range i.Parameters {
			if p.Name == "" || len(p.Name) > 64 || strings.Trim(p.Name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") != "" || slices.Contains(names, p.Name) {
				t.Fatalf("the parameters are %+v", i.Parameters)
			}
			names = append(names, p.Name)
		}
	})
}

// FuzzModifiers holds the modifiers to the languages that they write.
func FuzzModifiers(f *testing.F) {
	f.Add("A 17")
	f.Add("\"\\\n\x00é\u2028😀<&>%2e")
	set := ability.New(objects{}, nil, nil) // nothing is fetched
	f.Fuzz(func(t *testing.T, value string) {
		if !utf8.ValidString(value) {
			return
		}
		given, err := json.Marshal(map[string]string{"v": value})
		if err != nil {
			t.Fatal(err)
		}
		for instruction, back := range map[string]func(string) (string, error){
			"$[v euc]": url.PathUnescape,
			"$[v js]":  func(s string) (string, error) { return decode(`"` + s + `"`) },
			"$[v ys]":  decode,
		} {
			result, err := set.Execute(t.Context(), "acme", tool.Ability{Instruction: instruction}, string(given))
			if err != nil {
				t.Fatal(err)
			}
			written, err := decode(string(result.Output))
			if err != nil {
				t.Fatal(err)
			}
			if len(result.Output) > tool.MaxOutput-1<<10 {
				continue // it was cut
			}
			if read, err := back(written); err != nil || read != value {
				t.Errorf("%s writes %q as %q, which reads as %q: %v", instruction, value, written, read, err)
			}
		}
	})
}

func decode(text string) (value string, err error) {
	return value, json.Unmarshal([]byte(text), &value)
}
