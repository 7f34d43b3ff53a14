package chatbotkit_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// ability makes an ability in a skillset of its own, and gives its path.
func (b *bundle) ability(instruction string, fields string) string {
	b.t.Helper()
	set := b.made("/v1/skillset/create", `{"name":"set"}`)
	quoted, err := json.Marshal(instruction)
	must(b.t, err)
	id := b.made("/v1/skillset/"+set+"/ability/create", `{"name":"a","instruction":`+string(quoted)+fields+`}`)
	return "/v1/skillset/" + set + "/ability/" + id
}

// made posts and gives the id of what was made.
func (b *bundle) made(path, body string) string {
	b.t.Helper()
	var object struct{ ID string }
	a := b.do(request{path: path, body: body})
	if a.status != http.StatusOK || json.Unmarshal([]byte(a.body), &object) != nil || object.ID == "" {
		b.t.Fatalf("%s: %d %s", path, a.status, a.body)
	}
	return object.ID
}

func TestAnAbilityIsExecuted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	greet := b.ability("Greet $[name!|whom to greet] by name.", "")
	for input, want := range map[string]string{
		`{"input":"Ann"}`:               `{"usage":{"token":0},"result":"Greet Ann by name."}`,
		`{"input":"{\"name\":\"Bé\"}"}`: `{"usage":{"token":0},"result":"Greet Bé by name."}`,
		`{}`:                            `{"usage":{"token":0},"error":"the parameter name is missing"}`,
	} {
		if a := b.do(request{path: greet + "/execute", body: input}); a.status != http.StatusOK || strings.TrimSpace(a.body) != want {
			t.Errorf("%s: %d %s, not %s", input, a.status, a.body, want)
		}
	}
	lines := b.do(request{path: greet + "/execute", body: `{"input":"Ann"}`, accept: "application/jsonl"})
	if lines.body != `{"type":"result","data":{"usage":{"token":0},"result":"Greet Ann by name."}}`+"\n" {
		t.Errorf("as lines it is %s", lines.body)
	}
	for name, q := range map[string]request{
		"another tenant": {path: greet + "/execute", body: `{}`, token: b.foreign},
		"no ability":     {path: greet[:strings.LastIndexByte(greet, '/')] + "/none/execute", body: `{}`},
	} {
		if a := b.do(q); a.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

func TestAnAbilityThatFailsIsAnAnswerWithoutTheSecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "no to %s", r.Header.Get("Authorization"))
	}))
	t.Cleanup(server.Close)
	secret := b.made("/v1/secret/create", `{"name":"KEY","type":"bearer","value":"the-value-of-it"}`)
	for instruction, want := range map[string]string{
		"```fetch\nGET " + server.URL + "\n```":              "status 418: no to Bearer ••••",
		"```fetch\nGET http://[::1]:1/\n```":                 "outbound.allow",
		"```fetch\nGET " + server.URL + "\nX: ${OTHER}\n```": "${OTHER} does not exist",
		"```fetch\nGET " + server.URL + "/?a=${KEY}\n```":    "status 418",
		"```email\n```": "action not supported",
		"$[":            "instruction is wrong",
	} {
		a := b.do(request{path: b.ability(instruction, `,"secretId":"`+secret+`"`) + "/execute", body: `{}`})
		var out struct{ Error string }
		if a.status != http.StatusOK || json.Unmarshal([]byte(a.body), &out) != nil || !strings.Contains(out.Error, want) || strings.Contains(a.body, "the-value") {
			t.Errorf("%q: %d %s", instruction, a.status, a.body)
		}
	}
	if strings.Contains(b.log.String(), "the-value") {
		t.Error("the log has the secret")
	}
}

func TestAnAbilityWithAKeyIsExecutedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var calls atomic.Int64
	arrived, leave := make(chan struct{}, 8), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-leave
		fmt.Fprintf(w, "%d", calls.Add(1))
	}))
	t.Cleanup(server.Close)
	q := request{path: b.ability("```fetch\nPOST "+server.URL+"\n```", "") + "/execute", body: `{}`, header: map[string]string{"Idempotency-Key": "once"}}
	var running sync.WaitGroup
	answers := make(chan string, 3)
	for range 2 {
		running.Go(func() { answers <- b.do(q).body })
	}
	<-arrived
	close(leave)
	running.Wait()
	answers <- b.do(q).body
	for range 3 {
		if got := strings.TrimSpace(<-answers); got != `{"usage":{"token":0},"result":1}` {
			t.Errorf("an answer is %s", got)
		}
	}
	q.header = nil
	if got := b.do(q).body; !strings.Contains(got, `"result":2`) {
		t.Errorf("without the key the answer is %s", got)
	}
}
