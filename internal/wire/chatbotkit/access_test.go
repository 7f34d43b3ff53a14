package chatbotkit_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/wire/chatbotkit"
)

// made is a conversation with a message and a session, and one of each of what
// tenants configure, for tests of access.
type made struct {
	conversation, message, session, bot, skillset, ability, secret string
	dataset, record, file, contact, memory                         string
}

func (b *bundle) make() made {
	b.t.Helper()
	var created struct {
		ID       string
		Messages []struct{ ID string }
	}
	decode(b.t, b.do(request{path: "/v1/conversation/create", body: `{"messages":[{"type":"user","text":"mine"}]}`}), &created)
	var session struct{ Token string }
	decode(b.t, b.do(request{path: "/v1/conversation/" + created.ID + "/session/create", body: `{}`}), &session)
	m := made{conversation: created.ID, message: created.Messages[0].ID, session: session.Token}
	m.bot = b.create("/v1/bot/create", `{"name":"mine"}`)
	m.skillset = b.create("/v1/skillset/create", `{"name":"mine"}`)
	m.ability = b.create("/v1/skillset/"+m.skillset+"/ability/create", `{"name":"mine"}`)
	m.secret = b.create("/v1/secret/create", `{"name":"mine","value":"hidden"}`)
	m.dataset = b.create("/v1/dataset/create", `{"name":"mine"}`)
	m.record = b.create("/v1/dataset/"+m.dataset+"/record/create", `{"text":"mine"}`)
	m.file = b.create("/v1/file/create", `{"name":"mine"}`)
	b.post("/v1/dataset/"+m.dataset+"/file/"+m.file+"/attach", `{}`)
	m.contact = b.create("/v1/contact/create", `{"name":"mine"}`)
	m.memory = b.create("/v1/memory/create", `{"text":"mine"}`)
	return m
}

// create gives the id of what a request makes.
func (b *bundle) create(path, body string) string {
	b.t.Helper()
	var created struct{ ID string }
	decode(b.t, b.post(path, body), &created)
	return created.ID
}

// unknownIDs are those of nothing.
func unknownIDs() made {
	id := func(n int) string { return fmt.Sprintf("0195f000-0000-7000-8000-%012d", n) }
	return made{
		conversation: id(1), message: id(2), bot: id(3), skillset: id(4), ability: id(5), secret: id(6),
		dataset: id(7), record: id(8), file: id(9), contact: id(10), memory: id(11),
	}
}

// hide makes answers about different ids alike.
func (m made) hide(text string) string {
	return strings.NewReplacer(m.conversation, "C", m.message, "M", m.bot, "B", m.skillset, "S", m.ability, "A", m.secret, "X",
		m.dataset, "D", m.record, "R", m.file, "F", m.contact, "P", m.memory, "Y").Replace(text)
}

// path fills a pattern.
func (m made) path(pattern string) string {
	return strings.NewReplacer("{conversationId}", m.conversation, "{messageId}", m.message, "{channelId}", "channel-0123456789",
		"{botId}", m.bot, "{skillsetId}", m.skillset, "{abilityId}", m.ability, "{secretId}", m.secret,
		"{datasetId}", m.dataset, "{recordId}", m.record, "{fileId}", m.file, "{contactId}", m.contact, "{memoryId}", m.memory,
	).Replace(pattern)
}

// pathOf gives a path on which an operation has something to do.
func (b *bundle) pathOf(row chatbotkit.Row) string {
	b.t.Helper()
	if row.Path != "/channel/{channelId}/stop" {
		return "/v1" + b.make().path(row.Path)
	}
	var dispatched struct{ ChannelID string }
	decode(b.t, b.post("/v1/conversation/dispatch", `{"text":"x"}`), &dispatched)
	return "/v1/channel/" + dispatched.ChannelID + "/stop"
}

