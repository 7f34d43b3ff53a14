package app_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/app"
)

func TestAgentsOfTheConfigurationAreBotsFromTheStart(t *testing.T) {
	t.Parallel()
	s := start(t, configured(t, "PARLEY_AGENTS=[{id: support, name: Support, backstory: Be helpful.}, {id: sales}]"))
	_, listed := s.call("GET", "/v1/bot/list?order=asc", "")
	items, _ := listed["items"].([]any)
	if len(items) != 2 {
		t.Fatalf("the bots are %v", listed)
	}
	if status, _ := s.call("POST", "/v1/conversation/create", `{"botId":"support"}`); status != 200 {
		t.Errorf("a conversation of a declared bot: %d", status)
	}
}

func TestAnAgentThatCannotBeStopsTheStart(t *testing.T) {
	t.Parallel()
	cfg := configured(t, "PARLEY_AGENTS=[{id: support, model: nobody/knows}]")
	if err := app.CheckAgents(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), cfg.Agents[0].Where+`: agent "support"`) {
		t.Errorf("before the start: %v", err)
	}
	a, err := app.New(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := a.Run(t.Context()); err == nil || !strings.Contains(err.Error(), `agent "support"`) {
		t.Errorf("the error is %v", err)
	}
}
