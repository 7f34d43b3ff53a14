package mcp

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// guard keeps pages of other sites from a server that they can reach through
// the browser of somebody on this machine: by a name of their own that suddenly
// leads here (DNS rebinding), or by a request across origins.
type guard struct {
	public  string // the name that clients see, "" = none is set
	proxies []netip.Prefix
}

// check refuses a request that names another host than this one, or that a
// page of another origin makes.
func (g guard) check(r *http.Request) error {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return nil // the socket of the data folder; no page reaches it
	}
	here := local.IP.IsLoopback()
	host := hostOf("//" + r.Host)
	// From the network any name may lead here; from this machine only its own may,
	// unless a proxy in front of it passes on what it was asked.
	if here && !loopback(host) && !g.owns(host) && !g.trusts(r) {
		return convo.Errorf(convo.Forbidden, "this server is not %q: set publicURL, or trustedProxies if a proxy stands before it", clip(r.Host))
	}
	for _, origin := range r.Header.Values("Origin") {
		from := hostOf(origin)
		if from == "" || from != host && !g.owns(from) && !(here && loopback(from)) {
			return convo.Errorf(convo.Forbidden, "pages of other sites may not speak to this server: the origin is %q", clip(origin))
		}
	}
	return nil
}

// owns reports whether a name is the server's public one.
func (g guard) owns(host string) bool { return g.public != "" && host == g.public }

// trusts reports whether a request came through a trusted proxy.
func (g guard) trusts(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && slices.ContainsFunc(g.proxies, func(p netip.Prefix) bool {
		return p.Contains(peer.Addr().Unmap().WithZone(""))
	})
}

// hostOf is the name in an address, without a port and in lower case; "" if
// there is none.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// clip bounds what of a caller's own text is repeated to him.
func clip(s string) string {
	if len(s) <= 64 {
		return s
	}
	return s[:64] + "…"
}
