package uipath_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// labels reads a list page by page, and gives the labels and the number of pages.
func (b *bundle) labels(query string) (labels []string, pages int) {
	b.t.Helper()
	for cursor := ""; ; {
		pages++
		page := b.want(http.StatusOK, request{path: "/conversation?" + query + cursor}).object(b.t)
		for _, item := range page["data"].([]any) {
			labels = append(labels, item.(map[string]any)["label"].(string))
		}
		next, more := page["cursor"].(string)
		if !more {
			return labels, pages
		}
		cursor = "&cursor=" + next
	}
}

func TestConversationsAreListedAndFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	must(t, b.engine.DeclareBots(t.Context(), tenantOne, []engine.DeclaredBot{
		{ID: "support", Number: 1, Folder: 7}, {ID: "sales", Number: 2, Folder: 7},
	}))
	var all []string
	for n, agent := range []int{1, 2, 1, 1, 2} {
		label := fmt.Sprintf("Über %d", n)
		b.want(http.StatusCreated, request{path: "/conversation", body: fmt.Sprintf(`{"agentReleaseId":%d,"folderId":7,"label":%q}`, agent, label)})
		all = append(all, label)
	}
	reversed := slices.Clone(all)
	slices.Reverse(reversed)
	key := convo.StableID("agent", tenantOne, "sales")
	for query, want := range map[string]struct {
		labels []string
		pages  int
	}{
		"": {reversed, 1}, "sort=ascending": {all, 1}, "limit=2": {reversed, 3}, "limit=2&sort=ascending": {all, 3}, "limit=5": {reversed, 1},
		"limit=1000": {reversed, 1}, "limit=99999999999999999999": {reversed, 1}, "other=1": {reversed, 1},
		"search=" + url.QueryEscape("üBER 3"): {[]string{"Über 3"}, 1}, "search=4&limit=1": {[]string{"Über 4"}, 1}, "search=%25": {nil, 1},
		"agentReleaseId=2": {[]string{"Über 4", "Über 1"}, 1}, "agentReleaseId=2&limit=1": {[]string{"Über 4", "Über 1"}, 2},
		"agentReleaseId=3": {nil, 1}, "agentReleaseId=0": {nil, 1}, "agentReleaseKey=x": {nil, 1},
		"agentReleaseKey=" + key: {[]string{"Über 4", "Über 1"}, 1}, "agentReleaseId=1&agentReleaseKey=" + key: {nil, 1},
	} {
		if labels, pages := b.labels(query); !slices.Equal(labels, want.labels) || pages != want.pages {
			t.Errorf("%q: got %q on %d pages", query, labels, pages)
		}
	}
	cursor := b.want(http.StatusOK, request{path: "/conversation?limit=2&search=ber"}).object(t)["cursor"].(string)
	b.want(http.StatusOK, request{path: "/conversation?limit=2&search=ber&cursor=" + cursor})
	for code, queries := range map[int][]string{
		4003: {"cursor=x", "cursor=", "cursor=e30", "search=x&cursor=" + cursor, "sort=ascending&cursor=" + cursor},
		4004: {"limit=0", "limit=-1", "limit=x", "limit=1.5", "limit="}, 4005: {"sort=up", "sort="},
		4104: {"agentReleaseId=x"}, 4105: {"search=", "search=" + strings.Repeat("x", 101)},
	} {
		for _, query := range queries {
			b.refused(code, request{path: "/conversation?" + query})
		}
	}
}

func TestAnInsertNeitherDoublesNorSkipsAConversation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	create := func(label string) {
		b.want(http.StatusCreated, request{path: "/conversation", body: `{"agentReleaseId":1,"folderId":7,"label":"` + label + `"}`})
	}
	create("a")
	create("b")
	first := b.want(http.StatusOK, request{path: "/conversation?limit=1"}).object(t)
	create("c")
	second := b.want(http.StatusOK, request{path: "/conversation?limit=1&cursor=" + first["cursor"].(string)}).object(t)
	got := first["data"].([]any)[0].(map[string]any)["label"].(string) + second["data"].([]any)[0].(map[string]any)["label"].(string)
	if got != "ba" || second["cursor"] != nil {
		t.Errorf("got %s, and the cursor %v", got, second["cursor"])
	}
}

func TestAConversationWithoutAnAgentHasTheNumberZero(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.engine.CreateConversation(t.Context(), b.actor(b.secret), engine.NewConversation{Fields: convo.Fields{Name: new("bare")}}, nil)
	must(t, err)
	if labels, _ := b.labels("agentReleaseId=0"); !slices.Equal(labels, []string{"bare"}) {
		t.Errorf("got %q", labels)
	}
	if page := b.want(http.StatusOK, request{path: "/conversation"}).body; !strings.Contains(page, `"folderId":0,"agentReleaseId":0,"traceId"`) {
		t.Errorf("the list is %s", page)
	}
}

// What a cursor holds is no secret, so anybody may write one.
func TestACursorThatSomebodyWroteShowsNothingElse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conversation := b.conversation()
	theirs := request{path: "/conversation", body: `{"agentReleaseId":1,"folderId":7}`, header: map[string]string{"X-UiPath-External-User-Id": "bob"}}
	hidden, _ := b.want(http.StatusCreated, theirs).object(t)["conversationId"].(string)
	for _, list := range []struct{ name, path, sort string }{
		{"conversations", "/conversation", "sort"}, {"exchanges/" + conversation, "/conversation/" + conversation + "/exchange", "exchangeSort"},
	} {
		for _, at := range []string{"0", "1", "9223372036854775806", "9223372036854775807"} {
			for _, id := range []string{"", hidden, `\u0000`, "💥", strings.Repeat("z", 256)} {
				for _, sort := range []string{"ascending", "descending"} {
					text := `{"l":"` + list.name + `","t":` + at + `,"i":"` + id + `","p":{"` + list.sort + `":"` + sort + `","owner":"bob"}}`
					q := request{path: list.path + "?cursor=" + base64.RawURLEncoding.EncodeToString([]byte(text))}
					if a := b.want(http.StatusOK, q); strings.Contains(a.body, hidden) {
						t.Errorf("%s shows another's conversation: %s", text, a.body)
					}
				}
			}
		}
	}
}
