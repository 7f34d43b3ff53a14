package configured_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/outbound"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/tool/configured"
)

const input = `{"type":"object","properties":{"city":{"type":"string"},"n":{},"list":{}},"required":["city"]}`

// serve runs a server on this machine that answers with what it was asked.
func serve(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		fmt.Fprintf(w, "%s %s\nX: %s\nAuthorization: %s\n\n%s", r.Method, r.RequestURI, r.Header.Get("X"), r.Header.Get("Authorization"), body)
	}))
	t.Cleanup(server.Close)
	return server
}

func newSet(t *testing.T, agents ...configured.Agent) (*configured.Set, error) {
	t.Helper()
	client := outbound.New(outbound.Options{})
	t.Cleanup(client.Close)
	s, err := configured.New(agents, client)
	if err == nil {
		t.Cleanup(s.Close)
	}
	return s, err
}

// call makes a tool of one request and calls it.
func call(t *testing.T, h configured.HTTP, arguments string) (string, error) {
	t.Helper()
	s, err := newSet(t, configured.Agent{Tenant: "acme", Bot: "b", Tools: []configured.Tool{{Name: "a", Input: convo.JSON(input), HTTP: &h}}})
	if err != nil {
		t.Fatal(err)
	}
	tools, err := s.Tools(t.Context(), "acme", tool.Want{BotID: "b"})
	if err != nil || len(tools) != 1 {
		t.Fatalf("%d tools, %v", len(tools), err)
	}
	result, err := tools[0].Call(t.Context(), tool.Call{Arguments: convo.JSON(arguments)})
	return strings.ReplaceAll(string(result.Output), `\n`, "\n"), err
}