// bodyFor gives a body that an operation takes.
func bodyFor(row chatbotkit.Row) string {
	switch {
	case row.Method == http.MethodGet:
		return ""
	case strings.HasSuffix(row.Path, "/message/create"):
		return `{"type":"user","text":"x"}`
	case row.Path == "/conversation/complete", row.Path == "/conversation/dispatch":
		return `{"text":"x"}`
	case strings.HasSuffix(row.Path, "/publish"):
		return `{"message":{}}`
	case strings.HasSuffix(row.Path, "/search"):
		return `{"search":"x"}`
	case strings.HasSuffix(row.Path, "/record/create"):
		return `{"text":"x"}`
	case strings.HasSuffix(row.Path, "/upload"):
		return `{"file":"data:,x"}`
	case row.Path == "/conversation/compact":
		return `{"messages":[{"type":"user","text":"x"}]}`
	case row.Path == "/memory/create":
		return `{"text":"x"}`
	case row.Path == "/contact/ensure":
		return `{"fingerprint":"f"}`
	}
	return `{}`
}

// ofChannel reports whether an operation is one of channels, which are there
// for whoever names them.
func ofChannel(row chatbotkit.Row) bool { return strings.HasPrefix(row.Path, "/channel/") }

func TestAnotherTenantsIdsLookLikeUnknownOnes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mine, unknown := b.make(), unknownIDs()
	for _, row := range chatbotkit.Rows() {
		if row.Later || !strings.Contains(row.Path, "{") || ofChannel(row) {
			continue
		}
		ask := func(m made, accept string) answer {
			a := b.do(request{method: row.Method, path: "/v1" + m.path(row.Path), body: bodyFor(row), token: b.foreign, accept: accept})
			a.body = m.hide(a.body)
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
		b.untouched(row, mine)
	}
}

// untouched checks that all of a tenant's is what it was made as.
func (b *bundle) untouched(row chatbotkit.Row, mine made) {
	b.t.Helper()
	for _, path := range []string{
		"/bot/{botId}", "/skillset/{skillsetId}", "/skillset/{skillsetId}/ability/{abilityId}", "/secret/{secretId}", "/dataset/{datasetId}",
		"/dataset/{datasetId}/record/{recordId}", "/file/{fileId}", "/contact/{contactId}", "/memory/{memoryId}",
	} {
		if a := b.do(request{path: "/v1" + mine.path(path) + "/fetch"}); a.status != 200 || !strings.Contains(a.body, `:"mine"`) {
			b.t.Errorf("%s %s changed what is another tenant's: %s", row.Method, row.Path, a.body)
		}
	}
	if a := b.post("/v1/secret/"+mine.secret+"/verify", `{}`); !strings.Contains(a.body, `"authenticated"`) {
		b.t.Errorf("%s %s changed another tenant's secret: %s", row.Method, row.Path, a.body)
	}
	if a := b.do(request{path: "/v1/dataset/" + mine.dataset + "/file/list"}); !strings.Contains(a.body, mine.file) {
		b.t.Errorf("%s %s changed the files of another tenant's dataset: %s", row.Method, row.Path, a.body)
	}
	if a := b.do(request{path: "/v1/file/" + mine.file + "/download"}); a.status != 204 {
		b.t.Errorf("%s %s filled another tenant's file: %d %s", row.Method, row.Path, a.status, a.body)
	}
}

// as is the bundle of somebody with another secret.
func (b *bundle) as(secret string) *bundle {
	other := *b
	other.secret = secret
	return &other
}

func TestAnotherTenantsIdsBesideOnesOwnLookLikeUnknownOnes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mine, own := b.make(), b.as(b.foreign).make()
	for _, row := range chatbotkit.Rows() {
		if row.Later || strings.Count(row.Path, "{") != 2 {
			continue
		}
		first, last := strings.Index(row.Path, "}")+1, strings.LastIndex(row.Path, "{")
		for _, path := range []string{
			own.path(row.Path[:first]) + mine.path(row.Path[first:]), mine.path(row.Path[:last]) + own.path(row.Path[last:]),
		} {
			if a := b.do(request{method: row.Method, path: "/v1" + path, body: bodyFor(row), token: b.foreign}); a.status != 404 {
				t.Errorf("%s %s with one id of each: %d %s", row.Method, row.Path, a.status, a.body)
			}
		}
		b.untouched(row, mine)
	}
}

