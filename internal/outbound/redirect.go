package outbound

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// redirect decides whether a redirection is followed, and with what. It is an
// http.Client's CheckRedirect.
//
// Go itself drops a few known headers, and only where the other host is no
// subdomain; a key in a header of its own name would go along. It also names the
// last address, which may hold a key, in Referer.
func (c *Client) redirect(next *http.Request, past []*http.Request) error {
	if len(past) > max(c.options.Redirects, 0) {
		return convo.Errorf(convo.UpstreamFailed, "%s sends its callers on too often", past[0].URL.Hostname())
	}
	if err := checkURL(next.URL); err != nil {
		return convo.WrapError(convo.UpstreamFailed, err, "%s sends its callers to an address that cannot be called", past[0].URL.Hostname())
	}
	next.Header.Del("Referer")
	first := origin(past[0].URL)
	away := func(r *http.Request) bool { return origin(r.URL) != first }
	// Once another server had its say, it chose the address, even one back home.
	if !away(next) && !slices.ContainsFunc(past, away) {
		return nil
	}
	if next.Body != nil && next.Body != http.NoBody {
		return convo.Errorf(convo.UpstreamFailed, "%s sends its callers, with what they send, to another server; that is refused", past[0].URL.Hostname())
	}
	for name := range next.Header {
		if !slices.Contains([]string{"Accept", "Accept-Language", "User-Agent"}, name) {
			next.Header.Del(name)
		}
	}
	return nil
}

func origin(u *url.URL) string {
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + strconv.Itoa(int(portOf(u)))
}
