package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/client"
	"github.com/parleyhq/parley/internal/config"
)

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]client.Option{
		"an address without a scheme": client.WithBaseURL("127.0.0.1:8787"),
		"an address with a query":     client.WithBaseURL("http://x/?a=b"),
		"another protocol":            client.WithBaseURL("ftp://x"),
		"no HTTP client":              client.WithHTTPClient(nil),
		"a key for all calls":         client.WithIdempotencyKey("k"),
		"fewer than no retries":       client.WithRetries(-1),
		"fewer than no resumes":       client.WithResumes(-1),
		"no patience":                 client.WithIdleTimeout(0),
		"a negative timeout":          client.WithTimeout(-1),
		"a secret with its line":      client.WithSecret("hush\n"),
		"a header in a header":        client.WithHeader("X-Team", "blue\r\nX-Admin: yes"),
		"a header without a name":     client.WithHeader("", "blue"),
		"a key among the headers":     client.WithHeader("idempotency-key", "k"),
	} {
		if _, err := client.New(option); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s gives %v", name, err)
		}
	}
	a := &answers{all: []response{status(200, `{}`)}}
	c := scripted(t, a)
	for _, key := range []string{"", "two words", "\n", strings.Repeat("k", 256)} {
		if _, err := c.Conversation.Create(t.Context(), client.ConversationCreateRequest{}, client.WithIdempotencyKey(key)); err == nil {
			t.Errorf("the key %q passes", key)
		}
	}
	if len(a.keys) > 0 {
		t.Error("a refused call made a request")
	}
}

// Without an address, a secret goes nowhere but to the server that parley serve
// makes of its defaults.
func TestAClientThatWasToldNothingCallsItsOwnMachine(t *testing.T) {
	t.Parallel()
	c, err := client.New()
	if err != nil {
		t.Fatal(err)
	}
	l, err := config.Load(config.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.URL().String(), "http://"+l.Config.Listen; got != want {
		t.Errorf("it calls %s, not %s", got, want)
	}
}

func TestWhoeverPrintsAClientSeesNoSecret(t *testing.T) {
	t.Parallel()
	c, err := client.New(client.WithSecret("hush"), client.WithHeader("X-Key", "hush"))
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, c) + fmt.Sprintf(format, *c); strings.Contains(text, "hush") {
			t.Errorf("%s gives %s", format, text)
		}
	}
}

// A proxy may take "message/.." out of a path, and what was meant for a message
// would happen to its conversation.
func TestIDsThatLeadElsewhereAreRefused(t *testing.T) {
	t.Parallel()
	a := &answers{all: []response{status(200, `{}`)}}
	c := scripted(t, a)
	for _, id := range []string{".", ".."} {
		_, message := c.Conversation.Message.Delete(t.Context(), "c1", id)
		_, conversation := c.Conversation.Delete(t.Context(), id)
		if message == nil || conversation == nil {
			t.Errorf("%s gives %v and %v", id, message, conversation)
		}
	}
	if len(a.keys) > 0 {
		t.Error("a request was made")
	}
	if _, err := c.Conversation.Fetch(t.Context(), "..."); err != nil {
		t.Errorf("an id that only looks odd: %v", err)
	}
}

func TestEmptyIDsAreRefusedBeforeTheyAskForSomethingElse(t *testing.T) {
	t.Parallel()
	a := &answers{all: []response{status(200, `{}`)}}
	c := scripted(t, a)
	_, complete := c.Conversation.Complete(t.Context(), "", say("hi"))
	_, fetch := c.Conversation.Message.Fetch(t.Context(), "c1", "")
	_, wait := c.Conversation.CompleteStream(t.Context(), "", say("hi")).Wait()
	_, list := c.Conversation.Message.List(t.Context(), "", client.ListRequest{})
	_, page := c.Conversation.Events(t.Context(), "", client.EventsRequest{})
	stream := errors.New("nothing")
	for _, stream = range c.Conversation.EventStream(t.Context(), "", client.EventStreamRequest{}) {
	}
	for i, err := range []error{complete, fetch, wait, list, page, stream} {
		if err == nil || !strings.Contains(err.Error(), "empty") {
			t.Errorf("call %d gives %v", i, err)
		}
	}
	if len(a.keys) > 0 {
		t.Error("a request was made")
	}
}

