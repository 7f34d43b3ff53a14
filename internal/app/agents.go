package app

import (
	"context"
	"errors"
	"fmt"

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
				Privacy: flag(agent.Privacy), Moderation: flag(agent.Moderation), Unmasked: unmasked(agent.Privacy),
			},
			Where: agent.Where,
		})
	}
	return list
}

// flag is what a setting says: nil = nothing.
func flag(s string) *bool {
	if s == "" {
		return nil
	}
	return new(s != "false")
}

// unmasked says whether an agent lets through what cannot be masked.
func unmasked(privacy string) *bool {
	if privacy == "" {
		return nil
	}
	return new(privacy == "partly")
}

// CheckAgents says which agents name a model that can never answer, as a start
// would. It asks a provider only where nothing else says which models it has.
func CheckAgents(ctx context.Context, cfg config.Config) error {
	models, err := catalog(cfg)
	if err != nil {
		return nil // CheckModels says why
	}
	defer models.Close()
	var wrong error
	for _, a := range cfg.Agents {
		if a.Model == "" {
			continue
		}
		if _, err := models.Resolve(ctx, a.Model); convo.ErrorKind(err) == convo.Invalid {
			wrong = errors.Join(wrong, fmt.Errorf("%s: agent %q: %w", a.Where, a.ID, err))
		}
	}
	return wrong
}

// given is a text of the configuration; "" says nothing.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
