package ability_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool/ability"
)

func TestPlaceholdersBecomeParameters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]ability.Parameter{
		"no placeholder: $5, ${not filled}, $(x), $": nil,
		"$[order]":                              {{Name: "order", Type: "string"}},
		"$[order!|the order number]":            {{Name: "order", Type: "string", Required: true, Description: "the order number"}},
		"$[order! euc|the order number]":        {{Name: "order", Type: "string", Required: true, Description: "the order number"}},
		"$[order euc!|the order]":               {{Name: "order", Type: "string", Required: true, Description: "the order"}},
		"$[order euc js ! | a [b] c ]":          {{Name: "order", Type: "string", Required: true, Description: "a [b] c"}},
		"$[a|x] $[b] $[a!|y]":                   {{Name: "a", Type: "string", Required: true, Description: "x"}, {Name: "b", Type: "string"}},
		"$[n integer default<10>|how many]":     {{Name: "n", Type: "integer", Default: "10", Description: "how many"}},
		"$[sort! ys enum<asc, desc>|the order]": {{Name: "sort", Type: "string", Required: true, Enum: []string{"asc", "desc"}, Description: "the order"}},
	} {
		i, err := ability.Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if !reflect.DeepEqual(i.Parameters, want) {
			t.Errorf("%q has the parameters %+v, not %+v", text, i.Parameters, want)
		}
	}
}

func TestTheBlockOfAnInstructionIsItsAction(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, action, guidance string }{
		"none":              {"Say hello to $[name].", "", ""},
		"a text around":     {"Look it up.\n```fetch\nGET https://a.example/\n```\nThen answer.\n", "fetch", "Look it up.\n\nThen answer."},
		"options":           {"```search/datasetId=abc\n$[query!]\n```", "search", ""},
		"an unknown one":    {"```email\nto: $[to]\n```", "email", ""},
		"longer fences":     {"````text\n```\nin it\n```\n````", "text", ""},
		"an indented one":   {"    ```fetch\n    GET https://a.example/\n    X: y\n\n    {}\n    ```\n", "fetch", ""},
		"an unclosed one":   {"```text\nto the end", "text", ""},
		"line ends of DOS":  {"```fetch\r\nGET https://a.example/\r\nX: y\r\n\r\nbody\r\n```\r\n", "fetch", ""},
		"a block of no one": {"```\ncode\n```\nand text", "", ""},
		"backticks inside":  {"use ```fetch``` here", "", ""},
		"empty":             {"", "", ""},
	} {
		i, err := ability.Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if i.Action != c.action || i.Guidance != c.guidance {
			t.Errorf("%s: the action is %q with %q", name, i.Action, i.Guidance)
		}
	}
}

func TestAWrongInstructionSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	fetch := func(text string) string { return "```fetch\n" + text + "\n```" }
	for text, want := range map[string]string{
		"$[order":                            "is not closed",
		"$[order\n]":                         "is not closed",
		"$[]":                                "has no name",
		"$[1st]":                             "has no name",
		"$[order twice]":                     `"twice" in the placeholder of order is none of euc`,
		"$[" + strings.Repeat("a", 65) + "]": "has no name",
		"```fetch\nGET https://a.example/\n```\n```text\na\n```": "more than one action",
		strings.Repeat("a", 256<<10+1):                           "at most 262144 bytes",
		"\xff":                                                   "UTF-8",
		fetch(""):                                                "begins with a method",
		fetch("https://a.example/"):                              "begins with a method",
		fetch("BREW https://a.example/"):                         "none of the methods",
		fetch("GET"):                                             "must begin with http://",
		fetch("GET /path"):                                       "must begin with http://",
		fetch("GET ftp://a.example/"):                            "must begin with http://",
		fetch("GET https://$[host]/"):                            "the host cannot be filled in",
		fetch("GET https://a.example$[path]"):                    "the host cannot be filled in",
		fetch("GET https://a.example:$[port]/"):                  "the host cannot be filled in",
		fetch("GET $[scheme]://a.example/"):                      "the host cannot be filled in",
		fetch("GET https://${HOST}/"):                            "the host cannot be filled in",
		fetch("GET https://user:pw@a.example/"):                  "address of the request is none",
		fetch("GET https:///path"):                               "must begin with http://",
		fetch("GET https://a.example/a b"):                       "a blank or another character",
		fetch("GET https://a.example\\@b/"):                      "a blank or another character",
		fetch("GET https://a.example/../b"):                      `has a ".."`,
		fetch("GET https://a.example/%2e%2e/b"):                  `has a ".."`,
		fetch("GET https://a.example/\nno header"):               "is no header",
		fetch("GET https://a.example/\n{\"a\": 1}"):              "is no header",
		fetch("GET https://a.example/\nHost: b.example"):         "the header Host is set by the server",
		fetch("GET https://a.example/\nproxy-authorization: b"):  "the header Proxy-Authorization is set by the server",
		fetch("GET https://a.example/\nX-$[a]: b"):               "is no header",
		fetch("GET $[url]\nAuthorization: ${KEY}"):               "it can have no secret",
		fetch("POST $[url]\n\n${KEY}"):                           "it can have no secret",
	} {
		if _, err := ability.Parse(text); convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: %v, not %q", text, err, want)
		}
	}
	var many strings.Builder
	for i := range 65 {
		many.WriteString("$[a" + strings.Repeat("b", i%60) + string(rune('a'+i/60)) + "]")
	}
	if _, err := ability.Parse(many.String()); err == nil || !strings.Contains(err.Error(), "more than 64 parameters") {
		t.Errorf("65 parameters: %v", err)
	}
}
