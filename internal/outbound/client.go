package outbound

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// Options bound what a client does. 0 = the default.
type Options struct {
	Allow       []Rule
	Timeout     time.Duration // from the request to the last byte of its answer; 30 s
	Size        int64         // bytes of an answer's body, decompressed; 2 MiB
	Redirects   int           // 5; negative = none
	Concurrency int           // requests at once; more wait for their turn; 64
	Share       int           // of those, how many of one tenant; all of them
	Resolver    Resolver      // nil = that of the machine

	roots *x509.CertPool // nil = those of the machine; only tests have others
}

// Client makes requests. Many goroutines may use it at once.
type Client struct {
	options   Options
	transport *http.Transport
	slots     *slots
}

// New makes a client. It does no I/O.
func New(o Options) *Client {
	o.Timeout, o.Size = cmp.Or(o.Timeout, 30*time.Second), cmp.Or(o.Size, 2<<20)
	o.Redirects, o.Concurrency = cmp.Or(o.Redirects, 5), cmp.Or(o.Concurrency, 64)
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	return newClient(o, newSlots(o.Concurrency, cmp.Or(o.Share, o.Concurrency)))
}

func newClient(o Options, slots *slots) *Client {
	d := &dialer{
		guard: newGuard(), rules: o.Allow, resolver: o.Resolver, net: net.Dialer{KeepAlive: 30 * time.Second},
		tls: &tls.Config{RootCAs: o.roots, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12},
	}
	return &Client{options: o, slots: slots, transport: &http.Transport{
		DialContext:            d.dial,
		DialTLSContext:         d.dialTLS,
		ForceAttemptHTTP2:      true,
		ExpectContinueTimeout:  time.Second,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}}
}

// Allowing is the same client with further rules. It shares the number of
// requests at once, and nothing of its connections.
func (c *Client) Allowing(rules ...Rule) *Client {
	o := c.options
	o.Allow = slices.Concat(o.Allow, rules)
	return newClient(o, c.slots)
}

// Reading is the same client for answers of another size. It shares all else.
func (c *Client) Reading(size int64) *Client {
	o := c.options
	o.Size = size
	return &Client{options: o, transport: c.transport, slots: c.slots}
}

// Close lets idle connections go. The client stays usable.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Streaming is a client with the same rules for addresses and redirections, and
// without the bounds of time, size and concurrency: it is for streams, whose
// reader has to set bounds that fit them.
func (c *Client) Streaming() *http.Client {
	return &http.Client{Transport: checked{c.transport}, CheckRedirect: c.redirect}
}

// Do makes a request. The answer's body must be closed; until it is, or is read
// to its end, the request counts as running. A body that is too large ends with an
// error of kind TooLarge, one that takes too long with UpstreamTimeout.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), c.options.Timeout)
	host := r.URL.Hostname()
	leave, err := c.slots.enter(ctx)
	if err != nil {
		cancel()
		return nil, convo.WrapError(convo.Unavailable, err, "too many requests to other servers are running; try again")
	}
	release := sync.OnceFunc(func() { cancel(); leave() })
	client := c.Streaming()
	res, err := client.Do(r.WithContext(ctx))
	if err != nil {
		release()
		return nil, failure(host, err)
	}
	res.Body = &body{ReadCloser: res.Body, left: c.options.Size, limit: c.options.Size, host: host, release: release}
	return res, nil
}

// body counts what is read of an answer.
type body struct {
	io.ReadCloser
	left, limit int64
	host        string
	release     func()
}

func (b *body) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, b.tooLarge()
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n - 1, b.tooLarge()
	}
	if err == io.EOF {
		b.release()
		return n, err
	}
	if err != nil {
		return n, failure(b.host, err)
	}
	return n, nil
}

func (b *body) tooLarge() error {
	return convo.Errorf(convo.TooLarge, "the answer of %s has more than %d bytes", b.host, b.limit)
}

// Close lets the connection go.
func (b *body) Close() error {
	defer b.release()
	return b.ReadCloser.Close()
}

// checked refuses addresses that no rule can allow, before a look-up.
type checked struct{ transport *http.Transport }

func (c checked) RoundTrip(r *http.Request) (*http.Response, error) {
	err := checkURL(r.URL)
	if err == nil {
		return c.transport.RoundTrip(r.WithContext(withRequest(r.Context())))
	}
	if r.Body != nil {
		_ = r.Body.Close() // what RoundTrip owes its caller; nothing was sent
	}
	return nil, err
}

// CloseIdleConnections is what http.Client asks its transport for.
func (c checked) CloseIdleConnections() { c.transport.CloseIdleConnections() }

func checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return convo.Errorf(convo.Invalid, "an address must begin with http:// or https://")
	case u.Hostname() == "":
		return convo.Errorf(convo.Invalid, "the address has no host")
	case portOf(u) == 0:
		return convo.Errorf(convo.Invalid, "the port of the address is none")
	case u.User != nil:
		return convo.Errorf(convo.Invalid, "leave the user out of the address: write a header instead")
	}
	return nil
}
