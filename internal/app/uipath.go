package app

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

// withAgents adds the conversational agent API, at paths of its own.
func (a *App) withAgents(api http.Handler, box *seal.Box, proxies []netip.Prefix) (http.Handler, error) {
	front, err := uipath.New(uipath.Options{
		Engine: a.engine, Auth: a.auth, Log: a.log, Origins: a.cfg.Origins, PublicURL: a.cfg.PublicURL,
		Key: box.Derive("addresses of files"), Limiter: a.limiter, Proxies: proxies, Observer: a.telemetry,
		Sessions: a.store, Sockets: a.telemetry.Sockets(),
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
