package client_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/client"
)

// hosted is a recorded fake of the hosted service: it answers the requests of
// testdata/hosted, which a client must make exactly as they are there, and
// everything else with 404.
type hosted struct {
	exchanges map[string]exchange

	mu     sync.Mutex
	strays []string
	cut    bool // streams break before their last line
}

type exchange struct {
	status int
	header http.Header
	body   string
}

// record reads an exchange: what identifies its request, and its answer.
func record(t *testing.T, file string) (request string, e exchange) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.SplitN(string(text), "--\n", 4)
	if len(parts) < 4 {
		t.Fatalf("%s has %d parts", file, len(parts))
	}
	head, sent, answered, body := strings.TrimSpace(parts[0]), strings.TrimSpace(parts[1]), parts[2], parts[3]
	status, headers, _ := strings.Cut(answered, "\n")
	e = exchange{header: http.Header{}, body: body}
	if e.status, err = strconv.Atoi(strings.TrimSpace(status)); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for line := range strings.Lines(headers) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		e.header.Set(name, value)
	}
	return head + "\n\n" + sent, e
}

// withHosted makes a client of the hosted service, whose requests go to the
// fake.
func withHosted(t *testing.T, options ...client.Option) (*client.Client, *hosted) {
	t.Helper()
	h := &hosted{exchanges: map[string]exchange{}}
	files, err := filepath.Glob("testdata/hosted/*.txt")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d exchanges, %v", len(files), err)
	}
	for _, file := range files {
		request, e := record(t, file)
		h.exchanges[request] = e
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	rewrite := rewriter(func(r *http.Request) (*http.Response, error) {
		if r.URL.Scheme != "https" || r.URL.Host != "api.chatbotkit.com" {
			t.Errorf("it asks %s", r.URL)
		}
		r = r.Clone(r.Context())
		r.URL.Scheme, r.URL.Host = target.Scheme, target.Host
		return transport.RoundTrip(r)
	})
	all := append([]client.Option{client.WithBaseURL(client.HostedBaseURL), client.WithSecret("sk-test"), client.WithHTTPClient(&http.Client{Transport: rewrite})}, options...)
	c, err := client.New(all...)
	if err != nil {
		t.Fatal(err)
	}
	return c, h
}

type rewriter func(*http.Request) (*http.Response, error)

func (f rewriter) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (h *hosted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sent, _ := io.ReadAll(r.Body)
	request := fmt.Sprintf("%s %s", r.Method, r.URL.RequestURI())
	for _, name := range []string{"accept", "authorization", "content-type"} {
		if value := r.Header.Get(name); value != "" {
			request += fmt.Sprintf("\n%s: %s", name, value)
		}
	}
	request += "\n\n" + string(sent)
	h.mu.Lock()
	defer h.mu.Unlock()
	e, known := h.exchanges[request]
	if !known {
		h.strays = append(h.strays, request)
		e = exchange{status: 404, header: http.Header{"Content-Type": {"application/json"}}, body: `{"message":"Not found","code":"NOT_FOUND"}`}
	}
	for name, values := range e.header {
		w.Header()[name] = values
	}
	w.WriteHeader(e.status)
	lines := slices.Collect(strings.Lines(e.body))
	for i, line := range lines {
		if h.cut && i == len(lines)-1 && r.Header.Get("Accept") == "application/jsonl" {
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, line)
	}
}

func TestTheClientSuitsTheHostedService(t *testing.T) {
	t.Parallel()
	c, h := withHosted(t)
	ctx := t.Context()
	check := func(what string, got, want any, err error) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s gives %+v, %v; want %+v", what, got, err, want)
		}
	}
	created, err := c.Conversation.Create(ctx, client.ConversationCreateRequest{Model: client.Set("gpt-4o"), Backstory: client.Set("A parrot.")})
	check("create", created, &client.CreatedConversation{ID: "clq0conv"}, err)
	id := created.ID
	changed, err := c.Conversation.Update(ctx, id, client.ConversationUpdateRequest{
		Name: client.Set("Parrot"), Description: client.Null[string](), Backstory: client.Set(""),
	})
	check("update", changed, &client.Reference{ID: id}, err)
	result, err := c.Conversation.Complete(ctx, id, say("Polly"))
	check("complete", result, &client.Result{ID: "msg1", Text: "Polly wants a cracker.", Usage: client.Usage{Token: 42}}, err)
	result, err = c.Conversation.CompleteStateless(ctx, client.CompleteStatelessRequest{
		Model: client.Set("gpt-4o"), Messages: []client.Message{{Type: client.MessageUser, Text: "Polly"}},
	})
	check("complete without a conversation", result, &client.Result{Text: "Polly.", Usage: client.Usage{Token: 7}}, err)
	ann := client.Entity{Type: "name", Begin: 5, End: 8, Text: "Ann", Replacement: &client.Replacement{Begin: 5, End: 8, Text: "xyz"}}
	sent, err := c.Conversation.Send(ctx, id, client.SendRequest{Text: "I am Ann.", Entities: []client.Entity{ann}})
	check("send", sent, &client.StoredMessage{ID: "msg2", Entities: []client.Entity{ann}}, err)
	result, err = c.Conversation.Receive(ctx, id, client.ReceiveRequest{
		Functions: []client.Function{{
			Name: "weather", Description: "The weather",
			Parameters: &client.Parameters{Properties: map[string]any{"place": map[string]any{"type": "string"}}, Required: []string{"place"}},
			Result:     &client.FunctionResult{Data: client.Set[any](nil)},
		}},
		Extensions: &client.Extensions{Datasets: []client.ExtensionDataset{{Name: "menu", Records: []client.ExtensionRecord{{Text: "Soup"}}}}},
	})
	check("receive", result, &client.Result{ID: "msg3", Text: "Hello Ann.", Usage: client.Usage{Token: 9}}, err)
	session, err := c.Conversation.Session.Create(ctx, id, client.SessionCreateRequest{DurationInSeconds: 1800})
	check("session", []any{session.Token, session.ExpiresAt.UnixMilli()}, []any{"st-0123456789", int64(1700000000000)}, err)
	gone, err := c.Conversation.Delete(ctx, id)
	check("delete", gone, &client.Reference{ID: id}, err)
	_, err = c.Conversation.Fetch(ctx, "nobody")
	if refused, ok := errors.AsType[*client.Error](err); !ok || refused.Status != 404 || refused.Code != client.CodeNotFound {
		t.Errorf("an unknown one: %v", err)
	}
	if len(h.strays) > 0 {
		t.Errorf("requests that are not recorded: %q", h.strays)
	}
}

