package chatbotkit_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/wire/chatbotkit"
)

// made is a conversation with a message and a session, for tests of access.
type made struct{ conversation, message, session string }

func (b *bundle) make() made {
	b.t.Helper()
	var created struct {
		ID       string
		Messages []struct{ ID string }
	}
	decode(b.t, b.do(request{path: "/v1/conversation/create", body: `{"messages":[{"type":"user","text":"mine"}]}`}), &created)
	var session struct{ Token string }
	decode(b.t, b.do(request{path: "/v1/conversation/" + created.ID + "/session/create", body: `{}`}), &session)
	return made{created.ID, created.Messages[0].ID, session.Token}
}

// path fills a pattern.
func (m made) path(pattern string) string {
	return strings.NewReplacer("{conversationId}", m.conversation, "{messageId}", m.message, "{channelId}", "channel-0123456789").Replace(pattern)
}

// bodyFor gives a body that an operation takes.
func bodyFor(row chatbotkit.Row) string {
	switch {
	case row.Method == http.MethodGet:
		return ""
	case strings.HasSuffix(row.Path, "/message/create"):
		return `{"type":"user","text":"x"}`
	case row.Path == "/conversation/complete":
		return `{"text":"x"}`
	case strings.HasSuffix(row.Path, "/publish"):
		return `{"message":{}}`
	}
	return `{}`
}

// ofChannel reports whether an operation is one of channels, which are there
// for whoever names them.
func ofChannel(row chatbotkit.Row) bool { return strings.HasPrefix(row.Path, "/channel/") }

func TestAnotherTenantsIdsLookLikeUnknownOnes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, row := range chatbotkit.Rows() {
		if row.Later || !strings.Contains(row.Path, "{") || ofChannel(row) {
			continue
		}
		mine, unknown := b.make(), made{"0195f000-0000-7000-8000-000000000001", "0195f000-0000-7000-8000-000000000002", ""}
		ask := func(m made, accept string) answer {
			a := b.do(request{method: row.Method, path: "/v1" + m.path(row.Path), body: bodyFor(row), token: b.foreign, accept: accept})
			a.body = strings.NewReplacer(m.conversation, "C", m.message, "M").Replace(a.body)
			return a
		}
		for _, accept := range []string{"", "application/jsonl"} {
			foreign, nobody := ask(mine, accept), ask(unknown, accept)
			if foreign.status != 404 || foreign.status != nobody.status || foreign.body != nobody.body {
				t.Errorf("%s %s: a foreign id gets %d %s, an unknown one %d %s", row.Method, row.Path, foreign.status, foreign.body, nobody.status, nobody.body)
			}
		}
		if a := b.do(request{path: "/v1/conversation/" + mine.conversation + "/message/list"}); !strings.Contains(a.body, "mine") || strings.Count(a.body, `"type"`) != 1 {
			t.Errorf("%s %s changed another tenant's conversation: %s", row.Method, row.Path, a.body)
		}
	}
}

func TestSessionTokensDoWhatTheyMayAndNothingElse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.make()
	for _, row := range chatbotkit.Rows() {
		mine := b.make()
		ask := func(m made) answer {
			return b.do(request{method: row.Method, path: "/v1" + m.path(row.Path), body: bodyFor(row), token: mine.session})
		}
		// To publish, a turn of its conversation has to wait.
		if got, want := ask(mine).status, map[bool]int{true: 200, false: 403}[row.Session && !ofChannel(row)]; got != want {
			t.Errorf("%s %s on its own conversation: %d, want %d", row.Method, row.Path, got, want)
		}
		if got := ask(other).status; got != 403 {
			t.Errorf("%s %s on another conversation: %d", row.Method, row.Path, got)
		}
	}
}

func TestNothingIsToldWithoutAToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.make()
	for _, row := range append(chatbotkit.Rows(), chatbotkit.Row{Method: "GET", Path: "/unknown"}, chatbotkit.Row{Method: "PATCH", Path: "/conversation/list"}) {
		for _, token := range []string{"-", "unknown", m.session + "x"} {
			a := b.do(request{method: row.Method, path: "/api/v1" + m.path(row.Path), body: "{broken", token: token})
			if a.status != 401 || !strings.Contains(a.body, "NOT_AUTHENTICATED") {
				t.Errorf("%s %s: %d %s", row.Method, row.Path, a.status, a.body)
			}
		}
	}
}

func TestBothSchemesAreTaken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, value := range []string{"Bearer " + b.secret, "bearer " + b.secret, "TOKEN  " + b.secret + " "} {
		a := b.do(request{path: "/v1/conversation/list", token: "-", header: map[string]string{"Authorization": value}})
		if a.status != 200 {
			t.Errorf("%q: %d", value[:8], a.status)
		}
	}
}

func TestEveryPublishedOperationIsKnown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	published, err := os.ReadFile("testdata/published.txt")
	must(t, err)
	built, later := 0, 0
	for line := range strings.Lines(string(published)) {
		method, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		path = strings.NewReplacer("{", "", "}", "").Replace(path)
		for _, prefix := range []string{"/v1", "/api/v1"} {
			body := ""
			if method == "POST" {
				body = "[]" // refused by what is built, before it does anything
			}
			switch a := b.do(request{method: method, path: prefix + path, body: body}); {
			case a.status == 501:
				later++
			case a.status == 404 && strings.Contains(a.body, "nothing at this path"), a.status == 405:
				t.Errorf("%s %s: %d %s", method, path, a.status, a.body)
			default:
				built++
			}
		}
	}
	if built != 2*24 || later != 2*286 {
		t.Errorf("%d are built and %d are for later", built, later)
	}
}

func TestTheTwoPrefixesAnswerAlike(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.make()
	for _, path := range []string{"/conversation/list", "/conversation/{conversationId}/fetch", "/nothing", "/bot/list"} {
		one, two := b.do(request{path: "/v1" + m.path(path)}), b.do(request{path: "/api/v1" + m.path(path)})
		if one.status != two.status || one.body != two.body {
			t.Errorf("%s: %s and %s", path, one.body, two.body)
		}
	}
	for _, path := range []string{"/v1", "/v1x/conversation/list", "/api/conversation/list", "/api/api/v1/conversation/list", "/api//v1/conversation/list"} {
		if a := b.do(request{path: path}); a.status != 404 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

func decode(t *testing.T, a answer, dst any) {
	t.Helper()
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	unmarshal(t, a.body, dst)
}

func (b *bundle) post(path, body string) answer {
	b.t.Helper()
	return b.do(request{method: http.MethodPost, path: path, body: body})
}

func (b *bundle) conversation() string {
	b.t.Helper()
	var created struct{ ID string }
	decode(b.t, b.post("/v1/conversation/create", `{}`), &created)
	return created.ID
}

func (b *bundle) messages(conversation string) string {
	b.t.Helper()
	var list struct {
		Items []struct{ Type, Text string }
	}
	decode(b.t, b.do(request{path: "/v1/conversation/" + conversation + "/message/list?take=1000"}), &list)
	var out []string
	for _, m := range list.Items {
		out = append(out, fmt.Sprintf("%s %q", m.Type, m.Text))
	}
	return strings.Join(out, ", ")
}
