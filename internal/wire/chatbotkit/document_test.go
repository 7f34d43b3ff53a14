package chatbotkit_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/wire/chatbotkit"
)

func TestEveryOperationIsDescribed(t *testing.T) {
	t.Parallel()
	c := contractOf(t)
	described := map[string]bool{}
	names := map[string]bool{}
	for path, methods := range c.object("paths") {
		for method, value := range methods.(map[string]any) {
			key := strings.ToUpper(method) + " " + path
			described[key] = true
			op := value.(map[string]any)
			name, _ := op["operationId"].(string)
			if name == "" || names[name] {
				t.Errorf("%s: the name %q is empty or taken", key, name)
			}
			names[name] = true
			for _, member := range []string{"summary", "description"} {
				if text, _ := op[member].(string); text == "" {
					t.Errorf("%s has no %s", key, member)
				}
			}
			if tags, _ := op["tags"].([]any); len(tags) != 1 {
				t.Errorf("%s has the tags %v", key, tags)
			}
		}
	}
	rows := 0
	for _, row := range chatbotkit.Rows() {
		key := row.Method + " " + row.Path
		if row.Later == described[key] {
			t.Errorf("%s: described %v, for a later version %v", key, described[key], row.Later)
		}
		if !row.Later {
			rows++
		}
	}
	if len(described) != rows || rows == 0 {
		t.Errorf("%d operations are described, of %d", len(described), rows)
	}
}

func TestEveryMemberOfARequestHasASchema(t *testing.T) {
	t.Parallel()
	c := contractOf(t)
	for _, row := range chatbotkit.Rows() {
		if row.Request == nil {
			continue
		}
		members := c.requestMembers(row)
		for _, field := range reflect.VisibleFields(row.Request) {
			name := field.Tag.Get("json")
			if field.Anonymous || name == "" {
				continue
			}
			schema, _ := members[name].(map[string]any)
			if len(schema) == 0 {
				t.Errorf("%s %s: %s has no schema", row.Method, row.Path, name)
			}
			delete(members, name)
		}
		if len(members) > 0 {
			t.Errorf("%s %s: nothing reads %v", row.Method, row.Path, members)
		}
	}
}