func TestARequestSaysWhatTheOptionsSay(t *testing.T) {
	t.Parallel()
	var got *http.Request
	a := &answers{all: []response{func(r *http.Request) (*http.Response, error) {
		got = r
		return status(200, `{}`)(r)
	}}}
	c := scripted(t, a, client.WithBaseURL("https://example.com/chat/"), client.WithSecret("s1"), client.WithTimezone("Europe/Sofia"), client.WithHeader("X-Team", "blue"))
	expect := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s is %q, not %q", what, got, want)
		}
	}
	if _, err := c.Conversation.Complete(t.Context(), "a/../b?", say("hi"), client.WithTimezone("UTC"), client.WithIdempotencyKey("k1"), client.WithUserAgent("me/1")); err != nil {
		t.Fatal(err)
	}
	expect("the address", got.URL.String(), "https://example.com/chat/api/v1/conversation/a%2F..%2Fb%3F/complete")
	expect("the zone", got.Header.Get("X-Timezone"), "UTC")
	expect("the key", got.Header.Get("Idempotency-Key"), "k1")
	expect("the user agent", got.Header.Get("User-Agent"), "me/1")
	expect("the team", got.Header.Get("X-Team"), "blue")
	expect("the token", got.Header.Get("Authorization"), "Bearer s1")
	if _, err := c.Conversation.Fetch(t.Context(), "c1", client.WithSecret("s2")); err != nil {
		t.Fatal(err)
	}
	expect("the zone of the next call", got.Header.Get("X-Timezone"), "Europe/Sofia")
	expect("the key of a GET", got.Header.Get("Idempotency-Key"), "")
	expect("the token of this call", got.Header.Get("Authorization"), "Bearer s2")
	if _, err := c.Conversation.CompleteStateless(t.Context(), client.CompleteStatelessRequest{}); err != nil {
		t.Fatal(err)
	}
	expect("the key of a stateless completion", got.Header.Get("Idempotency-Key"), "")
}

func TestASecretIsInNoError(t *testing.T) {
	t.Parallel()
	for _, answer := range []response{refused, status(401, `{"message":"who are you?","code":"NOT_AUTHENTICATED"}`), status(200, `x`)} {
		c := scripted(t, &answers{all: []response{answer}}, client.WithSecret("hush"), client.WithRetries(0))
		if _, err := c.Conversation.Fetch(t.Context(), "c1"); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("got %v", err)
		}
	}
}

func TestAbsentNullAndGivenAreThreeThings(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(client.ConversationOptions{
		Name: client.Null[string](), Backstory: client.Set(""), Privacy: client.Set(false), Meta: client.Set(client.Meta{}),
	})
	if want := `{"name":null,"meta":{},"backstory":"","privacy":false}`; err != nil || string(text) != want {
		t.Errorf("got %s, %v; want %s", text, err, want)
	}
	var back client.ConversationOptions
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(back); err != nil || string(again) != string(text) {
		t.Errorf("it came back as %s, %v", again, err)
	}
	if value, ok := back.Privacy.Get(); value || !ok || back.Name.Or("x") != "x" || !back.Model.IsZero() {
		t.Errorf("got %+v", back)
	}
	var at client.Time
	if err := json.Unmarshal([]byte("1700000000123"), &at); err != nil || !at.Equal(time.UnixMilli(1700000000123)) {
		t.Errorf("got %v, %v", at, err)
	}
	if text, err := json.Marshal(at); err != nil || string(text) != "1700000000123" {
		t.Errorf("got %s, %v", text, err)
	}
}

// Create and update take the same fields; only their struct differs.
func TestAConversationIsMadeOfTheFieldsThatAnUpdateHas(t *testing.T) {
	t.Parallel()
	options := client.ConversationOptions{
		Name: client.Set("a"), Description: client.Set("b"), Meta: client.Set(client.Meta{"c": "d"}), BotID: client.Set("e"),
		ContactID: client.Set("f"), TaskID: client.Set("g"), SpaceID: client.Set("h"), Model: client.Set("i"), Backstory: client.Set("j"),
		DatasetID: client.Set("k"), SkillsetID: client.Set("l"), Privacy: client.Set(true), Moderation: client.Set(true),
	}
	text, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	var create client.ConversationCreateRequest
	if err := json.Unmarshal(text, &create); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(create); err != nil || string(again) != string(text) {
		t.Errorf("an update is %s, and a creation %s, %v", text, again, err)
	}
}

