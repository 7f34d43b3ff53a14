package httpio_test

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/parleyhq/parley/internal/httpio"
)

func TestTheAddressOfAClient(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32")}
	for name, c := range map[string]struct {
		peer    string
		trusted []netip.Prefix
		said    []string
		want    string // "" = not known
	}{
		"is the peer's":                                {"192.0.2.7:1234", nil, nil, "192.0.2.7"},
		"is not what a stranger says":                  {"192.0.2.7:1234", proxies, []string{"198.51.100.1"}, "192.0.2.7"},
		"is what a proxy says":                         {"10.1.1.1:1234", proxies, []string{"198.51.100.1"}, "198.51.100.1"},
		"is not what the client told the proxy":        {"10.1.1.1:1234", proxies, []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		"is found behind several proxies":              {"127.0.0.1:1", proxies, []string{"1.1.1.1, 198.51.100.1", "10.0.0.2"}, "198.51.100.1"},
		"is one of the proxies' own network":           {"10.1.1.1:1", proxies, []string{"10.0.0.9"}, "10.0.0.9"},
		"may come with a port":                         {"10.1.1.1:1", proxies, []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		"is IPv4 also where the socket speaks IPv6":    {"[::ffff:192.0.2.7]:1", nil, nil, "192.0.2.7"},
		"is not known if the proxy does not say":       {"10.1.1.1:1", proxies, nil, ""},
		"is not known if the proxy says nonsense":      {"10.1.1.1:1", proxies, []string{"unknown"}, ""},
		"is not known over loopback":                   {"127.0.0.1:1", nil, []string{"198.51.100.1"}, ""},
		"is not known over a socket of the filesystem": {"@", proxies, []string{"198.51.100.1"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &http.Request{RemoteAddr: c.peer, Header: http.Header{"X-Forwarded-For": c.said}}
			got := httpio.ClientAddress(r, c.trusted)
			if text := got.String(); got.IsValid() && text != c.want || !got.IsValid() && c.want != "" {
				t.Errorf("it is %v, want %q", got, c.want)
			}
		})
	}
}

func FuzzClientAddress(f *testing.F) {
	f.Add("10.0.0.1:1", "1.1.1.1, 10.0.0.2")
	f.Add("[::1]:1", "[fe80::1%eth0]:80,,")
	all := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	f.Fuzz(func(t *testing.T, peer, said string) {
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {said}}}
		for _, trusted := range [][]netip.Prefix{nil, all} {
			if a := httpio.ClientAddress(r, trusted); a.Is4In6() {
				t.Errorf("%v is the same as %v", a, a.Unmap())
			}
		}
	})
}
