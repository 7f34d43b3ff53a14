package ability

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// fetch is a request with holes.
type fetch struct {
	method  string
	origin  string // https://host:port; "" = the address is all the model's
	address template
	header  []field
	body    template
}

// field is a header. Its name is in its canonical form.
type field struct {
	name  string
	value template
}

// fetch reads the block of a request:
//
//	METHOD URL
//	Name: value
//
//	body
func (p *parser) fetch(text string) (*fetch, error) {
	lines := strings.Split(strings.TrimLeft(text, " \t\n"), "\n")
	f := &fetch{}
	if err := p.requestLine(f, strings.TrimSpace(lines[0])); err != nil {
		return nil, err
	}
	blank := slices.IndexFunc(lines, func(line string) bool { return strings.TrimSpace(line) == "" })
	if blank < 0 {
		blank = len(lines)
	}
	for _, line := range lines[1:max(blank, 1)] {
		if err := p.field(f, line); err != nil {
			return nil, err
		}
	}
	var err error
	if blank < len(lines) {
		f.body, err = p.template(strings.Join(lines[blank+1:], "\n"))
	}
	if err == nil && f.origin == "" && len(f.secrets()) > 0 {
		err = errChosenHost()
	}
	return f, err
}

// errChosenHost keeps a model, and whoever talks it into something, from having
// a secret sent to a server of his own.
func errChosenHost() error {
	return convo.Errorf(convo.Invalid, "the model chooses the host of this request, so that it can have no secret; write the host into the instruction")
}

// methods are those that a request may have.
func methods() []string { return []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"} }

func (p *parser) requestLine(f *fetch, line string) error {
	method, address, _ := strings.Cut(line, " ")
	f.method = strings.ToUpper(method)
	if !slices.Contains(methods(), f.method) {
		return convo.Errorf(convo.Invalid, "a fetch block begins with a method and an address, as GET https://example.com/; it begins with %q", short(line))
	}
	address = strings.TrimSpace(address)
	for _, version := range []string{" HTTP/1.1", " HTTP/1.0", " HTTP/2"} {
		address = strings.TrimSpace(strings.TrimSuffix(address, version))
	}
	var err error
	if f.address, err = p.template(address); err != nil {
		return err
	}
	for _, n := range f.address {
		if strings.ContainsFunc(n.text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
			return convo.Errorf(convo.Invalid, "the address of the request has a blank or another character that an address cannot have")
		}
	}
	return f.fixOrigin()
}

// fixOrigin takes the scheme and the host out of the address. They have to be
// there before anything is filled in, and to be closed by a slash or a question
// mark, so that no value can become a part of them. Only an address that is one
// placeholder and nothing else is the model's own.
func (f *fetch) fixOrigin() error {
	if len(f.address) == 1 && f.address[0].parameter != "" {
		f.address[0].modifiers = nil
		return nil
	}
	if len(f.address) > 0 {
		scheme, rest, _ := strings.Cut(f.address[0].text, "://")
		end := strings.IndexAny(rest, "/?#")
		if end < 0 && len(f.address) == 1 {
			end = len(rest)
		}
		scheme = strings.ToLower(scheme)
		if end > 0 && (scheme == "http" || scheme == "https") {
			f.origin = scheme + "://" + rest[:end]
			_, err := f.parse(f.address[0].text)
			return err
		}
	}
	return convo.Errorf(convo.Invalid, "the address of the request must begin with http:// or https:// and a host, before any placeholder, with a / behind the host; the host cannot be filled in")
}

func (p *parser) field(f *fetch, line string) error {
	name, value, ok := strings.Cut(line, ":")
	name = http.CanonicalHeaderKey(strings.TrimSpace(name))
	if !ok || !isToken(name) {
		return convo.Errorf(convo.Invalid, "%q is no header: write Name: value, and a blank line before the body", short(line))
	}
	if slices.Contains([]string{
		"Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Te", "Trailer", "Keep-Alive", "Expect", "Accept-Encoding",
	}, name) || strings.HasPrefix(name, "Proxy-") {
		return convo.Errorf(convo.Invalid, "the header %s is set by the server; leave it out", name)
	}
	t, err := p.template(strings.TrimSpace(value))
	f.header = append(f.header, field{name, t})
	return err
}

// isToken reports whether a text can be the name of a header.
func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// secrets are the names of all that a request needs.
func (f *fetch) secrets() []string {
	names := slices.Concat(f.address.secrets(), f.body.secrets())
	for _, h := range f.header {
		names = append(names, h.value.secrets()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// request fills everything in. own is what goes into Authorization if no such
// header is written.
func (f *fetch) request(ctx context.Context, v values, own string) (*http.Request, error) {
	address, err := f.url(v)
	if err != nil {
		return nil, err
	}
	body := f.body.fill(v, plain)
	r, err := http.NewRequestWithContext(ctx, f.method, address.String(), strings.NewReader(body))
	if err != nil {
		return nil, convo.Errorf(convo.Invalid, "the address of the request is none when its placeholders are filled in")
	}
	for _, h := range f.header {
		value := h.value.fill(v, plain)
		if strings.ContainsFunc(value, isControl) {
			return nil, convo.Errorf(convo.Invalid, "what is filled into the header %s has a line break or another control character, and is refused", h.name)
		}
		r.Header.Add(h.name, value)
	}
	if strings.ContainsFunc(own, isControl) {
		return nil, convo.Errorf(convo.Invalid, "the ability's secret has a line break or another control character, and cannot be sent in a header")
	}
	unless(r.Header, "Authorization", own)
	unless(r.Header, "User-Agent", "Parley")
	unless(r.Header, "Accept", "application/json, text/*;q=0.9, */*;q=0.5")
	if trimmed := strings.TrimLeft(body, " \n\t"); strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		unless(r.Header, "Content-Type", "application/json")
	}
	return r, nil
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// unless sets a header that is not written.
func unless(header http.Header, name, value string) {
	if _, written := header[name]; !written && value != "" {
		header.Set(name, value)
	}
}

// url fills the address in.
func (f *fetch) url(v values) (*url.URL, error) {
	if f.origin == "" {
		u, err := url.Parse(strings.TrimSpace(f.address.fill(v, plain)))
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, convo.Errorf(convo.Invalid, "%s is no address: give one that begins with http:// or https://", f.address[0].parameter)
		}
		return u, nil
	}
	return f.parse(f.address.fill(v, func(n node, value string) string {
		switch {
		case n.secret != "":
			return encodeComponent(value)
		case n.encoded:
			return keepEncoded(value)
		}
		return encodeAddress(value)
	}))
}

// parse reads a filled address and holds it to what its author wrote: the
// origin, and no way up in the path, which another server might follow.
func (f *fetch) parse(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || !strings.EqualFold(u.Scheme+"://"+u.Host, f.origin) {
		return nil, convo.Errorf(convo.Invalid, "the address of the request is none")
	}
	path := strings.ReplaceAll(u.Path, `\`, "/")
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return nil, convo.Errorf(convo.Invalid, "the path of the request has a %q when its placeholders are filled in, and is refused", segment)
		}
	}
	return u, nil
}

// authorization is the header that the ability's own secret makes.
func authorization(kind, value string) string {
	switch kind {
	case "bearer":
		return "Bearer " + value
	case "basic":
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(value))
	}
	return value
}
