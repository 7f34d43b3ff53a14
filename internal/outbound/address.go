package outbound

import (
	"net/netip"
	"strings"
)

// reserved are the networks of IPv4 that are not of the public internet, by the
// registry of special-purpose addresses (RFC 6890 and its successors), and one
// public address that a cloud uses for what its machines are told in confidence.
func reserved() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("10.0.0.0/8"),
		netip.MustParsePrefix("100.64.0.0/10"), // shared by a provider's customers; also metadata at 100.100.100.200
		netip.MustParsePrefix("127.0.0.0/8"),
		netip.MustParsePrefix("168.63.129.16/32"), // Azure's own services
		netip.MustParsePrefix("169.254.0.0/16"),   // link-local; metadata at 169.254.169.254
		netip.MustParsePrefix("172.16.0.0/12"),
		netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("192.0.2.0/24"),
		netip.MustParsePrefix("192.88.99.0/24"), // once the way into 6to4
		netip.MustParsePrefix("192.168.0.0/16"),
		netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("224.0.0.0/4"),
		netip.MustParsePrefix("240.0.0.0/4"),
	}
}

// reserved6 are the networks inside of global, below, that are not public. The
// first holds Teredo, the second is 6to4: both lead to an address of IPv4.
func reserved6() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("2001::/23"),
		netip.MustParsePrefix("2002::/16"),
		netip.MustParsePrefix("2001:db8::/32"),
		netip.MustParsePrefix("3fff::/20"),
	}
}

// guard knows which addresses are public.
type guard struct {
	refused, refused6 []netip.Prefix
	global            netip.Prefix // all of IPv6 that is given out to the internet
	nat64             netip.Prefix
}

func newGuard() *guard {
	return &guard{
		refused: reserved(), refused6: reserved6(),
		global: netip.MustParsePrefix("2000::/3"), nat64: netip.MustParsePrefix("64:ff9b::/96"),
	}
}

// public reports whether an address is one of the public internet. In IPv6 it
// is one if it is known to be, not if it is not known to be another: what is
// reserved later is refused today.
func (g *guard) public(address netip.Addr) bool {
	if !address.IsValid() || address.Zone() != "" {
		return false // a zone names an interface of this machine
	}
	address = address.Unmap()
	if address.Is4() {
		return !inAny(g.refused, address)
	}
	if g.nat64.Contains(address) {
		// Where only IPv6 is spoken, every public address of IPv4 has this form.
		bytes := address.As16()
		return !inAny(g.refused, netip.AddrFrom4([4]byte(bytes[12:])))
	}
	return g.global.Contains(address) && !inAny(g.refused6, address)
}

func inAny(networks []netip.Prefix, address netip.Addr) bool {
	for _, n := range networks {
		if n.Contains(address) {
			return true
		}
	}
	return false
}

// hostName gives a host in the form in which rules name it, and whether it may
// be looked up at all. Numbers that only some resolvers take for an address
// (2130706433, 0x7f.1, 0177.0.0.1) are refused: what they mean depends on who
// reads them.
func hostName(host string) (string, bool) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if strings.HasSuffix(host, ".") { // also behind the zone of an address
		return "", false
	}
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Unmap().String(), true
	}
	if host == "" || len(host) > 253 || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return "", false
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if strings.Trim(last, "0123456789") == "" {
		return "", false
	}
	if digits, ok := strings.CutPrefix(last, "0x"); ok && strings.Trim(digits, "0123456789abcdef") == "" {
		return "", false
	}
	return host, true
}
