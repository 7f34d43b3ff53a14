package outbound_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/outbound"
)

// names is a resolver of which each look-up of a name gives the next answer, and
// the last one for ever.
type names struct {
	mu      sync.Mutex
	answers map[string][]string
	asked   map[string]int
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	answers := n.answers[host]
	if len(answers) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if n.asked == nil {
		n.asked = map[string]int{}
	}
	at := min(n.asked[host], len(answers)-1)
	n.asked[host]++
	var addresses []netip.Addr
	for text := range strings.SplitSeq(answers[at], ",") {
		addresses = append(addresses, netip.MustParseAddr(text))
	}
	return addresses, nil
}

// serve runs a server on this machine and gives its URL.
func serve(t *testing.T, h http.HandlerFunc) *url.URL {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// forbidden runs a server that nobody may reach.
func forbidden(t *testing.T) *url.URL {
	t.Helper()
	return serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("the local server got %s %s", r.Method, r.URL) })
}

func rules(t *testing.T, list ...string) []outbound.Rule {
	t.Helper()
	rules, err := outbound.ParseRules(list)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func client(t *testing.T, o outbound.Options) *outbound.Client {
	t.Helper()
	c := outbound.New(o)
	t.Cleanup(c.Close)
	return c
}

func request(t *testing.T, method, address, body string, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// fetch gives the answer's body, or the error of the request or of its body.
func fetch(c *outbound.Client, r *http.Request) (string, error) {
	res, err := c.Do(r)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(res.Body)
	return string(text), errors.Join(err, res.Body.Close())
}

func wantKind(t *testing.T, err error, kind convo.Kind) {
	t.Helper()
	if convo.ErrorKind(err) != kind {
		t.Errorf("the error is %v (%s), not %s", err, convo.ErrorKind(err), kind)
	}
}

func TestLocalAddressesAreRefused(t *testing.T) {
	t.Parallel()
	u := forbidden(t)
	resolver := &names{answers: map[string][]string{
		"localhost": {"127.0.0.1,::1"}, "wiki.internal": {"10.0.0.1"}, "metadata.google.internal": {"169.254.169.254"},
		"mapped.example": {"::ffff:127.0.0.1"},
	}}
	c := client(t, outbound.Options{Resolver: resolver})
	for _, host := range []string{
		"127.0.0.1", "localhost", "LOCALHOST.", "wiki.internal", "metadata.google.internal", "mapped.example", "169.254.169.254",
		"[::1]", "[::ffff:127.0.0.1]", "[fd00:ec2::254]", "[fe80::1%25lo]", "0.0.0.0", "[::]", "127.0.0.1", "127。0。0。1",
	} {
		_, err := fetch(c, request(t, "GET", "http://"+host+":"+u.Port()+"/", ""))
		wantKind(t, err, convo.Forbidden)
	}
	for _, host := range []string{"2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1"} {
		_, err := fetch(c, request(t, "GET", "http://"+host+":"+u.Port()+"/", ""))
		wantKind(t, err, convo.Invalid)
	}
}

func TestARuleAllowsWhatItNamesAndNothingElse(t *testing.T) {
	t.Parallel()
	u := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "here") })
	other := forbidden(t)
	resolver := &names{answers: map[string][]string{"wiki.internal": {"127.0.0.1"}, "other.internal": {"127.0.0.1"}}}
	for _, c := range []struct {
		rule, host string
		fine       bool
	}{
		{"127.0.0.1", "127.0.0.1", true},
		{"127.0.0.0/8", "127.0.0.1", true},
		{"127.0.0.0/8", "wiki.internal", true},
		{"127.0.0.1:" + u.Port(), "wiki.internal", true},
		{"wiki.internal", "wiki.internal", true},
		{"Wiki.Internal.:" + u.Port(), "wiki.internal", true},
		{"127.0.0.1:" + other.Port(), "127.0.0.1", false},
		{"wiki.internal:" + other.Port(), "wiki.internal", false},
		{"wiki.internal", "other.internal", false},
		{"wiki.internal", "127.0.0.1", false},
		{"10.0.0.0/8", "127.0.0.1", false},
	} {
		text, err := fetch(client(t, outbound.Options{Allow: rules(t, c.rule), Resolver: resolver}), request(t, "GET", "http://"+c.host+":"+u.Port()+"/", ""))
		if c.fine && (err != nil || text != "here") {
			t.Errorf("%s by the rule %s: %q, %v", c.host, c.rule, text, err)
		}
		if !c.fine {
			wantKind(t, err, convo.Forbidden)
		}
	}
}

