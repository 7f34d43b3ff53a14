package client

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
)

// The addresses of servers. A client that was not told another one calls the
// Parley of its own machine: who forgets to name a server does not send its
// secret to strangers.
const (
	DefaultBaseURL = "http://127.0.0.1:8787"
	HostedBaseURL  = "https://api.chatbotkit.com" // the service that the npm package calls
)

// The defaults of the options of the same names.
const (
	DefaultRetries     = 3
	DefaultResumes     = 8
	DefaultIdleTimeout = time.Minute
)

// Option changes how a client, or one call, asks. Each can be given to [New],
// for all calls, and to a call, for this one.
type Option func(*settings) error

// settings are what the options make. They are not changed once a call has
// them.
type settings struct {
	ofCall  bool // not of a client
	http    *http.Client
	base    *url.URL
	parley  *atomic.Bool // it numbers its lines and honours keys, as seen so far
	secret  string
	header  http.Header
	key     string
	timeout time.Duration
	idle    time.Duration
	retries int
	resumes int
}

// with gives the settings of a call.
func (c *Client) with(options []Option) (*settings, error) {
	s := *c.defaults
	s.ofCall, s.header = true, maps.Clone(s.header)
	for _, option := range options {
		if err := option(&s); err != nil {
			return nil, err
		}
	}
	return &s, nil
}

// WithSecret names the token: an API secret, or the token of a session. It is
// sent with every request and appears in no error.
func WithSecret(secret string) Option {
	return func(s *settings) error {
		if strings.TrimSpace(secret) != secret || strings.ContainsFunc(secret, unicode.IsControl) {
			return errors.New("the secret has a blank or a line break at its end, or one that no header can carry")
		}
		s.secret = secret
		return nil
	}
}

// WithBaseURL names the server, as "http://127.0.0.1:8787". A path in it is
// kept and stands before /api/v1.
func WithBaseURL(base string) Option {
	return func(s *settings) error {
		u, err := url.Parse(base)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("the base URL %q is no address: write http:// or https:// and a host", base)
		}
		if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return errors.New("a base URL has no user, no query and no fragment")
		}
		s.base, s.parley = u, new(atomic.Bool)
		return nil
	}
}

// WithHTTPClient makes requests with a client of the caller's own. Its Timeout
// would also end streams: use [WithTimeout], or a context. Redirects, which
// would turn a POST into a GET, are errors unless it has a CheckRedirect.
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

// stay follows no redirect.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// WithHeader adds a header to requests, in place of an earlier one of that name.
func WithHeader(name, value string) Option {
	return func(s *settings) error {
		if name = http.CanonicalHeaderKey(name); name == keyHeader {
			return errors.New("use WithIdempotencyKey: a call has a key of its own, also without it")
		}
		if name == "" || strings.ContainsFunc(value, unicode.IsControl) {
			return fmt.Errorf("the header %q has no name, or a line break in its value", name)
		}
		s.header.Set(name, value)
		return nil
	}
}

// WithUserAgent says who asks, in place of "parley-go".
func WithUserAgent(name string) Option { return WithHeader("User-Agent", name) }

// WithTimezone says in which time zone the model's "now" is, by its IANA name,
// as "Europe/Sofia".
func WithTimezone(zone string) Option { return WithHeader("X-Timezone", zone) }

// WithTimeout bounds a call, all its tries included, until its answer was read;
// of a stream, until the answer begins. The default is no bound but the
// context's.
func WithTimeout(d time.Duration) Option {
	return func(s *settings) error {
		if d < 0 {
			return errors.New("a timeout is at least 0, which is none")
		}
		s.timeout = d
		return nil
	}
}

// WithIdleTimeout says after how much silence the connection of a stream counts
// as lost. It holds for servers that have shown to number their lines, for they
// send a blank every 15 seconds; give it more than that.
func WithIdleTimeout(d time.Duration) Option {
	return func(s *settings) error {
		if d <= 0 {
			return errors.New("an idle timeout is longer than 0")
		}
		s.idle = d
		return nil
	}
}

// WithRetries says how often a request that got no answer, or the status 429,
// 502, 503 or 504, is made again. 0 makes each request once.
func WithRetries(n int) Option {
	return func(s *settings) error {
		if n < 0 {
			return errors.New("the number of retries is at least 0")
		}
		s.retries = n
		return nil
	}
}

// WithResumes says how often in a row the connection of a stream is made anew
// before it is given up. 0 gives every cut to the caller.
func WithResumes(n int) Option {
	return func(s *settings) error {
		if n < 0 {
			return errors.New("the number of resumes is at least 0")
		}
		s.resumes = n
		return nil
	}
}

// WithIdempotencyKey is for one call that the program itself may make again,
// also after a restart: a server that knows the key gives the first call's
// answer. 1 to 255 visible ASCII characters, good for 24 hours. Without it a
// call makes a key of its own, which only its own retries share.
func WithIdempotencyKey(key string) Option {
	return func(s *settings) error {
		if !s.ofCall {
			return errors.New("an idempotency key belongs to one call, not to a client")
		}
		if key == "" || len(key) > 255 {
			return errors.New("an idempotency key has 1 to 255 characters")
		}
		if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return errors.New("an idempotency key has visible ASCII characters only")
		}
		s.key = key
		return nil
	}
}
