package ability_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/outbound"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/tool/ability"
)

// objects are what the tenant "acme" has stored.
type objects struct {
	abilities map[string][]tool.Ability
	secrets   map[string][2]string // type and value, by id and by name
}

func (o objects) Abilities(_ context.Context, tenant, skillset string) ([]tool.Ability, error) {
	if list, ok := o.abilities[skillset]; ok && tenant == "acme" {
		return list, nil
	}
	return nil, convo.Errorf(convo.NotFound, "there is no skillset %q", skillset)
}

func (o objects) SecretByID(_ context.Context, tenant, id string) (kind, value string, err error) {
	if s, ok := o.secrets[id]; ok && tenant == "acme" {
		return s[0], s[1], nil
	}
	return "", "", convo.Errorf(convo.NotFound, "there is no secret")
}

func (o objects) SecretByName(ctx context.Context, tenant, name string) (kind, value string, err error) {
	return o.SecretByID(ctx, tenant, name)
}

// asked is a request that a server got.
type asked struct {
	line   string
	header http.Header
	body   string
}

// upstream is a server that answers as it is told, and keeps what it was asked.
type upstream struct {
	*httptest.Server
	host string
	got  chan asked
}

func newUpstream(t *testing.T, answer http.HandlerFunc) *upstream {
	t.Helper()
	u := &upstream{got: make(chan asked, 16)}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		u.got <- asked{r.Method + " " + r.RequestURI, r.Header, string(body)}
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(u.Close)
	u.host = strings.TrimPrefix(u.URL, "http://")
	return u
}

func newSet(t *testing.T, o objects, allow ...string) *ability.Set {
	t.Helper()
	rules, err := outbound.ParseRules(allow)
	if err != nil {
		t.Fatal(err)
	}
	client := outbound.New(outbound.Options{Allow: rules, Timeout: 10 * time.Second})
	t.Cleanup(client.Close)
	return ability.New(o, client, nil)
}

// call carries out an instruction with arguments, as the tenant acme.
func call(t *testing.T, s *ability.Set, a tool.Ability, arguments string) (string, error) {
	t.Helper()
	tools, err := s.Tools(t.Context(), "acme", tool.Want{Skillsets: []tool.Skillset{{Abilities: []tool.Ability{a}}}})
	if err != nil {
		t.Fatal(err)
	}
	result, err := tools[0].Call(t.Context(), tool.Call{Arguments: convo.JSON(arguments), Tenant: "acme"})
	return string(result.Output), err
}

func fetchBlock(text string) tool.Ability {
	return tool.Ability{Name: "a", Instruction: "```fetch\n" + text + "\n```"}
}

func TestAbilitiesBecomeToolsWithNamesThatDiffer(t *testing.T) {
	t.Parallel()
	stored := []tool.Ability{
		{Name: "Get Order", Description: "Finds an order", Instruction: "Use it for orders.\n```text\n$[order! euc|the \"number\"]\n```"},
		{Name: "get order", Instruction: "x"},
	}
	s := newSet(t, objects{abilities: map[string][]tool.Ability{"shop": stored}})
	tools, err := s.Tools(t.Context(), "acme", tool.Want{
		SkillsetID: "shop", Skillsets: []tool.Skillset{{Name: "more", Abilities: []tool.Ability{{Name: "Get-Order", Description: "d"}}}},
	})
	if err != nil || len(tools) != 3 {
		t.Fatalf("%d tools, %v", len(tools), err)
	}
	first := tools[0].Spec()
	if first.Name != "get_order" || first.Description != "Finds an order\n\nUse it for orders." ||
		string(first.Parameters) != `{"type":"object","properties":{"order":{"type":"string","description":"the \"number\""}},"required":["order"]}` {
		t.Errorf("the first tool is %+v with %s", first, first.Parameters)
	}
	if second, third := tools[1].Spec(), tools[2].Spec(); second.Name != "get_order_2" || second.Description != "get order" || third.Name != "get_order_3" ||
		string(third.Parameters) != `{"type":"object","properties":{}}` {
		t.Errorf("the others are %+v and %+v", second, third)
	}
}