func TestOnlyTheAgentOfATenantHasItsTools(t *testing.T) {
	t.Parallel()
	s, err := newSet(t,
		configured.Agent{Tenant: "acme", Bot: "b", Tools: []configured.Tool{
			{Name: "get_time", Description: "The time", Result: convo.JSON(`{"time":"10:30"}`)}, {Name: "nothing", Result: convo.JSON("null")},
		}},
		configured.Agent{Tenant: "other", Bot: "b", Tools: []configured.Tool{{Name: "other", Result: convo.JSON("1")}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	tools, err := s.Tools(t.Context(), "acme", tool.Want{BotID: "b"})
	if err != nil || len(tools) != 2 || tools[0].Spec().Name != "get_time" || tools[0].Spec().Description != "The time" || !strings.Contains(string(tools[0].Spec().Parameters), `"object"`) {
		t.Fatalf("the tools are %v, %v", tools, err)
	}
	if result, err := tools[0].Call(t.Context(), tool.Call{}); err != nil || string(result.Output) != `{"time":"10:30"}` {
		t.Errorf("the result is %s, %v", result.Output, err)
	}
	for _, c := range [][2]string{{"acme", ""}, {"acme", "c"}, {"none", "b"}} {
		if tools, err := s.Tools(t.Context(), c[0], tool.Want{BotID: c[1]}); err != nil || len(tools) != 0 {
			t.Errorf("%q of %q has %d tools, %v", c[1], c[0], len(tools), err)
		}
	}
}

func TestArgumentsAreEncodedForWhereTheyStand(t *testing.T) {
	t.Parallel()
	u := serve(t).URL
	const arguments = `{"city":"São \"P\"/?&","n":3,"list":["a",1]}`
	for name, c := range map[string]struct {
		http configured.HTTP
		want string
	}{
		"an address":   {configured.HTTP{URL: u + "/{{city}}?n={{ n }}&l={{list}}"}, "GET /S%C3%A3o%20%22P%22%2F%3F%26?n=3&l=%5B%22a%22%2C1%5D\n"},
		"a JSON body":  {configured.HTTP{URL: u, Body: `{"c": "in {{city}}", "d": {{city}}, "n": {{n}}, "t": "{{list}}", "l": {{list}}, "none": "{{x y}}"}`}, `{\"c\": \"in São \\\"P\\\"/?&\", \"d\": \"São \\\"P\\\"/?&\", \"n\": 3, \"t\": \"[\\\"a\\\",1]\", \"l\": [\"a\",1], \"none\": \"{{x y}}\"}`},
		"a form":       {configured.HTTP{URL: u, Body: "c={{city}}&n={{n}}", Headers: map[string]string{"content-type": "application/x-www-form-urlencoded"}}, "c=S%C3%A3o%20%22P%22%2F%3F%26&n=3"},
		"XML":          {configured.HTTP{URL: u, Body: "<c a='{{city}}'>{{n}}${secret}</c>", Headers: map[string]string{"Content-Type": "text/xml"}, Secret: "<k>"}, `<c a='São &#34;P&#34;/?&amp;'>3••••</c>`},
		"XML by look":  {configured.HTTP{URL: u, Body: " <c>{{city}}</c>"}, `<c>São &#34;P&#34;/?&amp;</c>`},
		"a text":       {configured.HTTP{Method: "put", URL: u, Body: "c={{city}}"}, `c=São \\\"P\\\"/?&`},
		"a header":     {configured.HTTP{URL: u, Headers: map[string]string{"X": "<{{n}}>"}}, "X: <3>"},
		"its method":   {configured.HTTP{Method: "DELETE", URL: u}, "DELETE /"},
		"a body alone": {configured.HTTP{URL: u, Body: "x"}, "POST /"},
	} {
		if got, err := call(t, c.http, arguments); err != nil || !strings.Contains(got, c.want) {
			t.Errorf("%s: the server got %s, not %s: %v", name, got, c.want, err)
		}
	}
	if got, err := call(t, configured.HTTP{URL: u + "?c={{city}}", Body: `[{{n}}, "{{n}}"]`}, "{}"); err != nil || !strings.Contains(got, "?c=\n") || !strings.Contains(got, `[null, \"\"]`) {
		t.Errorf("without arguments the server got %s, %v", got, err)
	}
}

func TestWhatAModelGivesEndsNothingThatItStandsIn(t *testing.T) {
	t.Parallel()
	u := serve(t).URL
	for _, c := range []configured.HTTP{
		{URL: u, Headers: map[string]string{"X": "{{city}}"}},
		{URL: u + "/a/{{n}}/b"},
	} {
		if got, err := call(t, c, `{"city":"a\r\nY: b","n":".."}`); convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("%+v: the server got %s, %v", c, got, err)
		}
	}
	if got, err := call(t, configured.HTTP{URL: u, Body: `["{{city}}"]`}, `{"city":"\", \"more"}`); err != nil || !strings.Contains(got, `[\"\\\", \\\"more\"]`) {
		t.Errorf("the body is %s, %v", got, err)
	}
}

func TestTheSecretGoesWhereItIsWrittenElseIntoAuthorization(t *testing.T) {
	t.Parallel()
	u := serve(t).URL
	for _, c := range []struct {
		http configured.HTTP
		want string
	}{
		{configured.HTTP{URL: u, Secret: "the-secret"}, "Authorization: Bearer ••••"},
		{configured.HTTP{URL: u, Secret: "the-secret", Headers: map[string]string{"Authorization": "mine"}}, "Authorization: mine"},
		{configured.HTTP{URL: u + "?k=${secret}", Secret: "the-secret"}, "?k=••••"},
		{configured.HTTP{URL: u, Headers: map[string]string{"X": "a ${secret}"}, Secret: "the-secret"}, "X: a ••••"},
		{configured.HTTP{URL: u, Body: `{"k": "${secret}"}`, Secret: "the-\"secret"}, `{\"k\": \"••••\"}`},
		{configured.HTTP{URL: u + "?c={{city}}", Secret: "the-secret"}, "?c=$%7Bsecret%7D"},
	} {
		got, err := call(t, c.http, `{"city":"${secret}"}`)
		if got = strings.ReplaceAll(got, "%24", "$"); err != nil || !strings.Contains(got, c.want) || strings.Contains(got, "the-") {
			t.Errorf("%+v: the answer is %s, not %s: %v", c.http, got, c.want, err)
		}
	}
}

func TestAToolReachesItsOwnLocalHostAndNoOther(t *testing.T) {
	t.Parallel()
	own, other := serve(t).URL, serve(t).URL
	if got, err := call(t, configured.HTTP{URL: own + "/away?to=" + "/end"}, "{}"); err != nil || !strings.Contains(got, "GET /end") {
		t.Errorf("a redirection to itself: %s, %v", got, err)
	}
	if got, err := call(t, configured.HTTP{URL: own + "/away?to=" + other}, "{}"); convo.ErrorKind(err) != convo.Forbidden {
		t.Errorf("a redirection to another local server: %s, %v", got, err)
	}
}

func TestASecretOfManyLinesFitsIntoABody(t *testing.T) {
	t.Parallel()
	got, err := call(t, configured.HTTP{URL: serve(t).URL, Body: `{"k": "${secret}"}`, Secret: "a\nb"}, "{}")
	if err != nil || !strings.Contains(got, `••••`) {
		t.Errorf("the answer is %s, %v", got, err)
	}
}

func TestAWrongToolIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	http := func(h configured.HTTP) configured.Tool {
		return configured.Tool{Name: "a", Input: convo.JSON(input), HTTP: &h}
	}
	result := convo.JSON("1")
	for name, c := range map[string]struct {
		tool configured.Tool
		want string
	}{
		"a name with blanks":         {configured.Tool{Name: "a b", Result: result}, "the name must be"},
		"no name":                    {configured.Tool{Result: result}, "the name must be"},
		"a name that is too long":    {configured.Tool{Name: strings.Repeat("a", 65), Result: result}, "the name must be"},
		"neither":                    {configured.Tool{Name: "a"}, "neither http nor a result"},
		"both":                       {configured.Tool{Name: "a", Result: result, HTTP: &configured.HTTP{URL: "https://a.example"}}, "keep one"},
		"no schema":                  {configured.Tool{Name: "a", Result: result, Input: convo.JSON(`{"type":"objekt"}`)}, "no JSON schema"},
		"a cyclic schema":            {configured.Tool{Name: "a", Result: result, Input: convo.JSON(`{"type":"object","properties":{"a":{"$ref":"#/properties/b"},"b":{"$ref":"#/properties/a"}}}`)}, "no JSON schema"},
		"no address":                 {http(configured.HTTP{}), "must begin with http://"},
		"a host of the model":        {http(configured.HTTP{URL: "https://{{city}}/"}), "the host cannot be filled in"},
		"an address of the model":    {http(configured.HTTP{URL: "{{city}}"}), "must begin with http://"},
		"a mistyped argument":        {http(configured.HTTP{URL: "https://a.example/{{citty}}"}), "{{citty}} is no property of its input"},
		"an unknown method":          {http(configured.HTTP{Method: "BREW", URL: "https://a.example/"}), "none of the methods"},
		"a header of the connection": {http(configured.HTTP{URL: "https://a.example/", Headers: map[string]string{"host": "b"}}), "Host is set by the server"},
		"a body that is no JSON":     {http(configured.HTTP{URL: "https://a.example/", Body: `{"a": {{n}}`}), "is no JSON"},
		"a header twice":             {http(configured.HTTP{URL: "https://a.example/", Headers: map[string]string{"X-A": "1", "x-a": "2"}}), "the header X-A is there twice"},
		"a secret of two lines":      {http(configured.HTTP{URL: "https://a.example/", Secret: "a\nb"}), "line break"},
		"one in a header":            {http(configured.HTTP{URL: "https://a.example/", Headers: map[string]string{"X": "${secret}"}, Secret: "a\x00b"}), "line break"},
		"a secret that is not there": {http(configured.HTTP{URL: "https://a.example/?${secret}"}), "has no secret"},
	} {
		c.tool.Where = "parley.yaml:7"
		_, err := newSet(t, configured.Agent{Bot: "support", Tools: []configured.Tool{c.tool}})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "parley.yaml:7") || !strings.Contains(err.Error(), "support") {
			t.Errorf("%s: %v", name, err)
		}
	}
	twice := []configured.Tool{{Name: "a", Result: result}, {Name: "a", Result: result, Where: "parley.yaml:9"}}
	if _, err := newSet(t, configured.Agent{Bot: "b", Tools: twice}); err == nil || !strings.Contains(err.Error(), `parley.yaml:9: tool "a" of agent "b": the agent has another tool of that name`) {
		t.Errorf("a name twice: %v", err)
	}
}

