package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// Resolver looks names up: *net.Resolver.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// A host may have many addresses, of which some do not answer.
const (
	dialTime      = 30 * time.Second // for all of it, where a request has no bound of its own
	connectTime   = 10 * time.Second // for one address
	handshakeTime = 10 * time.Second
	maxAddresses  = 8
)

// dialer makes the connections of a client.
type dialer struct {
	guard    *guard
	rules    []Rule
	resolver Resolver
	net      net.Dialer
	tls      *tls.Config
}

// http.Transport lets a connection be made on when its request was given up, for
// others to use. Here strangers choose the host: of one that never answers they
// could leave as many behind as they like. So the dialer is told the request's own
// context.
type requestKey struct{}

func withRequest(ctx context.Context) context.Context {
	return context.WithValue(ctx, requestKey{}, ctx)
}

// untilGivenUp ends with the request that a connection is made for.
func untilGivenUp(ctx context.Context) (context.Context, context.CancelFunc) {
	request, ok := ctx.Value(requestKey{}).(context.Context)
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	if !ok {
		return ctx, cancel
	}
	stop := context.AfterFunc(request, cancel)
	return ctx, func() { stop(); cancel() }
}

// dial connects to an address of that host. It is given to http.Transport, which
// calls it for each new connection, redirected or not.
func (d *dialer) dial(ctx context.Context, network, target string) (net.Conn, error) {
	ctx, done := untilGivenUp(ctx)
	defer done()
	host, text, err := net.SplitHostPort(target)
	port := portNumber(text)
	if err != nil || port == 0 {
		return nil, refused(target)
	}
	host, ok := hostName(host)
	if !ok {
		return nil, convo.Errorf(convo.Invalid, "%q is no host that can be called; write a name, or an address in its usual form", target)
	}
	addresses, err := d.addresses(ctx, host, port)
	if err != nil {
		return nil, err
	}
	for _, address := range addresses {
		var conn net.Conn
		if conn, err = d.connect(ctx, network, netip.AddrPortFrom(address, port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// dialTLS is dial for https.
func (d *dialer) dialTLS(ctx context.Context, network, target string) (net.Conn, error) {
	ctx, done := untilGivenUp(ctx)
	defer done()
	conn, err := d.dial(ctx, network, target)
	if err != nil {
		return nil, err
	}
	config := d.tls.Clone()
	config.ServerName, _, _ = net.SplitHostPort(target) // dial has split it
	secure := tls.Client(conn, config)
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return secure, nil
}

func (d *dialer) connect(ctx context.Context, network string, to netip.AddrPort) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	return d.net.DialContext(ctx, network, to.String())
}

// addresses gives those of a host that may be connected to, at least one.
func (d *dialer) addresses(ctx context.Context, host string, port uint16) ([]netip.Addr, error) {
	var found []netip.Addr
	if address, err := netip.ParseAddr(host); err == nil {
		found = []netip.Addr{address}
	} else if found, err = d.resolver.LookupNetIP(ctx, "ip", host); err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(slices.Clone(found), func(a netip.Addr) bool { return !d.allowed(host, port, a) })
	if len(found) == 0 {
		return nil, refused(host)
	}
	for i, a := range found {
		found[i] = a.Unmap()
	}
	return found[:min(len(found), maxAddresses)], nil
}

func (d *dialer) allowed(host string, port uint16, address netip.Addr) bool {
	if d.guard.public(address) {
		return true
	}
	return slices.ContainsFunc(d.rules, func(r Rule) bool { return r.allows(host, port, address) })
}

// portNumber gives 0 for what is no port.
func portNumber(text string) uint16 {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

func refused(host string) error {
	return convo.Errorf(convo.Forbidden, "%s is not on the public internet, and requests to it are refused; the operator can allow it by the setting outbound.allow", host)
}

// failure makes an error of net/http's one that may be shown. What it keeps as
// its cause holds no address with a path: those can hold secrets.
func failure(host string, err error) error {
	if e, ok := errors.AsType[*convo.Error](err); ok {
		return e
	}
	if timedOut(err) {
		return convo.Errorf(convo.UpstreamTimeout, "%s took too long to answer", host)
	}
	if errors.Is(err, context.Canceled) {
		return convo.WrapError(convo.Unavailable, context.Canceled, "the request to %s was cancelled", host)
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return convo.WrapError(convo.UpstreamFailed, e, "there is no host %s, or its name cannot be looked up", host)
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return convo.WrapError(convo.UpstreamFailed, e, "the certificate of %s is not one that shows who it is", host)
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return convo.WrapError(convo.UpstreamFailed, e, "%s cannot be reached", host)
	}
	return convo.Errorf(convo.UpstreamFailed, "%s gave no answer that can be read", host)
}

func timedOut(err error) bool {
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return true
	}
	return errors.Is(err, context.DeadlineExceeded)
}
