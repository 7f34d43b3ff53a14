package uipath_test

import (
	"net/http"
	"testing"

	"github.com/parleyhq/parley/internal/wire/uipath"
)

func TestAnswersAreThoseOfTheirFile(t *testing.T) {
	t.Parallel()
	b := setupWith(t, func(o *uipath.Options) {
		o.Welcome = func(string, string) *uipath.Welcome {
			return &uipath.Welcome{Title: "Hello", Prompts: []uipath.StartingPrompt{{Display: "Weather?", Prompt: "How is it?"}}}
		}
	})
	x := b.exchanged()
	x.do(request{path: "/agent"})
	x.do(request{path: "/agent/7/1"})
	x.do(request{path: "/agent/7/2"})
	x.do(request{path: "//acme/dev/autopilotforeveryone_/api/utility/feature-flags"})
	made := x.do(request{path: "/conversation", body: `{"agentReleaseId":1,"folderId":7,"agentInput":{"inline":{"a": 1}},"jobStartOverrides":{"runAsMe":true}}`})
	at := "/conversation/" + made.object(t)["conversationId"].(string)
	x.do(request{method: http.MethodPatch, path: at, body: `{"label":"Towers","jobKey":"k","isLocalJobExecution":false,"agentInput":null}`})
	x.do(request{path: at})
	x.do(request{path: "/conversation?limit=1"})
	x.do(request{path: at + "/attachment", body: `{"name":"notes.txt"}`})
	x.do(request{method: http.MethodDelete, path: at})
	x.do(request{path: at})
	x.do(request{path: "/user/settings"})
	x.do(request{method: http.MethodPatch, path: "/user/settings", body: `{"name":"Ann","timezone":"Europe/Rome"}`})
	x.do(request{method: http.MethodPatch, path: "/user/settings", body: `{"email":"ann"}`})
	x.golden("answers")
}
