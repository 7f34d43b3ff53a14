package app

import (
	"net/http"

	"github.com/parleyhq/parley/internal/config"
	tools "github.com/parleyhq/parley/internal/tool/mcp"
	"github.com/parleyhq/parley/internal/wire/mcp"
)

// withMCP adds what MCP clients are offered to the API, at a path of its own.
func (a *App) withMCP(api http.Handler, o mcp.Options) http.Handler {
	o.Server = mcp.Conversations(a.engine, Version, a.log)
	o.Auth, o.Log, o.Observer = a.auth, a.log, a.telemetry
	o.BodyLimit, o.PublicURL = int64(a.cfg.Limits.Body), a.cfg.PublicURL
	offered := mcp.New(o)
	a.onClose(func() error { offered.Close(); return nil })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == mcp.Path {
			offered.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}

// mcpAgents are the agents' MCP servers, as their driver takes them.
func mcpAgents(cfg config.Config) []tools.Agent {
	var agents []tools.Agent
	for _, a := range cfg.Agents {
		own := tools.Agent{Tenant: cfg.TenantOf(a), Bot: a.ID}
		for _, s := range a.MCP {
			env := map[string]string{}
			for name, value := range s.Env {
				env[name] = value.Reveal()
			}
			own.Servers = append(own.Servers, tools.Server{
				Name: s.Name, Command: s.Command, Env: env, URL: s.URL, Secret: s.Secret.Reveal(), Where: s.Where,
				Connector: s.Connector, Default: s.Default,
			})
		}
		agents = append(agents, own)
	}
	return agents
}
