package mcp

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/outbound"
)

// maxMessage is how many bytes one message of a server may have.
const maxMessage = 4 << 20

// errTooLarge ends a connection over which too much came at once.
var errTooLarge error = convo.Errorf(convo.TooLarge, "the tool's server sent a message of more than %d bytes", maxMessage)

// wire is what a connection goes over.
type wire struct {
	transport sdk.Transport
	end       func()        // ends it; may be called more than once
	printed   func() string // what a program has printed lately
	tooLarge  atomic.Bool   // a message was
	secrets   []string
}

// mask takes the secrets that a server was given out of what it says.
func (w *wire) mask(text string) string {
	for _, s := range w.secrets {
		text = strings.ReplaceAll(text, s, "***")
	}
	return text
}

// isSecret guesses whether a variable holds a secret: by its name, or because its
// value is an address with a password. Tools may have to speak of all else, paths
// and hosts for example.
func isSecret(name, value string) bool {
	name = strings.ToUpper(name)
	for _, word := range []string{"SECRET", "TOKEN", "PASS", "KEY", "CREDENTIAL", "AUTH"} {
		if strings.Contains(name, word) {
			return len(value) >= 4 // a shorter one is part of too many words
		}
	}
	u, err := url.Parse(value)
	if err != nil || u.User == nil {
		return false
	}
	_, ok := u.User.Password()
	return ok
}

// failure is an error as the operator may see it, with what he should know beside.
func (w *wire) failure(err error) error {
	text := err.Error()
	if printed := w.printed(); printed != "" {
		text += "; it printed: " + printed
	}
	return errors.New(w.mask(text))
}

// newWire starts the server's program, or prepares to call its address.
func (l *link) newWire() (*wire, error) {
	w := &wire{end: func() {}, printed: func() string { return "" }}
	if l.server.URL != "" {
		return w, l.overHTTP(w)
	}
	for name, value := range l.server.Env {
		if isSecret(name, value) {
			w.secrets = append(w.secrets, value)
		}
	}
	p, err := start(l.server)
	if err != nil {
		return nil, err
	}
	w.end, w.printed = p.end, p.printed.String
	w.transport = &sdk.IOTransport{
		Reader: &lines{ReadCloser: p.out, tooLong: func() { w.tooLarge.Store(true) }}, Writer: p.in, MaxLineLength: -1,
	}
	return w, nil
}

// overHTTP reaches the server's address. The operator wrote it down, so it may be
// one of this machine or its network; where it redirects to may not.
func (l *link) overHTTP(w *wire) error {
	u, err := url.Parse(l.server.URL)
	if err != nil {
		return err
	}
	rule, err := outbound.RuleFor(u)
	if err != nil {
		return err
	}
	client := l.set.options.Client.Allowing(rule)
	stream := client.Streaming()
	stream.Transport = &caller{next: stream.Transport, host: u.Host, secret: l.server.Secret, wire: w}
	if l.server.Secret != "" {
		w.secrets = []string{l.server.Secret}
	}
	w.end = client.Close
	w.transport = &sdk.StreamableClientTransport{Endpoint: l.server.URL, HTTPClient: stream, MaxEventSize: maxMessage}
	return nil
}

// caller adds the secret to requests to the server itself, and bounds answers.
type caller struct {
	next         http.RoundTripper
	host, secret string
	wire         *wire
}

// RoundTrip implements [http.RoundTripper].
func (c *caller) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.secret != "" && r.URL.Host == c.host {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+c.secret)
	}
	resp, err := c.next.RoundTrip(r)
	if err == nil && !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		resp.Body = &answer{ReadCloser: resp.Body, left: maxMessage, wire: c.wire}
	}
	return resp, err
}

// answer is a body that may have so many bytes.
type answer struct {
	io.ReadCloser
	left int
	wire *wire
}

// Read implements [io.Reader].
func (a *answer) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if a.left -= n; a.left < 0 {
		a.wire.tooLarge.Store(true)
		return 0, errTooLarge
	}
	return n, err
}
