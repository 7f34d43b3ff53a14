package ability

import (
	"slices"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool/request"
)

// fetch reads the block of a request:
//
//	METHOD URL
//	Name: value
//
//	body
func (p *parser) fetch(text string) (*request.Request, error) {
	lines := strings.Split(strings.TrimLeft(text, " \t\n"), "\n")
	r, err := p.requestLine(strings.TrimSpace(lines[0]))
	if err != nil {
		return nil, err
	}
	blank := slices.IndexFunc(lines, func(line string) bool { return strings.TrimSpace(line) == "" })
	if blank < 0 {
		blank = len(lines)
	}
	for _, line := range lines[1:max(blank, 1)] {
		if err := p.header(r, line); err != nil {
			return nil, err
		}
	}
	if blank < len(lines) {
		body, err := p.template(strings.Join(lines[blank+1:], "\n"))
		if err != nil {
			return nil, err
		}
		r.Body(body)
	}
	if r.Origin() == "" && len(r.Secrets()) > 0 {
		return nil, request.ErrChosenHost()
	}
	return r, nil
}

func (p *parser) requestLine(line string) (*request.Request, error) {
	method, address, _ := strings.Cut(line, " ")
	if strings.Contains(method, ":") || method == "" {
		return nil, convo.Errorf(convo.Invalid, "a fetch block begins with a method and an address, as GET https://example.com/; it begins with %q", request.Short(line))
	}
	address = strings.TrimSpace(address)
	for _, version := range []string{" HTTP/1.1", " HTTP/1.0", " HTTP/2"} {
		address = strings.TrimSpace(strings.TrimSuffix(address, version))
	}
	t, err := p.template(address)
	if err != nil {
		return nil, err
	}
	return request.New(method, t)
}

func (p *parser) header(r *request.Request, line string) error {
	name, value, ok := strings.Cut(line, ":")
	if !ok || strings.ContainsAny(name, "$\"{") {
		return convo.Errorf(convo.Invalid, "%q is no header: write Name: value, and a blank line before the body", request.Short(line))
	}
	t, err := p.template(strings.TrimSpace(value))
	if err != nil {
		return err
	}
	return r.Header(name, t)
}