func TestListsAndSearchesShowNothingOfAnotherTenant(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mine := b.make()
	for _, row := range chatbotkit.Rows() {
		if row.Later || strings.Contains(row.Path, "{") || row.Path == "/platform/model/list" ||
			row.Method != http.MethodGet && !strings.HasSuffix(row.Path, "/search") {
			continue
		}
		for _, accept := range []string{"", "application/jsonl", "text/csv"} {
			ask := request{method: row.Method, path: "/v1" + row.Path, body: `{"search":"mine"}`, accept: accept}
			if row.Method == http.MethodGet {
				ask.body = ""
			}
			ask.token = b.foreign
			a := b.do(ask)
			if a.status != 200 || mine.hide(a.body) != a.body || strings.Contains(a.body, "mine") {
				t.Errorf("%s %s shows another tenant %d %s", row.Method, row.Path, a.status, a.body)
			}
		}
	}
	events := b.stream(request{path: "/v1/event/log/subscribe", body: `{"historyLength":100}`, token: b.foreign})
	own := b.as(b.foreign).create("/v1/dataset/create", `{}`)
	if l, ok := events.next(); !ok || !strings.Contains(string(l.Data), own) {
		t.Errorf("the event log of another tenant begins with %s", l.Data)
	}
}

// What a body names is looked up as what a path names.
func TestAnotherTenantsIdsInABodyLookLikeUnknownOnes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mine, unknown := b.make(), unknownIDs()
	own := func(path string) string {
		var created struct{ ID string }
		decode(b.t, b.do(request{path: path, body: `{}`, token: b.foreign}), &created)
		return created.ID
	}
	conversation, set, bot := own("/v1/conversation/create"), own("/v1/skillset/create"), own("/v1/bot/create")
	ability := own("/v1/skillset/" + set + "/ability/create")
	for _, c := range []struct{ path, body string }{
		{"/v1/conversation/create", `{"botId":"{botId}"}`},
		{"/v1/conversation/create", `{"skillsetId":"{skillsetId}"}`},
		{"/v1/conversation/" + conversation + "/update", `{"botId":"{botId}"}`},
		{"/v1/conversation/" + conversation + "/update", `{"skillsetId":"{skillsetId}"}`},
		{"/v1/conversation/complete", `{"text":"x","botId":"{botId}"}`},
		{"/v1/conversation/complete", `{"text":"x","skillsetId":"{skillsetId}"}`},
		{"/v1/conversation/complete", `{"text":"x","extensions":{"skillsets":[{"abilities":[{"name":"a","secretId":"{secretId}"}]}]}}`},
		{"/v1/conversation/dispatch", `{"text":"x","botId":"{botId}"}`},
		{"/v1/conversation/dispatch", `{"text":"x","skillsetId":"{skillsetId}"}`},
		{"/v1/conversation/dispatch", `{"text":"x","extensions":{"skillsets":[{"abilities":[{"name":"a","secretId":"{secretId}"}]}]}}`},
		{"/v1/conversation/" + conversation + "/complete", `{"text":"x","extensions":{"skillsets":[{"abilities":[{"name":"a","secretId":"{secretId}"}]}]}}`},
		{"/v1/conversation/" + conversation + "/dispatch", `{"text":"x","extensions":{"skillsets":[{"abilities":[{"name":"a","secretId":"{secretId}"}]}]}}`},
		{"/v1/bot/create", `{"skillsetId":"{skillsetId}"}`},
		{"/v1/skillset/" + set + "/ability/create", `{"secretId":"{secretId}"}`},
		{"/v1/skillset/" + set + "/ability/create", `{"linkedSecretId":"{secretId}"}`},
		{"/v1/skillset/" + set + "/ability/create", `{"botId":"{botId}"}`},
		{"/v1/conversation/create", `{"datasetId":"{datasetId}"}`},
		{"/v1/conversation/create", `{"contactId":"{contactId}"}`},
		{"/v1/conversation/" + conversation + "/update", `{"datasetId":"{datasetId}"}`},
		{"/v1/conversation/" + conversation + "/update", `{"contactId":"{contactId}"}`},
		{"/v1/conversation/complete", `{"text":"x","datasetId":"{datasetId}"}`},
		{"/v1/conversation/complete", `{"text":"x","contactId":"{contactId}"}`},
		{"/v1/conversation/dispatch", `{"text":"x","datasetId":"{datasetId}"}`},
		{"/v1/conversation/compact", `{"messages":[{"type":"user","text":"x"}],"botId":"{botId}"}`},
		{"/v1/bot/create", `{"datasetId":"{datasetId}"}`},
		{"/v1/memory/create", `{"text":"x","contactId":"{contactId}"}`},
		{"/v1/memory/create", `{"text":"x","botId":"{botId}"}`},
		{"/v1/memory/search", `{"search":"x","contactId":"{contactId}"}`},
		{"/v1/memory/search", `{"search":"x","botId":"{botId}"}`},
		{"/v1/bot/" + bot + "/session/create", `{"contactId":"{contactId}"}`},
		{"/v1/skillset/" + set + "/ability/" + ability + "/execute", `{"contactId":"{contactId}"}`},
	} {
		ask := func(m made) answer {
			a := b.do(request{path: c.path, body: m.path(c.body), token: b.foreign})
			a.body = m.hide(a.body)
			return a
		}
		foreign, nobody := ask(mine), ask(unknown)
		_, field, _ := strings.Cut(c.body[strings.LastIndex(c.body, "{"):], "{")
		field = strings.TrimRight(field, `}"]`)
		if foreign.status != 404 || foreign.body != nobody.body || !strings.Contains(foreign.body, field) {
			t.Errorf("%s %s: a foreign id gets %d %s, an unknown one %d %s", c.path, c.body, foreign.status, foreign.body, nobody.status, nobody.body)
		}
	}
	if a := b.do(request{path: "/v1/conversation/" + conversation + "/message/list", token: b.foreign}); !strings.Contains(a.body, `"items":[]`) {
		t.Errorf("a refused turn left %s", a.body)
	}
}

func TestADispatchedTurnIsTheTenantsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{scripted.Calls("k1", "get_weather", `{}`)}, scripts("hello"))
	const id = "mine-0123456789abcdef"
	mine := b.subscribe(b.dispatch("/v1/conversation/dispatch", `{"text":"Hi","channelId":"`+id+`","functions":[`+waiter+`]}`), `{}`)
	for !strings.Contains(mine.next(), "waitForChannelMessageBegin") {
	}
	foreign := func(path, body string) answer { return b.do(request{path: path, body: body, token: b.foreign}) }
	if a := foreign("/v1/channel/"+id+"/stop", `{}`); a.status != 404 {
		t.Errorf("another tenant stops it: %d %s", a.status, a.body)
	}
	// The same channels, and nobody there.
	foreign("/v1/channel/"+channel+"/publish", `{"message":{"mine":false}}`)
	foreign("/v1/channel/"+id+"/publish", `{"message":{"mine":false}}`)
	theirs := b.stream(request{path: "/v1/channel/" + id + "/subscribe", body: `{"historyLength":9}`, token: b.foreign})
	theirs.until("subscribe")
	if l, ok := theirs.next(); !ok || string(l.Data) != `{"mine":false}` {
		t.Errorf("another tenant reads %s", l.Data)
	}
	b.post("/v1/channel/"+channel+"/publish", `{"message":{"mine":true}}`)
	if got := strings.Join(mine.rest(), " "); strings.Contains(got, `\"mine\":false`) || !strings.Contains(got, `\"mine\":true`) || !strings.Contains(got, `"reason":"stop"`) {
		t.Errorf("the turn went on with %s", got)
	}
}

func TestSessionTokensDoWhatTheyMayAndNothingElse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mine, other := b.make(), b.make()
	for _, row := range chatbotkit.Rows() {
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
		if row.Session { // what is refused changes nothing
			mine = b.make()
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
	if built+later != 2*310 || built < 2*109 {
		t.Errorf("%d are built and %d are for later", built, later)
	}
}

func TestTheTwoPrefixesAnswerAlike(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.make()
	for _, path := range []string{"/conversation/list", "/conversation/{conversationId}/fetch", "/nothing", "/bot/list", "/contact/list"} {
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