func TestAToolMayAskAndRunElsewhere(t *testing.T) {
	t.Parallel()
	asked := &tool.Interrupt{Type: "choice", Value: convo.JSON(`[1]`)}
	s, err := newSet(t, configured.Agent{Tenant: "acme", Bot: "b", Tools: []configured.Tool{
		{Name: "pay", Input: convo.JSON(input), Asks: convo.AsksConfirm, Result: convo.JSON("1")},
		{Name: "where", Asks: convo.AsksInterrupt, Client: true, Output: convo.JSON(`{"type":"string"}`)},
		{Name: "choose", Interrupt: asked},
	}})
	if err != nil {
		t.Fatal(err)
	}
	tools, err := s.Tools(t.Context(), "acme", tool.Want{BotID: "b"})
	if err != nil || len(tools) != 3 {
		t.Fatalf("%d tools, %v", len(tools), err)
	}
	pay, where, choose := tools[0].Spec(), tools[1].Spec(), tools[2].Spec()
	if pay.Asks != convo.AsksConfirm || pay.Client || !where.Client || where.Asks != convo.AsksInterrupt || string(where.Output) != `{"type":"string"}` || choose.Interrupt != asked {
		t.Errorf("the tools are %+v, %+v and %+v", pay, where, choose)
	}
	for _, elsewhere := range tools[1:] {
		if _, err := elsewhere.Call(t.Context(), tool.Call{}); convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("a call on the server gave %v", err)
		}
	}
	for name, wrong := range map[string]configured.Tool{
		"two ways":       {Name: "a", Client: true, Result: convo.JSON("1")},
		"two others":     {Name: "a", Client: true, Interrupt: asked},
		"an odd output":  {Name: "a", Client: true, Output: convo.JSON(`"string"`)},
		"a wrong schema": {Name: "a", Client: true, Input: convo.JSON(`{"type":7}`)},
	} {
		if _, err := newSet(t, configured.Agent{Tenant: "acme", Bot: "b", Tools: []configured.Tool{wrong}}); convo.ErrorKind(err) == "" {
			t.Errorf("%s was accepted", name)
		}
	}
}
