package app_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/config"
)

func TestAWrongRuleForOtherServersIsNamed(t *testing.T) {
	t.Parallel()
	cfg := config.Config{Outbound: config.Outbound{Allow: []string{"wiki.internal", "*.internal"}}}
	if err := app.CheckTools(cfg); err == nil || !strings.Contains(err.Error(), `outbound.allow: "*.internal" is neither`) {
		t.Errorf("the problem is %v", err)
	}
	cfg.Outbound.Allow = cfg.Outbound.Allow[:1]
	if err := app.CheckTools(cfg); err != nil {
		t.Errorf("a good rule: %v", err)
	}
}

// upstream is a server on this machine that tells what it was asked.
func upstream(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "The server was asked for %s.", r.URL)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// said completes with one message and gives the answer.
func (s *server) said(text, fields string) string {
	s.t.Helper()
	status, got := s.call("POST", "/v1/conversation/complete", fmt.Sprintf(`{"messages":[{"type":"user","text":%q}]%s}`, text, fields))
	answer, _ := got["text"].(string)
	if status != http.StatusOK {
		s.t.Fatalf("%q: %d %v", text, status, got)
	}
	return answer
}

// made posts and gives the id of what was made.
func (s *server) made(path, body string) string {
	s.t.Helper()
	status, got := s.call("POST", path, body)
	id, _ := got["id"].(string)
	if status != http.StatusOK || id == "" {
		s.t.Fatalf("%s: %d %v", path, status, got)
	}
	return id
}

func TestAnAgentCallsTheToolsOfTheConfiguration(t *testing.T) {
	t.Parallel()
	s := start(t, configured(t, `PARLEY_AGENTS=[{id: support, tools: [
		{name: get_weather, input: {type: object, properties: {city: {type: string}}, required: [city]}, http: {url: "`+upstream(t)+`/weather?city={{city}}"}},
		{name: get_time, result: {time: It is half past ten.}}]}, {id: sales}]`))
	if got := s.said(`Please call get_weather {"city":"São Paulo"}`, `,"botId":"support"`); !strings.Contains(got, "asked for /weather?city=S%C3%A3o%20Paulo.") {
		t.Errorf("with the tool the answer is %q", got)
	}
	if got := s.said("Please call get_time {}", `,"botId":"support"`); !strings.Contains(got, "half past ten") {
		t.Errorf("with the fixed result the answer is %q", got)
	}
	for _, other := range []string{"", `,"botId":"sales"`} {
		if got := s.said("Please call get_time {}", other); strings.Contains(got, "half past ten") {
			t.Errorf("somebody else has the tool: %q", got)
		}
	}
}

func TestAWrongToolOfAnAgentIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	for tool, want := range map[string]string{
		"{name: a b, result: 1}":                              "the name must be",
		"{name: a, result: 1, input: {type: objekt}}":         "no JSON schema",
		"{name: a, http: {url: \"https://a.example/{{b}}\"}}": "{{b}} is no property",
	} {
		cfg := configured(t, "PARLEY_AGENTS=[{id: support, tools: ["+tool+"]}]")
		err := app.CheckTools(cfg)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `of agent "support"`) || !strings.Contains(err.Error(), cfg.Agents[0].Tools[0].Where) {
			t.Errorf("%s: %v", tool, err)
		}
		if _, again := app.New(t.Context(), cfg, slog.New(slog.DiscardHandler)); again == nil {
			t.Errorf("%s: the server starts", tool)
		}
	}
}

func TestAnAbilityReachesOnlyWhatTheOperatorAllows(t *testing.T) {
	t.Parallel()
	u := upstream(t)
	host := strings.TrimPrefix(u, "http://")
	for setting, want := range map[string]string{"PARLEY_OUTBOUND_ALLOW=" + host: "asked for /here", "PARLEY_OUTBOUND_ALLOW=10.0.0.0/8": "outbound.allow"} {
		s := start(t, configured(t, setting))
		set := s.made("/v1/skillset/create", "{}")
		s.made("/v1/skillset/"+set+"/ability/create", `{"name":"Look","instruction":"`+"```fetch\\nGET "+u+"/here\\n```"+`"}`)
		if got := s.said("Please call look {}", `,"skillsetId":"`+set+`"`); !strings.Contains(got, want) {
			t.Errorf("with %s the answer is %q", setting, got)
		}
	}
}
