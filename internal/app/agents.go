package app

import (
	"context"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// declareAgents makes the bots of all tenants what the configuration says.
func (a *App) declareAgents(ctx context.Context) error {
	for _, tenant := range a.cfg.AllTenants() {
		if err := a.engine.DeclareBots(ctx, tenant.ID(), declaredBots(a.cfg, tenant.ID())); err != nil {
			return err
		}
	}
	return nil
}

// declaredBots are the agents of a tenant, as the engine takes them.
func declaredBots(cfg config.Config, tenant string) []engine.DeclaredBot {
	var list []engine.DeclaredBot
	for _, agent := range cfg.Agents {
		if cfg.TenantOf(agent) != tenant {
			continue
		}
		list = append(list, engine.DeclaredBot{
			ID: agent.ID, Number: agent.Number, Folder: agent.Folder,
			Name: given(agent.Name), Description: given(agent.Description),
			Config: convo.Config{
				Model: given(agent.Model), Backstory: given(agent.Backstory), SkillsetID: given(agent.Skillset),
			},
			Where: agent.Where,
		})
	}
	return list
}

// given is a text of the configuration; "" says nothing.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
