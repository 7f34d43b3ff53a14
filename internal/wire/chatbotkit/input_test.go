package chatbotkit_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/wire/chatbotkit"
)

func unmarshal(t *testing.T, text string, dst any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), dst); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
}

func TestWhatIsTooLargeIsRefusedAndNotStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	long := strings.Repeat("x", 256<<10+1)
	for path, body := range map[string]string{
		"/api/v1/conversation/create":                    `{"name":"` + long + `"}`,
		"/api/v1/conversation/" + id + "/message/create": `{"type":"user","text":"","description":"` + long + `"}`,
		"/api/v1/conversation/" + id + "/update":         `{"taskId":"` + long + `"}`,
		"/v1/conversation/create":                        `{"name":"` + strings.Repeat("x", 8<<20) + `"}`,
		"/v1/conversation/" + id + "/update":             `{"meta":{"a":"` + strings.Repeat("x", 64<<10) + `"}}`,
		"/v1/conversation/" + id + "/send":               `{"text":"` + long + `"}`,
		"/v1/conversation/" + id + "/complete":           `{"text":"` + long + `"}`,
		"/v1/conversation/" + id + "/message/create":     `{"type":"user","text":"` + long + `"}`,
		"/v1/conversation/complete":                      `{"messages":[{"type":"user","text":"` + long + `"}]}`,
	} {
		if a := b.post(path, body); a.status != 413 || !strings.Contains(a.body, "CONTENT_TOO_LARGE") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if got := b.messages(id); got != "" {
		t.Errorf("stored: %.100s", got)
	}
	if a := b.do(request{path: "/v1/conversation/list"}); strings.Count(a.body, `"id"`) != 1 || strings.Contains(a.body, "meta") {
		t.Errorf("stored: %.200s", a.body)
	}
	if len(b.model.Calls()) != 0 {
		t.Error("the model was asked")
	}
}

func TestABrokenBodyIsRefusedAndNotStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	for _, path := range []string{"send", "complete", "message/create", "update"} {
		if a := b.post("/v1/conversation/"+id+"/"+path, "{\"type\":\"user\",\"text\":\"\xff\"}"); a.status != 400 || !strings.Contains(a.body, "UTF-8") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
		text := b.cutOff("/v1/conversation/"+id+"/"+path, `{"type":"user","text":"half`)
		if !strings.HasPrefix(text, "HTTP/1.1 400 ") || !strings.Contains(text, `"code":"BAD_REQUEST"`) {
			t.Errorf("%s: %q", path, text)
		}
	}
	if got := b.messages(id); got != "" {
		t.Errorf("stored: %s", got)
	}
}

// cutOff sends half a body and gives what comes back.
func (b *bundle) cutOff(path, half string) string {
	b.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	must(b.t, err)
	defer func() { _ = c.Close() }()
	_, err = fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", path, b.secret, len(half)+10, half)
	must(b.t, err)
	must(b.t, c.(*net.TCPConn).CloseWrite())
	all, err := io.ReadAll(bufio.NewReader(c))
	must(b.t, err)
	return string(all)
}

func TestTheLogHoldsNoSecretsAndNoText(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.make()
	b.post("/v1/conversation/"+m.conversation+"/complete", `{"text":"the words of a user"}`)
	b.post("/v1/conversation/"+m.conversation+"/complete", `{"text":"the words of a user`)
	b.do(request{path: "/v1/conversation/list?meta.x=private-value", token: m.session})
	log := b.log.String()
	for _, secret := range []string{b.secret, m.session, "words of a user", "private-value", m.conversation} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q: %s", secret, log)
		}
	}
	if !strings.Contains(log, "route=/conversation/{conversationId}/complete") {
		t.Errorf("the log says %s", log)
	}
}

func TestLoneSurrogatesAreStoredAsReplacements(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	b.post("/v1/conversation/"+id+"/send", `{"text":"a\ud800b"}`)
	b.post("/v1/conversation/"+id+"/update", `{"meta":{"k":"\udc00"}}`)
	if got := b.messages(id); got != "user \"a\ufffdb\"" {
		t.Errorf("got %s", got)
	}
	if a := b.do(request{path: "/v1/conversation/" + id + "/fetch"}); !strings.Contains(a.body, `{"k":"\ufffd"}`) {
		t.Errorf("got %s", a.body)
	}
}

func TestPreflightsNeedNoToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.do(request{method: http.MethodOptions, path: "/api/v1/conversation/create", token: "-", header: map[string]string{"Access-Control-Request-Headers": "x-own"}})
	h := a.header
	if a.status != 204 || h.Get("Access-Control-Max-Age") != "600" || h.Get("Access-Control-Allow-Methods") != "GET, POST, PUT, DELETE, OPTIONS" || !strings.HasSuffix(h.Get("Access-Control-Allow-Headers"), ", idempotency-key, x-own") {
		t.Errorf("%d %v", a.status, h)
	}
}

func TestMetaSaysWhatTheServerKnows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		meta, turn, want string
		incomplete       bool
	}{
		{"", "", "", false},
		{`{"a":1}`, "", `{"a":1}`, false},
		{"", "t", `{"turn":"t"}`, false},
		{`{}`, "t", `{"turn":"t"}`, false},
		{`{"a":1.0}`, "t", `{"a":1.0,"incomplete":true,"turn":"t"}`, true},
		{`{"turn":7}`, "t", `{"turn":7,"incomplete":true}`, true},
	} {
		if got := chatbotkit.ExtendMeta(c.meta, c.incomplete, c.turn); got != c.want {
			t.Errorf("%s: got %s, want %s", c.meta, got, c.want)
		}
	}
}

func TestMetaSaysWhatATextCites(t *testing.T) {
	t.Parallel()
	page := convo.Citation{ID: "k", Offset: 3, Length: 5, Sources: []convo.Source{{Title: "A & B", Number: 1, URL: "https://a.example"}}}
	file := convo.Citation{ID: "l", Offset: 9, Sources: []convo.Source{{Title: "C", Number: 2, DownloadURL: "https://c.example", MediaType: "text/pdf", PageNumber: "3", Origin: "c.pdf"}, page.Sources[0]}}
	const want = `"citations":[{"number":1,"title":"A & B","url":"https://a.example","offset":3,"length":5},` +
		`{"number":2,"title":"C","url":"https://c.example","source":"c.pdf","pageNumber":"3","offset":9,"length":0},` +
		`{"number":1,"title":"A & B","url":"https://a.example","offset":9,"length":0}]}`
	if got := chatbotkit.ExtendMeta(`{"a":1}`, false, "t", page, file); got != `{"a":1,"turn":"t",`+want {
		t.Errorf("got %s", got)
	}
	if got := chatbotkit.ExtendMeta(`{"citations":1}`, false, "", page); got != `{"citations":1}` {
		t.Errorf("what the caller stored became %s", got)
	}
}

func FuzzRequests(f *testing.F) {
	contract, err := theContract()
	must(f, err)
	decoders, schemas := chatbotkit.Decoders(), map[reflect.Type]*jsonschema.Schema{}
	var types []reflect.Type
	for _, row := range chatbotkit.Rows() {
		if row.Request == nil {
			continue
		}
		if decoders[row.Request] == nil {
			f.Fatalf("%s has no decoder here", row.Request)
		}
		types = append(types, row.Request)
		schemas[row.Request] = contract.requests[row.Method+" "+row.Path]
	}
	for i := range types {
		f.Add(byte(i), []byte(`{"name":"a","meta":{"b":[1]},"messages":[{"type":"user","text":"t"}],"type":"user","text":null,
			"entities":[{"type":"e","begin":1,"replacement":{"text":"r"}}],"functions":[{"name":"f","parameters":{"type":"object"},"result":{"data":null},"call":{"start":true}},{"name":"g","result":{"channel":"0123456789abcdef"}}],
			"extensions":{"datasets":[{"records":[{"text":"x"}]}],"skillsets":[{"abilities":[{"name":"a","meta":{}}]}],"features":[{"name":"skills","options":{}}]},"limits":{"calls":1},"value":1.0,"privacy":false,"contactId":{}}`))
	}
	f.Fuzz(func(t *testing.T, i byte, body []byte) {
		err := decoders[types[int(i)%len(types)]](body)
		if err != nil && convo.ErrorKind(err) != convo.Invalid {
			t.Fatalf("%q: %v", body, err)
		}
		// What the document takes, the decoder takes.
		plain, ok := plainObject(body)
		if !ok || schemas[types[int(i)%len(types)]].Validate(plain) != nil {
			return
		}
		again, err := json.Marshal(plain)
		if err != nil {
			t.Fatal(err)
		}
		if err := decoders[types[int(i)%len(types)]](again); err != nil && !strings.Contains(err.Error(), "number") {
			t.Fatalf("the document takes %s: %v", again, err)
		}
	})
}

// plainObject reads an object. Of a member that is given twice one is left.
func plainObject(body []byte) (any, bool) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	_, isObject := value.(map[string]any)
	return value, err == nil && isObject
}

func BenchmarkTokenLine(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(chatbotkit.TokenLines(b.Loop) / b.N))
}

func TestFiltersOnMetaAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	many := ""
	for i := range 17 {
		many += fmt.Sprintf("&meta.k%d=1", i)
	}
	for query, want := range map[string]int{
		"meta.a.b.c=1": 200,
		"meta." + strings.Repeat("a.", 15) + "a=1": 200,
		"meta." + strings.Repeat("a.", 16) + "a=1": 400,
		many[1:]: 400,
	} {
		if a := b.do(request{path: "/v1/conversation/list?" + query}); a.status != want {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
}

func TestAnIDThatIsTooLongIsUnknownAndNotRepeated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := strings.Repeat("a", 5000)
	for _, path := range []string{"/v1/conversation/" + id + "/fetch", "/v1/conversation/" + b.conversation() + "/message/" + id + "/fetch"} {
		if a := b.do(request{path: path}); a.status != 404 || strings.Contains(a.body, "aaaa") {
			t.Errorf("%d %.100s", a.status, a.body)
		}
	}
}

func TestAListIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	body := `{"messages":[` + strings.Repeat(`{"type":"user","text":""},`, 10_000) + `{"type":"user","text":""}]}`
	if a := b.post("/v1/conversation/create", body); a.status != 400 || !strings.Contains(a.body, "messages must have at most 10000 items") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestEveryAnswerInLinesHasTheirHeaders(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	for _, q := range []request{
		{path: "/v1/conversation/create", body: `{}`},
		{path: "/v1/conversation/" + id + "/send", body: `{"text":"x"}`},
		{path: "/v1/conversation/" + id + "/fetch"},
		{path: "/v1/conversation/list"},
	} {
		q.accept = jsonl
		a := b.do(q)
		if a.header.Get("Cache-Control") != "no-cache, no-transform" || a.header.Get("X-Accel-Buffering") != "no" {
			t.Errorf("%s: %v", q.path, a.header)
		}
	}
}

func TestAnEmptyListOfMessagesIsEchoed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if a := b.post("/v1/conversation/create", `{"messages":[]}`); !strings.HasSuffix(a.body, `,"messages":[]}`) {
		t.Errorf("got %s", a.body)
	}
	if a := b.post("/v1/conversation/create", `{"messages":null}`); strings.Contains(a.body, "messages") {
		t.Errorf("got %s", a.body)
	}
}

func TestEvery429SaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{scripted.Limited(0)}, scripted.Script{scripted.Limited(0)}, scripted.Script{scripted.Limited(0)})
	if a := b.post("/v1/conversation/complete", `{"text":"Hi"}`); a.status != 429 || a.header.Get("Retry-After") == "" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
}

func TestAListInAListTakesLittleRoom(t *testing.T) {
	t.Parallel()
	types := chatbotkit.ListTypes()
	for _, row := range chatbotkit.Rows() {
		if row.Request != nil {
			types = append(types, row.Request)
		}
	}
	inner := 0
	// A body of 8 MiB could have millions of items of three bytes each.
	const room = 16 << 20
	var walk func(kind reflect.Type, most, depth, items int)
	walk = func(kind reflect.Type, most, depth, items int) {
		switch kind.Kind() {
		case reflect.Slice:
			if kind.Elem().Kind() == reflect.Uint8 {
				return
			}
			if depth++; depth > 1 {
				inner++
				if size := int(kind.Elem().Size()); size*items*most > room {
					t.Errorf("%d items of %s take %d bytes each", items*most, kind, size)
				}
			}
			walk(kind.Elem(), httpio.MaxItems, depth, items*most)
		case reflect.Struct:
			for field := range kind.Fields() {
				most, err := strconv.Atoi(field.Tag.Get("most"))
				if err != nil {
					most = httpio.MaxItems
				}
				walk(field.Type, most, depth, items)
			}
		case reflect.Pointer:
			walk(kind.Elem(), most, depth, items)
		}
	}
	for _, kind := range types {
		walk(kind, httpio.MaxItems, 0, 1)
	}
	if inner < 2 {
		t.Errorf("%d lists stand in lists", inner)
	}
}

func TestATimeZoneHasOneName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, want := range map[string]int{
		"Europe/Paris": 200, "UTC": 200, "America/Argentina/Ushuaia": 200,
		"Europe//Paris": 400, "Europe/./Paris": 400, "./UTC": 400, "UTC/": 400, "../UTC": 400, "/UTC": 400,
	} {
		for range 2 { // a good one is remembered
			a := b.do(request{path: "/v1/platform/model/list", header: map[string]string{"X-Timezone": name}})
			if a.status != want {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
	}
}
