package app

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

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
func (a *App) withAgents(api http.Handler, box *seal.Box, proxies []netip.Prefix) (http.Handler, error) {
	front, err := uipath.New(uipath.Options{
		Engine: a.engine, Auth: a.auth, Log: a.log, Origins: a.cfg.Origins, PublicURL: a.cfg.PublicURL,
		Key: box.Derive("addresses of files"), Limiter: a.limiter, Proxies: proxies, Observer: a.telemetry,
		Welcome: welcomes(a.cfg), Sessions: a.store, Sockets: a.telemetry.Sockets(),
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
