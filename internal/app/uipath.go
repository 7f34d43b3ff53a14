package app

import (
	"cmp"
	"context"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

// chosen gives the connections that a user chose for a bot, by connector.
func (a *App) chosen(ctx context.Context, tenant, user, bot string) (map[string]string, error) {
	s, err := a.store.Settings(ctx, tenant, user)
	if err != nil && convo.ErrorKind(err) != convo.NotFound {
		return nil, err
	}
	choices := map[string]string{}
	for _, c := range s.Choices {
		if c.Bot == bot {
			choices[c.Connector] = c.Connection
		}
	}
	return choices, nil
}

// connectors says what users may choose for the agents of the configuration.
func connectors(cfg config.Config) func(tenant, bot string) []uipath.Connector {
	type name struct{ tenant, bot string }
	known := map[name][]uipath.Connector{}
	for _, a := range cfg.Agents {
		var list []uipath.Connector
		for _, m := range a.MCP {
			if m.Connector == "" {
				continue
			}
			n := slices.IndexFunc(list, func(c uipath.Connector) bool { return c.Key == m.Connector })
			if n < 0 {
				n, list = len(list), append(list, uipath.Connector{Key: m.Connector})
			}
			title := cmp.Or(m.Title, m.Name)
			list[n].Connections = append(list[n].Connections, uipath.Connection{ID: m.Name, Title: title, Default: m.Default})
		}
		known[name{cfg.TenantOf(a), a.ID}] = list
	}
	return func(tenant, bot string) []uipath.Connector { return known[name{tenant, bot}] }
}

// welcomes says what the agents of the configuration greet their users with.
func welcomes(cfg config.Config) func(tenant, bot string) *uipath.Welcome {
	type name struct{ tenant, bot string }
	known := map[name]*uipath.Welcome{}
	for _, a := range cfg.Agents {
		w := &uipath.Welcome{Title: a.Welcome.Title, Description: a.Welcome.Description}
		for _, p := range a.Welcome.Prompts {
			said := p.Prompt
			if said == "" {
				said = p.Display
			}
			w.Prompts = append(w.Prompts, uipath.StartingPrompt{Display: p.Display, Prompt: said})
		}
		known[name{cfg.TenantOf(a), a.ID}] = w
	}
	return func(tenant, bot string) *uipath.Welcome { return known[name{tenant, bot}] }
}

// withAgents adds the conversational agent API, at paths of its own.
func (a *App) withAgents(api http.Handler, box *seal.Box, links *httpio.Links, proxies []netip.Prefix) (http.Handler, error) {
	front, err := uipath.New(uipath.Options{
		Engine: a.engine, Auth: a.auth, Log: a.log, Origins: a.cfg.Origins, PublicURL: a.cfg.PublicURL,
		Key: box.Derive("addresses of files"), Links: links, Limiter: a.limiter, Proxies: proxies, Observer: a.telemetry,
		Welcome: welcomes(a.cfg), Connectors: connectors(a.cfg), Sessions: a.store, Sockets: a.telemetry.Sockets(),
		AnnounceEnd: a.announceEnd(),
	})
	if err != nil {
		return nil, err
	}
	a.agents = front
	a.onClose(func() error {
		cut, stop := context.WithTimeout(context.Background(), cutTime) // New's context may have ended
		defer stop()
		return front.Close(cut)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if front.Serves(r.URL.EscapedPath()) {
			front.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	}), nil
}

// announceEnd is how long before its end a connection is told of it; 0 = never.
func (a *App) announceEnd() time.Duration {
	if !a.cfg.Sockets.AnnounceEnd {
		return 0
	}
	return a.cfg.Turns.Drain
}
