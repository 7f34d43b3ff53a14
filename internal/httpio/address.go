package httpio

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ClientAddress finds who sent a request. That is who holds the connection; if
// that is a proxy which is trusted, it is whom X-Forwarded-For names, read from
// its end until the first address that is not trusted: what stands before that
// one anybody may have written.
//
// The address is not valid if it cannot be known: over a unix socket, from a
// trusted proxy that does not say it, or over a loopback connection without a
// trusted proxy. There it is most often a proxy that nobody configured, and all
// the world would share one address.
func ClientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address := peer.Addr().Unmap().WithZone("") // a network has no zone
	if !within(address, trusted) {
		if address.IsLoopback() {
			return netip.Addr{}
		}
		return address
	}
	address = netip.Addr{}
	for _, line := range slices.Backward(r.Header.Values("X-Forwarded-For")) {
		for _, word := range slices.Backward(strings.Split(line, ",")) {
			next, err := parseAddress(strings.TrimSpace(word))
			if err != nil {
				return address
			}
			if address = next; !within(address, trusted) {
				return address
			}
		}
	}
	return address
}

// BaseURL is where a client sees the server, without a slash at its end: the host
// that it asked for, and the scheme, which a trusted proxy may say.
func BaseURL(r *http.Request, trusted []netip.Prefix) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && within(peer.Addr().Unmap().WithZone(""), trusted) {
		if said := r.Header.Get("X-Forwarded-Proto"); said == "http" || said == "https" {
			scheme = said
		}
	}
	return scheme + "://" + r.Host
}

// parseAddress reads an address; some proxies write the port as well.
func parseAddress(word string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(word); err == nil {
		return withPort.Addr().Unmap(), nil
	}
	address, err := netip.ParseAddr(strings.Trim(word, "[]"))
	return address.Unmap(), err
}

func within(address netip.Addr, networks []netip.Prefix) bool {
	for _, n := range networks {
		if n.Contains(address) {
			return true
		}
	}
	return false
}
