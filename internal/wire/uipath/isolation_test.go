package uipath_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestNobodyReachesWhatIsAnothers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conversation := b.conversation()
	ann := b.connect("ann", newTranscript(t), options{})
	ann.start(conversation)
	ann.ask(conversation, "X", "Hi")
	ann.until(`"endExchange"`)
	url, uri := b.upload(conversation, "x")
	b.want(http.StatusCreated, request{method: http.MethodPut, path: "/" + url, body: "x", token: "-"})
	b.want(http.StatusOK, request{method: http.MethodPatch, path: "/user/settings", body: `{"name":"Ann"}`})
	at := "/conversation/" + conversation
	before := b.want(http.StatusOK, request{path: at}).body
	exchange := b.want(http.StatusOK, request{path: at + "/exchange/X"}).body

	operations := []struct {
		code int
		q    request
	}{
		{4040, request{path: at}}, {4040, request{method: http.MethodPatch, path: at, body: `{"label":"mine"}`}},
		{4040, request{method: http.MethodDelete, path: at}}, {4040, request{path: at + "/attachment", body: `{"name":"x"}`}},
		{4040, request{path: at + "/exchange"}}, {4040, request{path: at + "/exchange/X"}},
		{4040, request{path: at + "/exchange/X/feedback", body: `{"rating":"negative"}`}},
		{4040, request{path: at + "/exchange/X/message/X-M"}}, {4040, request{path: at + "/exchange/X/message/X-M/contentPart/X-P"}},
	}
	file := request{path: "//files/" + strings.TrimPrefix(uri, "urn:parley:file:")}
	foreign := func(q request) request {
		q.token = b.foreign
		return q
	}
	external := func(q request) request {
		q.header = map[string]string{"X-UiPath-External-User-Id": "bob"}
		return q
	}
	for _, o := range operations {
		b.refused(4041, foreign(o.q)) // at the path of the tenant whose it is
		elsewhere := o.q
		elsewhere.path = "//other/dev/autopilotforeveryone_/api/v1" + o.q.path
		b.refused(o.code, foreign(elsewhere))
		b.refused(o.code, external(o.q))
		anonymous := o.q
		anonymous.token = "-"
		b.refused(4010, anonymous)
	}
	b.refused(4046, foreign(file))
	b.refused(4046, external(file))
	for what, q := range map[string]request{
		"another tenant": foreign(request{path: "//other/dev/autopilotforeveryone_/api/v1/conversation"}),
		"another user":   external(request{path: "/conversation"}),
	} {
		if list := b.want(http.StatusOK, q).body; list != `{"data":[]}` {
			t.Errorf("%s sees %s", what, list)
		}
	}
	for what, q := range map[string]request{
		"another tenant": foreign(request{path: "//other/dev/autopilotforeveryone_/api/v1/user/settings"}),
		"another user":   external(request{path: "/user/settings"}),
	} {
		if settings := b.want(http.StatusOK, q).object(t); settings["name"] != nil {
			t.Errorf("%s sees %v", what, settings)
		}
	}
	if after := b.want(http.StatusOK, request{path: at}).body; after != before {
		t.Errorf("the conversation became %s", after)
	}
	if after := b.want(http.StatusOK, request{path: at + "/exchange/X"}).body; after != exchange {
		t.Errorf("the exchange became %s", after)
	}
}

func TestAnExternalUserIsOneUserAndHasHisOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	as := func(user string, q request) request {
		q.header = map[string]string{"X-UiPath-External-User-Id": user}
		return q
	}
	made := b.want(http.StatusCreated, as("bob", request{path: "/conversation", body: `{"agentReleaseId":1,"folderId":7}`})).object(t)
	id, _ := made["conversationId"].(string)
	service := b.want(http.StatusOK, request{path: "/user/settings"}).object(t)
	if made["userId"] == service["userId"] {
		t.Error("an external user is the service user")
	}
	again := b.want(http.StatusOK, as("bob", request{path: "/conversation/" + id})).object(t)
	if again["userId"] != made["userId"] {
		t.Errorf("the user is %v, then %v", made["userId"], again["userId"])
	}
	b.refused(4040, request{path: "/conversation/" + id})
	b.refused(4040, as("BOB", request{path: "/conversation/" + id}))
}