func TestWrongRulesAreNamed(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "*", "*.example.com", "http://example.com", "example.com:http", "example.com:0", "10.0.0.0/33", "fe80::1%eth0", "a b", "2130706433", "::ffff:10.0.0.0/104"} {
		if _, err := outbound.ParseRules([]string{"10.0.0.1", text}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", text)) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestANameThatBecomesALocalAddressIsRefusedAtItsSecondLookUp(t *testing.T) {
	t.Parallel()
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close") // so that the next request looks the name up again
		fmt.Fprint(w, "first")
	})
	local := forbidden(t)
	// The first answer is allowed; it stands for a public address.
	resolver := &names{answers: map[string][]string{"rebind.example": {"127.0.0.1", "127.0.0.2"}}}
	c := client(t, outbound.Options{Allow: rules(t, "127.0.0.1:"+u.Port()), Resolver: resolver})
	address := "http://rebind.example:" + u.Port() + "/"
	if text, err := fetch(c, request(t, "GET", address, "")); err != nil || text != "first" {
		t.Fatalf("the first request: %q, %v", text, err)
	}
	_, err := fetch(c, request(t, "GET", address, ""))
	wantKind(t, err, convo.Forbidden)
	if resolver.asked["rebind.example"] != 2 {
		t.Errorf("the name was looked up %d times for two connections", resolver.asked["rebind.example"])
	}
	_, err = fetch(c, request(t, "GET", "http://rebind.example:"+local.Port()+"/", ""))
	wantKind(t, err, convo.Forbidden)
}

func TestOfAHostWithManyAddressesOnlyThoseAllowedAreConnectedTo(t *testing.T) {
	t.Parallel()
	u := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "here") })
	resolver := &names{answers: map[string][]string{"two.example": {"127.0.0.2,169.254.169.254,::1,127.0.0.1"}}}
	c := client(t, outbound.Options{Allow: rules(t, "127.0.0.1"), Resolver: resolver})
	if text, err := fetch(c, request(t, "GET", "http://two.example:"+u.Port()+"/", "")); err != nil || text != "here" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestARedirectionToALocalAddressIsRefused(t *testing.T) {
	t.Parallel()
	local := forbidden(t)
	for _, target := range []string{local.String(), "//" + local.Host + "/", "http://localhost:" + local.Port(), "http://2130706433:" + local.Port(), "file:///etc/passwd", "http://user:pass@example.com/", "http:///"} {
		u := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Location", target); w.WriteHeader(302) })
		c := client(t, outbound.Options{Allow: rules(t, u.Host), Resolver: &names{answers: map[string][]string{"localhost": {"127.0.0.1"}}}})
		if text, err := fetch(c, request(t, "GET", u.String(), "")); err == nil {
			t.Errorf("%s was followed: %q", target, text)
		} else if kind := convo.ErrorKind(err); kind == convo.Internal {
			t.Errorf("%s: %v", target, err)
		}
	}
}

func TestCredentialsDoNotFollowARedirectionToAnotherServer(t *testing.T) {
	t.Parallel()
	got := make(chan http.Header, 4)
	other := serve(t, func(_ http.ResponseWriter, r *http.Request) { got <- r.Header })
	first := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/other":
			http.Redirect(w, r, other.String(), http.StatusFound)
		case "/same":
			http.Redirect(w, r, "/end", http.StatusFound)
		default:
			got <- r.Header
		}
	})
	c := client(t, outbound.Options{Allow: rules(t, first.Host, other.Host)})
	header := []string{"Authorization", "Bearer key", "X-Api-Key", "key", "Cookie", "a=key", "Accept", "text/plain", "User-Agent", "parley"}
	if _, err := fetch(c, request(t, "GET", first.String()+"/other?token=key", "", header...)); err != nil {
		t.Fatal(err)
	}
	away := <-got
	if text := fmt.Sprint(away); strings.Contains(text, "key") {
		t.Errorf("the other server got %v", away)
	}
	if away.Get("Accept") != "text/plain" {
		t.Errorf("what is wanted did not follow: %v", away)
	}
	if _, err := fetch(c, request(t, "GET", first.String()+"/same?token=key", "", header...)); err != nil {
		t.Fatal(err)
	}
	if home := <-got; home.Get("X-Api-Key") != "key" || home.Get("Referer") != "" {
		t.Errorf("the same server got %v", home)
	}
	moved := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.String(), http.StatusTemporaryRedirect)
	})
	_, err := fetch(c.Allowing(rules(t, moved.Host)...), request(t, "POST", moved.String(), "key=1"))
	wantKind(t, err, convo.UpstreamFailed)
	if len(got) != 0 {
		t.Error("a body followed a redirection to another server")
	}
}

func TestCredentialsStayAwayWhenAnotherServerSendsTheCallerBack(t *testing.T) {
	t.Parallel()
	got := make(chan http.Header, 1)
	var home, other *url.URL
	home = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/chosen" {
			got <- r.Header
			return
		}
		http.Redirect(w, r, other.String(), http.StatusFound)
	})
	other = serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, home.String()+"/chosen", http.StatusFound)
	})
	c := client(t, outbound.Options{Allow: rules(t, "127.0.0.1")})
	if _, err := fetch(c, request(t, "GET", home.String(), "", "Authorization", "Bearer key")); err != nil {
		t.Fatal(err)
	}
	if back := <-got; back.Get("Authorization") != "" {
		t.Error("another server chose an address that the key was sent to")
	}
}