// requestMembers are the members of a request's body as the document knows
// them.
func (c *contract) requestMembers(row chatbotkit.Row) map[string]any {
	body := c.object("paths", row.Path, strings.ToLower(row.Method), "requestBody", "content", "application/json", "schema")
	if ref, ok := body["$ref"].(string); ok {
		body = c.object(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	members, _ := body["properties"].(map[string]any)
	return maps.Clone(members)
}

// namesNothing reports whether a value has the right shape and names a thing
// that does not exist, which no schema can know.
func namesNothing(member, value string) bool {
	names := []string{"model", "turn", "botId", "skillsetId", "datasetId", "secretId", "linkedSecretId", "linkedBotId", "fileId", "linkedFileId", "contactId"}
	return slices.Contains(names, member) && strings.HasPrefix(value, `"`) || member == "after"
}

// A request that its schema refuses is refused, and one that it takes is taken:
// for every member of every body, and values of every kind.
func TestTheServerTakesWhatTheDocumentTakes(t *testing.T) {
	t.Parallel()
	c := contractOf(t)
	values := []string{
		`null`, `""`, `"x"`, `"user"`, `0`, `1`, `-1`, `100`, `101`, `-100`, `-101`, `1.0`, `1.5`, `1e2`, `1800`, `1799`, `86400`, `86401`,
		`true`, `false`, `[]`, `[null]`, `["x"]`, `[1]`, `[{}]`, `[{"type":"user","text":"x"}]`, `[{"type":"other","text":"x"}]`,
		`[{"type":"user"}]`, `[{"type":"user","text":null}]`, `[{"type":"user","text":"x","meta":null}]`, `[{"type":"user","text":"x","meta":1}]`,
		`[{"name":"f"}]`, `[{"name":"f","parameters":{},"result":0,"call":{"start":true}}]`, `[{"name":"f","call":{"start":1}}]`,
		`[{"begin":1.5,"replacement":null}]`, `[{"begin":"1"}]`, `[{"replacement":{"text":1}}]`,
		`{}`, `{"a":[1,null]}`, `{"iterations":1}`, `{"calls":null}`, `{"backstory":""}`, `{"backstory":"x"}`, `{"datasets":[]}`,
		`{"datasets":[{"records":[{"text":1}]}]}`, `{"features":[{"name":"x","options":[]}]}`,
	}
	for _, row := range chatbotkit.Rows() {
		if row.Request == nil {
			continue
		}
		t.Run(strings.Trim(strings.NewReplacer("/", "-", "{", "", "}", "").Replace(row.Path), "-"), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			for _, name := range slices.Sorted(maps.Keys(c.requestMembers(row))) {
				path := b.pathOf(row)
				for _, value := range values {
					if strings.HasSuffix(row.Path, "/dispatch") || strings.HasSuffix(row.Path, "/detach") {
						path = b.pathOf(row) // turns wait for those before them, and a file is detached once
					}
					c.compare(b, row, path, name, value)
				}
			}
			if len(c.requestMembers(row)) == 0 && b.post(b.pathOf(row), `{"any":1}`).status != 200 {
				t.Error("a member that nobody knows is refused")
			}
		})
	}
}

// compare sends a request in which one member has a value, and holds what the
// server says against the document.
func (c *contract) compare(b *bundle, row chatbotkit.Row, path, name, value string) {
	b.t.Helper()
	members := map[string]json.RawMessage{}
	must(b.t, json.Unmarshal([]byte(bodyFor(row)), &members))
	members[name] = json.RawMessage(value)
	body, err := json.Marshal(members)
	must(b.t, err)
	refused := validate(c.requests[row.Method+" "+row.Path], string(body))
	a := b.post(path, string(body))
	switch {
	case refused == nil && a.status != 200 && !namesNothing(name, value):
		b.t.Errorf("the document takes %s, the server says %d %s", body, a.status, a.body)
	case refused != nil && a.status != 400:
		b.t.Errorf("the server says %d %s to %s, the document %v", a.status, a.body, body, refused)
	}
}

func TestTextsHaveTheBoundsOfTheDocument(t *testing.T) {
	t.Parallel()
	b, c := setup(t), contractOf(t)
	m, bounded := b.make(), 0
	for _, row := range chatbotkit.Rows() {
		if row.Request == nil {
			continue
		}
		for name, schema := range c.requestMembers(row) {
			most, ok := schema.(map[string]any)["maxLength"].(float64)
			if !ok || most == 0 {
				continue
			}
			bounded++
			for extra, want := range map[int]int{0: 200, 1: 413} {
				members := map[string]any{}
				must(t, json.Unmarshal([]byte(bodyFor(row)), &members))
				members[name] = strings.Repeat("x", int(most)+extra)
				body, err := json.Marshal(members)
				must(t, err)
				runs := []string{"complete", "receive", "dispatch", "compact"}
				if slices.Contains(runs, row.Path[strings.LastIndexByte(row.Path, '/')+1:]) {
					if extra == 0 {
						continue // the model's window is smaller
					}
				}
				if got := b.post("/v1"+m.path(row.Path), string(body)).status; got != want {
					t.Errorf("%s: %s of %d characters: %d", row.Path, name, int(most)+extra, got)
				}
			}
		}
	}
	if bounded < 10 {
		t.Errorf("%d members have a bound", bounded)
	}
}

func TestTheServerTakesTheParametersOfTheDocument(t *testing.T) {
	t.Parallel()
	b, c := setup(t), contractOf(t)
	m := b.make()
	seen := 0
	for _, row := range chatbotkit.Rows() {
		if row.Later || row.Method != http.MethodGet {
			continue
		}
		operation := c.object("paths", row.Path, "get")
		parameters, _ := operation["parameters"].([]any)
		for _, p := range parameters {
			parameter := p.(map[string]any)
			name, schema := parameter["name"].(string), parameter["schema"].(map[string]any)
			if parameter["in"] != "query" || schema["type"] == "object" || name == "cursor" || name == "from" || name == "to" || name == "live" || strings.HasSuffix(name, "Id") {
				continue // groups, and what a schema cannot know, are tested elsewhere
			}
			for _, value := range []string{"", "0", "1", "2", "-1", "1000", "1001", "10000", "10001", "x", "1.5", "asc", "desc", "true"} {
				seen++
				want := 400
				if takes(schema, value) {
					want = 200
				}
				path := "/v1" + m.path(row.Path) + "?" + name + "=" + url.QueryEscape(value)
				if a := b.do(request{path: path}); a.status != want && !strings.Contains(a.body, "the number of the last event") {
					t.Errorf("%s: %d %s, want %d", path, a.status, a.body, want)
				}
			}
		}
	}
	if seen < 50 {
		t.Errorf("%d values were tried", seen)
	}
}

// takes reports whether a parameter's schema takes a value, as far as the
// schemas here go.
func takes(schema map[string]any, value string) bool {
	switch schema["type"] {
	case "integer":
		n, err := strconv.ParseInt(value, 10, 64)
		return err == nil && float64(n) >= schema["minimum"].(float64) && float64(n) <= schema["maximum"].(float64)
	case "boolean":
		return value == "true" || value == "false"
	}
	choices, _ := schema["enum"].([]any)
	return choices == nil || slices.Contains(choices, any(value))
}

func TestTheExamplesOfTheDocumentWork(t *testing.T) {
	t.Parallel()
	b, c := setup(t), contractOf(t)
	for _, row := range chatbotkit.Rows() {
		if row.Request == nil {
			continue
		}
		media := c.object("paths", row.Path, strings.ToLower(row.Method), "requestBody", "content", "application/json")
		example, err := json.Marshal(media["example"])
		must(t, err)
		if media["example"] == nil {
			t.Errorf("%s has no example", row.Path)
			continue
		}
		for _, accept := range []string{"", jsonl} {
			if a := b.do(request{method: row.Method, path: b.pathOf(row), body: string(example), accept: accept}); a.status != 200 {
				t.Errorf("%s %s: %d %s", row.Path, example, a.status, a.body)
			}
		}
	}
}

func TestTheDocumentsNeedNoTokenAndAreCached(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ask := func(method, path, tag string) answer {
		return b.do(request{method: method, path: path, token: "-", header: map[string]string{"If-None-Match": tag}})
	}
	spec := ask("GET", "/openapi.json", "")
	var document struct{ OpenAPI string }
	decode(t, spec, &document)
	if document.OpenAPI != "3.1.0" || spec.header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %v", document.OpenAPI, spec.header)
	}
	for _, path := range []string{"/v1/spec", "/api/v1/spec"} {
		if a := ask("GET", path, ""); a.body != spec.body || a.header.Get("Etag") != spec.header.Get("Etag") {
			t.Errorf("%s is another document: %.100s", path, a.body)
		}
	}
	for path, contentType := range map[string]string{"/openapi.json": "application/json", "/docs": "text/html; charset=utf-8"} {
		a := ask("GET", path, "")
		tag := a.header.Get("Etag")
		if a.status != 200 || tag == "" || a.header.Get("Content-Type") != contentType || a.header.Get("Content-Length") != strconv.Itoa(len(a.body)) {
			t.Errorf("%s: %d %v", path, a.status, a.header)
		}
		if head := ask("HEAD", path, ""); head.status != 200 || head.body != "" || head.header.Get("Content-Length") != a.header.Get("Content-Length") {
			t.Errorf("HEAD %s: %d %v", path, head.status, head.header)
		}
		if same := ask("GET", path, tag); same.status != 304 || same.body != "" {
			t.Errorf("%s again: %d", path, same.status)
		}
		if other := ask("POST", path, ""); other.status != 405 || other.header.Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("POST %s: %d %v", path, other.status, other.header)
		}
	}
	for _, path := range []string{"/docs/", "/openapi.json/", "/openapi", "/v1/docs"} {
		if a := ask("GET", path, ""); a.status != 404 && a.status != 401 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

func TestThePageNeedsNoOtherHostAndItsLinksWork(t *testing.T) {
	t.Parallel()
	b := setup(t)
	page := b.do(request{path: "/docs", token: "-"})
	if policy := page.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %s", policy)
	}
	for _, foreign := range []string{"<script", "<link", "<img", "@import", "url(", " src=", " style=", " onclick=", "https://"} {
		if strings.Contains(page.body, foreign) {
			t.Errorf("the page has %s", foreign)
		}
	}
	ids := map[string]bool{}
	for _, found := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page.body, -1) {
		if ids[found[1]] {
			t.Errorf("two places are called %s", found[1])
		}
		ids[found[1]] = true
	}
	links := regexp.MustCompile(` href="([^"]+)"`).FindAllStringSubmatch(page.body, -1)
	for _, link := range links {
		place, local := strings.CutPrefix(link[1], "#")
		switch {
		case local && !ids[place]:
			t.Errorf("there is no %s", link[1])
		case !local && b.do(request{path: link[1], token: "-"}).status != 200:
			t.Errorf("%s cannot be read", link[1])
		}
	}
	for _, row := range chatbotkit.Rows() {
		if !row.Later && !strings.Contains(page.body, fmt.Sprintf("</span> /v1%s</code>", row.Path)) {
			t.Errorf("%s %s is not on the page", row.Method, row.Path)
		}
	}
	if len(links) < 100 {
		t.Errorf("the page has %d links", len(links))
	}
}

