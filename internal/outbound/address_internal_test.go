package outbound

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

func TestOnlyAddressesOfThePublicInternetArePublic(t *testing.T) {
	t.Parallel()
	g := newGuard()
	for _, text := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "168.63.129.16",
		"169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.168.1.1", "198.18.0.1",
		"198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
		"64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8", "100::1",
		"2001::1", "2001:0:7f00:1::", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1",
		"fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "2606:4700::1111%eth0", "fec0::1", "ff02::1", "5f00::1", "4000::1",
	} {
		if g.public(netip.MustParseAddr(text)) {
			t.Errorf("%s counts as public", text)
		}
	}
	for _, text := range []string{
		"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "169.253.0.1", "223.255.255.255",
		"::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2606:4700::1111", "2a00:1450::1", "2001:200::1",
	} {
		if !g.public(netip.MustParseAddr(text)) {
			t.Errorf("%s does not count as public", text)
		}
	}
	if g.public(netip.Addr{}) {
		t.Error("no address counts as public")
	}
}

func TestNumbersThatAreNoUsualAddressAreNoHosts(t *testing.T) {
	t.Parallel()
	for _, host := range []string{
		"2130706433", "0x7f000001", "0x7f.0x0.0x0.0x1", "0177.0.0.1", "127.1", "127.0.1", "1.2.3.4.5", "256.1.1.1", "0x", "example.0x7f",
		"", ".", "a..", "exa mple.com", "example.com\x00", "bücher.example", "a%00b", "127.0.0.1:80", "[::1]",
	} {
		if name, ok := hostName(host); ok {
			t.Errorf("%q is the host %q", host, name)
		}
	}
	for host, want := range map[string]string{
		"Example.COM.": "example.com", "127.0.0.1": "127.0.0.1", "::FFFF:127.0.0.1": "127.0.0.1", "0:0::1": "::1",
		"xn--bcher-kva.example": "xn--bcher-kva.example", "3.example": "3.example", "fe80::1%eth0": "fe80::1%eth0", "0x7f.example": "0x7f.example",
	} {
		if name, ok := hostName(host); !ok || name != want {
			t.Errorf("%q is the host %q (%v), not %q", host, name, ok, want)
		}
	}
}

// FuzzAddresses holds the rules to what Go's own standard library knows of an
// address, and to themselves: an address of IPv4 is no more public in the form
// of IPv6 than it is by itself.
func FuzzAddresses(f *testing.F) {
	for _, text := range []string{"127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::a00:1", "fe80::1%eth0", "8.8.8.8", "0x7f.1"} {
		f.Add(text, uint32(0x7f000001))
	}
	g := newGuard()
	f.Fuzz(func(t *testing.T, text string, number uint32) {
		var four [4]byte
		binary.BigEndian.PutUint32(four[:], number)
		plain := netip.AddrFrom4(four)
		for _, prefix := range []string{"::", "::ffff:0.0.0.0", "64:ff9b::", "64:ff9b:1::", "2002::"} {
			bytes := netip.MustParseAddr(prefix).As16()
			copy(bytes[12:], four[:])
			if prefix == "2002::" {
				copy(bytes[2:6], four[:])
			}
			if form := netip.AddrFrom16(bytes); g.public(form) && !g.public(plain) {
				t.Errorf("%s is public, %s is not", form, plain)
			}
		}
		host, ok := hostName(text)
		if !ok {
			return
		}
		if again, ok := hostName(host); !ok || again != host {
			t.Errorf("%q becomes %q, which becomes %q", text, host, again)
		}
		a, err := netip.ParseAddr(host)
		if err == nil && g.public(a) && (a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || a.Zone() != "") {
			t.Errorf("%s is public", a)
		}
		if rule, ok := parseRule(text); ok && err == nil && !rule.allows(host, rule.port, a) && rule.port == 0 && rule.network.IsValid() {
			t.Errorf("the rule %q does not allow itself", text)
		}
	})
}