func TestASkillsetOrASecretOfNobodyIsNotFound(t *testing.T) {
	t.Parallel()
	s := newSet(t, objects{abilities: map[string][]tool.Ability{"shop": nil}, secrets: map[string][2]string{"key": {"bearer", "v"}}})
	inline := tool.Want{Skillsets: []tool.Skillset{{Abilities: []tool.Ability{{Name: "a", SecretID: "key"}}}}}
	if _, err := s.Tools(t.Context(), "acme", inline); err != nil {
		t.Errorf("the tenant's own secret: %v", err)
	}
	for name, c := range map[string]struct {
		tenant string
		want   tool.Want
	}{
		"an unknown skillset":       {"acme", tool.Want{SkillsetID: "none"}},
		"another tenant's skillset": {"other", tool.Want{SkillsetID: "shop"}},
		"another tenant's secret":   {"other", inline},
	} {
		if _, err := s.Tools(t.Context(), c.tenant, c.want); convo.ErrorKind(err) != convo.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := tool.Want{Skillsets: []tool.Skillset{{Abilities: make([]tool.Ability, 257)}}}
	if _, err := s.Tools(t.Context(), "acme", many); convo.ErrorKind(err) != convo.Invalid {
		t.Errorf("257 abilities: %v", err)
	}
}

func TestTextAndNoActionGiveTheFilledText(t *testing.T) {
	t.Parallel()
	s := newSet(t, objects{secrets: map[string][2]string{"KEY": {"plain", "hidden"}}})
	for instruction, want := range map[string]string{
		"Greet $[who!|name] (${KEY}).":                                  `"Greet <A & \"B\"> (${KEY})."`,
		"unused\n```text\n$[who ys], $[who js], $[who euc]$[none]\n```": `"\"<A & \\\"B\\\">\", <A & \\\"B\\\">, %3CA%20%26%20%22B%22%3E"`,
	} {
		got, err := call(t, s, tool.Ability{Name: "a", Instruction: instruction}, `{"who":"<A & \"B\">"}`)
		if err != nil || got != want {
			t.Errorf("%q gives %s, not %s: %v", instruction, got, want, err)
		}
	}
}

func TestARequestIsFilledIn(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, ` {"state": "sent", "n": 12345678901234567890} `)
	})
	s := newSet(t, objects{secrets: map[string][2]string{"SHOP_KEY": {"plain", "k $[order] 1"}}}, u.host)
	a := fetchBlock("POST " + u.URL + "/orders/$[order! euc|the order number]?q=$[query|what]&key=${SHOP_KEY} HTTP/1.1\n" +
		"X-Key: ${SHOP_KEY}\nX-Order: <$[order]>\nContent-Type: application/x\nAccept: a/b\nAccept: c/d\n\n{\"id\": \"$[order js]\",\n \"all\": $[query ys], \"${SHOP_KEY}\": \"${NOT a name}\"}")
	got, err := call(t, s, a, `{"order":"A 17\"/?#","query":"a b&c=${SHOP_KEY}"}`)
	if err != nil || got != `{"state":"sent","n":12345678901234567890}` {
		t.Errorf("the output is %s, %v", got, err)
	}
	r := <-u.got
	if want := "POST /orders/A%2017%22%2F%3F%23?q=a%20b&c=$%7BSHOP_KEY%7D&key=k%20%24%5Border%5D%201"; r.line != want {
		t.Errorf("the request is\n%s, not\n%s", r.line, want)
	}
	if want := `{"id": "A 17\"/?#",` + "\n" + ` "all": "a b&c=${SHOP_KEY}", "k $[order] 1": "${NOT a name}"}`; r.body != want {
		t.Errorf("the body is\n%s, not\n%s", r.body, want)
	}
	for name, want := range map[string]string{
		"X-Key": "[k $[order] 1]", "X-Order": "[<A 17\"/?#>]", "Content-Type": "[application/x]", "Accept": "[a/b c/d]", "User-Agent": "[Parley]", "Authorization": "[]",
	} {
		if got := fmt.Sprint(r.header[name]); got != want {
			t.Errorf("the header %s is %s, not %s", name, got, want)
		}
	}
}

