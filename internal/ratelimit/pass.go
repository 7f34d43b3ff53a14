package ratelimit

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Pass is a request that was let in, or that was not: then it only knows how
// things stand. The zero value is one that nothing is counted of.
type Pass struct {
	limiter *Limiter
	held    *holder // whose stream it is
	session bool
	left    standing
}

// standing is how much is left of each limit.
type standing struct {
	token, tenant               int // requests
	tokenReset, tenantReset     time.Duration
	tokenStreams, tenantStreams int
}

// Release gives back the stream, if it was one. Further calls do nothing.
func (p *Pass) Release() {
	if p.held == nil {
		return
	}
	l := p.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	p.held.streams--
	p.held.tenant.streams--
	l.counts.Streams--
	p.held = nil
}

func (l *Limiter) left(token, tenant *holder) standing {
	s := standing{
		tokenStreams:  max(0, l.limits.TokenStreams-token.streams),
		tenantStreams: max(0, l.limits.TenantStreams-tenant.streams),
	}
	if n := l.limits.TokenRate; n > 0 {
		s.token, s.tokenReset = token.left(n), token.until(0, n)
	}
	if n := l.limits.TenantRate; n > 0 {
		s.tenant, s.tenantReset = tenant.left(n), tenant.until(0, n)
	}
	return s
}

// The names of the limits in the headers.
const (
	tokenPolicy         = "token"
	tenantPolicy        = "tenant"
	tokenStreamsPolicy  = "token-streams"
	tenantStreamsPolicy = "tenant-streams"
)

// SetHeaders tells a client about its limits, in the fields RateLimit-Policy and
// RateLimit of draft-ietf-httpapi-ratelimit-headers: how many requests (q) in how
// many seconds (w), how many are left (r), and in how many seconds all are there
// again (t). A session's token is in a browser, which need not know how busy the
// tenant is. Without limits there are no headers.
func (p *Pass) SetHeaders(h http.Header) {
	if p.limiter == nil {
		return
	}
	limits, policy := p.limiter.limits, p.limiter.policy[1]
	if p.session {
		policy = p.limiter.policy[0]
	}
	if policy == "" {
		return
	}
	h.Set("Ratelimit-Policy", policy)
	var b []byte
	if limits.TokenRate > 0 {
		b = appendLeft(b, tokenPolicy, p.left.token, p.left.tokenReset)
	}
	if limits.TenantRate > 0 && !p.session {
		b = appendLeft(b, tenantPolicy, p.left.tenant, p.left.tenantReset)
	}
	if limits.TokenStreams > 0 {
		b = appendLeft(b, tokenStreamsPolicy, p.left.tokenStreams, 0)
	}
	if limits.TenantStreams > 0 && !p.session {
		b = appendLeft(b, tenantStreamsPolicy, p.left.tenantStreams, 0)
	}
	h.Set("Ratelimit", string(b))
}

// appendLeft writes an item. The end of a stream is not known, so that a limit of
// streams has no t.
func appendLeft(b []byte, name string, left int, reset time.Duration) []byte {
	if len(b) > 0 {
		b = append(b, ", "...)
	}
	b = append(append(append(b, '"'), name...), `";r=`...)
	b = strconv.AppendInt(b, int64(left), 10)
	if reset > 0 {
		b = strconv.AppendInt(append(b, ";t="...), seconds(reset), 10)
	}
	return b
}

func policyHeader(l Limits, session bool) string {
	var items []string
	add := func(limit int, format, name string) {
		if limit > 0 {
			items = append(items, fmt.Sprintf(format, name, limit))
		}
	}
	const rate, concurrent = `"%s";q=%d;w=60`, `"%s";q=%d;qu="concurrent-requests"`
	add(l.TokenRate, rate, tokenPolicy)
	if !session {
		add(l.TenantRate, rate, tenantPolicy)
	}
	add(l.TokenStreams, concurrent, tokenStreamsPolicy)
	if !session {
		add(l.TenantStreams, concurrent, tenantStreamsPolicy)
	}
	return strings.Join(items, ", ")
}
