package app_test

import (
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