func TestTheAbilitysOwnSecretIsSentAsItsTypeSays(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, nil)
	s := newSet(t, objects{secrets: map[string][2]string{
		"b": {"bearer", "v1"}, "u": {"basic", "user:pass"}, "p": {"plain", "Key v3"}, "line": {"bearer", "a\r\nX: y"},
	}}, u.host)
	for id, want := range map[string]string{"b": "Bearer v1", "u": "Basic " + base64.StdEncoding.EncodeToString([]byte("user:pass")), "p": "Key v3", "": ""} {
		a := fetchBlock("GET " + u.URL)
		a.SecretID = id
		if _, err := call(t, s, a, "{}"); err != nil {
			t.Fatal(err)
		}
		if got := (<-u.got).header.Get("Authorization"); got != want {
			t.Errorf("the secret %q is sent as %q, not %q", id, got, want)
		}
	}
	written := fetchBlock("GET " + u.URL + "\nAuthorization: mine")
	written.SecretID = "b"
	if _, err := call(t, s, written, "{}"); err != nil {
		t.Fatal(err)
	}
	if got := (<-u.got).header["Authorization"]; len(got) != 1 || got[0] != "mine" {
		t.Errorf("a header that is written became %q", got)
	}
	broken := fetchBlock("GET " + u.URL)
	broken.SecretID = "line"
	if _, err := call(t, s, broken, "{}"); convo.ErrorKind(err) != convo.Invalid || strings.Contains(err.Error(), "X: y") {
		t.Errorf("a secret with a line break: %v", err)
	}
	chosen := fetchBlock("GET $[url!]")
	chosen.SecretID = "b"
	if _, err := call(t, s, chosen, `{"url":"`+u.URL+`"}`); convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), "no secret") {
		t.Errorf("a secret for a host that the model chose: %v", err)
	}
	if len(u.got) != 0 {
		t.Error("a request was made all the same")
	}
}

func TestWhatIsFilledInCannotLeadARequestAstray(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, nil)
	s := newSet(t, objects{}, u.host)
	for name, c := range map[string]struct{ block, value string }{
		"up the path":           {"GET " + u.URL + "/a/$[v]/b", "../../admin"},
		"up the path, encoded":  {"GET " + u.URL + "/a/$[v euc]/b", ".."},
		"up behind an encoding": {"GET " + u.URL + "/a/$[v euc]", "x/../.."},
		"up with a backslash":   {"GET " + u.URL + "/a/$[v euc]", `..\..`},
		"up with a parameter":   {"GET " + u.URL + "/a/$[v]/b", "..;x=1/admin"},
		"up with parameters":    {"GET " + u.URL + "/a/$[v euc]/b", ".;;/admin"},
		"another header":        {"GET " + u.URL + "/\nX-A: $[v]", "a\r\nX-B: c"},
		"a bare line feed":      {"GET " + u.URL + "/\nX-A: $[v]", "a\nX-B: c"},
		"a NUL":                 {"GET " + u.URL + "/\nX-A: $[v]", "a\x00"},
	} {
		if out, err := call(t, s, fetchBlock(c.block), `{"v":`+quote(t, c.value)+`}`); convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("%s: %s, %v", name, out, err)
		}
	}
	if len(u.got) != 0 {
		t.Errorf("%s was asked", (<-u.got).line)
	}
	for value, want := range map[string]string{
		"@evil.example/": "/@evil.example/", "//evil.example": "///evil.example", "a\r\nHost: x": "/a%0D%0AHost:%20x", "a#b c": "/a%23b%20c", "%2e%2e": "/%252e%252e", "?x=1": "/?x=1",
	} {
		if _, err := call(t, s, fetchBlock("GET "+u.URL+"/$[v]"), `{"v":`+quote(t, value)+`}`); err != nil {
			t.Errorf("%q: %v", value, err)
		} else if got := (<-u.got).line; got != "GET "+want {
			t.Errorf("%q asks for %s, not %s", value, got, want)
		}
	}
}

