package app

import (
	"net/http"

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
