package outbound

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// long is how long tests wait for what should happen at once.
const long = 30 * time.Second

// lookUp is a resolver made of a function.
type lookUp func(ctx context.Context) ([]netip.Addr, error)

func (l lookUp) LookupNetIP(ctx context.Context, _, _ string) ([]netip.Addr, error) { return l(ctx) }

// ask makes a request that is given up as soon as begun says so.
func ask(t *testing.T, c *Client, address string, begun <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		<-begun
		cancel()
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(r)
	if err == nil {
		_ = res.Body.Close()
		t.Error("there is an answer")
	}
}

func TestALookUpEndsWithItsRequest(t *testing.T) {
	t.Parallel()
	begun, ended := make(chan struct{}), make(chan struct{})
	c := New(Options{Resolver: lookUp(func(ctx context.Context) ([]netip.Addr, error) {
		close(begun)
		defer close(ended)
		select {
		case <-ctx.Done():
		case <-time.After(long):
			t.Error("nobody ended the look-up")
		}
		return nil, ctx.Err()
	})})
	t.Cleanup(c.Close)
	ask(t, c, "http://slow.example/", begun)
	<-ended
}

func TestAHandshakeEndsWithItsRequest(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	begun, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			ended <- err
			return
		}
		defer func() { _ = conn.Close() }()
		close(begun)
		began := time.Now()
		_ = conn.SetReadDeadline(began.Add(long))
		_, _ = io.Copy(io.Discard, conn)
		if took := time.Since(began); took > handshakeTime*3/4 {
			err = fmt.Errorf("the connection was held for %s", took)
		}
		ended <- err
	}()
	rules, err := ParseRules([]string{listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	c := New(Options{Allow: rules})
	t.Cleanup(c.Close)
	ask(t, c, "https://"+listener.Addr().String()+"/", begun)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestServersAreKnownByTheirCertificates(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	rules, err := ParseRules([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	resolver := lookUp(func(context.Context) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	})
	for name, c := range map[string]struct {
		host  string
		roots *x509.CertPool
		want  string
	}{
		"a name of the certificate":     {"example.com", roots, "HTTP/2.0"},
		"a name with a dot at its end":  {"example.com.", roots, "HTTP/2.0"},
		"an address of the certificate": {"127.0.0.1", roots, "HTTP/2.0"},
		"another name":                  {"other.example", roots, "certificate"},
		"a certificate of nobody":       {"example.com", nil, "certificate"},
	} {
		client := New(Options{Allow: rules, Resolver: resolver, roots: c.roots})
		t.Cleanup(client.Close)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+c.host+":"+port, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		res, err := client.Do(r)
		if err == nil {
			text, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			got = string(text)
		} else if convo.ErrorKind(err) == convo.UpstreamFailed {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestAPortIsANumberOfAPort(t *testing.T) {
	t.Parallel()
	asked := false
	c := New(Options{Resolver: lookUp(func(context.Context) ([]netip.Addr, error) {
		asked = true
		return nil, context.Canceled
	})})
	t.Cleanup(c.Close)
	for _, port := range []string{"0", "65536", "65616", "18446744073709551696"} { // the last two are 80 in 16 bits
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://a.example:"+port+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Do(r); convo.ErrorKind(err) != convo.Invalid || asked {
			t.Errorf("the port %s: %v", port, err)
		}
	}
	for _, text := range []string{"10.0.0.1:080", "a.example:080"} {
		if rules, err := ParseRules([]string{text}); err == nil {
			t.Errorf("the rule %s: %v", text, rules)
		}
	}
}