func quote(t *testing.T, text string) string {
	t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(quoted)
}

func TestTheModelMayChooseAWholeAddress(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "page") })
	s := newSet(t, objects{}, u.host)
	if got, err := call(t, s, fetchBlock("GET $[url! ys|the page to read]"), `{"url":"`+u.URL+`/a?b=c"}`); err != nil || got != `"page"` {
		t.Errorf("%s, %v", got, err)
	}
	for _, address := range []string{"http://127.0.0.1:1/", "http://localhost/", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "/etc/passwd", ""} {
		if got, err := call(t, s, fetchBlock("GET $[url!]"), `{"url":"`+address+`"}`); convo.ErrorKind(err) != convo.Invalid && convo.ErrorKind(err) != convo.Forbidden {
			t.Errorf("%s: %s, %v", address, got, err)
		}
	}
}

func TestLocalAddressesAndRedirectionsToThemAreRefused(t *testing.T) {
	t.Parallel()
	local := newUpstream(t, nil)
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, local.URL, http.StatusFound) })
	s := newSet(t, objects{}, u.host)
	for _, block := range []string{"GET " + local.URL, "GET " + u.URL} {
		if got, err := call(t, s, fetchBlock(block), "{}"); convo.ErrorKind(err) != convo.Forbidden || !strings.Contains(convo.PublicError(err).Message, "outbound.allow") {
			t.Errorf("%s: %s, %v", block, got, err)
		}
	}
	if len(local.got) != 0 {
		t.Error("the local server was asked")
	}
}

func TestAMissingSecretIsNamed(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, nil)
	s := newSet(t, objects{secrets: map[string][2]string{"EMPTY": {"plain", ""}, "GOOD": {"plain", "the-value"}}}, u.host)
	for block, want := range map[string]string{
		"GET " + u.URL + "?a=${GOOD}&b=${MISSING}": "the secret ${MISSING} does not exist",
		"GET " + u.URL + "\nX: ${EMPTY}":           "the secret ${EMPTY} has no value",
	} {
		if _, err := call(t, s, fetchBlock(block), "{}"); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "the-value") {
			t.Errorf("%q: %v", block, err)
		}
	}
	if len(u.got) != 0 {
		t.Error("a request was made without its secret")
	}
}

func TestASecretThatIsEchoedIsMasked(t *testing.T) {
	t.Parallel()
	const secret = `s3/"cret" é`
	var answer string
	status := http.StatusOK
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); fmt.Fprint(w, answer) })
	s := newSet(t, objects{secrets: map[string][2]string{"KEY": {"plain", secret}, "login": {"basic", "user:pass-word"}}}, u.host)
	a := fetchBlock("GET " + u.URL + "/?k=${KEY}")
	a.SecretID = "login"
	for name, text := range map[string]string{
		"a text":               "it is " + secret + "!",
		"an address":           "it is s3%2F%22cret%22%20%C3%A9!",
		"a query":              "it is s3%2F%22cret%22+%C3%A9!",
		"JSON":                 `{"key":"s3/\"cret\" é"}`,
		"JSON, escaped":        `{"key":"\u0073\u0033\/\u0022cret\" \u00e9"}`,
		"the name of a member": `{"\u0073\u0033\/\u0022cret\" \u00e9":[1]}`,
		"base64":               base64.StdEncoding.EncodeToString([]byte(secret)),
		"a login":              "Basic " + base64.StdEncoding.EncodeToString([]byte("user:pass-word")),
		"a password":           `{"password":"pass-word"}`,
		"across the cut":       strings.Repeat("a", tool.MaxOutput-4) + secret + strings.Repeat("b", tool.MaxOutput),
	} {
		for _, status = range []int{http.StatusOK, http.StatusTeapot} {
			answer = text
			got, err := call(t, s, a, "{}")
			<-u.got
			if status >= 400 && err != nil {
				got = err.Error()
			}
			if strings.Contains(got, "cret") || strings.Contains(got, "pass-word") || strings.Contains(got, "s3") || strings.Contains(got, "czMv") || strings.Contains(got, "dXNlc") {
				t.Errorf("%s with status %d shows the secret: %.200s", name, status, got)
			}
			if status >= 400 && !strings.Contains(got, "status 418") {
				t.Errorf("%s: the error is %.200s", name, got)
			}
		}
	}
}

