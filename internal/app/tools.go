package app

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/outbound"
	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/tool/ability"
	"github.com/parleyhq/parley/internal/tool/configured"
	"github.com/parleyhq/parley/internal/tool/mcp"
)

// openTools connects what turns may call. It does no I/O.
func (a *App) openTools(box *seal.Box) (err error) {
	if a.outbound, err = newOutbound(a.cfg); err != nil {
		return err
	}
	a.onClose(func() error { a.outbound.Close(); return nil })
	agents, err := agentTools(a.cfg, a.outbound)
	if err != nil {
		return err
	}
	a.onClose(func() error { agents.Close(); return nil })
	a.abilities = ability.New(engine.NewObjects(a.store, box), a.outbound, a.search)
	servers, err := mcp.New(mcpAgents(a.cfg), mcp.Options{Client: a.outbound, Log: a.log, Chosen: a.chosen})
	if err != nil {
		return err
	}
	a.onClose(func() error { servers.Close(); return nil })
	a.tools = tool.MultiSet{agents, a.abilities, servers}
	return nil
}

// agentTools are those that the configuration gives its agents.
func agentTools(cfg config.Config, client *outbound.Client) (*configured.Set, error) {
	agents := make([]configured.Agent, len(cfg.Agents))
	for i, a := range cfg.Agents {
		agents[i] = configured.Agent{Tenant: cfg.TenantOf(a), Bot: a.ID}
		for _, t := range a.Tools {
			agents[i].Tools = append(agents[i].Tools, agentTool(t))
		}
	}
	return configured.New(agents, client)
}

// agentTool is a tool as its driver takes it. What has no result, and neither runs in
// a client nor asks the user for one, makes requests.
func agentTool(t config.AgentTool) configured.Tool {
	made := configured.Tool{
		Name: t.Name, Description: t.Description, Input: convo.JSON(t.Input), Result: convo.JSON(t.Result), Where: t.Where,
		Reveals: t.Reveals(), Asks: convo.Asks(t.Asks()), Client: t.Client, Output: convo.JSON(t.Output),
	}
	switch {
	case t.Client:
	case t.Interrupt.Type != "":
		made.Interrupt = &tool.Interrupt{Type: t.Interrupt.Type, Value: convo.JSON(t.Interrupt.Value)}
	case t.Result == nil:
		made.HTTP = &configured.HTTP{
			Method: t.HTTP.Method, URL: t.HTTP.URL, Headers: t.HTTP.Headers, Body: t.HTTP.Body, Secret: t.HTTP.Secret.Reveal(),
		}
	}
	return made
}

// newOutbound makes the client for what tools ask of other servers.
func newOutbound(cfg config.Config) (*outbound.Client, error) {
	o := cfg.Outbound
	rules, err := outbound.ParseRules(o.Allow)
	if err != nil {
		return nil, fmt.Errorf("outbound.allow: %w", err)
	}
	share := o.Concurrency
	if len(cfg.AllTenants()) > 1 {
		share = (share + 1) / 2
	}
	return outbound.New(outbound.Options{
		Allow: rules, Timeout: o.Timeout, Size: int64(o.Size), Concurrency: o.Concurrency, Share: share,
		Redirects: cmp.Or(o.Redirects, -1), // in the configuration, 0 is none
	}), nil
}

// CheckTools says what is wrong with the settings of tools. It does no I/O.
func CheckTools(cfg config.Config) error {
	client, err := newOutbound(cfg)
	if err != nil {
		return err
	}
	defer client.Close()
	agents, err := agentTools(cfg, client)
	if err == nil {
		agents.Close()
	}
	servers, wrong := mcp.New(mcpAgents(cfg), mcp.Options{Client: client})
	if wrong == nil {
		servers.Close()
	}
	return errors.Join(err, wrong)
}
