package uipath_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestAConversationIsMadeReadChangedAndDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.want(http.StatusCreated, request{
		path: "/conversation",
		body: `{"agentReleaseId":1,"folderId":7,"label":"First","agentInput":{"inline":{"city":"Rome"}},"jobStartOverrides":{"runAsMe":true}}`,
	}).object(t)
	id, _ := made["conversationId"].(string)
	for name, want := range map[string]any{
		"label": "First", "autogenerateLabel": true, "folderId": 7.0, "agentReleaseId": 1.0,
	} {
		if made[name] != want {
			t.Errorf("%s is %v, want %v", name, made[name], want)
		}
	}
	changed := b.want(http.StatusOK, request{method: http.MethodPatch, path: "/conversation/" + id, body: `{"label":"Second","jobKey":"k"}`}).object(t)
	if changed["label"] != "Second" || changed["autogenerateLabel"] != false || changed["jobKey"] != "k" || changed["lastActivityAt"] != made["lastActivityAt"] {
		t.Errorf("after the change it is %v", changed)
	}
	read := b.want(http.StatusOK, request{path: "/conversation/" + id})
	gone := b.want(http.StatusOK, request{method: http.MethodDelete, path: "/conversation/" + id})
	if gone.body != read.body {
		t.Errorf("the deletion answers with %s, not with %s", gone.body, read.body)
	}
	b.refused(4040, request{method: http.MethodDelete, path: "/conversation/" + id})
	b.refused(4040, request{path: "/conversation/" + id})
}

func TestAConversationIsRefusedForWhatIsWrongWithIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	for _, c := range []struct {
		code int
		body string
	}{
		{4001, `[]`}, {4001, `{`}, {4001, `"x"`},
		{4104, `{}`}, {4104, `{"agentReleaseId":1}`}, {4104, `{"agentReleaseId":"1","folderId":7}`}, {4104, `{"agentReleaseId":1.5,"folderId":7}`},
		{4042, `{"agentReleaseId":2,"folderId":7}`}, {4042, `{"agentReleaseId":1,"folderId":8}`}, {4042, `{"agentReleaseId":0,"folderId":0}`},
		{4101, `{"agentReleaseId":1,"folderId":7,"label":5}`},
		{4101, `{"agentReleaseId":1,"folderId":7,"label":"` + strings.Repeat("é", 101) + `"}`},
		{4102, `{"agentReleaseId":1,"folderId":7,"agentInput":{}}`}, {4102, `{"agentReleaseId":1,"folderId":7,"agentInput":{"inline":[]}}`},
		{4103, `{"agentReleaseId":1,"folderId":7,"agentInput":{"inline":{"x":"` + strings.Repeat("x", 3992) + `"}}}`},
		{4001, `{"agentReleaseId":1,"folderId":7,"autogenerateLabel":"yes"}`},
		{4130, `{"agentReleaseId":1,"folderId":7,"x":"` + strings.Repeat("x", 1<<20) + `"}`},
	} {
		b.refused(c.code, request{path: "/conversation", body: c.body})
	}
	b.refused(4101, request{method: http.MethodPatch, path: "/conversation/" + id, body: `{"label":"` + strings.Repeat("x", 101) + `","jobKey":"k"}`})
	if after := b.want(http.StatusOK, request{path: "/conversation/" + id}).object(t); after["jobKey"] != nil || after["label"] != "" {
		t.Errorf("a refused change left %v", after)
	}
	b.want(http.StatusCreated, request{path: "/conversation", body: `{"agentReleaseId":1.0,"folderId":7e0,"label":"` + strings.Repeat("🗼", 100) +
		`","agentInput":{"inline":{"x":"` + strings.Repeat("x", 3991) + `"}},"other":true}`})
}

func TestARepeatedCreateWithAKeyMakesOneConversation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	create := request{path: "/conversation", body: `{"agentReleaseId":1,"folderId":7}`, header: map[string]string{"Idempotency-Key": "k"}}
	first := b.want(http.StatusCreated, create)
	if again := b.want(http.StatusCreated, create); again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the repeat was answered with %s, not with %s", again.body, first.body)
	}
	other := create
	other.header = map[string]string{"Idempotency-Key": "k", "X-UiPath-External-User-Id": "ann"}
	if mine := b.want(http.StatusCreated, other); mine.body == first.body {
		t.Error("the key of one user found the conversation of another one")
	}
	create.body = `{"agentReleaseId":1,"folderId":7,"label":"x"}`
	b.refused(4220, create)
	create.header = nil
	if another := b.want(http.StatusCreated, create); another.body == first.body {
		t.Error("a request without a key is no repeat")
	}
}