func TestListsWithoutCursorsArePaged(t *testing.T) {
	t.Parallel()
	c, h := withHosted(t)
	var found []client.Conversation
	for item, err := range c.Conversation.All(t.Context(), client.ListRequest{Take: 2, Meta: map[string]string{"team": "blue"}}) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, item)
	}
	if len(found) != 2 || found[0].Name.Or("") != "Two" || found[0].CreatedAt.UnixMilli() != 1700000002000 || !found[1].Description.IsNull() {
		t.Fatalf("got %+v", found)
	}
	if private, ok := found[1].Privacy.Get(); !ok || private || !found[0].Privacy.IsZero() {
		t.Error("a stored false and an absent value look alike")
	}
	if meta, _ := found[0].Meta.Get(); fmt.Sprint(meta["n"]) != "12345678901234567890" {
		t.Errorf("a number became %v", meta["n"])
	}
	streamed := 0
	for item, err := range c.Conversation.ListStream(t.Context(), client.ListRequest{}) {
		if err != nil || item.ID == "" {
			t.Errorf("got %+v, %v", item, err)
		}
		streamed++
	}
	if streamed != 2 || len(h.strays) > 0 {
		t.Errorf("%d items; not recorded: %q", streamed, h.strays)
	}
}

func TestAStreamWithoutNumbersIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	c, h := withHosted(t)
	stream := c.Conversation.CompleteStream(t.Context(), "clq0conv", say("Polly"))
	var seen []string
	for event, err := range stream.Events() {
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, string(event.Info().Kind))
		if e, ok := event.(client.UnknownEvent); ok && string(e.Data) != `{"a":[1,2]}` {
			t.Errorf("an unknown event came as %s", e.Data)
		}
	}
	if !slices.Equal(seen, []string{"token", "token", "somethingNew", "result"}) || stream.Result().Text != "Polly wants." {
		t.Errorf("got %v, %+v", seen, stream.Result())
	}
	if len(h.strays) > 0 {
		t.Errorf("requests that are not recorded: %q", h.strays)
	}
}

// Whoever sends no numbers does not know the request again either: a second one
// would be a second message and a second answer.
func TestAStreamWithoutNumbersIsNotResumed(t *testing.T) {
	t.Parallel()
	c, h := withHosted(t)
	h.cut = true
	var text strings.Builder
	var failed error
	for token, err := range c.Conversation.CompleteStream(t.Context(), "clq0conv", say("Polly")).Text() {
		text.WriteString(token)
		failed = err
	}
	if text.String() != "Polly wants." || !errors.Is(failed, io.ErrUnexpectedEOF) {
		t.Errorf("got %q, %v", &text, failed)
	}
	if len(h.strays) > 0 {
		t.Errorf("it asked again: %q", h.strays)
	}
}

// Nothing was given yet, so only the server's knowledge of keys is missing.
func TestAStreamThatIsCutAtOnceIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	c, h := withHosted(t)
	h.cut = true
	for request, e := range h.exchanges {
		if strings.Contains(request, "application/jsonl") && strings.Contains(request, "/complete") {
			h.exchanges[request] = exchange{status: e.status, header: e.header, body: "{}\n"}
		}
	}
	_, err := c.Conversation.CompleteStream(t.Context(), "clq0conv", say("Polly")).Wait()
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	if len(h.strays) != 1 || !strings.HasPrefix(h.strays[0], "GET /v1/conversation/clq0conv/events?take=1") {
		t.Errorf("it asked for %q", h.strays)
	}
}
