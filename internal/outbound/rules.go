package outbound

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Rule allows what would be refused: a network, or a name with all that it
// resolves to, at one port or at all of them.
type Rule struct {
	network netip.Prefix // valid, or
	host    string       // lower-case, without a dot at its end
	port    uint16       // 0 = any
}

// ParseRules reads rules as the configuration writes them: 10.0.0.0/8, 10.0.0.5,
// 10.0.0.5:8080, [fd00::1]:80, wiki.internal or wiki.internal:8443. One that is
// wrong spoils all.
func ParseRules(list []string) ([]Rule, error) {
	rules := make([]Rule, 0, len(list))
	for _, text := range list {
		r, ok := parseRule(strings.TrimSpace(text))
		if !ok {
			return nil, fmt.Errorf("%q is neither a host (wiki.internal, wiki.internal:8443) nor an address (10.0.0.5, 10.0.0.5:8080) nor a network (10.0.0.0/8)", text)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

func parseRule(text string) (Rule, bool) {
	if network, err := netip.ParsePrefix(text); err == nil {
		return Rule{network: network.Masked()}, !network.Addr().Is4In6()
	}
	host, port := strings.Trim(text, "[]"), uint16(0)
	if h, p, err := net.SplitHostPort(text); err == nil {
		host, port = h, portNumber(p)
		if strconv.Itoa(int(port)) != p || port == 0 {
			return Rule{}, false
		}
	}
	host, ok := hostName(host)
	if !ok {
		return Rule{}, false
	}
	if address, err := netip.ParseAddr(host); err == nil {
		return Rule{network: netip.PrefixFrom(address, address.BitLen()), port: port}, address.Zone() == ""
	}
	return Rule{host: host, port: port}, true
}

// RuleFor allows the host and port of an address that the operator wrote down
// himself.
func RuleFor(u *url.URL) (Rule, error) {
	r, ok := parseRule(net.JoinHostPort(u.Hostname(), strconv.Itoa(int(portOf(u)))))
	if !ok {
		return Rule{}, fmt.Errorf("%q is no host", u.Host)
	}
	return r, nil
}

// portOf gives 0 for what is no port.
func portOf(u *url.URL) uint16 {
	switch {
	case u.Port() != "":
		return portNumber(u.Port())
	case u.Scheme == "http":
		return 80
	}
	return 443
}

// allows says whether a rule names that host, or the address that it resolved
// to.
func (r Rule) allows(host string, port uint16, address netip.Addr) bool {
	if r.port != 0 && r.port != port {
		return false
	}
	if r.network.IsValid() {
		return r.network.Contains(address.Unmap().WithZone(""))
	}
	return r.host == host
}