func TestRedirectionsAreCounted(t *testing.T) {
	t.Parallel()
	asked := 0
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "/", http.StatusFound)
	})
	_, err := fetch(client(t, outbound.Options{Allow: rules(t, u.Host), Redirects: 3}), request(t, "GET", u.String(), ""))
	wantKind(t, err, convo.UpstreamFailed)
	if asked != 4 {
		t.Errorf("asked %d times with 3 redirections", asked)
	}
	_, err = fetch(client(t, outbound.Options{Allow: rules(t, u.Host), Redirects: -1}), request(t, "GET", u.String(), ""))
	wantKind(t, err, convo.UpstreamFailed)
	if asked != 5 {
		t.Errorf("asked %d times with none", asked-4)
	}
}

func TestOnlyHTTPIsSpoken(t *testing.T) {
	t.Parallel()
	c := client(t, outbound.Options{})
	for _, address := range []string{"ftp://example.com/", "file:///etc/passwd", "gopher://127.0.0.1/", "https://user@example.com/", "http://"} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		_, err = fetch(c, (&http.Request{Method: "GET", URL: u, Header: http.Header{}}).WithContext(t.Context()))
		wantKind(t, err, convo.Invalid)
	}
}

func TestAnAnswerIsReadOnlyUpToItsLimit(t *testing.T) {
	t.Parallel()
	exact, endless := strings.Repeat("a", 1000), strings.Repeat("a", 1<<16)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/exact":
			fmt.Fprint(w, exact)
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer z.Close()
			for range 160 {
				if _, err := io.WriteString(z, endless); err != nil {
					return
				}
			}
		default:
			for {
				if _, err := io.WriteString(w, endless); err != nil {
					return
				}
			}
		}
	})
	c := client(t, outbound.Options{Allow: rules(t, u.Host), Size: 1000})
	if text, err := fetch(c, request(t, "GET", u.String()+"/exact", "")); err != nil || text != exact {
		t.Errorf("%d bytes of an answer as large as the limit, %v", len(text), err)
	}
	for _, path := range []string{"/endless", "/bomb"} {
		text, err := fetch(c, request(t, "GET", u.String()+path, ""))
		wantKind(t, err, convo.TooLarge)
		if text != exact {
			t.Errorf("%d bytes of %s, not 1000", len(text), path)
		}
	}
}

func TestAServerThatIsSilentIsGivenUp(t *testing.T) {
	t.Parallel()
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/begun" {
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	})
	c := client(t, outbound.Options{Allow: rules(t, u.Host), Timeout: 50 * time.Millisecond})
	for _, path := range []string{"/", "/begun"} {
		_, err := fetch(c, request(t, "GET", u.String()+path, ""))
		wantKind(t, err, convo.UpstreamTimeout)
	}
}

func TestNoMoreRequestsRunThanAllowed(t *testing.T) {
	t.Parallel()
	arrived, leave := make(chan struct{}, 8), make(chan struct{})
	u := serve(t, func(http.ResponseWriter, *http.Request) { arrived <- struct{}{}; <-leave })
	c := client(t, outbound.Options{Allow: rules(t, u.Host), Concurrency: 2})
	var running sync.WaitGroup
	for range 2 {
		running.Go(func() {
			if _, err := fetch(c, request(t, "GET", u.String(), "")); err != nil {
				t.Error(err)
			}
		})
		<-arrived
	}
	// A third one waits, whichever client of the same kind asks for it.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := fetch(c.Allowing(), request(t, "GET", u.String(), "").WithContext(ctx))
	wantKind(t, err, convo.Unavailable)
	close(leave)
	running.Wait()
	if _, err := fetch(c, request(t, "GET", u.String(), "")); err != nil {
		t.Errorf("after the others: %v", err)
	}
}

func TestErrorsHoldNoAddressButTheHost(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	broken := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://exa mple/?token=key")
		w.WriteHeader(http.StatusFound)
	})
	c := client(t, outbound.Options{Allow: rules(t, closed, broken.Host), Resolver: &names{}})
	for _, host := range []string{closed, broken.Host, "nowhere.example"} {
		_, err := fetch(c, request(t, "GET", "http://"+host+"/?token=key", "", "Authorization", "key"))
		wantKind(t, err, convo.UpstreamFailed)
		if err != nil && strings.Contains(err.Error(), "key") {
			t.Errorf("the error tells the key: %v", err)
		}
	}
}

func TestAStreamIsCheckedAndNotBounded(t *testing.T) {
	t.Parallel()
	local := forbidden(t)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, local.String(), http.StatusFound)
			return
		}
		fmt.Fprint(w, strings.Repeat("a", 5000))
	})
	rule, err := outbound.RuleFor(u)
	if err != nil {
		t.Fatal(err)
	}
	stream := client(t, outbound.Options{Size: 10}).Allowing(rule).Streaming()
	defer stream.CloseIdleConnections()
	res, err := stream.Do(request(t, "GET", u.String(), ""))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil || len(text) != 5000 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	if res, err = stream.Do(request(t, "GET", u.String()+"/away", "")); err == nil {
		res.Body.Close()
		t.Error("the stream's client followed a redirection to a local address")
	}
}