func TestAnAnswerIsToldAsJSONElseAsText(t *testing.T) {
	t.Parallel()
	var kind, answer string
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		fmt.Fprint(w, answer)
	})
	s := newSet(t, objects{}, u.host)
	for _, c := range []struct{ kind, answer, want string }{
		{"application/json", `{"b": 1, "a": [true, null]}`, `{"b":1,"a":[true,null]}`},
		{"text/html", "<p>hi</p>", `"<p>hi</p>"`},
		{"application/json", `{"broken`, `"{\"broken"`},
		{"text/plain", "", `""`},
		{"text/plain", "caf\xe9 \xff", "\"caf\uFFFD \uFFFD\""},
		{"application/json", "{\"a\":\"\xff\"}", "{\"a\":\"\uFFFD\"}"},
	} {
		kind, answer = c.kind, c.answer
		if got, err := call(t, s, fetchBlock("GET "+u.URL), "{}"); err != nil || got != c.want {
			t.Errorf("%q gives %s, not %s: %v", c.answer, got, c.want, err)
		}
	}
	kind, answer = "image/png", "\x89PNG\r\n\x1a\n\xff"
	if got, err := call(t, s, fetchBlock("GET "+u.URL), "{}"); convo.ErrorKind(err) != convo.UpstreamFailed || !strings.Contains(err.Error(), "image/png") {
		t.Errorf("a picture gives %s, %v", got, err)
	}
}

