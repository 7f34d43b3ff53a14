package uipath_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

func TestTheChecksComeInTheirOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const elsewhere = "//other/dev/autopilotforeveryone_/api/v1/"
	b.refused(4010, request{path: "/conversation/x", token: "-"})
	b.refused(4010, request{path: "/nothing", token: "-"})
	b.refused(4011, request{path: "/conversation/x", token: "wrong"})
	b.refused(4011, request{path: elsewhere + "conversation/x", token: "wrong"})
	b.refused(4041, request{path: elsewhere + "conversation/x"})
	b.refused(4041, request{path: elsewhere + "conversation/x", header: map[string]string{"X-UiPath-External-User-Id": "!"}})
	b.refused(4002, request{path: "/conversation/x", header: map[string]string{"X-UiPath-External-User-Id": "!"}})
	b.refused(4002, request{path: "/conversation/x", header: map[string]string{"X-UiPath-External-User-Id": ""}})
	b.refused(4041, request{path: "/nothing"})
	b.refused(4040, request{path: "/conversation/x"})
	b.refused(4040, request{path: "/conversation/" + strings.Repeat("x", 300)})
	b.refused(4050, request{method: http.MethodPut, path: "/conversation/x"})
	if allow := b.do(request{method: http.MethodPut, path: "/conversation/x"}).header.Get("Allow"); allow != "DELETE, GET, PATCH, OPTIONS" {
		t.Errorf("Allow is %q", allow)
	}
	b.refused(4050, request{method: http.MethodDelete, path: "//files/x"})
	b.refused(4050, request{path: "//files/x", body: "x", token: "-"})
	if challenge := b.do(request{path: "/x", token: "-"}).header.Get("Www-Authenticate"); challenge != "Bearer" {
		t.Errorf("WWW-Authenticate is %q", challenge)
	}
}

func TestPathsAreReadAsTheyWereMeant(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation()
	one := convo.TenancyOf(tenantOne)
	for _, path := range []string{
		"//acme/dev/autopilotforeveryone_/api/v1/conversation/" + id + "/",
		"///acme//dev/autopilotforeveryone_/api/v1//conversation/" + id,
		"//ACME/Dev/autopilotforeveryone_/api/v1/conversation/" + id,
		"//" + one.OrgID + "/" + strings.ToUpper(one.TenantID) + "/autopilotforeveryone_/api/v1/conversation/" + id,
		"//%61cme/dev/autopilotforeveryone_/api/v1/conversation/" + "%" + hexOf(id[0]) + id[1:],
	} {
		b.want(http.StatusOK, request{path: path})
	}
	b.refused(4040, request{path: "/conversation/" + url.PathEscape("a/b")})
	b.refused(4041, request{path: "/conversation/" + id + "/x"})
	b.refused(4041, request{path: "//acme/dev/autopilotforeveryone_/api/v2/conversation"})
}

func hexOf(c byte) string { return string("0123456789abcdef"[c>>4]) + string("0123456789abcdef"[c&15]) }

func TestThePathsOfTheFrontAreKnown(t *testing.T) {
	t.Parallel()
	front, err := uipath.New(uipath.Options{Engine: setup(t).engine, Key: []byte("key"), Links: httpio.NewLinks([]byte("key"), time.Now)})
	must(t, err)
	for path, want := range map[string]bool{
		"/a/b/autopilotforeveryone_/api/v1/agent": true, "//a//b/autopilotforeveryone_": true, "/files/x": true,
		"/v1/conversation/list": false, "/": false, "": false, "/a/autopilotforeveryone_": false,
	} {
		if front.Serves(path) != want {
			t.Errorf("Serves(%q) is %t", path, !want)
		}
	}
}

func TestBrowsersMayReadEveryAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, q := range []request{{path: "/agent"}, {path: "/agent", token: "-"}, {path: "/nothing"}, {path: "/conversation", body: "{"}} {
		if origin := b.do(q).header.Get("Access-Control-Allow-Origin"); origin != "*" {
			t.Errorf("%s: the allowed origin is %q", q.path, origin)
		}
	}
	preflight := b.want(http.StatusNoContent, request{method: http.MethodOptions, path: "/any/path", token: "-"})
	for name, want := range map[string]string{
		"Access-Control-Allow-Methods": "GET,POST,PUT,PATCH,DELETE,OPTIONS", "Access-Control-Max-Age": "600",
		"Access-Control-Allow-Headers": "authorization, content-type, traceparent, x-uipath-traceparent-id, x-uipath-external-user-id, " +
			"x-uipath-conversational-surfacename, x-uipath-conversational-surfaceversion, x-ms-blob-type, idempotency-key",
	} {
		if got := preflight.header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
}

func TestOnlyConfiguredPagesMayReadAnswers(t *testing.T) {
	t.Parallel()
	b := setupWith(t, func(o *uipath.Options) { o.Origins = uipath.Origins{"https://app.example.com/"} })
	for origin, want := range map[string]string{
		"https://app.example.com": "https://app.example.com", "https://evil.example.com": "", "null": "",
	} {
		a := b.want(http.StatusOK, request{path: "/agent", header: map[string]string{"Origin": origin}})
		if got := a.header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s: the allowed origin is %q", origin, got)
		}
		if a.header.Get("Vary") != "Origin" {
			t.Errorf("%s: the answer may be cached for other pages", origin)
		}
	}
	b.want(http.StatusOK, request{path: "/agent"})
}

func TestAgentsAreListedAndRead(t *testing.T) {
	t.Parallel()
	b := setupWith(t, func(o *uipath.Options) {
		o.Welcome = func(tenant, bot string) *uipath.Welcome {
			return &uipath.Welcome{Title: tenant, Description: bot, Prompts: []uipath.StartingPrompt{{Display: "Weather?", Prompt: "What is it?"}}}
		}
	})
	list := b.want(http.StatusOK, request{path: "/agent"}).body
	one := convo.TenancyOf(tenantOne)
	if !strings.HasPrefix(list, `[{"id":1,"name":"Support","description":"Answers questions",`) || strings.Contains(list, one.OrgID) {
		t.Errorf("the list is %s", list)
	}
	if empty := b.want(http.StatusOK, request{path: "/agent?folderId=8"}).body; empty != "[]" {
		t.Errorf("the list of an empty folder is %s", empty)
	}
	b.refused(4104, request{path: "/agent?folderId=x"})
	agent := b.want(http.StatusOK, request{path: "/agent/7/1"}).body
	if !strings.Contains(agent, `"appearance":{"welcomeTitle":"acme/dev","welcomeDescription":"support","startingPrompts":[{"id":"1","displayPrompt":"Weather?","actualPrompt":"What is it?"}]}`) {
		t.Errorf("the agent is %s", agent)
	}
	for _, path := range []string{"/agent/1/7", "/agent/7/2", "/agent/8/1", "/agent/7/x", "/agent/x/1"} {
		b.refused(4042, request{path: path})
	}
	if flags := b.want(http.StatusOK, request{path: "//acme/dev/autopilotforeveryone_/api/utility/feature-flags"}).body; flags != `{"clientSideTools":true}` {
		t.Errorf("the flags are %s", flags)
	}
}
