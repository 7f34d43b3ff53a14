package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parleyhq/parley/client"
)

// talked makes a server with some conversations, and gives its address.
func talked(t *testing.T) (from string, c *client.Client) {
	t.Helper()
	_, server, _ := withProvider(t)
	c, err := client.New(client.WithBaseURL("http://"+strings.TrimPrefix(address(server), "http://")), client.WithSecret("the-secret-of-all-tests"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	for range 3 {
		made, err := c.Conversation.Create(t.Context(), client.ConversationCreateRequest{
			Name: client.Set("Tee für zwei 🍵"), Messages: []client.Message{{Type: client.MessageContext, Text: "facts"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Conversation.Complete(t.Context(), made.ID, client.CompleteRequest{Text: client.Set("hello")}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Conversation.Upvote(t.Context(), made.ID, client.VoteRequest{Reason: "good"}); err != nil {
			t.Fatal(err)
		}
	}
	return c.URL().String(), c
}

func TestConversationsArePulledFromAnotherServer(t *testing.T) {
	t.Parallel()
	from, c := talked(t)
	_, running := serve(t)
	idle := []string{"PARLEY_DATA=" + filepath.Join(t.TempDir(), "d")}
	for name, env := range map[string][]string{"with": running, "without": idle} {
		env = append(env, "PARLEY_IMPORT_SECRET=the-secret-of-all-tests")
		if _, said := run(t, exitFine, env, "import", "--from", from); !strings.Contains(said, "Imported 3 conversations with ") || !strings.Contains(said, "; 0 were there already, 0 refused") {
			t.Errorf("%s a server: %q", name, said)
		}
		if _, said := run(t, exitFine, env, "import", "--from", from); !strings.Contains(said, "Imported 0 conversations with 0 events; 3 were there already, 0 refused") {
			t.Errorf("%s a server, again: %q", name, said)
		}
		out, _ := run(t, exitFine, env, "export", "-")
		for _, want := range []string{`Created","body":{"name":"Tee für zwei 🍵"}`, `"text":"facts"`, `"text":"You said: hello"`, `"reason":"good"`} {
			if strings.Count(out, want) != 3 {
				t.Errorf("%s a server, %s is not there three times: %s", name, want, out)
			}
		}
	}
	run(t, exitFine, idle, "check")
	for found, err := range c.Conversation.All(t.Context(), client.ListRequest{}) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Conversation.Update(t.Context(), found.ID, client.ConversationUpdateRequest{Name: client.Set("new")}); err != nil {
			t.Fatal(err)
		}
		break
	}
	env := append(idle, "PARLEY_IMPORT_SECRET=the-secret-of-all-tests")
	if _, said := run(t, exitFailed, env, "import", "--from", from); !strings.Contains(said, "changed here or there since") || !strings.Contains(said, "2 were there already, 1 refused") {
		t.Errorf("after a change: %q", said)
	}
}

func TestAPullNeedsAServerAndItsSecret(t *testing.T) {
	t.Parallel()
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"message":"who are you?","code":"NOT_AUTHENTICATED"}`, http.StatusUnauthorized)
	}))
	t.Cleanup(refuses.Close)
	// The secret of this server is none of another server's business.
	env := []string{"PARLEY_DATA=" + filepath.Join(t.TempDir(), "d"), "PARLEY_SECRET=the-secret-of-this-server"}
	for line, want := range map[string]string{
		"import":                                  "name a file",
		"import file --from " + refuses.URL:       "name a file",
		"import file --secret s":                  "--secret is for a server",
		"import --from " + refuses.URL:            "--from needs a secret",
		"import --from nonsense --secret s":       "is no address",
		"import --secret s --from " + refuses.URL: "who are you?",
	} {
		if _, said := run(t, exitFailed, env, strings.Fields(line)...); !strings.Contains(said, want) {
			t.Errorf("parley %s: %q", line, said)
		}
	}
}
