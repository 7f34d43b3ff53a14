package request

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// Request is a request with holes. Make one with New.
type Request struct {
	method  string
	origin  string // https://host:port; "" = the address is all the model's
	address Template
	header  []field
	body    Template
}

// field is a header. Its name is in its canonical form.
type field struct {
	name  string
	value Template
}

// methods are those that a request may have.
func methods() []string { return []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"} }

// New makes a request without headers and body. Scheme and host have to be there
// before anything is filled in, and to be closed by a slash or a question mark,
// so that no value can become a part of them. Only an address that is one argument
// and nothing else is the model's own. An error is of kind Invalid, and meant for
// the template's author, as are those of the other methods.
func New(method string, address Template) (*Request, error) {
	r := &Request{method: strings.ToUpper(method), address: address}
	if !slices.Contains(methods(), r.method) {
		return nil, convo.Errorf(convo.Invalid, "%q is none of the methods %s", Short(method), strings.Join(methods(), ", "))
	}
	for _, n := range address {
		if strings.ContainsFunc(n.Text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
			return nil, convo.Errorf(convo.Invalid, "the address of the request has a blank or another character that an address cannot have")
		}
	}
	if len(address) == 1 && address[0].Argument != "" {
		r.address = Template{{Argument: address[0].Argument}}
		return r, nil
	}
	if len(address) > 0 {
		scheme, rest, _ := strings.Cut(address[0].Text, "://")
		end := strings.IndexAny(rest, "/?#")
		if end < 0 && len(address) == 1 {
			end = len(rest)
		}
		scheme = strings.ToLower(scheme)
		if end > 0 && (scheme == "http" || scheme == "https") {
			r.origin = scheme + "://" + rest[:end]
			_, err := r.parse(address[0].Text)
			return r, err
		}
	}
	return nil, convo.Errorf(convo.Invalid, "the address of the request must begin with http:// or https:// and a host, before any placeholder, with a / behind the host; the host cannot be filled in")
}

// Origin is the scheme and the host with its port, "" if the model chooses them.
func (r *Request) Origin() string { return r.origin }

// Header adds a header. Those that belong to the connection are refused.
func (r *Request) Header(name string, value Template) error {
	canonical := http.CanonicalHeaderKey(strings.TrimSpace(name))
	if !isToken(canonical) {
		return convo.Errorf(convo.Invalid, "%q is no name of a header", Short(name))
	}
	if slices.Contains([]string{
		"Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Te", "Trailer", "Keep-Alive", "Expect", "Accept-Encoding",
	}, canonical) || strings.HasPrefix(canonical, "Proxy-") {
		return convo.Errorf(convo.Invalid, "the header %s is set by the server; leave it out", canonical)
	}
	r.header = append(r.header, field{canonical, value})
	return nil
}

// InHeader reports whether a secret goes into a header, where it may have no line
// break.
func (r *Request) InHeader(secret string) bool {
	return slices.ContainsFunc(r.header, func(f field) bool { return slices.Contains(f.value.secrets(), secret) })
}

// Body sets the body.
func (r *Request) Body(t Template) { r.body = t }

// isToken reports whether a text can be the name of a header.
func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// Secrets are the names of all that the request needs, each once.
func (r *Request) Secrets() []string {
	names := slices.Concat(r.address.secrets(), r.body.secrets())
	for _, h := range r.header {
		names = append(names, h.value.secrets()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Make fills everything in. authorization is for the header of that name, if it
// is not written.
func (r *Request) Make(ctx context.Context, v Values, authorization string) (*http.Request, error) {
	if r.origin == "" && (authorization != "" || len(r.Secrets()) > 0) {
		return nil, ErrChosenHost()
	}
	f := &filling{v, maxFilled}
	address, err := r.url(f)
	if err != nil {
		return nil, err
	}
	body, err := f.text(r.body, asWritten)
	if err != nil {
		return nil, err
	}
	made, err := http.NewRequestWithContext(ctx, r.method, address.String(), strings.NewReader(body))
	if err != nil {
		return nil, convo.Errorf(convo.Invalid, "the address of the request is none when its placeholders are filled in")
	}
	for _, h := range r.header {
		value, err := f.text(h.value, asWritten)
		if err != nil {
			return nil, err
		}
		if strings.ContainsFunc(value, isControl) {
			return nil, convo.Errorf(convo.Invalid, "what is filled into the header %s has a line break or another control character, and is refused", h.name)
		}
		made.Header.Add(h.name, value)
	}
	if strings.ContainsFunc(authorization, isControl) {
		return nil, convo.Errorf(convo.Invalid, "the secret has a line break or another control character, and cannot be sent in a header")
	}
	unless(made.Header, "Authorization", authorization)
	unless(made.Header, "User-Agent", "Parley")
	unless(made.Header, "Accept", "application/json, text/*;q=0.9, */*;q=0.5")
	if trimmed := strings.TrimLeft(body, " \n\t"); strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		unless(made.Header, "Content-Type", "application/json")
	}
	return made, nil
}

// ErrChosenHost keeps a model, and whoever talks it into something, from having
// a secret sent to a server of his own.
func ErrChosenHost() error {
	return convo.Errorf(convo.Invalid, "the model chooses the host of this request, so that it can have no secret; write the host down")
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// unless sets a header that is not written.
func unless(header http.Header, name, value string) {
	if _, written := header[name]; !written && value != "" {
		header.Set(name, value)
	}
}

// url fills the address in.
func (r *Request) url(f *filling) (*url.URL, error) {
	if r.origin == "" {
		text, err := f.text(r.address, asWritten)
		if err != nil {
			return nil, err
		}
		u, err := url.Parse(strings.TrimSpace(text))
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, convo.Errorf(convo.Invalid, "%s is no address: give one that begins with http:// or https://", r.address[0].Argument)
		}
		return u, nil
	}
	text, err := f.text(r.address, intoAddress)
	if err != nil {
		return nil, err
	}
	return r.parse(text)
}

// intoAddress writes a value for its place in an address.
func intoAddress(n Node, value string) string {
	switch {
	case n.Secret != "":
		return EncodeComponent(value)
	case n.Encoded:
		return keepEncoded(value)
	}
	return encodeAddress(value)
}

// parse reads a filled address and holds it to what its author wrote: the
// origin, and no way up in the path, which another server might follow.
func (r *Request) parse(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || !strings.EqualFold(u.Scheme+"://"+u.Host, r.origin) {
		return nil, convo.Errorf(convo.Invalid, "the address of the request is none")
	}
	path := strings.ReplaceAll(u.Path, `\`, "/")
	for segment := range strings.SplitSeq(path, "/") {
		segment, _, _ = strings.Cut(segment, ";") // some servers take off what follows, and then go up
		if segment == "." || segment == ".." {
			return nil, convo.Errorf(convo.Invalid, "the path of the request has a %q when its placeholders are filled in, and is refused", segment)
		}
	}
	return u, nil
}

// Authorization is the header that a secret of that type makes.
func Authorization(kind, value string) string {
	switch kind {
	case "bearer":
		return "Bearer " + value
	case "basic":
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(value))
	}
	return value
}

// Short cuts a text that somebody wrote, for an error.
func Short(text string) string { return Trim(strings.ToValidUTF8(text, "\uFFFD"), 60) }
