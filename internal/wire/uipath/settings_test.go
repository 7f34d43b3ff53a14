package uipath_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestSettingsAreKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.want(http.StatusOK, request{path: "/user/settings"})
	for _, name := range []string{"name", "email", "role", "department", "company", "country", "timezone"} {
		if !strings.Contains(first.body, `"`+name+`":null`) {
			t.Errorf("%s is not null in %s", name, first.body)
		}
	}
	if again := b.want(http.StatusOK, request{path: "/user/settings"}); again.body != first.body {
		t.Errorf("a second read gives %s", again.body)
	}
	change := func(body string) request {
		return request{method: http.MethodPatch, path: "/user/settings", body: body}
	}
	b.want(http.StatusOK, change(`{"name":"Ann","email":"ann@example.com","role":"`+strings.Repeat("é", 100)+`","timezone":"Europe/Rome"}`))
	changed := b.want(http.StatusOK, change(`{"name":null,"company":"Acme"}`)).object(t)
	if changed["name"] != nil || changed["email"] != "ann@example.com" || changed["company"] != "Acme" || changed["timezone"] != "Europe/Rome" {
		t.Errorf("after the change they are %v", changed)
	}
	before := b.want(http.StatusOK, request{path: "/user/settings"}).body
	for _, c := range []struct {
		code int
		body string
	}{
		{4110, `{"company":"x","name":5}`}, {4110, `{"company":"x","name":"` + strings.Repeat("é", 101) + `"}`},
		{4110, `{"timezone":"` + strings.Repeat("x", 51) + `"}`}, {4111, `{"company":"x","email":"ann"}`}, {4111, `{"email":""}`},
		{4111, `{"email":"Ann <ann@example.com>"}`}, {4111, `{"email":"` + strings.Repeat("x", 250) + `@x.com"}`}, {4001, `[]`},
	} {
		b.refused(c.code, change(c.body))
	}
	if after := b.want(http.StatusOK, request{path: "/user/settings"}).body; after != before {
		t.Errorf("a refused change left %s, not %s", after, before)
	}
}
