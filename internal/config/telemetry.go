package config

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// Traces is the address that traces go to, or "".
func (o OTLP) Traces() string {
	if o.TracesEndpoint != "" || o.Endpoint == "" {
		return o.TracesEndpoint
	}
	return strings.TrimRight(o.Endpoint, "/") + "/v1/traces"
}

// Header gives the headers by name. An error does not repeat them.
func (o OTLP) Header() (map[string]string, error) {
	all := map[string]string{}
	for pair := range strings.SplitSeq(o.Headers.Reveal(), ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		decoded, err := url.PathUnescape(strings.TrimSpace(value))
		name = strings.TrimSpace(name)
		if !ok || name == "" || err != nil || strings.ContainsAny(name, " :\r\n") || strings.ContainsAny(decoded, "\r\n") {
			return nil, errors.New("write name=value,name=value, with what is special in a value percent-encoded")
		}
		all[name] = decoded
	}
	return all, nil
}

// Local gives an address its default host, which only this machine reaches.
func Local(address string) string {
	if host, port, err := net.SplitHostPort(address); err == nil && host == "" {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return address
}