func TestTheDocumentIsAlwaysTheSame(t *testing.T) {
	t.Parallel()
	first, err := chatbotkit.Document()
	must(t, err)
	for range 5 {
		if again, err := chatbotkit.Document(); err != nil || string(again) != string(first) {
			t.Fatalf("another one: %v", err)
		}
	}
}

func TestEveryLineOfTheDocumentIsSent(t *testing.T) {
	t.Parallel()
	b := setup(t,
		scripted.Script{scripted.Reasoning("Hm."), scripted.Text("Yes.")},
		scripted.Script{scripted.Text("Half"), scripted.Cut()},
		scripted.Script{scripted.Text("partial"), scripted.Wait(nil)},
		scripted.Script{scripted.Calls("k1", "get_weather", `{"location":"Paris"}`)},
	)
	m := b.make()
	path := "/v1/conversation/" + m.conversation
	live := b.stream(request{path: path + "/events?live=true"})
	b.post(path+"/complete", `{"text":"one"}`)
	b.post(path+"/complete", `{"text":"two"}`)
	running := b.stream(request{path: path + "/complete", body: `{"text":"three"}`})
	running.until("token")
	b.post(path+"/stop", `{}`)
	running.rest()
	waiting := b.stream(request{path: path + "/complete", body: `{"text":"four","functions":[` + waiter + `]}`})
	waiting.until("waitForChannelMessageBegin")
	b.post("/v1/channel/"+channel+"/publish", `{"message":{"celsius":21}}`)
	waiting.rest()
	b.post(path+"/update", `{"name":"x"}`)
	b.post(path+"/upvote", `{}`)
	b.post(path+"/message/"+m.message+"/update", `{"text":"x"}`)
	b.post(path+"/message/"+m.message+"/delete", `{}`)
	b.store.Restart()
	b.post(path+"/send", `{"text":"x"}`)
	lines := append(live.until("restarted"), live.until("message")...) // a deletion takes along what was not read
	b.post(path+"/delete", `{}`)

	sent := map[string]bool{}
	for _, l := range append(lines, live.rest()...) {
		sent[l.Type] = true
	}
	for kind := range contractOf(t).object("components", "schemas", "LogLine", "discriminator", "mapping") {
		if !sent[kind] {
			t.Errorf("no line of type %s was sent", kind)
		}
		delete(sent, kind)
	}
	if len(sent) > 0 {
		t.Errorf("the document does not know %v", sent)
	}
}