func TestASchemaIsKeptWhole(t *testing.T) {
	t.Parallel()
	const schema = `{"additionalProperties":false,"properties":{"n":{"maximum":9007199254740993,"type":"integer"}},"required":["n"],"type":"object"}`
	var function client.Function
	if err := json.Unmarshal([]byte(`{"name":"count","parameters":`+schema+`}`), &function); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(function)
	if want := `{"name":"count","parameters":` + schema + `}`; err != nil || string(text) != want {
		t.Errorf("got %s, %v\nwant %s", text, err, want)
	}
	for _, bad := range []string{`7`, `{"type":7}`, `{"required":{}}`} {
		if err := json.Unmarshal([]byte(bad), &client.Parameters{}); err == nil {
			t.Errorf("%s passes", bad)
		}
	}
	if text, err := json.Marshal(client.Parameters{}); err != nil || string(text) != `{"properties":{},"type":"object"}` {
		t.Errorf("no parameters are %s, %v", text, err)
	}
}

func TestFetchReachesAnyPath(t *testing.T) {
	t.Parallel()
	c := handled(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/api/v1/file/f1/upload":
			file, header, err := r.FormFile("file")
			if err != nil {
				t.Error(err)
				return
			}
			content, err := io.ReadAll(file)
			if err != nil || string(content) != "a,b" || header.Filename != "t.csv" || header.Header.Get("Content-Type") != "text/csv" {
				t.Errorf("got %q as %v, %v", content, header, err)
			}
			flush(w, `{"id":"f1"}`)
		case r.Header.Get("Accept") == "application/jsonl":
			flush(w, `{"type":"message","data":{"type":"x"}}`+"\n"+`{"type":"other","data":1}`+"\n")
		default:
			content, err := io.ReadAll(r.Body)
			if err != nil || r.Method != http.MethodPost || string(content) != `{"search":"soup"}` || r.Header.Get("Idempotency-Key") == "" {
				t.Errorf("got %s %s, %v", r.Method, content, err)
			}
			flush(w, `{"id":"d1"}`)
		}
	})
	for path, in := range map[string]client.FetchOptions{
		"/api/v1/dataset/d1/search": {Data: map[string]string{"search": "soup"}},
		"/api/v1/file/f1/upload":    {File: &client.File{Name: "t.csv", Type: "text/csv", Data: []byte("a,b")}},
	} {
		response, err := c.Fetch(t.Context(), path, in)
		if err != nil {
			t.Fatal(err)
		}
		var out client.Reference
		if err := response.Decode(&out); err != nil || out.ID == "" {
			t.Errorf("got %v, %v", out, err)
		}
	}
	response, err := c.Fetch(t.Context(), "/api/v1/channel/c1/subscribe", client.FetchOptions{Method: http.MethodPost, Stream: true})
	if err != nil {
		t.Fatal(err)
	}
	events := 0
	for _, err := range response.Events() {
		if err != nil {
			t.Error(err)
		}
		events++
	}
	if events != 2 {
		t.Errorf("got %d events", events)
	}
	for path, in := range map[string]client.FetchOptions{
		"/v2/x":           {},
		"/api/v1/x?y=z":   {},
		"/api/v1/both":    {Data: 1, File: &client.File{}},
		"/api/v1/get":     {Method: http.MethodGet, Data: 1},
		"/api/v1/endless": {Data: make(chan int)},
		"/api/v1/form":    {File: &client.File{Type: "text/csv\r\nX-Admin: yes"}},
	} {
		if _, err := c.Fetch(t.Context(), path, in); err == nil {
			t.Errorf("%s passes", path)
		}
	}
}

// One client serves many goroutines, also with options of their own.
func TestAClientMayBeUsedByMany(t *testing.T) {
	t.Parallel()
	c := connect(t, client.WithTimezone("UTC"))
	id := converse(t, c)
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			_, err := c.Conversation.Send(t.Context(), id, client.SendRequest{Text: "hi"}, client.WithHeader("X-Number", strconv.Itoa(n)))
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	page, err := c.Conversation.Message.List(t.Context(), id, client.ListRequest{})
	if err != nil || len(page.Items) != 8 {
		t.Errorf("there are %d messages, %v", len(page.Items), err)
	}
}