func TestOfALongAnswerOnlyTheBeginningIsRead(t *testing.T) {
	t.Parallel()
	sent := make(chan int, 1)
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		n := 0
		for piece := strings.Repeat("a", 1<<16); n < 100<<20; n += len(piece) {
			if _, err := io.WriteString(w, piece); err != nil {
				break
			}
		}
		sent <- n
	})
	got, err := call(t, newSet(t, objects{}, u.host), fetchBlock("GET "+u.URL), "{}")
	if err != nil || len(got) > tool.MaxOutput || len(got) < tool.MaxOutput/2 || !strings.HasSuffix(got, `the answer is longer; this is its beginning]"`) {
		t.Errorf("%d bytes of output, %v", len(got), err)
	}
	if n := <-sent; n > 50<<20 {
		t.Errorf("the server could send %d bytes", n)
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s := newSet(t, objects{}, u.host)
	tools, err := s.Tools(t.Context(), "acme", tool.Want{Skillsets: []tool.Skillset{{Abilities: []tool.Ability{fetchBlock("GET " + u.URL)}}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-u.got; cancel() }()
	if _, err := tools[0].Call(ctx, tool.Call{}); !errors.Is(err, context.Canceled) {
		t.Errorf("the call ended with %v", err)
	}
}

func TestWhatCannotBeCarriedOutSaysSo(t *testing.T) {
	t.Parallel()
	s := newSet(t, objects{})
	for instruction, want := range map[string]string{
		"```search\n$[query]\n```":         "searches no datasets",
		"```email\nto: a@example.com\n```": "action not supported: email",
		"$[order":                          "its instruction is wrong: the placeholder $[order is not closed",
	} {
		_, err := call(t, s, tool.Ability{Name: "a", Instruction: instruction}, "{}")
		if kind := convo.ErrorKind(err); kind == convo.Internal || !strings.Contains(convo.PublicError(err).Message, want) {
			t.Errorf("%q: %v", instruction, err)
		}
	}
}

func TestParametersAreHeldToWhatTheInstructionSays(t *testing.T) {
	t.Parallel()
	s := newSet(t, objects{})
	a := tool.Ability{Instruction: "$[a!]/$[b default<x y>]/$[c enum<1,2>]/$[d number]"}
	for arguments, want := range map[string]string{
		`{"a":"1"}`: `"1/x y//"`, `{"a":"","b":"","c":"2","d":1.50,"e":1}`: `"//2/1.50"`, `{"a":[1],"d":true}`: `"[1]/x y//true"`,
	} {
		if got, err := call(t, s, a, arguments); err != nil || got != want {
			t.Errorf("%s gives %s, not %s: %v", arguments, got, want, err)
		}
	}
	for arguments, want := range map[string]string{
		`{}`: "the parameter a is missing", `{"a":null}`: "the parameter a is missing", `{"a":"1","c":"3"}`: "c must be one of 1, 2", `[]`: "no JSON object",
	} {
		if _, err := call(t, s, a, arguments); convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", arguments, err)
		}
	}
}

func TestAnAbilityIsExecutedWithAnObjectOrTheValueOfItsOnlyParameter(t *testing.T) {
	t.Parallel()
	s := newSet(t, objects{})
	one, two, none := tool.Ability{Instruction: "<$[a!]>"}, tool.Ability{Instruction: "$[a] $[b]"}, tool.Ability{Instruction: "fixed"}
	for _, c := range []struct {
		ability     tool.Ability
		input, want string
	}{
		{one, `{"a":"x"}`, `"<x>"`}, {one, "free text", `"<free text>"`}, {one, `["list"]`, `"<[\"list\"]>"`}, {one, "null", `"<null>"`},
		{two, `{"b":"y"}`, `" y"`}, {none, "", `"fixed"`}, {none, "whatever", `"fixed"`},
	} {
		if got, err := s.Execute(t.Context(), "acme", c.ability, c.input); err != nil || string(got.Output) != c.want {
			t.Errorf("%q gives %s, not %s: %v", c.input, got.Output, c.want, err)
		}
	}
	for _, c := range []struct {
		ability     tool.Ability
		input, want string
	}{{one, "", "a is missing"}, {one, "{}", "a is missing"}, {two, "free text", "parameters: a, b"}} {
		if _, err := s.Execute(t.Context(), "acme", c.ability, c.input); convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.input, err)
		}
	}
}

func TestAnAbilitySearchesItsDatasetOrThatOfTheTurn(t *testing.T) {
	t.Parallel()
	var asked []string
	s := ability.New(objects{}, nil, func(_ context.Context, tenant, dataset, text string) (convo.JSON, error) {
		asked = append(asked, tenant+" "+dataset+" "+text)
		return convo.JSON(`{"records":[]}`), nil
	})
	for _, c := range []struct{ instruction, turns, arguments, want string }{
		{"```search/datasetId=mine\n$[what!] please\n```", "turns", `{"what":"tea"}`, "acme mine tea please"},
		{"```search\n$[what!]\n```", "turns", `{"what":"tea"}`, "acme turns tea"},
		{"Use it.\n```search\n```", "turns", `{"query":"tea"}`, "acme turns tea"},
		{"```search\n$[what!]\n```", "", `{"what":"tea"}`, ""},
	} {
		asked = nil
		set := []tool.Skillset{{Abilities: []tool.Ability{{Name: "a", Instruction: c.instruction}}}}
		tools, err := s.Tools(t.Context(), "acme", tool.Want{Skillsets: set, DatasetID: c.turns})
		if err != nil {
			t.Fatal(err)
		}
		result, err := tools[0].Call(t.Context(), tool.Call{Arguments: convo.JSON(c.arguments)})
		if got := strings.Join(asked, ", "); got != c.want || (err == nil) != (c.want != "") || err == nil && string(result.Output) != `{"records":[]}` {
			t.Errorf("%q searches %q, not %q: %s %v", c.instruction, got, c.want, result.Output, err)
		}
	}
}
