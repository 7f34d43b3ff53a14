package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"unicode"
)

// The addresses of servers. A client that was not told another one calls the
// Parley of its own machine.
const (
	DefaultBaseURL = "http://127.0.0.1:8787"
	HostedBaseURL  = "https://cloud.uipath.com" // the service that the npm package calls
)

// The organisation and tenant of a Parley that has only one.
const (
	DefaultOrganization = "default"
	DefaultTenant       = "default"
)

// DefaultRetries is how often a request is made again that may do better in a
// moment.
const DefaultRetries = 3

// TokenSource gives the token for a request or a connection. It is asked anew
// each time, so that it can renew what has expired.
type TokenSource func(ctx context.Context) (string, error)

// Option changes how a client asks.
type Option func(*settings) error

// settings are what the options make. They are not changed once a client has
// them.
type settings struct {
	base       *url.URL
	org        string
	tenant     string
	token      TokenSource
	external   string
	http       *http.Client
	header     http.Header
	retries    int
	reconnects int
	logger     *slog.Logger
}

// WithBaseURL names the server, as "http://127.0.0.1:8787": a scheme and a host.
// The protocol has no room for a path.
func WithBaseURL(base string) Option {
	return func(s *settings) error {
		u, err := url.Parse(base)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("the base URL %q is no address: write http:// or https:// and a host", base)
		}
		if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return errors.New("a base URL has no user, no path, no query and no fragment: its sessions would not be found there")
		}
		s.base = &url.URL{Scheme: u.Scheme, Host: u.Host}
		return nil
	}
}

// WithTenant names the organisation and the tenant, by their names or ids.
func WithTenant(organization, tenant string) Option {
	return func(s *settings) error {
		if organization == "" || tenant == "" {
			return errors.New("an organisation and a tenant have names")
		}
		s.org, s.tenant = organization, tenant
		return nil
	}
}

// WithSecret names the token: an API secret, or an access token that does not
// expire before the program ends. It appears in no error.
func WithSecret(secret string) Option {
	return func(s *settings) error {
		if strings.TrimSpace(secret) != secret || strings.ContainsFunc(secret, unicode.IsControl) {
			return errors.New("the secret has a blank or a line break at its end, or one that no header can carry")
		}
		s.token = func(context.Context) (string, error) { return secret, nil }
		return nil
	}
}

// WithTokenSource is for tokens that expire: the source is asked before each
// request and each connection.
func WithTokenSource(source TokenSource) Option {
	return func(s *settings) error {
		if source == nil {
			return errors.New("WithTokenSource needs a source")
		}
		s.token = source
		return nil
	}
}

// WithExternalUser acts for a user whom only this application knows: 1 to 255
// letters, digits, dots, underlines and hyphens.
func WithExternalUser(id string) Option {
	return func(s *settings) error {
		s.external = id
		return WithHeader(externalHeader, id)(s)
	}
}

// externalHeader names the external user, in requests and in the query of the
// socket.
const externalHeader = "X-Uipath-External-User-Id"

// WithHTTPClient makes requests with a client of the caller's own. Sockets are
// dialled with the proxy, the dialler and the TLS configuration of its
// transport, if that is an [*http.Transport].
func WithHTTPClient(h *http.Client) Option {
	return func(s *settings) error {
		if h == nil {
			return errors.New("WithHTTPClient needs a client")
		}
		own := *h
		if own.CheckRedirect == nil {
			own.CheckRedirect = stay
		}
		s.http = &own
		return nil
	}
}

// stay follows no redirect, which would turn a POST into a GET.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// WithHeader adds a header to requests and to the socket's, in place of an
// earlier one of that name.
func WithHeader(name, value string) Option {
	return func(s *settings) error {
		if name == "" || strings.ContainsFunc(value, unicode.IsControl) {
			return fmt.Errorf("the header %q has no name, or a line break in its value", name)
		}
		s.header.Set(name, value)
		return nil
	}
}

// WithRetries says how often a request is made again that got no answer, or the
// status 429, 502, 503 or 504, and how often the first connection of a session
// is tried again. 0 tries each once.
func WithRetries(n int) Option {
	return func(s *settings) error {
		if n < 0 {
			return errors.New("the number of retries is at least 0")
		}
		s.retries = n
		return nil
	}
}

// WithReconnects says after how many tries in a row a session that has lost its
// connection is given up. Without it, it is tried until the context ends.
func WithReconnects(n int) Option {
	return func(s *settings) error {
		if n < 0 {
			return errors.New("the number of reconnects is at least 0")
		}
		s.reconnects = n
		return nil
	}
}

// WithLogger tells a log of lost and new connections; without it nothing is
// logged. No text of a conversation and no token is.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) error {
		if logger == nil {
			return errors.New("WithLogger needs a logger")
		}
		s.logger = logger
		return nil
	}
}
